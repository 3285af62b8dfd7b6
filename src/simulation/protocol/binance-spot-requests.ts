import type { RequestParams } from './binance-auth.ts';
import type { BinanceContext } from './binance-context.ts';
import { BinanceRefusal } from './binance-errors.ts';
import { required, targetOf } from './binance-params.ts';
import { refusalOf } from './binance-spot-errors.ts';
import { cancelOrder, placeOrder, type RequestNames, shownOrder } from './binance-spot-orders.ts';
import { accountRow } from './binance-spot-rows.ts';

type Row = Record<string, unknown>;

/** What REST and the websocket API ask alike, beyond single orders. */

export function openOrders(context: BinanceContext, accountId: string, params: RequestParams): readonly Row[] {
  const symbol = params.get('symbol') ?? null;
  if (symbol !== null) context.instrument(symbol);
  return context.exchange.openOrders(accountId, symbol).map((each) => shownOrder(context, each));
}

/** Cancels all of a symbol. Throws -2011 where there is none. */
export function cancelOpenOrders(
  context: BinanceContext,
  names: RequestNames,
  accountId: string,
  params: RequestParams,
): readonly Row[] {
  const symbol = required(params, 'symbol');
  context.instrument(symbol);
  const open = context.exchange.openOrders(accountId, symbol);
  if (open.length === 0) throw refusalOf('unknownOrder', 'cancel');
  return open.map((order) =>
    cancelOrder(
      context,
      names,
      accountId,
      new Map([
        ['symbol', symbol],
        ['orderId', order.orderId],
      ]),
    ),
  );
}

/** Cancels one order and places another. -2022: neither; -2021: the cancel alone. */
export function cancelReplace(
  context: BinanceContext,
  names: RequestNames,
  accountId: string,
  params: RequestParams,
): Row {
  const goesOn = required(params, 'cancelReplaceMode') === 'ALLOW_FAILURE';
  const cancel = new Map<string, string>([['symbol', required(params, 'symbol')]]);
  for (const [from, to] of [
    ['cancelOrderId', 'orderId'],
    ['cancelOrigClientOrderId', 'origClientOrderId'],
    ['cancelNewClientOrderId', 'newClientOrderId'],
  ] as const) {
    const value = params.get(from);
    if (value !== undefined) cancel.set(to, value);
  }
  targetOf(cancel);
  const canceled = attempt(() => cancelOrder(context, names, accountId, cancel));
  if ('refusal' in canceled && !goesOn) throw new BinanceRefusal(400, -2022, 'Order cancel-replace failed.');
  const placed = attempt(() => placeOrder(context, accountId, params));
  if ('refusal' in canceled && 'refusal' in placed) {
    throw new BinanceRefusal(400, -2022, 'Order cancel-replace failed.');
  }
  if ('refusal' in canceled || 'refusal' in placed) {
    throw new BinanceRefusal(409, -2021, 'Order cancel-replace partially failed.');
  }
  return {
    cancelResult: 'SUCCESS',
    newOrderResult: 'SUCCESS',
    cancelResponse: canceled.row,
    newOrderResponse: placed.row,
  };
}

function attempt(run: () => Row): { readonly row: Row } | { readonly refusal: BinanceRefusal } {
  try {
    return { row: run() };
  } catch (error) {
    if (error instanceof BinanceRefusal) return { refusal: error };
    throw error;
  }
}

export function account(context: BinanceContext, accountId: string, params: RequestParams): Row {
  return accountRow(context.exchange.balances(accountId), context.now(), params.get('omitZeroBalances') === 'true');
}

/** Orders counted in each window. */
export function orderCounts(context: BinanceContext, address: string, accountId: string): readonly Row[] {
  return context.rates.rows(address, accountId, context.now()).filter((row) => row.rateLimitType === 'ORDERS');
}
