import type { BinanceContext } from './binance-context.ts';
import { BinanceRefusal, badValue } from './binance-errors.ts';
import { required, targetOf } from './binance-params.ts';
import { perSymbol } from './binance-per-symbol.ts';
import type { Route, Routes } from './binance-rest.ts';
import type { PublicTrades } from './binance-trades.ts';
import {
  allAlgoOrders,
  cancelAlgoOrder,
  cancelOpenAlgoOrders,
  isWaiting,
  openAlgoOrders,
  placeAlgoOrder,
  queryAlgoOrder,
} from './binance-usdm-algo.ts';
import type { Countdowns } from './binance-usdm-countdown.ts';
import { allOrders, userTrades } from './binance-usdm-history.ts';
import type { IncomeBooks } from './binance-usdm-income.ts';
import { cancelOrder, modifyOrder, placeOrder, queryOrder, shownOrder } from './binance-usdm-orders.ts';
import {
  bookTicker,
  depth,
  depthWeight,
  exchangeInfo,
  leverageBracket,
  openInterest,
  premiumIndex,
  tickerPrice,
} from './binance-usdm-public.ts';
import { accountRow, allPositions, balanceRow, positionRow } from './binance-usdm-rows.ts';
import type { ListenKeys } from './binance-usdm-user-stream.ts';

/** The routes of USD-M futures. */
export function usdmRoutes(
  context: BinanceContext,
  listenKeys: ListenKeys,
  trades: PublicTrades,
  countdowns: Countdowns,
  income: IncomeBooks,
): Routes {
  const { exchange } = context;
  const positions = (version: 'v2' | 'v3'): Route => ({
    weight: 5,
    needs: 'signature',
    run({ accountId, params }) {
      const symbol = params.get('symbol');
      if (symbol !== undefined) context.instrument(symbol);
      return allPositions(exchange, accountId)
        .filter((each) => symbol === undefined || each.symbol === symbol)
        .filter((each) => version === 'v2' || each.size !== 0 || exchange.openOrders(accountId, each.symbol).length > 0)
        .map((each) => positionRow(each, context.instrument(each.symbol), version, context.now()));
    },
  });
  const balance: Route = {
    weight: 5,
    needs: 'signature',
    run: ({ accountId }) => exchange.balances(accountId).map((each) => balanceRow(each, context.now())),
  };
  const account = (version: 'v2' | 'v3'): Route => ({
    weight: 5,
    needs: 'signature',
    run: ({ accountId }) => accountRow(exchange, accountId, version),
  });
  return {
    'GET /fapi/v1/ping': { weight: 1, needs: 'nothing', run: () => ({}) },
    'GET /fapi/v1/time': { weight: 1, needs: 'nothing', run: () => ({ serverTime: context.now() }) },
    'GET /fapi/v1/exchangeInfo': { weight: 1, needs: 'nothing', run: () => exchangeInfo(context) },
    'GET /fapi/v1/depth': { weight: depthWeight, needs: 'nothing', run: ({ params }) => depth(context, params) },
    'GET /fapi/v1/leverageBracket': {
      weight: 1,
      needs: 'signature',
      run: ({ params }) => [perSymbol(context, params, leverageBracket)].flat(),
    },
    'GET /fapi/v1/trades': {
      weight: 5,
      needs: 'nothing',
      run: ({ params }) => trades.recent(context.instrument(required(params, 'symbol')), params),
    },
    'GET /fapi/v1/aggTrades': {
      weight: 20,
      needs: 'nothing',
      run: ({ params }) => trades.aggregated(context.instrument(required(params, 'symbol')), params),
    },
    'GET /fapi/v1/ticker/24hr': {
      weight: (params) => (params.has('symbol') ? 1 : 40),
      needs: 'nothing',
      run: ({ params }) =>
        perSymbol(context, params, (_context, instrument) =>
          trades.day(instrument, exchange.ticker(instrument.symbol).lastPrice, context.now()),
        ),
    },
    'GET /fapi/v1/ticker/price': {
      weight: 1,
      needs: 'nothing',
      run: ({ params }) => perSymbol(context, params, tickerPrice),
    },
    'GET /fapi/v2/ticker/price': {
      weight: 1,
      needs: 'nothing',
      run: ({ params }) => perSymbol(context, params, tickerPrice),
    },
    'GET /fapi/v1/ticker/bookTicker': {
      weight: 2,
      needs: 'nothing',
      run: ({ params }) => perSymbol(context, params, bookTicker),
    },
    'GET /fapi/v1/premiumIndex': {
      weight: 1,
      needs: 'nothing',
      run: ({ params }) => perSymbol(context, params, premiumIndex),
    },
    'GET /fapi/v1/openInterest': {
      weight: 1,
      needs: 'nothing',
      run: ({ params }) => openInterest(context, context.instrument(required(params, 'symbol'))),
    },
    'POST /fapi/v1/order': {
      weight: 0,
      needs: 'trading',
      order: true,
      run: ({ accountId, params }) => placeOrder(context, accountId, params),
    },
    'PUT /fapi/v1/order': {
      weight: 1,
      needs: 'trading',
      order: true,
      run: ({ accountId, params }) => modifyOrder(context, accountId, params),
    },
    'DELETE /fapi/v1/order': {
      weight: 1,
      needs: 'trading',
      run: ({ accountId, params }) => cancelOrder(context, accountId, params),
    },
    'GET /fapi/v1/order': {
      weight: 1,
      needs: 'signature',
      run: ({ accountId, params }) => queryOrder(context, accountId, params),
    },
    'GET /fapi/v1/openOrder': {
      weight: 1,
      needs: 'signature',
      run({ accountId, params }) {
        context.instrument(required(params, 'symbol'));
        const target = targetOf(params);
        const order = exchange
          .openOrders(accountId, required(params, 'symbol'))
          .filter((each) => !isWaiting(context, each))
          .find((each) => each.orderId === target.orderId || each.clientOrderId === target.clientOrderId);
        if (order === undefined) throw new BinanceRefusal(400, -2013, 'Order does not exist.');
        return shownOrder(context, order);
      },
    },
    'GET /fapi/v1/openOrders': {
      weight: (params) => (params.has('symbol') ? 1 : 40),
      needs: 'signature',
      run({ accountId, params }) {
        const symbol = params.get('symbol') ?? null;
        if (symbol !== null) context.instrument(symbol);
        return exchange
          .openOrders(accountId, symbol)
          .filter((each) => !isWaiting(context, each))
          .map((each) => shownOrder(context, each));
      },
    },
    'GET /fapi/v1/allOrders': {
      weight: 5,
      needs: 'signature',
      run: ({ accountId, params }) => allOrders(context, accountId, params),
    },
    'GET /fapi/v1/userTrades': {
      weight: 5,
      needs: 'signature',
      run: ({ accountId, params }) => userTrades(context, accountId, params),
    },
    'GET /fapi/v1/income': {
      weight: 30,
      needs: 'signature',
      run: ({ accountId, params }) => income.rows(accountId, params),
    },
    'DELETE /fapi/v1/allOpenOrders': {
      weight: 1,
      needs: 'trading',
      run({ accountId, params }) {
        const symbol = required(params, 'symbol');
        context.instrument(symbol);
        for (const order of exchange.openOrders(accountId, symbol)) {
          if (isWaiting(context, order)) continue;
          exchange.cancel(accountId, { orderId: order.orderId, clientOrderId: null });
        }
        return { code: 200, msg: 'The operation of cancel all open order is done.' };
      },
    },
    'POST /fapi/v1/countdownCancelAll': {
      weight: 10,
      needs: 'trading',
      run: ({ accountId, params }) => countdowns.set(accountId, params),
    },
    'POST /fapi/v1/algoOrder': {
      weight: 0,
      needs: 'trading',
      order: true,
      run: ({ accountId, params }) => placeAlgoOrder(context, accountId, params),
    },
    'DELETE /fapi/v1/algoOrder': {
      weight: 1,
      needs: 'trading',
      run: ({ accountId, params }) => cancelAlgoOrder(context, accountId, params),
    },
    'GET /fapi/v1/algoOrder': {
      weight: 1,
      needs: 'signature',
      run: ({ accountId, params }) => queryAlgoOrder(context, accountId, params),
    },
    'GET /fapi/v1/openAlgoOrders': {
      weight: (params) => (params.has('symbol') ? 1 : 40),
      needs: 'signature',
      run: ({ accountId, params }) => openAlgoOrders(context, accountId, params),
    },
    'GET /fapi/v1/allAlgoOrders': {
      weight: 5,
      needs: 'signature',
      run: ({ accountId, params }) => allAlgoOrders(context, accountId, params),
    },
    'DELETE /fapi/v1/algoOpenOrders': {
      weight: 1,
      needs: 'trading',
      run: ({ accountId, params }) => cancelOpenAlgoOrders(context, accountId, params),
    },
    'POST /fapi/v1/listenKey': {
      weight: 1,
      needs: 'key',
      run: ({ accountId }) => ({ listenKey: listenKeys.open(accountId) }),
    },
    'PUT /fapi/v1/listenKey': {
      weight: 1,
      needs: 'key',
      run: ({ accountId }) => ({ listenKey: listenKeys.renew(accountId) }),
    },
    'DELETE /fapi/v1/listenKey': {
      weight: 1,
      needs: 'key',
      run({ accountId }) {
        listenKeys.close(accountId);
        return {};
      },
    },
    'POST /fapi/v1/leverage': {
      weight: 1,
      needs: 'trading',
      run({ params }) {
        const leverage = Number(required(params, 'leverage'));
        if (!Number.isInteger(leverage) || leverage < 1 || leverage > 125) {
          throw new BinanceRefusal(400, -4028, `Leverage ${params.get('leverage')} is not valid`);
        }
        return {
          leverage,
          maxNotionalValue: '100000000',
          symbol: context.instrument(required(params, 'symbol')).symbol,
        };
      },
    },
    'POST /fapi/v1/marginType': {
      weight: 1,
      needs: 'trading',
      run({ params }) {
        if (required(params, 'marginType') === 'CROSSED')
          throw new BinanceRefusal(400, -4046, 'No need to change margin type.');
        throw badValue('marginType');
      },
    },
    'GET /fapi/v1/positionSide/dual': {
      weight: 30,
      needs: 'signature',
      run: ({ accountId }) => ({ dualSidePosition: context.hedgeMode.has(accountId) }),
    },
    'POST /fapi/v1/positionSide/dual': {
      weight: 1,
      needs: 'trading',
      run({ accountId, params }) {
        const hedge = required(params, 'dualSidePosition') === 'true';
        if (hedge === context.hedgeMode.has(accountId))
          throw new BinanceRefusal(400, -4059, 'No need to change position side.');
        if (hedge) context.hedgeMode.add(accountId);
        else context.hedgeMode.delete(accountId);
        return { code: 200, msg: 'success' };
      },
    },
    'GET /fapi/v1/multiAssetsMargin': { weight: 30, needs: 'signature', run: () => ({ multiAssetsMargin: false }) },
    'GET /fapi/v1/commissionRate': {
      weight: 20,
      needs: 'signature',
      run: ({ params }) => ({
        symbol: context.instrument(required(params, 'symbol')).symbol,
        makerCommissionRate: '0.0002',
        takerCommissionRate: '0.0005',
      }),
    },
    'GET /fapi/v2/positionRisk': positions('v2'),
    'GET /fapi/v3/positionRisk': positions('v3'),
    'GET /fapi/v2/balance': balance,
    'GET /fapi/v3/balance': balance,
    'GET /fapi/v2/account': account('v2'),
    'GET /fapi/v3/account': account('v3'),
  };
}
