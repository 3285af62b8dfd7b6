import type { Random } from '#core/time/clock.ts';

export interface BackoffOptions {
  /** Ceiling of the first wait. */
  readonly baseMs: number;
  /** No wait is longer. */
  readonly capMs: number;
}

/** R2: the cap is an hour, so that a venue that is away for long is not hammered. */
export const RECONNECT_BACKOFF: BackoffOptions = { baseMs: 1_000, capMs: 3_600_000 };

/**
 * Of account streams and order entry: what is held and what works can only be looked after while they are up, so that no wait after a loss is longer than half a minute, and ten seconds of use end a series of
 * losses. Who is refused (keys) waits as ever. docs/decisions/private-connections-come-back-soon.md.
 */
export const PRIVATE_RECONNECT: { readonly lossCapMs: number; readonly stableMs: number } = {
  lossCapMs: 30_000,
  stableMs: 10_000,
};

export interface Backoff {
  /** The next wait in milliseconds: uniform in [0, min(cap, base × 2^attempts)], and one attempt more is counted. `capMs`: a lower cap for this wait. */
  nextDelayMs(capMs?: number): number;
  /** After a stable period: the next wait starts from the base again. */
  reset(): void;
  readonly attempts: number;
}

/**
 * Exponential backoff with full jitter (Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog 2015):
 * many clients that lost the same venue at once do not come back in step.
 */
export function createBackoff(random: Random, options: BackoffOptions = RECONNECT_BACKOFF): Backoff {
  let attempts = 0;
  return {
    nextDelayMs(capMs = options.capMs) {
      const ceiling = Math.min(capMs, options.baseMs * 2 ** Math.min(attempts, 52));
      attempts += 1;
      return random.next() * ceiling;
    },
    reset() {
      attempts = 0;
    },
    get attempts() {
      return attempts;
    },
  };
}
