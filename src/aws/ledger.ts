import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb';
import { type DynamoDBDocumentClient, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { unmarshall } from '@aws-sdk/util-dynamodb';
import { z } from 'zod';
import { MillraceError } from '#core/errors.ts';
import type { TradingEvent } from '#core/events/trading-event.ts';
import { LEDGER_ENTRY } from '#core/ledger/ledger-entry.ts';
import { type IndexSubject, indexSubjectOf } from '#core/ledger/ledger-index.ts';
import {
  contradiction,
  type LedgerWrite,
  ledgerWriteOf,
  replaces,
  type StoredPart,
} from '#core/ledger/ledger-write.ts';
import { isTerminal } from '#core/orders/order-state.ts';
import type { Clock } from '#core/time/clock.ts';
import { systemClock } from '#core/time/system-clock.ts';
import { createLedgerIndex } from './ledger-index.ts';

/**
 * What one event did to the ledger. `duplicate`: it (or its equal) was there already, an own retry after a timeout included. `superseded`: something
 * later is there. `notKept`: the ledger has no place for such events.
 */
export type LedgerOutcome = 'written' | 'duplicate' | 'superseded' | 'notKept';

export interface Ledger {
  /**
   * Applies one event, once, whatever the order of arrival. Throws `LEDGER_CONTRADICTION` (fatal) when it contradicts what is stored under the same
   * identity, after the write that decides which of the two stays. Faults of the service are thrown on as they are.
   */
  apply(event: TradingEvent): Promise<LedgerOutcome>;
}

const storedPart = z.object({
  precedence: z.string(),
  writeId: z.string(),
  content: z.record(z.string(), z.unknown()),
});

/** When a fill or adjustment arrived first, ms: its place in the index. Items from before there was an index have none. */
const ARRIVED = 'arrivedAt';

/**
 * The ledger's table (string keys `pk`, `sk`): one item an order, fill, adjustment, balance or lane; each part of it an attribute of its own. Beside them the index that a recovery
 * reads; it is written after its item, and again when the event is delivered again.
 */
export function createLedger(client: DynamoDBDocumentClient, table: string, clock: Clock = systemClock): Ledger {
  const index = createLedgerIndex(client, table);

  /** The conditional write of a part. `item`: as it was before (`written`), or as it is (the others). */
  async function put(
    write: LedgerWrite,
  ): Promise<{ readonly outcome: LedgerOutcome; readonly item: Item | undefined }> {
    try {
      const { Attributes: item } = await client.send(updateOf(table, write));
      const replaced = partOf(item, write.part);
      if (replaced !== null) refuseContradiction(write, replaced);
      return { outcome: 'written', item };
    } catch (error) {
      if (!(error instanceof ConditionalCheckFailedException)) throw error;
      const item = error.Item === undefined ? undefined : unmarshall(error.Item);
      const stored = partOf(item, write.part);
      if (stored === null) {
        throw new MillraceError('retryable', 'LEDGER_WRITE_REFUSED', `sort=${write.sort} part=${write.part}`, {
          cause: error,
        });
      }
      refuseContradiction(write, stored);
      const duplicate = stored.writeId === write.writeId || write.keep === 'earliest';
      return { outcome: duplicate ? 'duplicate' : 'superseded', item };
    }
  }

  /** A fill or adjustment: what is there for the first time takes its place in the index, once, whatever else is told of it later. */
  async function putMove(write: LedgerWrite, subject: Extract<IndexSubject, { kind: 'move' }>): Promise<LedgerOutcome> {
    const arrivedAt = clock.epochMs();
    let there: Item | undefined;
    try {
      await client.send(firstWriteOf(table, write, arrivedAt));
      await index.move(write, subject, arrivedAt);
      return 'written';
    } catch (error) {
      if (!(error instanceof ConditionalCheckFailedException)) throw error;
      there = error.Item === undefined ? undefined : unmarshall(error.Item);
    }
    const stored = partOf(there, write.part);
    const { outcome, item } =
      stored === null || replaces(write, stored) ? await put(write) : { outcome: 'duplicate' as const, item: there };
    if (outcome === 'duplicate' && stored !== null) refuseContradiction(write, stored);
    const known = item?.[ARRIVED];
    // The same again, or something better of the same: at the place that it has.
    if (typeof known === 'number' && (outcome === 'written' || stored?.writeId === write.writeId))
      await index.move(write, subject, known);
    return outcome;
  }

  async function putOrder(
    write: LedgerWrite,
    subject: Extract<IndexSubject, { kind: 'order' }>,
  ): Promise<LedgerOutcome> {
    const { outcome, item } = await put(write);
    if (outcome === 'superseded') return outcome;
    const told = write.part === 'state' ? write.content : partOf(item, 'state')?.content;
    const over = told !== undefined && isTerminal(LEDGER_ENTRY.state.shape.state.parse(told.state));
    if (over) await index.ended(write.partition, subject, clock.epochMs());
    else if (write.part === 'intent' || outcome === 'duplicate' || !wasOpen(item))
      await index.opened(write.partition, subject);
    return outcome;
  }

  return {
    async apply(event) {
      const write = ledgerWriteOf(event);
      if (write === null) return 'notKept';
      const subject = indexSubjectOf(event);
      if (subject === null) return (await put(write)).outcome;
      return subject.kind === 'move' ? putMove(write, subject) : putOrder(write, subject);
    },
  };
}

type Item = Record<string, unknown>;

/** Whether an order's item was among the open ones before a write. */
function wasOpen(before: Item | undefined): boolean {
  const state = partOf(before, 'state')?.content.state;
  if (state === undefined) return partOf(before, 'intent') !== null;
  return !isTerminal(LEDGER_ENTRY.state.shape.state.parse(state));
}

/** The first of a part, with the time of its arrival; refused where the part is there already. */
function firstWriteOf(table: string, write: LedgerWrite, arrivedAt: number): UpdateCommand {
  const { precedence, writeId, content } = write;
  return new UpdateCommand({
    TableName: table,
    Key: { pk: write.partition, sk: write.sort },
    UpdateExpression: 'SET #part = :part, #arrived = :arrived',
    ConditionExpression: 'attribute_not_exists(#part)',
    ExpressionAttributeNames: { '#part': write.part, '#arrived': ARRIVED },
    ExpressionAttributeValues: { ':part': { precedence, writeId, content }, ':arrived': arrivedAt },
    ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
  });
}

/** The condition is `replaces` of core/ledger/ledger-write.ts in the service's words. */
function updateOf(table: string, write: LedgerWrite): UpdateCommand {
  const order = write.keep === 'latest' ? '<' : '>';
  return new UpdateCommand({
    TableName: table,
    Key: { pk: write.partition, sk: write.sort },
    UpdateExpression: 'SET #part = :part',
    ConditionExpression: `attribute_not_exists(#part) OR #part.#precedence ${order} :precedence`,
    ExpressionAttributeNames: { '#part': write.part, '#precedence': 'precedence' },
    ExpressionAttributeValues: {
      ':part': { precedence: write.precedence, writeId: write.writeId, content: write.content },
      ':precedence': write.precedence,
    },
    ReturnValues: 'ALL_OLD',
    ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
  });
}

function partOf(item: Record<string, unknown> | undefined, part: string): StoredPart | null {
  const found = item?.[part];
  if (found === undefined) return null;
  const parsed = storedPart.safeParse(found);
  if (!parsed.success) {
    throw new MillraceError('fatal', 'LEDGER_ITEM_INVALID', `part=${part} ${z.prettifyError(parsed.error)}`);
  }
  return parsed.data;
}

function refuseContradiction(write: LedgerWrite, stored: StoredPart): void {
  const field = contradiction(write, stored);
  if (field === null) return;
  throw new MillraceError(
    'fatal',
    'LEDGER_CONTRADICTION',
    `sort=${write.sort} part=${write.part} field=${field} write=${write.writeId} stored=${stored.writeId}`,
  );
}
