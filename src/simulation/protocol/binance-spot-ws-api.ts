import type { RequestParams } from './binance-auth.ts';
import type { BinanceContext } from './binance-context.ts';
import { BinanceRefusal, badValue } from './binance-errors.ts';
import { perSymbol } from './binance-per-symbol.ts';
import { allOrders, myTrades } from './binance-spot-history.ts';
import { amendOrder, cancelOrder, placeOrder, queryOrder, type RequestNames } from './binance-spot-orders.ts';
import { bookTicker, depth, depthWeight, exchangeInfo, tickerPrice } from './binance-spot-public.ts';
import { account, cancelOpenOrders, cancelReplace, openOrders, orderCounts } from './binance-spot-requests.ts';
import type { SpotUserData } from './binance-spot-user-data.ts';
import type { Method, Methods } from './binance-ws-api.ts';

/** The methods of spot. */
export function spotMethods(context: BinanceContext, names: RequestNames, users: SpotUserData): Methods {
  const open = (weight: Method['weight'], run: (params: RequestParams) => unknown): Method => ({
    weight,
    needs: 'nothing',
    run: (_accountId, params) => run(params),
  });
  const signed = (weight: Method['weight'], run: (accountId: string, params: RequestParams) => unknown): Method => ({
    weight,
    needs: 'signature',
    run,
  });
  const trading = (weight: number, run: (accountId: string, params: RequestParams) => unknown): Method => ({
    weight,
    needs: 'trading',
    run,
  });
  return {
    ping: open(1, () => ({})),
    time: open(1, () => ({ serverTime: context.now() })),
    exchangeInfo: open(20, (params) => exchangeInfo(context, params)),
    depth: open(depthWeight, (params) => depth(context, params)),
    'ticker.price': open(2, (params) => perSymbol(context, params, tickerPrice)),
    'ticker.book': open(2, (params) => perSymbol(context, params, bookTicker)),
    'session.logon': open(2, () => {
      throw new BinanceRefusal(400, -4056, 'Only Ed25519 keys are supported for this feature.');
    }),
    'order.place': { ...trading(1, (id, params) => placeOrder(context, id, params)), order: true },
    'order.cancelReplace': { ...trading(1, (id, params) => cancelReplace(context, names, id, params)), order: true },
    'order.cancel': trading(1, (id, params) => cancelOrder(context, names, id, params)),
    'order.amend.keepPriority': trading(4, (id, params) => amendOrder(context, id, params)),
    'openOrders.cancelAll': trading(1, (id, params) => cancelOpenOrders(context, names, id, params)),
    'order.status': signed(4, (id, params) => queryOrder(context, id, params)),
    'openOrders.status': signed(weightOfOpenOrders, (id, params) => openOrders(context, id, params)),
    allOrders: signed(20, (id, params) => allOrders(context, id, params)),
    myTrades: signed(20, (id, params) => myTrades(context, id, params)),
    'account.status': signed(20, (id, params) => account(context, id, params)),
    'account.rateLimits.orders': {
      weight: 40,
      needs: 'signature',
      run: (id, _params, session) => orderCounts(context, session.address, id),
    },
    'userDataStream.subscribe.signature': {
      weight: 2,
      needs: 'signature',
      run: (id, _params, session) => users.subscribe(session, id),
    },
    'userDataStream.unsubscribe': {
      weight: 2,
      needs: 'nothing',
      run: (_id, params, session) => users.unsubscribe(session, subscriptionOf(params)),
    },
    'session.subscriptions': {
      weight: 2,
      needs: 'nothing',
      run: (_id, _params, session) => users.subscriptions(session),
    },
  };
}

export function weightOfOpenOrders(params: RequestParams): number {
  return params.has('symbol') ? 6 : 80;
}

function subscriptionOf(params: RequestParams): number | null {
  const text = params.get('subscriptionId');
  if (text === undefined) return null;
  if (!/^\d{1,9}$/.test(text)) throw badValue('subscriptionId');
  return Number(text);
}
