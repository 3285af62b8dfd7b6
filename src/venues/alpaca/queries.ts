import { z } from 'zod';
import { DAY_MS } from '#core/calendar/civil-date.ts';
import { MillraceError } from '#core/errors.ts';
import type { FillReport, OrderReport } from '#core/orders/order.ts';
import { VenueError } from '#core/orders/venue-error.ts';
import type { OrderAnswer, OrderTarget, VenueQueries } from '#core/orders/venue-ports.ts';
import type { EpochMs } from '#core/time/clock.ts';
import { readAnswer } from '../connection/read-answer.ts';
import { answerOfError } from '../connection/refused-order.ts';
import type { AccountRuntime } from '../venue.ts';
import {
  accountRow,
  type FillRow,
  fillRow,
  type OrderRow,
  orderRow,
  positionRow,
  readAccount,
  readFill,
  readOrder,
  readPosition,
} from './account-messages.ts';
import { cashActivity, readCashActivity } from './cash-activities.ts';
import { instrumentsBy } from './instruments.ts';
import type { AlpacaCall } from './limits.ts';
import { type AlpacaRest, createAlpacaRest } from './rest.ts';
import { formatTimestamp } from './timestamps.ts';

/** The most rows that the venue gives at once. */
const ORDERS_PAGE = 500;
const FILLS_PAGE = 100;
/** A list that never ends is a fault of the venue's. */
const MAX_PAGES = 1_000;
/** Fills tell the venue's order id alone; ours is looked up among orders from so long before. */
const ORDER_LOOK_BACK_MS = 86_400_000;
const CLIENT_IDS_KEPT = 20_000;

/** Queries by REST. */
export function createAlpacaQueries(runtime: AccountRuntime): VenueQueries {
  const rest = createAlpacaRest(runtime, runtime.credentials);
  /** Our ids of the orders seen last, by the venue's; null: the venue says that there is none. */
  const clientIds = new Map<string, string | null>();

  function remember({ id, client_order_id: clientId }: OrderRow): void {
    clientIds.set(id, clientId ?? null);
    const [oldest] = clientIds.keys();
    if (oldest !== undefined && clientIds.size > CLIENT_IDS_KEPT) clientIds.delete(oldest);
  }

  /**
   * Orders of these symbols, oldest first, all pages. The venue pages by the time of submission alone, so each page begins a millisecond before the end of the last one,
   * and what comes twice counts once.
   */
  async function listOrders(
    symbols: readonly string[],
    status: 'open' | 'all',
    after: EpochMs | null,
  ): Promise<OrderRow[]> {
    const rows = new Map<string, OrderRow>();
    let from = after;
    for (let page = 0; page < MAX_PAGES; page += 1) {
      const answer = await rest.get('/v2/orders', {
        status,
        symbols: symbols.join(','),
        limit: ORDERS_PAGE,
        direction: 'asc',
        nested: 'false',
        after: from === null ? undefined : formatTimestamp(from),
      });
      const list = readAnswer(z.array(orderRow), answer, '/v2/orders');
      const before = rows.size;
      for (const row of list) rows.set(row.id, row);
      for (const row of list) remember(row);
      const last = list.at(-1);
      if (list.length < ORDERS_PAGE || last === undefined) return [...rows.values()];
      if (rows.size === before) throw new VenueError('retry', 'PAGES_STUCK', `orders=${rows.size} at one instant`);
      from = (readSubmitted(last) - 1) as EpochMs;
    }
    throw new VenueError('retry', 'PAGES_ENDLESS', `path=/v2/orders pages=${MAX_PAGES}`);
  }

  const listFills = (from: EpochMs): Promise<FillRow[]> =>
    listActivities('/v2/account/activities/FILL', {}, fillRow, from);

  /** All pages of what the account did, oldest first. */
  async function listActivities<Row extends { readonly id: string }>(
    path: string,
    parameters: Readonly<Record<string, string>>,
    schema: z.ZodType<Row>,
    from: EpochMs,
  ): Promise<Row[]> {
    const rows: Row[] = [];
    let pageToken: string | undefined;
    for (let page = 0; page < MAX_PAGES; page += 1) {
      const answer = await rest.get(path, {
        ...parameters,
        after: formatTimestamp((from - 1) as EpochMs),
        direction: 'asc',
        page_size: FILLS_PAGE,
        page_token: pageToken,
      });
      const list = readAnswer(z.array(schema), answer, path);
      rows.push(...list);
      const last = list.at(-1);
      if (list.length < FILLS_PAGE || last === undefined) return rows;
      if (last.id === pageToken) throw new VenueError('retry', 'PAGES_STUCK', `path=${path} token=${pageToken}`);
      pageToken = last.id;
    }
    throw new VenueError('retry', 'PAGES_ENDLESS', `path=activities pages=${MAX_PAGES}`);
  }

  async function clientIdOf(orderId: string): Promise<string | null> {
    const known = clientIds.get(orderId);
    if (known !== undefined) return known;
    const answer = await orNull(rest.get(`/v2/orders/${encodeURIComponent(orderId)}`));
    // Not told yet: asked for again next time.
    if (answer === null) return null;
    const row = readAnswer(orderRow, answer, '/v2/orders/{id}');
    remember(row);
    return row.client_order_id ?? null;
  }

  async function openOrdersOf(symbols: readonly string[]): Promise<readonly OrderReport[]> {
    const rows = await listOrders(symbols, 'open', null);
    return reports(rows).filter(({ status }) => status === 'accepted' || status === 'partiallyFilled');
  }

  async function fillsOf(symbols: readonly string[], from: EpochMs): Promise<readonly FillReport[]> {
    const rows = (await listFills(from)).filter((row) => symbols.includes(row.symbol.trim()));
    const isKnown = (row: FillRow): boolean => clientIds.has(row.order_id);
    if (!rows.every(isKnown)) await listOrders(symbols, 'all', (from - ORDER_LOOK_BACK_MS) as EpochMs);
    const fills = new Map<string, FillReport>();
    for (const row of rows) {
      const clientOrderId = await clientIdOf(row.order_id);
      const fill = reading(() => readFill(row, clientOrderId));
      if (fill.venueTime >= from) fills.set(fill.fillId, fill);
    }
    return [...fills.values()].sort((a, b) => a.venueTime - b.venueTime);
  }

  return {
    serverTime: () => rest.serverTime(),
    instruments: () => instrumentsBy(runtime, (path, parameters) => rest.get(path, parameters)),
    async orderByClientId(_symbol, clientOrderId) {
      const row = await findByClientId(rest, clientOrderId);
      return row === null ? { kind: 'notFound' } : { kind: 'found', report: reading(() => readOrder(row, 'query')) };
    },
    async adjustmentsSince(from) {
      // Rows say their day alone, which began up to a day before.
      const path = '/v2/account/activities';
      const rows = await listActivities(
        path,
        { category: 'non_trade_activity' },
        cashActivity,
        (from - DAY_MS) as EpochMs,
      );
      const read = rows.map(readCashActivity).filter((each) => each !== null);
      return read.filter((each) => each.venueTime >= from - DAY_MS);
    },
    openOrders: (symbol) => openOrdersOf([symbol]),
    openOrdersOf,
    async ordersSince(symbol, from) {
      // Whatever was created at `from` or later was submitted no earlier.
      const rows = await listOrders([symbol], 'all', (from - 1) as EpochMs);
      return reports(rows);
    },
    fillsSince: (symbol, from) => fillsOf([symbol], from),
    fillsOf,
    async positions(symbols) {
      const rows = readAnswer(z.array(positionRow), await rest.get('/v2/positions'), '/v2/positions');
      const at = runtime.clock.epochMs();
      const wanted = new Set(symbols);
      const asked = rows.filter((row) => wanted.has(row.symbol.trim()));
      return reading(() => asked.map((row) => readPosition(row, at)));
    },
    async balances() {
      const row = readAnswer(accountRow, await rest.get('/v2/account'), '/v2/account');
      return [reading(() => readAccount(row, runtime.clock.epochMs()))];
    },
    cancelOrder: (target) => cancelByRest(rest, target),
  };
}

/** The order that has this id of ours, or null. */
async function findByClientId(
  rest: AlpacaRest,
  clientOrderId: string,
  call: AlpacaCall = 'query',
): Promise<OrderRow | null> {
  const row = await orNull(rest.get('/v2/orders:by_client_order_id', { client_order_id: clientOrderId }, call));
  return row === null ? null : readAnswer(orderRow, row, '/v2/orders:by_client_order_id');
}

/**
 * Cancels by the venue's id, which is looked up where it is not known: the venue cancels by no other. `accepted` says that the cancel was taken in, never that
 * the order is gone. `leftMs`: how long it may still be sent, asked once more after the look-up; 0 sends nothing.
 */
export async function cancelByRest(
  rest: AlpacaRest,
  target: OrderTarget,
  leftMs: () => number = () => Number.POSITIVE_INFINITY,
): Promise<OrderAnswer> {
  try {
    const venueOrderId =
      target.venueOrderId ?? (await findByClientId(rest, target.clientOrderId, 'cancel'))?.id ?? null;
    if (venueOrderId === null) {
      return { kind: 'rejected', code: 'HTTP_404', text: 'no order has this client order id', errorClass: 'notFound' };
    }
    const withinMs = leftMs();
    if (withinMs <= 0) return { kind: 'notSent', reason: 'leaseEnds', text: 'looking the order up took too long' };
    await rest.send('DELETE', `/v2/orders/${encodeURIComponent(venueOrderId)}`, undefined, 'cancel', withinMs);
    return { kind: 'accepted', venueOrderId, venueTime: null };
  } catch (error) {
    return answerOfError(error);
  }
}

function readSubmitted(row: OrderRow): EpochMs {
  const report = reading(() => readOrder({ ...row, updated_at: row.submitted_at ?? row.created_at }, 'query', null));
  return report.venueTime;
}

function reports(rows: readonly OrderRow[]): OrderReport[] {
  return reading(() => rows.map((row) => readOrder(row, 'query')));
}

/** Null for what the venue does not know. */
async function orNull(answer: Promise<unknown>): Promise<unknown> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof VenueError && error.venueClass === 'notFound') return null;
    throw error;
  }
}

/** What makes a row unreadable becomes a `VenueError`: it may be asked again. */
function reading<Result>(run: () => Result): Result {
  try {
    return run();
  } catch (error) {
    if (!(error instanceof MillraceError)) throw error;
    throw new VenueError('retry', error.code, error.message);
  }
}
