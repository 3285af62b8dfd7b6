import { VenueError } from '#core/orders/venue-error.ts';
import type { EpochMs } from '#core/time/clock.ts';
import { createVenueClock, takeSample, type VenueClock } from '../connection/venue-clock.ts';
import { waitForTurn } from '../connection/wait-for-turn.ts';
import type { AccountRuntime } from '../venue.ts';
import { addressBudget } from './address-budget.ts';
import type { BybitCategory } from './category.ts';
import { type BybitOperation, classOfCode, TOO_OFTEN } from './errors.ts';
import { type BybitCall, createBybitLimits } from './limits.ts';
import { exchange, fetchServerTime, readEnvelope } from './public-rest.ts';
import { signedHeaders } from './signing.ts';

const RECV_WINDOW_MS = 5_000;

export type QueryParameters = Readonly<Record<string, string | number | undefined>>;

/** Signed REST calls of one account in one category. Every method rejects with a `VenueError`. */
export interface BybitRest {
  readonly venueClock: VenueClock;
  serverTime(): Promise<EpochMs>;
  get(path: string, parameters: QueryParameters): Promise<unknown>;
  post(path: string, body: Readonly<Record<string, unknown>>, call: Exclude<BybitCall, 'public'>): Promise<unknown>;
}

export function createBybitRest(category: BybitCategory, runtime: AccountRuntime): BybitRest {
  const venueClock = createVenueClock(runtime.clock);
  const limits = createBybitLimits(runtime.clock, category.ordersPerSecond, addressBudget(runtime));

  const serverTime = (): Promise<EpochMs> => fetchServerTime(runtime);

  async function synchronise(): Promise<void> {
    await takeSample(venueClock, runtime.clock, serverTime);
  }

  async function call(
    operation: BybitOperation,
    path: string,
    request: (timestamp: number) => { readonly url: string; readonly init: RequestInit },
  ): Promise<unknown> {
    if (!venueClock.synced()) await synchronise();
    try {
      return await attempt(operation, path, request);
    } catch (error) {
      // The venue judged our time as wrong and did nothing: measure again, then once more.
      if (!(error instanceof VenueError) || error.venueClass !== 'clock') throw error;
      venueClock.distrust();
      await synchronise();
      return attempt(operation, path, request);
    }
  }

  async function attempt(
    operation: BybitOperation,
    path: string,
    request: (timestamp: number) => { readonly url: string; readonly init: RequestInit },
  ): Promise<unknown> {
    await waitForTurn(runtime.timers, path, () => limits.take(operation));
    const { url, init } = request(venueClock.venueNow());
    const response = await exchange(runtime, operation, url, init);
    const answer = readEnvelope(response, operation);
    const headers = limitHeaders(response.headers);
    limits.observe(operation, headers);
    if (answer.retCode === 0) return answer.result;
    const errorClass = classOfCode(answer.retCode, operation);
    const retryAfterMs = TOO_OFTEN.has(answer.retCode)
      ? limits.refused(operation, headers, venueClock.venueNow())
      : null;
    throw new VenueError(errorClass, String(answer.retCode), answer.retMsg, retryAfterMs);
  }

  function credentials() {
    const known = runtime.credentials();
    if (known === null) throw new VenueError('keys', 'CREDENTIALS_MISSING', `account=${runtime.account.account}`);
    return known;
  }

  return {
    venueClock,
    serverTime,
    get(path, parameters) {
      // Sent as signed, byte for byte; cursors come percent-encoded already.
      const query = Object.entries(parameters)
        .filter(([, value]) => value !== undefined && value !== '')
        .map(([name, value]) => `${name}=${value}`)
        .join('&');
      return call('query', path, (timestamp) => ({
        url: `${path}?${query}`,
        init: { method: 'GET', headers: signedHeaders(credentials(), timestamp, RECV_WINDOW_MS, query) },
      }));
    },
    post(path, body, operation) {
      const text = JSON.stringify(body);
      return call(operation, path, (timestamp) => ({
        url: path,
        init: {
          method: 'POST',
          body: text,
          headers: {
            'content-type': 'application/json',
            ...signedHeaders(credentials(), timestamp, RECV_WINDOW_MS, text),
          },
        },
      }));
    },
  };
}

function limitHeaders(headers: Headers) {
  return {
    limit: headers.get('X-Bapi-Limit'),
    remaining: headers.get('X-Bapi-Limit-Status'),
    resetAt: headers.get('X-Bapi-Limit-Reset-Timestamp'),
  };
}
