import { authenticateWebsocket, type RequestParams, requireTrading } from './binance-auth.ts';
import type { BinanceContext } from './binance-context.ts';
import { BinanceRefusal, NoAnswer } from './binance-errors.ts';
import type { SessionProtocol, VenueSession } from './venue-session.ts';

/** One method of the websocket API. */
export interface Method {
  readonly weight: number | ((params: RequestParams) => number);
  readonly needs: 'nothing' | 'signature' | 'trading';
  readonly order?: boolean;
  readonly run: (accountId: string, params: RequestParams, session: VenueSession) => unknown;
}

type Id = string | number | null;

interface ApiRequest {
  readonly id: Id;
  readonly method: string;
  readonly params: RequestParams;
}

export type Methods = Readonly<Record<string, Method>>;

/** The websocket API: requests by id, each answered once. */
export function createBinanceWebsocketApi(
  context: BinanceContext,
  methods: Methods,
  onClose: (session: VenueSession) => void = () => undefined,
): SessionProtocol {
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
      const result = method.run(accountId ?? '', params, session);
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

  return { maxMessagesPerSecond: null, onMessage, onClose };
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
