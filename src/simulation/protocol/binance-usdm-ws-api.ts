import type { BinanceContext } from './binance-context.ts';
import { BinanceRefusal } from './binance-errors.ts';
import { perSymbol } from './binance-per-symbol.ts';
import { cancelAlgoOrder, placeAlgoOrder } from './binance-usdm-algo.ts';
import { cancelOrder, modifyOrder, placeOrder, queryOrder } from './binance-usdm-orders.ts';
import { bookTicker, depth, depthWeight, tickerPrice } from './binance-usdm-public.ts';
import { accountRow, allPositions, balanceRow, positionRow } from './binance-usdm-rows.ts';
import type { ListenKeys } from './binance-usdm-user-stream.ts';
import type { Method, Methods } from './binance-ws-api.ts';

/** The methods of USD-M futures. */
export function usdmMethods(context: BinanceContext, listenKeys: ListenKeys): Methods {
  const { exchange } = context;
  const balance: Method = {
    weight: 5,
    needs: 'signature',
    run: (accountId) => exchange.balances(accountId).map((each) => balanceRow(each, context.now())),
  };
  const positions: Method = {
    weight: 5,
    needs: 'signature',
    run(accountId, params) {
      const symbol = params.get('symbol');
      return allPositions(exchange, accountId)
        .filter((each) => symbol === undefined || each.symbol === symbol)
        .map((each) => positionRow(each, context.instrument(each.symbol), 'v2', context.now()));
    },
  };
  const account: Method = { weight: 5, needs: 'signature', run: (accountId) => accountRow(exchange, accountId, 'v2') };
  const listenKey = (run: (accountId: string) => unknown): Method => ({
    weight: 5,
    needs: 'nothing',
    run: (_accountId, params) => {
      const key = context.keys.find(params.get('apiKey') ?? '');
      if (key === null) throw new BinanceRefusal(401, -2015, 'Invalid API-key, IP, or permissions for action.');
      return run(key.accountId);
    },
  });
  return {
    ping: { weight: 1, needs: 'nothing', run: () => ({}) },
    time: { weight: 1, needs: 'nothing', run: () => ({ serverTime: context.now() }) },
    'session.logon': {
      weight: 2,
      needs: 'nothing',
      run() {
        throw new BinanceRefusal(400, -4056, 'Only Ed25519 keys are supported for this feature.');
      },
    },
    'order.place': {
      weight: 0,
      needs: 'trading',
      order: true,
      run: (accountId, params) => placeOrder(context, accountId, params),
    },
    'order.modify': {
      weight: 1,
      needs: 'trading',
      order: true,
      run: (accountId, params) => modifyOrder(context, accountId, params),
    },
    'order.cancel': {
      weight: 1,
      needs: 'trading',
      run: (accountId, params) => cancelOrder(context, accountId, params),
    },
    'algoOrder.place': {
      weight: 0,
      needs: 'trading',
      order: true,
      run: (accountId, params) => placeAlgoOrder(context, accountId, params),
    },
    'algoOrder.cancel': {
      weight: 1,
      needs: 'trading',
      run: (accountId, params) => cancelAlgoOrder(context, accountId, params),
    },
    'order.status': {
      weight: 1,
      needs: 'signature',
      run: (accountId, params) => queryOrder(context, accountId, params),
    },
    'account.balance': balance,
    'v2/account.balance': balance,
    'account.position': positions,
    'v2/account.position': positions,
    'account.status': account,
    'v2/account.status': account,
    'ticker.price': { weight: 1, needs: 'nothing', run: (_id, params) => perSymbol(context, params, tickerPrice) },
    'ticker.book': { weight: 2, needs: 'nothing', run: (_id, params) => perSymbol(context, params, bookTicker) },
    depth: { weight: depthWeight, needs: 'nothing', run: (_id, params) => depth(context, params) },
    'userDataStream.start': listenKey((accountId) => ({ listenKey: listenKeys.open(accountId) })),
    'userDataStream.ping': listenKey((accountId) => ({ listenKey: listenKeys.renew(accountId) })),
    'userDataStream.stop': listenKey((accountId) => {
      listenKeys.close(accountId);
      return {};
    }),
  };
}
