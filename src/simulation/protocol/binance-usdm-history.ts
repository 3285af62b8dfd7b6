import type { RequestParams } from './binance-auth.ts';
import type { BinanceContext } from './binance-context.ts';
import { BinanceRefusal } from './binance-errors.ts';
import { paged, pageOf } from './binance-history.ts';
import { required } from './binance-params.ts';
import { isWaiting } from './binance-usdm-algo.ts';
import { shownOrder } from './binance-usdm-orders.ts';
import { tradeRow } from './binance-usdm-rows.ts';

type Row = Record<string, unknown>;

const MAX_SPAN = { ms: 7 * 24 * 3_600_000, code: -4165, text: 'Maximum time interval is 7 days.' };

/** `allOrders`: from an order id upwards, or the newest of a window; in the order of their ids. */
export function allOrders(context: BinanceContext, accountId: string, params: RequestParams): readonly Row[] {
  const symbol = required(params, 'symbol');
  const instrument = context.instrument(symbol);
  const page = pageOf(params, 'orderId', MAX_SPAN);
  const orders = context.exchange.orders(accountId, symbol).filter((order) => !isWaiting(context, order));
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
  const page = pageOf(params, 'fromId', MAX_SPAN);
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
