import type { BinanceContext } from './binance-context.ts';
import { required } from './binance-params.ts';
import { perSymbol } from './binance-per-symbol.ts';
import type { Route, Routes } from './binance-rest.ts';
import { allOrders, myTrades } from './binance-spot-history.ts';
import { amendOrder, cancelOrder, placeOrder, queryOrder, type RequestNames } from './binance-spot-orders.ts';
import { bookTicker, depth, depthWeight, exchangeInfo, tickerPrice } from './binance-spot-public.ts';
import { account, cancelOpenOrders, cancelReplace, openOrders, orderCounts } from './binance-spot-requests.ts';
import { weightOfOpenOrders } from './binance-spot-ws-api.ts';
import type { PublicTrades } from './binance-trades.ts';

/** The routes of spot. */
export function spotRoutes(context: BinanceContext, names: RequestNames, trades: PublicTrades): Routes {
  const { exchange } = context;
  const open = (weight: Route['weight'], run: Route['run']): Route => ({ weight, needs: 'nothing', run });
  const signed = (weight: Route['weight'], run: Route['run']): Route => ({ weight, needs: 'signature', run });
  const trading = (weight: number, run: Route['run']): Route => ({ weight, needs: 'trading', run });
  return {
    'GET /api/v3/ping': open(1, () => ({})),
    'GET /api/v3/time': open(1, () => ({ serverTime: context.now() })),
    'GET /api/v3/exchangeInfo': open(20, ({ params }) => exchangeInfo(context, params)),
    'GET /api/v3/depth': open(depthWeight, ({ params }) => depth(context, params)),
    'GET /api/v3/trades': open(25, ({ params }) =>
      trades.recent(context.instrument(required(params, 'symbol')), params),
    ),
    'GET /api/v3/aggTrades': open(4, ({ params }) =>
      trades.aggregated(context.instrument(required(params, 'symbol')), params),
    ),
    'GET /api/v3/ticker/24hr': open(
      (params) => (params.has('symbol') ? 2 : 80),
      ({ params }) =>
        perSymbol(context, params, (_context, instrument) =>
          trades.day(instrument, exchange.ticker(instrument.symbol).lastPrice, context.now()),
        ),
    ),
    'GET /api/v3/ticker/price': open(2, ({ params }) => perSymbol(context, params, tickerPrice)),
    'GET /api/v3/ticker/bookTicker': open(2, ({ params }) => perSymbol(context, params, bookTicker)),
    'POST /api/v3/order': {
      ...trading(1, ({ accountId, params }) => placeOrder(context, accountId, params)),
      order: true,
    },
    'POST /api/v3/order/cancelReplace': {
      ...trading(1, ({ accountId, params }) => cancelReplace(context, names, accountId, params)),
      order: true,
    },
    'DELETE /api/v3/order': trading(1, ({ accountId, params }) => cancelOrder(context, names, accountId, params)),
    'PUT /api/v3/order/amend/keepPriority': trading(4, ({ accountId, params }) =>
      amendOrder(context, accountId, params),
    ),
    'DELETE /api/v3/openOrders': trading(1, ({ accountId, params }) =>
      cancelOpenOrders(context, names, accountId, params),
    ),
    'GET /api/v3/order': signed(4, ({ accountId, params }) => queryOrder(context, accountId, params)),
    'GET /api/v3/openOrders': signed(weightOfOpenOrders, ({ accountId, params }) =>
      openOrders(context, accountId, params),
    ),
    'GET /api/v3/allOrders': signed(20, ({ accountId, params }) => allOrders(context, accountId, params)),
    'GET /api/v3/myTrades': signed(20, ({ accountId, params }) => myTrades(context, accountId, params)),
    'GET /api/v3/account': signed(20, ({ accountId, params }) => account(context, accountId, params)),
    'GET /api/v3/rateLimit/order': signed(40, ({ accountId }) => orderCounts(context, '', accountId)),
  };
}
