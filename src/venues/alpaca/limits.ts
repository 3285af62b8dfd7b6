import type { Clock, EpochMs } from '#core/time/clock.ts';
import { createRateBudget } from '../connection/rate-budget.ts';
import type { VenueRuntime } from '../venue.ts';

/** Who asks: a cancel may use what is kept for it. */
export type AlpacaCall = 'order' | 'cancel' | 'query';

export interface AlpacaLimits {
  /** 0 if the call may go out now, else the milliseconds to wait. */
  take(call: AlpacaCall): number;
  /** Learns from the headers of an answer, where the venue sends them. */
  observe(headers: Headers): void;
  /** The venue refused for the rate (429): nothing goes out until the time it stated, a few seconds without one. Returns the wait. */
  refused(headers: Headers, now: EpochMs): number;
}

/** Requests a minute for each key (Alpaca documentation, "Usage limits"), shared by all who use it: queries and entries leave some to cancels. */
const PER_MINUTE = { capacity: 200, windowMs: 60_000, cancelReserve: 40 } as const;
const DEFAULT_WAIT_MS = 3_000;
const MAX_WAIT_MS = 60_000;

const shared = new WeakMap<VenueRuntime, AlpacaLimits>();

/** The one budget of all that runs with this runtime: orders, cancels and queries of an account count together at the venue. */
export function alpacaLimitsOf(runtime: VenueRuntime): AlpacaLimits {
  const known = shared.get(runtime);
  if (known !== undefined) return known;
  const limits = createAlpacaLimits(runtime.clock);
  shared.set(runtime, limits);
  return limits;
}

/** The budget of one key's REST calls. */
function createAlpacaLimits(clock: Clock): AlpacaLimits {
  const budget = createRateBudget(clock, PER_MINUTE);
  return {
    take: (call) => budget.take(call === 'cancel' ? 'cancel' : 'normal'),
    observe(headers) {
      const limit = whole(headers.get('x-ratelimit-limit'));
      const remaining = whole(headers.get('x-ratelimit-remaining'));
      if (limit === null || limit < 1) return;
      budget.resize(limit);
      if (remaining !== null) budget.observeUsed(limit - remaining);
    },
    refused(headers, now) {
      const retryAfter = whole(headers.get('retry-after'));
      // Seconds of the wall clock at which the window ends.
      const reset = whole(headers.get('x-ratelimit-reset'));
      const stated = retryAfter === null ? (reset === null ? 0 : reset * 1_000 - now) : retryAfter * 1_000;
      const waitMs = Math.min(stated > 0 ? stated : DEFAULT_WAIT_MS, MAX_WAIT_MS);
      budget.block(waitMs);
      return waitMs;
    },
  };
}

function whole(text: string | null): number | null {
  return text !== null && /^\d{1,15}$/.test(text) ? Number(text) : null;
}
