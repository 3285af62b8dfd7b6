import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb';
import {
  ExecutionAlreadyExists,
  InvalidToken,
  SendTaskSuccessCommand,
  type SFNClient,
  StartExecutionCommand,
  TaskDoesNotExist,
  TaskTimedOut,
} from '@aws-sdk/client-sfn';
import { type DynamoDBDocumentClient, GetCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { unmarshall } from '@aws-sdk/util-dynamodb';
import { z } from 'zod';
import {
  CONFIRMATION_END,
  CONFIRMED_ORDER,
  type ConfirmationEnd,
  type ConfirmationRecord,
  type ConfirmedOrder,
} from '#core/confirmation/confirmation-record.ts';
import { endByPerson, type PersonDecision } from '#core/confirmation/person-decision.ts';
import { MillraceError } from '#core/errors.ts';

/**
 * What became of a callback. `completed`: the waiting task has it. `stored`: nothing waits yet, whoever waits next gets it. `late`: the task had ended (a time-out
 * is the normal way to a query). `withheld`: a drill. `notFollowed`: no execution follows this order. `superseded`: something later is stored.
 */
export type CallbackOutcome = 'completed' | 'stored' | 'late' | 'withheld' | 'notFollowed' | 'superseded';

/**
 * The two halves of each wait: the token of whoever waits and the end that was reported stand in one item, and each write returns the whole
 * of it, so that whichever comes second completes the task.
 */
export interface ConfirmationWaits {
  /** Follows an order: its item first, then its execution, named by its id. `false`: it was followed already. */
  begin(order: ConfirmedOrder): Promise<boolean>;
  /** The engine reported an end, with evidence. `precedence` orders several of them. */
  reportEnd(
    clientOrderId: string,
    end: ConfirmationEnd,
    precedence: string,
    withhold: boolean,
  ): Promise<CallbackOutcome>;
  /** A task waits for the engine's report. */
  awaitCallback(clientOrderId: string, token: string): Promise<'waiting' | CallbackOutcome>;
  /** A task waits for a person; what the engine reports in the meantime completes it as well. */
  awaitPerson(record: ConfirmationRecord, token: string): Promise<'waiting' | CallbackOutcome>;
  /** A person has decided. `notAsked`: nobody waits for a person on this order. */
  decide(decision: PersonDecision): Promise<'completed' | 'late' | 'notAsked'>;
  /** The order as it is followed; null: it is not. */
  orderOf(clientOrderId: string): Promise<ConfirmedOrder | null>;
}

export interface ConfirmationWaitsOptions {
  readonly client: DynamoDBDocumentClient;
  /** The control table. */
  readonly table: string;
  readonly stepFunctions: SFNClient;
  /** ARN of the state machine; null in processes that start none. */
  readonly machineArn: string | null;
  /** Wall clock, ms. */
  readonly nowMs: () => number;
}

const storedEnd = z.object({ precedence: z.string(), withheld: z.boolean(), content: CONFIRMATION_END });
const storedWait = z.object({ token: z.string(), for: z.enum(['callback', 'person']) });
const storedItem = z.object({
  order: CONFIRMED_ORDER.optional(),
  end: storedEnd.optional(),
  wait: storedWait.optional(),
});
type Item = z.infer<typeof storedItem>;

/** Items are kept a good while longer than any execution lives. */
const KEPT_SECONDS = 30 * 86_400;

export function createConfirmationWaits(options: ConfirmationWaitsOptions): ConfirmationWaits {
  const { client, table, stepFunctions, machineArn, nowMs } = options;
  const keyOf = (clientOrderId: string) => ({ pk: `CONFIRM#${clientOrderId}`, sk: 'CONFIRM' });

  function read(clientOrderId: string, raw: Record<string, unknown> | undefined): Item {
    const parsed = storedItem.safeParse(raw ?? {});
    if (parsed.success) return parsed.data;
    const faults = z.prettifyError(parsed.error);
    throw new MillraceError('fatal', 'CONFIRMATION_ITEM_INVALID', `clientOrderId=${clientOrderId} ${faults}`);
  }

  async function complete(token: string, end: ConfirmationEnd): Promise<'completed' | 'late'> {
    try {
      await stepFunctions.send(new SendTaskSuccessCommand({ taskToken: token, output: JSON.stringify(end) }));
      return 'completed';
    } catch (error) {
      const ended = error instanceof TaskTimedOut || error instanceof TaskDoesNotExist || error instanceof InvalidToken;
      if (!ended) throw error;
      return 'late';
    }
  }

  /** Sets one attribute and returns the whole item as it is then. */
  async function put(clientOrderId: string, name: 'wait', value: z.infer<typeof storedWait>): Promise<Item> {
    const answer = await client.send(
      new UpdateCommand({
        TableName: table,
        Key: keyOf(clientOrderId),
        UpdateExpression: 'SET #name = :value, #expiresAt = :expiresAt',
        ExpressionAttributeNames: { '#name': name, '#expiresAt': 'expiresAt' },
        ExpressionAttributeValues: { ':value': value, ':expiresAt': expiry() },
        ReturnValues: 'ALL_NEW',
      }),
    );
    return read(clientOrderId, answer.Attributes);
  }

  const expiry = () => Math.ceil(nowMs() / 1000) + KEPT_SECONDS;

  /** Hands a reported end to whoever waits. A withheld one reaches nobody but people, whom it spares a question. */
  async function handOver({ end, wait }: Item): Promise<CallbackOutcome> {
    if (end === undefined || wait === undefined) return 'stored';
    if (end.withheld && wait.for === 'callback') return 'withheld';
    return complete(wait.token, end.content);
  }

  async function stored(clientOrderId: string): Promise<Item> {
    const key = keyOf(clientOrderId);
    const answer = await client.send(new GetCommand({ TableName: table, Key: key, ConsistentRead: true }));
    return read(clientOrderId, answer.Item);
  }

  return {
    async begin(order) {
      if (machineArn === null)
        throw new MillraceError('configuration', 'CONFIRMATION_MACHINE_MISSING', 'no machine is set');
      await client.send(
        new UpdateCommand({
          TableName: table,
          Key: keyOf(order.clientOrderId),
          UpdateExpression: 'SET #order = :order, #expiresAt = :expiresAt',
          ExpressionAttributeNames: { '#order': 'order', '#expiresAt': 'expiresAt' },
          ExpressionAttributeValues: { ':order': order, ':expiresAt': expiry() },
        }),
      );
      try {
        await stepFunctions.send(
          new StartExecutionCommand({
            stateMachineArn: machineArn,
            name: order.clientOrderId,
            input: JSON.stringify({ order }),
          }),
        );
        return true;
      } catch (error) {
        if (!(error instanceof ExecutionAlreadyExists)) throw error;
        return false;
      }
    },

    async reportEnd(clientOrderId, end, precedence, withhold) {
      try {
        const answer = await client.send(
          new UpdateCommand({
            TableName: table,
            Key: keyOf(clientOrderId),
            UpdateExpression: 'SET #end = :end',
            ConditionExpression:
              'attribute_exists(#order) AND (attribute_not_exists(#end) OR #end.#precedence < :precedence)',
            ExpressionAttributeNames: { '#order': 'order', '#end': 'end', '#precedence': 'precedence' },
            ExpressionAttributeValues: {
              ':end': { precedence, withheld: withhold, content: end },
              ':precedence': precedence,
            },
            ReturnValues: 'ALL_NEW',
            ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
          }),
        );
        return await handOver(read(clientOrderId, answer.Attributes));
      } catch (error) {
        if (!(error instanceof ConditionalCheckFailedException)) throw error;
        if (error.Item === undefined) return 'notFollowed';
        const before = read(clientOrderId, unmarshall(error.Item));
        if (before.end === undefined) return 'notFollowed';
        // Redelivered: the first delivery may have failed between its write and its callback.
        return before.end.precedence === precedence ? handOver(before) : 'superseded';
      }
    },

    async awaitCallback(clientOrderId, token) {
      const item = await put(clientOrderId, 'wait', { token, for: 'callback' });
      return item.end === undefined ? 'waiting' : handOver(item);
    },

    async awaitPerson(record, token) {
      const item = await put(record.order.clientOrderId, 'wait', { token, for: 'person' });
      // What was reported before is what the person is asked about; only later reports complete this wait.
      return item.end === undefined || record.callback !== null ? 'waiting' : handOver(item);
    },

    async decide(decision) {
      const { wait } = await stored(decision.clientOrderId);
      if (wait?.for !== 'person') return 'notAsked';
      return complete(wait.token, endByPerson(decision));
    },

    orderOf: async (clientOrderId) => (await stored(clientOrderId)).order ?? null,
  };
}
