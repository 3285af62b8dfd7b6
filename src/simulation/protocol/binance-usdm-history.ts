import type { RequestParams } from './binance-usdm-auth.ts';
import type { BinanceContext } from './binance-usdm-context.ts';
import { BinanceRefusal, badValue } from './binance-usdm-errors.ts';
import { required, shownOrder } from './binance-usdm-orders.ts';
import { tradeRow } from './binance-usdm-rows.ts';

type Row = Record<string, unknown>;

const MAX_SPAN_MS = 7 * 24 * 3_600_000;

interface Page {
  readonly from: number;
  readonly to: number;
  readonly limit: number;
  readonly firstId: bigint | null;
}

/** `allOrders`: from an order id upwards, or the newest of a window; in the order of their ids. */
export function allOrders(context: BinanceContext, accountId: string, params: RequestParams): readonly Row[] {
  const symbol = required(params, 'symbol');
  const instrument = context.instrument(symbol);
  const page = pageOf(params, 'orderId');
  const orders = context.exchange.orders(accountId, symbol);
  return paged(
    orders,
    page,
    (order) => order.createdAt,
    (order) => order.orderId,
  ).map((order) => shownOrder(context, order, instrument));
}

/** `userTrades`: from a trade id upwards, or the newest of a window. */
export function userTrades(context: BinanceContext, accountId: string, params: RequestParams): readonly Row[] {
  const symbol = required(params, 'symbol');
  const instrument = context.instrument(symbol);
  const page = pageOf(params, 'fromId');
  if (page.firstId !== null && (params.has('startTime') || params.has('endTime'))) {
    throw new BinanceRefusal(400, -1128, 'Combination of optional parameters invalid.');
  }
  const orderId = params.get('orderId');
  const fills = context.exchange
    .fills(accountId, symbol)
    .filter((fill) => orderId === undefined || fill.orderId === orderId);
  return paged(
    fills,
    page,
    (fill) => fill.time,
    (fill) => fill.fillId,
  ).map((fill) => tradeRow(fill, instrument));
}

function paged<Item>(
  items: readonly Item[],
  page: Page,
  timeOf: (item: Item) => number,
  idOf: (item: Item) => string,
): readonly Item[] {
  const { firstId } = page;
  if (firstId !== null) return items.filter((item) => BigInt(idOf(item)) >= firstId).slice(0, page.limit);
  return items.filter((item) => timeOf(item) >= page.from && timeOf(item) <= page.to).slice(-page.limit);
}

function pageOf(params: RequestParams, idName: string): Page {
  const from = wholeNumber(params, 'startTime');
  const to = wholeNumber(params, 'endTime');
  const limit = wholeNumber(params, 'limit') ?? 500;
  if (limit < 1 || limit > 1_000) throw badValue('limit');
  if (from !== null && to !== null && from > to) {
    throw new BinanceRefusal(400, -1023, 'Start time is greater than end time.');
  }
  if (from !== null && to !== null && to - from > MAX_SPAN_MS) {
    throw new BinanceRefusal(400, -4165, 'Maximum time interval is 7 days.');
  }
  const id = params.get(idName);
  if (id !== undefined && !/^\d{1,19}$/.test(id)) throw badValue(idName);
  const start = from ?? (to === null ? 0 : to - MAX_SPAN_MS);
  return {
    from: start,
    to: to ?? (from === null ? Number.POSITIVE_INFINITY : from + MAX_SPAN_MS),
    limit,
    firstId: id === undefined ? null : BigInt(id),
  };
}

function wholeNumber(params: RequestParams, name: string): number | null {
  const text = params.get(name);
  if (text === undefined) return null;
  if (!/^\d{1,15}$/.test(text)) throw badValue(name);
  return Number(text);
}
