import type { ApiKey } from './api-keys.ts';
import { authenticateRest, keyOf, type RequestParams, requireTrading } from './binance-auth.ts';
import type { BinanceContext } from './binance-context.ts';
import { BinanceRefusal, NoAnswer } from './binance-errors.ts';
import type { VenueAnswer, VenueRequest } from './venue-server.ts';

export interface Call {
  readonly params: RequestParams;
  /** The account of the key; empty for public calls. */
  readonly accountId: string;
}

export interface Route {
  readonly weight: number | ((params: RequestParams) => number);
  /** What must be proven: nothing, a known key, a signature, or a signature of a key that may trade. */
  readonly needs: 'nothing' | 'key' | 'signature' | 'trading';
  /** Counts as an order. */
  readonly order?: boolean;
  readonly run: (call: Call) => unknown;
}

/** Routes by method and path: `GET /fapi/v1/time`. */
export type Routes = Readonly<Record<string, Route>>;

/** The REST side: one table of routes. `placing`: the route whose reports the fault `fillBeforeAck` lets go first. */
export function createBinanceRest(
  context: BinanceContext,
  routes: Routes,
  placing: string,
): (request: VenueRequest) => VenueAnswer {
  function answer(request: VenueRequest): { body: unknown; accountId: string | null } {
    const route = routes[`${request.method} ${request.path}`];
    if (route === undefined)
      throw new BinanceRefusal(404, -5000, `Path ${request.path}, Method ${request.method} is invalid`);
    const params = paramsOf(request);
    const now = context.now();
    if (context.faults.take('rateLimited'))
      throw new BinanceRefusal(429, -1003, 'Too many requests; please use the websocket.', 1_000);
    context.rates.chargeWeight(
      request.address,
      typeof route.weight === 'number' ? route.weight : route.weight(params),
      now,
    );
    const key = keyFor(route, request, params, now);
    if (route.order === true && key !== null) context.rates.chargeOrder(key.accountId, now);
    return { body: route.run({ params, accountId: key?.accountId ?? '' }), accountId: key?.accountId ?? null };
  }

  function keyFor(route: Route, request: VenueRequest, params: RequestParams, now: number): ApiKey | null {
    if (route.needs === 'nothing') return null;
    if (route.needs === 'key') return keyOf(context.keys, request.headers['x-mbx-apikey']);
    const key = authenticateRest(context.keys, request, params, now);
    if (route.needs === 'trading') requireTrading(key);
    return key;
  }

  return (request) => {
    const release = context.holdReports();
    try {
      // The answer is written after this returns; what the request caused follows it.
      setImmediate(release);
      if (context.faults.armed('fillBeforeAck') > 0 && `${request.method} ${request.path}` === placing) {
        context.faults.take('fillBeforeAck');
        release();
      }
      const { body, accountId } = answer(request);
      return {
        status: 200,
        headers: context.rates.headers(request.address, accountId, context.now()),
        body: JSON.stringify(body),
      };
    } catch (error) {
      if (error instanceof NoAnswer) return { status: 0, body: '', lost: error.cut ? true : 'unanswered' };
      if (!(error instanceof BinanceRefusal)) throw error;
      return refused(error, context.rates.headers(request.address, null, context.now()));
    }
  };
}

function refused(refusal: BinanceRefusal, headers: Record<string, string>): VenueAnswer {
  const wait = refusal.retryAfterMs === null ? {} : { 'retry-after': String(Math.ceil(refusal.retryAfterMs / 1_000)) };
  return {
    status: refusal.status,
    headers: { ...headers, ...wait },
    body: JSON.stringify({ code: refusal.code, msg: refusal.message }),
  };
}

/** Query and form body together; a name in both counts as it stands in the query. */
function paramsOf(request: VenueRequest): RequestParams {
  const params = new Map<string, string>(new URLSearchParams(request.body));
  for (const [name, value] of request.query) params.set(name, value);
  return params;
}
