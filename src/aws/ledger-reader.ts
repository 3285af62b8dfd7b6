import { type DynamoDBDocumentClient, GetCommand, QueryCommand } from '@aws-sdk/lib-dynamodb';
import { z } from 'zod';
import type { AccountRef } from '#core/control/unit.ts';
import { MillraceError } from '#core/errors.ts';
import { withFeePrices } from '#core/ledger/fill-fee.ts';
import {
  LEDGER_ENTRY,
  type LedgerAdjustment,
  type LedgerBalance,
  type LedgerCash,
  type LedgerFill,
  type LedgerLane,
  type LedgerOrder,
} from '#core/ledger/ledger-entry.ts';
import { LEDGER_PREFIX, ledgerPartition } from '#core/ledger/ledger-write.ts';
import { foldPositions, type LedgerPosition } from '#core/ledger/position-fold.ts';

/** Questions to the ledger, all strongly consistent and over all pages. An item that cannot be read throws `LEDGER_ITEM_INVALID`. */
export interface LedgerReader {
  readOrder(account: AccountRef, clientOrderId: string): Promise<LedgerOrder | null>;
  readOrders(account: AccountRef): Promise<readonly LedgerOrder[]>;
  readFills(account: AccountRef): Promise<readonly LedgerFill[]>;
  /** With `only`, one venue's symbol. */
  readAdjustments(
    account: AccountRef,
    only?: { readonly venue: string; readonly symbol: string },
  ): Promise<readonly LedgerAdjustment[]>;
  readCash(account: AccountRef): Promise<readonly LedgerCash[]>;
  readBalances(account: AccountRef): Promise<readonly LedgerBalance[]>;
  readLanes(account: AccountRef): Promise<readonly LedgerLane[]>;
  /** Opening + fills + adjustments, folded in the venue's order. With `only`, one venue's symbol. */
  readPositions(
    account: AccountRef,
    only?: { readonly venue: string; readonly symbol: string },
  ): Promise<readonly LedgerPosition[]>;
}

type Item = Readonly<Record<string, unknown>>;

export function createLedgerReader(client: DynamoDBDocumentClient, table: string): LedgerReader {
  async function query(account: AccountRef, prefix: string): Promise<Item[]> {
    const items: Item[] = [];
    let from: Record<string, unknown> | undefined;
    do {
      const page = await client.send(
        new QueryCommand({
          TableName: table,
          KeyConditionExpression: 'pk = :pk AND begins_with(sk, :prefix)',
          ExpressionAttributeValues: { ':pk': ledgerPartition(account), ':prefix': prefix },
          ConsistentRead: true,
          ...(from === undefined ? {} : { ExclusiveStartKey: from }),
        }),
      );
      items.push(...(page.Items ?? []));
      from = page.LastEvaluatedKey;
    } while (from !== undefined);
    return items;
  }

  async function fillsOf(account: AccountRef, place = ''): Promise<readonly LedgerFill[]> {
    const [items, priced] = await Promise.all([
      query(account, `${LEDGER_PREFIX.fill}${place}`),
      query(account, `${LEDGER_PREFIX.feePrice}${place}`),
    ]);
    return withFeePrices(
      items.flatMap((item) => present(read(item, 'fill', LEDGER_ENTRY.fill))),
      priced.flatMap((item) => present(read(item, 'feePrice', LEDGER_ENTRY.feePrice))),
    );
  }

  async function adjustmentsOf(account: AccountRef, place = ''): Promise<readonly LedgerAdjustment[]> {
    const items = await query(account, `${LEDGER_PREFIX.adjustment}${place}`);
    return items.flatMap((item) => present(read(item, 'adjustment', LEDGER_ENTRY.adjustment)));
  }

  return {
    async readOrder(account, clientOrderId) {
      const answer = await client.send(
        new GetCommand({
          TableName: table,
          Key: { pk: ledgerPartition(account), sk: `${LEDGER_PREFIX.order}${clientOrderId}` },
          ConsistentRead: true,
        }),
      );
      return answer.Item === undefined ? null : orderOf(answer.Item);
    },
    readOrders: async (account) => (await query(account, LEDGER_PREFIX.order)).map(orderOf),
    readFills: (account) => fillsOf(account),
    readAdjustments: (account, only) => adjustmentsOf(account, placePrefix(only)),
    async readCash(account) {
      const items = await query(account, LEDGER_PREFIX.cash);
      return items.flatMap((item) => present(read(item, 'cash', LEDGER_ENTRY.cash)));
    },
    async readBalances(account) {
      const items = await query(account, LEDGER_PREFIX.balance);
      return items.flatMap((item) => present(read(item, 'balance', LEDGER_ENTRY.balance)));
    },
    async readLanes(account) {
      const items = await query(account, LEDGER_PREFIX.lane);
      return items.map((item) => ({
        lane: nameOf(item, LEDGER_PREFIX.lane),
        state: read(item, 'lane', LEDGER_ENTRY.lane),
        entries: read(item, 'entries', LEDGER_ENTRY.entries),
        peak: read(item, 'peak', LEDGER_ENTRY.peak),
        breakers: read(item, 'breakers', LEDGER_ENTRY.breakers),
        symbol: read(item, 'symbol', LEDGER_ENTRY.symbol),
        checked: read(item, 'checked', LEDGER_ENTRY.checked),
        heights: read(item, 'heights', LEDGER_ENTRY.heights),
      }));
    },
    async readPositions(account, only) {
      const place = placePrefix(only);
      const [fills, adjustments] = await Promise.all([fillsOf(account, place), adjustmentsOf(account, place)]);
      return foldPositions(fills, adjustments);
    },
  };
}

function placePrefix(only: { readonly venue: string; readonly symbol: string } | undefined): string {
  return only === undefined ? '' : `${only.venue}#${only.symbol}#`;
}

function orderOf(item: Item): LedgerOrder {
  return {
    clientOrderId: nameOf(item, LEDGER_PREFIX.order),
    intent: read(item, 'intent', LEDGER_ENTRY.intent),
    state: read(item, 'state', LEDGER_ENTRY.state),
  };
}

function nameOf(item: Item, prefix: string): string {
  const sort = item.sk;
  if (typeof sort !== 'string' || !sort.startsWith(prefix)) {
    throw new MillraceError('fatal', 'LEDGER_ITEM_INVALID', `sort=${String(sort)} prefix=${prefix}`);
  }
  return sort.slice(prefix.length);
}

/** The content of one part, null where the item does not have it yet. */
function read<Schema extends z.ZodType>(item: Item, part: string, schema: Schema): z.infer<Schema> | null {
  const stored: unknown = item[part];
  if (stored === undefined) return null;
  const content = typeof stored === 'object' && stored !== null && 'content' in stored ? stored.content : undefined;
  const parsed = schema.safeParse(content);
  if (!parsed.success) {
    throw new MillraceError(
      'fatal',
      'LEDGER_ITEM_INVALID',
      `sort=${String(item.sk)} part=${part} ${z.prettifyError(parsed.error)}`,
    );
  }
  return parsed.data;
}

function present<Value>(value: Value | null): readonly Value[] {
  return value === null ? [] : [value];
}
