import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb';
import { type DynamoDBDocumentClient, GetCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import {
  applyCommand,
  applyDecision,
  applyFreeze,
  type CommandOutcome,
  type DesiredCommand,
  type DesiredRecord,
  desiredStateOf,
  type SymbolFreeze,
} from '#core/control/desired-command.ts';
import type { DesiredState } from '#core/control/desired-state.ts';
import type { OrderDecision } from '#core/control/order-decision.ts';
import type { UnitId } from '#core/control/unit.ts';
import { MillraceError } from '#core/errors.ts';
import { controlKey, readControlItem } from './control-item.ts';

/** Attempts against other writers of the same unit before the command is left to its queue's redelivery. */
const ATTEMPTS = 8;

/** What people want of units, in the control table. */
export interface DesiredStates {
  read(unit: UnitId): Promise<DesiredState>;
  /** Applies a command once, whatever the order of arrival. Throws `DESIRED_STATE_CONTENDED` (retryable) when others keep writing. */
  apply(command: DesiredCommand, issuedAt: number): Promise<CommandOutcome['kind']>;
  /** A watchdog freezes symbols of a unit; what people wish stays as it is. Throws as `apply` does. */
  freeze(unit: UnitId, freeze: SymbolFreeze, issuedAt: number): Promise<CommandOutcome['kind']>;
  /** What a person found of an order of the unit reaches its engine with the next renewal. Throws as `apply` does. */
  decide(unit: UnitId, decision: OrderDecision): Promise<CommandOutcome['kind']>;
}

/** `nowMs`: wall clock, ms. */
export function createDesiredStates(
  client: DynamoDBDocumentClient,
  table: string,
  nowMs: () => number = Date.now,
): DesiredStates {
  async function record(name: string) {
    const answer = await client.send(new GetCommand({ TableName: table, Key: controlKey(name), ConsistentRead: true }));
    return readControlItem(name, answer.Item).desired;
  }

  async function change(
    unit: string,
    next: (current: DesiredRecord | null) => CommandOutcome,
  ): Promise<CommandOutcome['kind']> {
    for (let attempt = 1; attempt <= ATTEMPTS; attempt += 1) {
      const current = await record(unit);
      const outcome = next(current);
      if (outcome.kind !== 'applied') return outcome.kind;
      try {
        await client.send(
          new UpdateCommand({
            TableName: table,
            Key: controlKey(unit),
            UpdateExpression: 'SET #desired = :next',
            ConditionExpression: current === null ? 'attribute_not_exists(#desired)' : '#desired.#version = :version',
            ExpressionAttributeNames: {
              '#desired': 'desired',
              ...(current === null ? {} : { '#version': 'version' }),
            },
            ExpressionAttributeValues: {
              ':next': outcome.record,
              ...(current === null ? {} : { ':version': current.version }),
            },
          }),
        );
        return 'applied';
      } catch (error) {
        // Another command came between, or an own write whose answer was lost: reading again tells which.
        if (!(error instanceof ConditionalCheckFailedException)) throw error;
      }
    }
    throw new MillraceError('retryable', 'DESIRED_STATE_CONTENDED', `unit=${unit} attempts=${ATTEMPTS}`);
  }

  return {
    read: async (unit) => desiredStateOf(await record(unit)),
    apply: (command, issuedAt) => change(command.unit, (current) => applyCommand(current, command, issuedAt, nowMs())),
    freeze: (unit, freeze, issuedAt) => change(unit, (current) => applyFreeze(current, freeze, issuedAt, nowMs())),
    decide: (unit, decision) => change(unit, (current) => applyDecision(current, decision)),
  };
}
