import { type Clock, nanosFromMs } from '#core/time/clock.ts';

export interface CreditPoolOptions {
  /** Credits when full. */
  readonly capacity: number;
  readonly refillPerSecond: number;
  /** Part of the capacity that only cancels may use (F26). */
  readonly cancelReserve: number;
}

/** A pool of credits that refills evenly ("Rate Limits"): it allows a burst, then the rate of its refill. Runs on the monotonic clock. */
export interface CreditPool {
  /** Milliseconds until `cost` could be paid; 0: now. */
  waitMs(priority: 'normal' | 'cancel', cost: number): number;
  /** Pays; whether it can be paid has been asked before. */
  pay(cost: number): void;
  /** The venue says that there is nothing left: the pool is empty as of now. */
  empty(): void;
  /** Milliseconds until the pool is full. */
  fullInMs(): number;
}

export function createCreditPool(clock: Clock, options: CreditPoolOptions): CreditPool {
  const { capacity, refillPerSecond, cancelReserve } = options;
  let credits = capacity;
  let at = clock.monoNanos();

  function now(): number {
    const time = clock.monoNanos();
    const elapsed = Math.max(0, time - at);
    credits = Math.min(capacity, credits + (elapsed / nanosFromMs(1_000)) * refillPerSecond);
    at = time;
    return credits;
  }

  return {
    waitMs(priority, cost) {
      const missing = cost + (priority === 'cancel' ? 0 : cancelReserve) - now();
      return missing <= 0 ? 0 : Math.max((missing / refillPerSecond) * 1_000, 0.001);
    },
    pay(cost) {
      credits = now() - cost;
    },
    empty() {
      now();
      credits = 0;
    },
    fullInMs: () => ((capacity - now()) / refillPerSecond) * 1_000,
  };
}
