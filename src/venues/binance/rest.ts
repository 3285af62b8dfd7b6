import { MillraceError, messageOf } from '#core/errors.ts';
import { VenueError } from '#core/orders/venue-error.ts';
import type { EpochMs } from '#core/time/clock.ts';
import type { RatePriority } from '../connection/rate-budget.ts';
import { addressCircuit } from '../connection/rate-circuit.ts';
import { createVenueClock, takeSample, type VenueClock } from '../connection/venue-clock.ts';
import type { AccountRuntime, Credentials } from '../venue.ts';
import type { BinanceApi } from './api.ts';
import type { RequestKind } from './errors.ts';
import { type BinanceLimits, createLimits } from './limits.ts';
import { parsePrivate, readAs, serverTime } from './private-messages.ts';
import {
  createSigner,
  MAX_RECV_WINDOW_MS,
  type Params,
  restPayload,
  type SignedWindow,
  signedQuery,
} from './signing.ts';

export type Method = 'GET' | 'POST' | 'PUT' | 'DELETE';

export interface RestCall {
  readonly method: Method;
  /** `/fapi/v1/order` */
  readonly path: string;
  readonly params?: Params;
  /** IP weight. */
  readonly weight: number;
  readonly priority?: RatePriority;
  readonly kind?: RequestKind;
}

/**
 * REST of one account. Every call rejects with a `VenueError`: refusals by their code, no answer in time as `TIMEOUT`, a broken connection as
 * `NETWORK`, no budget as `RATE_BUDGET` (nothing was sent), no keys as `NO_KEYS` (nothing was sent).
 */
export interface RestClient {
  /** The offset to the venue's clock as far as it is known; another one after each resynchronisation. */
  venueClock(): VenueClock;
  readonly limits: BinanceLimits;
  /** Signed; refused for its timestamp, the clock is read anew and the call is made once more. */
  signed(call: RestCall): Promise<unknown>;
  /** With the key, without a signature: listen keys. */
  keyed(call: RestCall): Promise<unknown>;
  serverTime(): Promise<EpochMs>;
  /** The venue's time, asked for where it is not known. */
  now(): Promise<EpochMs>;
}

const TIMEOUT_MS = 10_000;
/** Clocks drift apart: the venue's is read again so often, beside the calls. */
const CLOCK_GOOD_MS = 600_000;
const CLOCK_SAMPLES = 3;

export function createRestClient(api: BinanceApi, runtime: AccountRuntime): RestClient {
  const { clock, timers, endpoints } = runtime;
  // A few readings: the median of many would follow a clock that drifts only after hours.
  let venueClock = createVenueClock(clock, { samples: CLOCK_SAMPLES });
  const limits = createLimits(clock, api.windows, 1, addressCircuit(clock, endpoints.rest));
  const sign = createSigner();
  let clockReadAt = Number.NEGATIVE_INFINITY;

  async function send(call: RestCall, query: string, credentials: Credentials | null): Promise<unknown> {
    const kind = call.kind ?? 'query';
    const wait = limits.takeWeight(call.weight, call.priority ?? 'normal');
    if (wait > 0) throw new VenueError('retry', 'RATE_BUDGET', 'the request budget is used up, nothing was sent', wait);
    const abort = new AbortController();
    const cancel = timers.after(TIMEOUT_MS, () => abort.abort());
    try {
      const answer = await runtime.fetch(`${endpoints.rest}${call.path}${query === '' ? '' : `?${query}`}`, {
        method: call.method,
        headers: credentials === null ? {} : { 'X-MBX-APIKEY': credentials.key },
        signal: abort.signal,
      });
      const body = await answer.text();
      limits.observeHeaders(answer.headers);
      if (answer.ok) return parsePrivate(body);
      const error = api.errors.errorOf(answer.status, body, answer.headers.get('retry-after'), kind);
      if (answer.status === 429 || answer.status === 418) limits.refused(answer.status, error.retryAfterMs);
      throw error;
    } catch (error) {
      if (error instanceof VenueError) throw error;
      const open = kind === 'order' ? 'unknown' : 'retry';
      if (error instanceof MillraceError) throw new VenueError(open, 'ANSWER_UNREADABLE', error.message);
      if (abort.signal.aborted)
        throw new VenueError(open, 'TIMEOUT', `no answer to ${call.method} ${call.path} in ${TIMEOUT_MS} ms`);
      throw new VenueError(open, 'NETWORK', `${call.method} ${call.path}: ${causeOf(error)}`);
    } finally {
      cancel();
    }
  }

  function keys(): Credentials {
    const credentials = runtime.credentials();
    if (credentials === null) throw new VenueError('keys', 'NO_KEYS', 'no keys are known for this account');
    return credentials;
  }

  async function time(): Promise<EpochMs> {
    const answer = await send({ method: 'GET', path: api.timePath, weight: 1 }, '', null);
    return readAs(serverTime, answer, 'server time').serverTime as EpochMs;
  }

  function readClock(): Promise<void> {
    clockReadAt = clock.monoNanos() / 1e6;
    return takeSample(venueClock, clock, time);
  }

  function readClockBeside(): void {
    if (clock.monoNanos() / 1e6 - clockReadAt < CLOCK_GOOD_MS) return;
    readClock().catch((error: unknown) => runtime.log('warn', 'venue time not known', { reason: messageOf(error) }));
  }

  async function signedOnce(call: RestCall): Promise<unknown> {
    const credentials = keys();
    const window: SignedWindow = {
      timestamp: Math.floor(venueClock.venueNow()) as EpochMs,
      recvWindow: MAX_RECV_WINDOW_MS,
    };
    return send(call, signedQuery(sign, credentials, call.params ?? {}, window), credentials);
  }

  return {
    venueClock: () => venueClock,
    limits,
    serverTime: time,
    now: async () => (venueClock.synced() ? venueClock.venueNow() : time()),
    async signed(call) {
      if (venueClock.synced()) readClockBeside();
      else await readClock();
      try {
        return await signedOnce(call);
      } catch (error) {
        if (!(error instanceof VenueError) || error.venueClass !== 'clock') throw error;
        venueClock = createVenueClock(clock, { samples: CLOCK_SAMPLES });
        await readClock();
        return signedOnce(call);
      }
    },
    keyed: async (call) => send(call, restPayload(call.params ?? {}), keys()),
  };
}

/** `fetch failed` says nothing; its cause does. */
function causeOf(error: unknown): string {
  return error instanceof Error && error.cause !== undefined
    ? `${error.message}: ${messageOf(error.cause)}`
    : messageOf(error);
}
