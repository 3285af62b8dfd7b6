import { authenticateWebsocket, type RequestParams, requireTrading } from './binance-usdm-auth.ts';
import type { BinanceContext } from './binance-usdm-context.ts';
import { BinanceRefusal, NoAnswer } from './binance-usdm-errors.ts';
import { cancelOrder, modifyOrder, placeOrder, queryOrder } from './binance-usdm-orders.ts';
import { bookTicker, depth, depthWeight, perSymbol, tickerPrice } from './binance-usdm-public.ts';
import { accountRow, allPositions, balanceRow, positionRow } from './binance-usdm-rows.ts';
import type { ListenKeys } from './binance-usdm-user-stream.ts';
import type { SessionProtocol, VenueSession } from './venue-session.ts';

interface Method {
  readonly weight: number | ((params: RequestParams) => number);
  readonly needs: 'nothing' | 'signature' | 'trading';
  readonly order?: boolean;
  readonly run: (accountId: string, params: RequestParams) => unknown;
}

type Id = string | number | null;

interface ApiRequest {
  readonly id: Id;
  readonly method: string;
  readonly params: RequestParams;
}

/** The websocket API: requests by id, each answered once. */
export function createBinanceWebsocketApi(context: BinanceContext, listenKeys: ListenKeys): SessionProtocol {
  const methods = methodsOf(context, listenKeys);
  const { faults, rates } = context;

  function onMessage(session: VenueSession, text: string): void {
    const request = parse(text);
    if (request === null) {
      session.sendAnswer(
        JSON.stringify({ id: null, status: 400, error: { code: -1135, msg: 'Invalid JSON Request' } }),
      );
      return;
    }
    const release = context.holdReports();
    try {
      // The fault `fillBeforeAck`: what the order causes is not kept back.
      const early = request.method === 'order.place' && faults.take('fillBeforeAck');
      const answer = answerOf(session, request);
      if (early) release();
      session.sendAnswer(answer);
    } catch (error) {
      if (!(error instanceof NoAnswer)) throw error;
      if (error.cut) session.terminate();
    } finally {
      release();
    }
  }

  function answerOf(session: VenueSession, request: ApiRequest): string {
    const { id, params } = request;
    let accountId: string | null = null;
    try {
      const method = Object.hasOwn(methods, request.method) ? methods[request.method] : undefined;
      if (method === undefined) throw new BinanceRefusal(400, -1000, `Unknown method '${request.method.slice(0, 40)}'`);
      const now = context.now();
      if (faults.take('rateLimited')) throw new BinanceRefusal(429, -1003, 'Too many requests.', 1_000);
      rates.chargeWeight(
        session.address,
        typeof method.weight === 'number' ? method.weight : method.weight(params),
        now,
      );
      if (method.needs !== 'nothing') {
        const key = authenticateWebsocket(context.keys, params, now);
        if (method.needs === 'trading') requireTrading(key);
        accountId = key.accountId;
        if (method.order === true) rates.chargeOrder(accountId, now);
      }
      const result = method.run(accountId ?? '', params);
      return JSON.stringify({ id, status: 200, result, ...rateLimits(session, params, accountId) });
    } catch (error) {
      if (!(error instanceof BinanceRefusal)) throw error;
      const now = context.now();
      const data =
        error.retryAfterMs === null ? {} : { data: { serverTime: now, retryAfter: now + error.retryAfterMs } };
      const body = { code: error.code, msg: error.message, ...data };
      return JSON.stringify({ id, status: error.status, error: body, ...rateLimits(session, params, accountId) });
    }
  }

  function rateLimits(
    session: VenueSession,
    params: RequestParams,
    accountId: string | null,
  ): { rateLimits?: unknown } {
    const wanted = params.get('returnRateLimits') ?? session.query.get('returnRateLimits') ?? 'true';
    return wanted === 'false' ? {} : { rateLimits: rates.rows(session.address, accountId, context.now()) };
  }

  return { maxMessagesPerSecond: null, onMessage, onClose: () => undefined };
}

function methodsOf(context: BinanceContext, listenKeys: ListenKeys): Readonly<Record<string, Method>> {
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

/** Null for what is no request. Values become the text that the client signed. */
function parse(text: string): ApiRequest | null {
  try {
    const message: unknown = JSON.parse(text);
    if (typeof message !== 'object' || message === null || !('method' in message)) return null;
    if (typeof message.method !== 'string') return null;
    const id =
      'id' in message && (typeof message.id === 'string' || typeof message.id === 'number') ? message.id : null;
    const given = 'params' in message ? message.params : {};
    if (typeof given !== 'object' || given === null) return null;
    const params = new Map(Object.entries(given).map(([name, value]) => [name, String(value)]));
    return { id, method: message.method, params };
  } catch {
    // Not JSON: answered as such by the caller.
    return null;
  }
}
