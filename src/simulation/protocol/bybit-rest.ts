import type { SimulatedFill, SimulatedOrder } from '../exchange/simulated-exchange.ts';
import type { ApiKey } from './api-keys.ts';
import type { BybitContext } from './bybit-context.ts';
import { admitRequest, createAddressGate, type RateGate, REQUESTS_PER_ADDRESS } from './bybit-gate.ts';
import { isRemembered, windowOf } from './bybit-history.ts';
import { createBybitMarketRest } from './bybit-market-rest.ts';
import { type BybitOrderOperation, type BybitOrders, isRecord, showsAsOpen, targetOf } from './bybit-orders.ts';
import type { BybitPrivateHub } from './bybit-private.ts';
import { invalid, pageOf, type Result } from './bybit-results.ts';
import { executionRow, isStop, positionRow } from './bybit-rows.ts';
import type { RecentTrades } from './bybit-trades.ts';
import { transactionLog } from './bybit-transaction-log.ts';
import type { VenueAnswer, VenueRequest } from './venue-server.ts';

const ORDER_PATHS: ReadonlyMap<string, BybitOrderOperation> = new Map([
  ['/v5/order/create', 'create'],
  ['/v5/order/amend', 'amend'],
  ['/v5/order/cancel', 'cancel'],
  ['/v5/order/cancel-all', 'cancel-all'],
]);
/** Questions that must name their category. */
const OF_CATEGORY: ReadonlySet<string> = new Set([
  '/v5/order/realtime',
  '/v5/order/history',
  '/v5/execution/list',
  '/v5/position/list',
]);

/** REST of the simulated Bybit: public market data, and what is signed. */
export function createBybitRest(options: {
  readonly context: BybitContext;
  readonly orders: BybitOrders;
  readonly hub: BybitPrivateHub;
  readonly rates: RateGate;
  readonly trades: RecentTrades;
}): (request: VenueRequest) => VenueAnswer {
  const { context, orders, hub, rates, trades } = options;
  const { exchange, faults } = context;
  const market = createBybitMarketRest(context, trades);
  const withinAddressLimit = createAddressGate(REQUESTS_PER_ADDRESS);
  let bannedUntil = Number.NEGATIVE_INFINITY;

  function answer(result: Result, headers: Readonly<Record<string, string>> = {}): VenueAnswer {
    const { retCode, retMsg, data } =
      'result' in result ? { retCode: 0, retMsg: 'OK', data: result.result } : { ...result, data: {} };
    const time = context.now();
    return {
      status: 200,
      headers: { ...headers, Timenow: String(time) },
      body: JSON.stringify({ retCode, retMsg, result: data, retExtInfo: {}, time }),
    };
  }

  function signedResult(path: string, key: ApiKey, query: URLSearchParams): Result | null {
    const isOfCategory = OF_CATEGORY.has(path);
    if (isOfCategory && query.get('category') !== context.category.name) return invalid('category invalid');
    switch (path) {
      case '/v5/order/realtime':
        return realtime(key.accountId, query);
      case '/v5/order/history':
        return history(key.accountId, query);
      case '/v5/execution/list':
        return executions(key.accountId, query);
      case '/v5/position/list':
        if (!context.category.hasPositions) return invalid('category only support linear or option');
        return positions(key.accountId, query);
      case '/v5/account/wallet-balance':
        if (query.get('accountType') !== 'UNIFIED') return invalid('accountType only support UNIFIED.');
        return {
          result: { list: [context.walletRow(key.accountId, null)] },
        };
      case '/v5/account/transaction-log':
        return transactionLog(context, key.accountId, query);
      case '/v5/account/info':
        return {
          result: {
            marginMode: 'REGULAR_MARGIN',
            updatedTime: '1697078946000',
            unifiedMarginStatus: 5,
            dcpStatus: 'OFF',
            timeWindow: 10,
            smpGroup: 0,
            isMasterTrader: false,
            spotHedgingStatus: 'OFF',
          },
        };
      case '/v5/user/query-api':
        return {
          result: {
            id: '1',
            note: 'simulated',
            apiKey: key.key,
            readOnly: key.readOnly === true ? 1 : 0,
            secret: '',
            permissions: {
              ContractTrade: ['Order', 'Position'],
              Derivatives: ['DerivativesTrade'],
              Spot: context.category.hasPositions ? [] : ['SpotTrade'],
              Wallet: [],
            },
            ips: ['*'],
            type: 1,
            unified: 0,
            uta: 1,
            userID: 1,
            isMaster: true,
          },
        };
      default:
        return null;
    }
  }

  function namedOrder(accountId: string, query: URLSearchParams): readonly SimulatedOrder[] | null {
    const target = targetOf(Object.fromEntries(query));
    if (target === null) return null;
    if (faults.take('queryNotFound')) return [];
    const late = [...context.rejected.values()].find(
      ({ order }) =>
        order.accountId === accountId &&
        (order.orderId === target.orderId || (target.orderId === null && order.clientOrderId === target.clientOrderId)),
    );
    const order = late?.order ?? exchange.order(accountId, target);
    return order === null ? [] : [order];
  }

  function allOrders(accountId: string, symbol: string | null): readonly SimulatedOrder[] {
    const late = [...context.rejected.values()]
      .map(({ order }) => order)
      .filter((order) => order.accountId === accountId && (symbol === null || order.symbol === symbol));
    return [...exchange.orders(accountId, symbol), ...late].sort((a, b) => b.createdAt - a.createdAt);
  }

  function realtime(accountId: string, query: URLSearchParams): Result {
    const symbol = query.get('symbol');
    const narrowed = symbol !== null || query.get('settleCoin') !== null || query.get('baseCoin') !== null;
    if (context.category.hasPositions && !narrowed) {
      return invalid('symbol, baseCoin or settleCoin needed');
    }
    const named = namedOrder(accountId, query);
    const closedToo = query.get('openOnly') === '1';
    const list =
      named ??
      (closedToo
        ? allOrders(accountId, symbol)
            .filter((order) => !showsAsOpen(context, order))
            .slice(0, 500)
        : [...exchange.openOrders(accountId, symbol)].sort((a, b) => b.createdAt - a.createdAt));
    return orderPage(list, query);
  }

  function orderPage(list: readonly SimulatedOrder[], query: URLSearchParams): Result {
    const rows = list.filter((order) => isAskedFor(order, query)).map((order) => context.orderRow(order));
    return { result: { category: context.category.name, ...pageOf(rows, query, 20, 50) } };
  }

  function history(accountId: string, query: URLSearchParams): Result {
    const window = windowOf(query, context.now());
    if (window === null) return invalid('startTime and endTime span more than 7 days');
    const named = namedOrder(accountId, query);
    const list = (named ?? allOrders(accountId, query.get('symbol'))).filter(
      (order) =>
        !showsAsOpen(context, order) &&
        isRemembered(order, context.now()) &&
        (named !== null || (order.createdAt >= window.from && order.createdAt <= window.until)),
    );
    return orderPage(list, query);
  }

  function executions(accountId: string, query: URLSearchParams): Result {
    const window = windowOf(query, context.now());
    if (window === null) return invalid('startTime and endTime span more than 7 days');
    const symbol = query.get('symbol');
    const target = targetOf(Object.fromEntries(query));
    const inWindow = (time: number): boolean => time >= window.from && time <= window.until;
    const fits = (fill: SimulatedFill): boolean =>
      inWindow(fill.time) &&
      (target === null ||
        fill.orderId === target.orderId ||
        (target.orderId === null && fill.clientOrderId === target.clientOrderId));
    const rows = exchange
      .fills(accountId, symbol)
      .filter(fits)
      .flatMap((fill) => {
        const instrument = context.instrument(fill.symbol);
        if (instrument === null) return [];
        const order = exchange.order(accountId, { orderId: fill.orderId, clientOrderId: null });
        return [executionRow(fill, order, instrument)];
      });
    const funding = (context.funding.get(accountId) ?? []).filter(
      (row) => target === null && inWindow(Number(row.execTime)) && (symbol === null || row.symbol === symbol),
    );
    const newestFirst = [...rows, ...funding].reverse().sort((a, b) => Number(b.execTime) - Number(a.execTime));
    return { result: { category: context.category.name, ...pageOf(newestFirst, query, 50, 100) } };
  }

  function positions(accountId: string, query: URLSearchParams): Result {
    const symbol = query.get('symbol');
    const instrument = symbol === null ? null : context.instrument(symbol);
    if (symbol === null && query.get('settleCoin') === null) return invalid('symbol or settleCoin needed');
    if (symbol !== null && instrument === null) return invalid('symbol invalid');
    const held = exchange.positions(accountId);
    const now = context.now();
    const rows = held
      .filter((position) => (symbol === null ? position.size !== 0 : position.symbol === symbol))
      .flatMap((position) => {
        const known = context.instrument(position.symbol);
        return known === null ? [] : [positionRow(position, known, now, now)];
      });
    if (instrument !== null && rows.length === 0) {
      const flat = {
        symbol: instrument.symbol,
        size: 0,
        entryPrice: '0',
        markPrice: exchange.ticker(instrument.symbol).markPrice,
        unrealizedProfit: '0',
        liquidationPrice: null,
        leverage: held[0]?.leverage ?? 10,
      };
      rows.push(positionRow(flat, instrument, now, now));
    }
    return { result: { category: context.category.name, ...pageOf(rows, query, 20, 200) } };
  }

  /** The leverage is the one that the account was opened with: asking for it again is answered as the venue does, another is refused. */
  function setLeverage(key: ApiKey, body: Readonly<Record<string, unknown>>): Result {
    const held = exchange.positions(key.accountId).find((position) => position.symbol === body.symbol);
    const asked = Number(body.buyLeverage);
    if (!(asked > 0) || body.buyLeverage !== body.sellLeverage) return invalid('leverage invalid');
    if (held !== undefined && held.leverage !== asked) {
      return { retCode: 110013, retMsg: 'cannot set leverage: it is fixed by the simulated account' };
    }
    return { retCode: 110043, retMsg: 'Set leverage has not been modified.' };
  }

  function runOrder(operation: BybitOrderOperation, key: ApiKey, body: Readonly<Record<string, unknown>>): VenueAnswer {
    hub.hold();
    const outcome = orders.run(operation, key, body);
    if (outcome.rejectedLater !== null) hub.rejectedLater(outcome.rejectedLater);
    // The answer is written after this returns: reports follow a turn later, unless they are meant to be first.
    if (faults.take('fillBeforeAck')) hub.release();
    else setImmediate(() => hub.release());
    if (outcome.delivery !== 'answered') {
      return { status: 200, body: '', lost: outcome.delivery === 'cut' ? true : 'unanswered' };
    }
    return answer(
      outcome.retCode === 0 ? { result: outcome.data } : { retCode: outcome.retCode, retMsg: outcome.retMsg },
    );
  }

  return (request) => {
    const now = performance.now();
    if (faults.take('addressBanned')) bannedUntil = now + REQUESTS_PER_ADDRESS.shutOutMs;
    if (now < bannedUntil || !withinAddressLimit(request.address, now)) {
      return { status: 403, body: 'access too frequent' };
    }
    const open = request.method === 'GET' ? market(request.path, request.query) : null;
    if (open !== null) return answer(open);
    const admitted = admitRequest(request, context.keys, context.now());
    if (admitted.kind === 'refused') return answer(admitted);
    const operation = ORDER_PATHS.get(request.path);
    const rate = rates.take(admitted.key.accountId, operation ?? request.path, context.now());
    if (!rate.ok)
      return answer({ retCode: 10006, retMsg: 'Too many visits. Exceeded the API Rate Limit.' }, rate.headers);
    if (request.method === 'GET') {
      const result = signedResult(request.path, admitted.key, request.query);
      return result === null ? { status: 404, body: '' } : answer(result, rate.headers);
    }
    const body = parseBody(request.body);
    if (body === null) return answer(invalid('body is no JSON object'), rate.headers);
    if (request.path === '/v5/position/set-leverage' && context.category.hasPositions)
      return answer(setLeverage(admitted.key, body), rate.headers);
    if (operation === undefined) return { status: 404, body: '' };
    const done = runOrder(operation, admitted.key, body);
    return { ...done, headers: { ...rate.headers, ...done.headers } };
  };
}

/** All kinds of orders, unless one is asked for. */
function isAskedFor(order: SimulatedOrder, query: URLSearchParams): boolean {
  const filter = query.get('orderFilter');
  return filter === null || (filter !== 'Order') === isStop(order);
}

function parseBody(text: string): Readonly<Record<string, unknown>> | null {
  try {
    const body: unknown = JSON.parse(text);
    return isRecord(body) ? body : null;
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}
