import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb';
import { type DynamoDBDocumentClient, GetCommand, QueryCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { z } from 'zod';
import { DAY_MS } from '#core/calendar/civil-date.ts';
import type { AccountRef, UnitRef } from '#core/control/unit.ts';
import { MillraceError } from '#core/errors.ts';
import { addMoney, moneyOf } from '#core/ledger/cash-fold.ts';
import { withFeePrices } from '#core/ledger/fill-fee.ts';
import {
  LEDGER_ENTRY,
  type LedgerAdjustment,
  type LedgerCash,
  type LedgerFeePrice,
  type LedgerFill,
} from '#core/ledger/ledger-entry.ts';
import {
  arrivalKey,
  CHECKPOINT,
  type Checkpoint,
  type CheckpointFold,
  INDEX_PREFIX,
  openingOf,
  placeOf,
} from '#core/ledger/ledger-index.ts';
import { LEDGER_PREFIX, ledgerPartition } from '#core/ledger/ledger-write.ts';
import { foldPosition } from '#core/ledger/position-fold.ts';
import { countingAdjustments } from '#core/ledger/superseded-adjustments.ts';
import type { VenueId } from '#core/market/instrument.ts';
import { isTerminal } from '#core/orders/order-state.ts';
import type { Clock } from '#core/time/clock.ts';
import { systemClock } from '#core/time/system-clock.ts';

type Item = Readonly<Record<string, unknown>>;

/** Fills (with what converted their fees), adjustments and money of the symbol, as they arrived. */
export interface LedgerMoves {
  readonly fills: readonly LedgerFill[];
  readonly adjustments: readonly LedgerAdjustment[];
  readonly cash: readonly LedgerCash[];
}

/** Reads the index of one account's ledger: strongly consistent, over all pages. */
export interface LedgerIndexReader {
  checkpoint(account: AccountRef, place: string): Promise<Checkpoint | null>;
  /** Orders that may be open; some may have ended while they were being taken out. */
  openOrderIds(account: AccountRef, place: string): Promise<readonly string[]>;
  /** Orders that ended since then, by arrival. */
  endedOrderIds(account: AccountRef, place: string, from: number): Promise<ReadonlySet<string>>;
  /** Symbols of a venue that the ledger has heard of. */
  symbols(account: AccountRef, venue: VenueId): Promise<readonly string[]>;
  /** What arrived after `after` and until `through`, ms, each once. */
  moves(account: AccountRef, place: string, after: number, through?: number): Promise<LedgerMoves>;
}

export function createLedgerIndexReader(client: DynamoDBDocumentClient, table: string): LedgerIndexReader {
  const get = async (account: AccountRef, sk: string): Promise<Item | null> => {
    const key = { pk: ledgerPartition(account), sk };
    return (await client.send(new GetCommand({ TableName: table, Key: key, ConsistentRead: true }))).Item ?? null;
  };
  return {
    async checkpoint(account, place) {
      const item = await get(account, `${INDEX_PREFIX.checkpoint}${place}`);
      return item === null ? null : valid(`${INDEX_PREFIX.checkpoint}${place}`, CHECKPOINT, item);
    },
    async openOrderIds(account, place) {
      const item = await get(account, `${INDEX_PREFIX.open}${place}`);
      return Object.keys(item ?? {}).filter((name) => name !== 'pk' && name !== 'sk');
    },
    async endedOrderIds(account, place, from) {
      const prefix = `${INDEX_PREFIX.ended}${place}#`;
      const items = await range(client, table, account, `${prefix}${arrivalKey(from)}`, `${prefix}~`);
      return new Set(items.map((item) => valid(String(item.sk), z.string(), item.order)));
    },
    async symbols(account, venue) {
      const prefix = `${INDEX_PREFIX.checkpoint}${venue}#`;
      const items = await range(client, table, account, prefix, `${prefix}~`);
      return items.map((item) => String(item.sk).slice(prefix.length));
    },
    async moves(account, place, after, through) {
      const prefix = `${INDEX_PREFIX.recent}${place}#`;
      // The key of a time is below all keys of its millisecond.
      const end = through === undefined ? '~' : arrivalKey(through + 1);
      return movesOf(await range(client, table, account, `${prefix}${arrivalKey(after + 1)}`, `${prefix}${end}`));
    },
  };
}

/** A checkpoint takes in what arrived so long before it is made: by then every write has taken place or will be repeated at its old place. */
const SETTLED_MS = 5 * 60_000;
/** Writers from before there was an index may still be at work for so long. */
const OVERLAP_MS = 15 * 60_000;
const LOOK_EVERY_MS = 60 * 60_000;

/** Keeps the checkpoints of a ledger; one for each account, venue and symbol, moved on once a day. */
export interface LedgerCheckpoints {
  /** Looks whether a symbol's checkpoint is to be moved on; most calls cost nothing. True: it was. */
  consider(unit: UnitRef, symbol: string): Promise<boolean>;
}

/**
 * A checkpoint holds what arrived before the day began, so that the day's profit can be told from what came after it. The first needs the whole of the symbol's ledger, and is made when
 * the index has covered a day's beginning; each later one goes on from the one before.
 */
export function createLedgerCheckpoints(
  client: DynamoDBDocumentClient,
  table: string,
  clock: Clock = systemClock,
): LedgerCheckpoints {
  const reader = createLedgerIndexReader(client, table);
  const lookAgainAt = new Map<string, number>();

  async function write(unit: UnitRef, place: string, expression: string, condition: string, values: Item) {
    try {
      await client.send(
        new UpdateCommand({
          TableName: table,
          Key: { pk: ledgerPartition(unit), sk: `${INDEX_PREFIX.checkpoint}${place}` },
          UpdateExpression: expression,
          ConditionExpression: condition,
          ExpressionAttributeNames: expression.includes('#fold')
            ? { '#fold': 'fold', '#through': 'through' }
            : { '#since': 'since' },
          ExpressionAttributeValues: values,
        }),
      );
      return true;
    } catch (error) {
      // Another has done the same meanwhile.
      if (error instanceof ConditionalCheckFailedException) return false;
      throw error;
    }
  }

  /** Orders of before the index that are still open are named in it. */
  async function nameOpenOrders(unit: UnitRef, symbol: string, place: string): Promise<void> {
    const prefix = LEDGER_PREFIX.order;
    for await (const item of itemsOf(client, table, unit, prefix, `${prefix}~`)) {
      const intent = partContent(item, 'intent', LEDGER_ENTRY.intent);
      const state = partContent(item, 'state', LEDGER_ENTRY.state);
      if (intent === null || intent.venue !== unit.venue || intent.symbol !== symbol) continue;
      if (state !== null && isTerminal(state.state)) continue;
      await client.send(
        new UpdateCommand({
          TableName: table,
          Key: { pk: ledgerPartition(unit), sk: `${INDEX_PREFIX.open}${place}` },
          UpdateExpression: 'SET #name = :value',
          ExpressionAttributeNames: { '#name': String(item.sk).slice(prefix.length) },
          ExpressionAttributeValues: { ':value': true },
        }),
      );
    }
  }

  /** What a recovery superseded does not count, and may have arrived before or after it. */
  const everyAdjustment = (unit: UnitRef, place: string) =>
    range(client, table, unit, `${LEDGER_PREFIX.adjustment}${place}#`, `${LEDGER_PREFIX.adjustment}${place}#~`);

  async function everythingUntil(unit: UnitRef, place: string, through: number): Promise<LedgerMoves> {
    const of = (prefix: string) => range(client, table, unit, `${prefix}${place}#`, `${prefix}${place}#~`);
    const items = [...(await of(LEDGER_PREFIX.fill)), ...(await of(LEDGER_PREFIX.adjustment))];
    return movesOf(items.filter((item) => typeof item.arrivedAt !== 'number' || item.arrivedAt <= through));
  }

  return {
    async consider(unit, symbol) {
      const place = placeOf(unit.venue, symbol);
      const key = `${ledgerPartition(unit)}/${place}`;
      const now = clock.epochMs();
      if (now < (lookAgainAt.get(key) ?? 0)) return false;
      lookAgainAt.set(key, now + LOOK_EVERY_MS);
      const known = await reader.checkpoint(unit, place);
      if (known === null) {
        await write(unit, place, 'SET #since = :now', 'attribute_not_exists(#since)', { ':now': now });
        return false;
      }
      const through = now - (now % DAY_MS) - 1;
      const before = known.fold ?? null;
      if (through < known.since + OVERLAP_MS || now < through + SETTLED_MS) {
        lookAgainAt.set(key, now + SETTLED_MS);
        return false;
      }
      if (before !== null && before.through >= through) return false;
      if (before === null) await nameOpenOrders(unit, symbol, place);
      const moves =
        before === null
          ? await everythingUntil(unit, place, through)
          : await reader.moves(unit, place, before.through, through);
      const told = movesOf(await everyAdjustment(unit, place)).adjustments;
      const counting = { ...moves, adjustments: countingAdjustments(moves.adjustments, told) };
      const condition = 'attribute_not_exists(#fold) OR #fold.#through < :through';
      const fold = foldOn(before, unit, symbol, counting, through);
      return write(unit, place, 'SET #fold = :fold', condition, { ':fold': fold, ':through': through });
    },
  };
}

function foldOn(
  before: CheckpointFold | null,
  { venue }: UnitRef,
  symbol: string,
  { fills, adjustments }: LedgerMoves,
  through: number,
): CheckpointFold {
  const opening = before === null ? [] : openingOf(before, venue, symbol);
  const position = foldPosition(venue, symbol, fills, [...opening, ...adjustments]);
  const { size, entryPrice, costKnown } = position;
  const contract = [...fills, ...adjustments].find((each) => each.contract !== undefined)?.contract;
  const times = [...fills.map((fill) => fill.venueTime), ...adjustments.map((each) => each.time)];
  const last = times.reduce((latest, time) => Math.max(latest, time), before?.lastKnownAt ?? Number.NEGATIVE_INFINITY);
  return {
    through,
    size,
    entryPrice,
    costKnown,
    contract: contract ?? before?.contract ?? null,
    lastKnownAt: Number.isFinite(last) ? last : null,
    ...(before !== null && before.money === undefined ? {} : { money: addMoney(before?.money, moneyOf(position)) }),
  };
}

function movesOf(items: readonly Item[]): LedgerMoves {
  const fills = new Map<string, LedgerFill>();
  const adjustments = new Map<string, LedgerAdjustment>();
  const cash = new Map<string, LedgerCash>();
  const feePrices: LedgerFeePrice[] = [];
  for (const item of items) {
    const fill = partContent(item, 'fill', LEDGER_ENTRY.fill);
    if (fill !== null) fills.set(fill.fillId, fill);
    const feePrice = partContent(item, 'feePrice', LEDGER_ENTRY.feePrice);
    if (feePrice !== null) feePrices.push(feePrice);
    const money = partContent(item, 'cash', LEDGER_ENTRY.cash);
    if (money !== null) cash.set(`${money.currency}#${money.adjustmentId}`, money);
    const adjustment = partContent(item, 'adjustment', LEDGER_ENTRY.adjustment);
    if (adjustment !== null) adjustments.set(adjustment.adjustmentId, adjustment);
  }
  return {
    fills: withFeePrices([...fills.values()], feePrices),
    adjustments: [...adjustments.values()],
    cash: [...cash.values()],
  };
}

async function range(...what: Parameters<typeof itemsOf>): Promise<readonly Item[]> {
  const items: Item[] = [];
  for await (const item of itemsOf(...what)) items.push(item);
  return items;
}

/** Page by page: what is only looked at is never held whole. */
async function* itemsOf(
  client: DynamoDBDocumentClient,
  table: string,
  account: AccountRef,
  from: string,
  to: string,
): AsyncGenerator<Item> {
  let start: Record<string, unknown> | undefined;
  do {
    const page = await client.send(
      new QueryCommand({
        TableName: table,
        KeyConditionExpression: 'pk = :pk AND sk BETWEEN :from AND :to',
        ExpressionAttributeValues: { ':pk': ledgerPartition(account), ':from': from, ':to': to },
        ConsistentRead: true,
        ...(start === undefined ? {} : { ExclusiveStartKey: start }),
      }),
    );
    yield* page.Items ?? [];
    start = page.LastEvaluatedKey;
  } while (start !== undefined);
}

function partContent<Schema extends z.ZodType>(item: Item, part: string, schema: Schema): z.output<Schema> | null {
  const stored = item[part];
  if (stored === undefined) return null;
  const content = typeof stored === 'object' && stored !== null && 'content' in stored ? stored.content : undefined;
  return valid(String(item.sk), schema, content);
}

function valid<Schema extends z.ZodType>(sort: string, schema: Schema, value: unknown): z.output<Schema> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new MillraceError('fatal', 'LEDGER_ITEM_INVALID', `sort=${sort} ${z.prettifyError(parsed.error)}`);
}
