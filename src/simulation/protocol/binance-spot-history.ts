import type { RequestParams } from './binance-auth.ts';
import type { BinanceContext } from './binance-context.ts';
import { paged, pageOf } from './binance-history.ts';
import { required } from './binance-params.ts';
import { shownOrder } from './binance-spot-orders.ts';
import { tradeRow } from './binance-spot-rows.ts';

type Row = Record<string, unknown>;

const MAX_SPAN = {
  ms: 24 * 3_600_000,
  code: -1127,
  text: 'More than 24 hours between startTime and endTime.',
};

/** `allOrders`: from an order id upwards, or the newest of a window. */
export function allOrders(context: BinanceContext, accountId: string, params: RequestParams): readonly Row[] {
  const instrument = context.instrument(required(params, 'symbol'));
  const page = pageOf(params, 'orderId', MAX_SPAN);
  return paged(
    context.exchange.orders(accountId, instrument.symbol),
    page,
    (order) => order.createdAt,
    (order) => order.orderId,
  ).map((order) => shownOrder(context, order, instrument));
}

/** `myTrades`: from a trade id upwards, or the newest of a window, of one order where it is named. */
export function myTrades(context: BinanceContext, accountId: string, params: RequestParams): readonly Row[] {
  const instrument = context.instrument(required(params, 'symbol'));
  const orderId = params.get('orderId');
  const fills = context.exchange
    .fills(accountId, instrument.symbol)
    .filter((fill) => orderId === undefined || fill.orderId === orderId);
  return paged(
    fills,
    pageOf(params, 'fromId', MAX_SPAN),
    (fill) => fill.time,
    (fill) => fill.fillId,
  ).map((fill) => tradeRow(fill, instrument));
}
