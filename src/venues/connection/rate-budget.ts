import { type Clock, type MonoNanos, nanosFromMs } from '#core/time/clock.ts';

export interface RateBudgetOptions {
  /** Cost that the venue allows in any window of `windowMs`. */
  readonly capacity: number;
  readonly windowMs: number;
  /** Part of the capacity that only cancels may use (F26). */
  readonly cancelReserve: number;
}

/** `cancel` may use the reserve, `normal` may not. */
export type RatePriority = 'normal' | 'cancel';

export interface RateBudget {
  /** Takes `cost` from the budget: 0 if it was granted, else the milliseconds until it could be. Nothing is taken then. */
  take(priority: RatePriority, cost?: number): number;
  /** What `take` would answer, with nothing taken: for requests that need several budgets at once. */
  waitMs(priority: RatePriority, cost?: number): number;
  /** Something went out that could not wait: it counts, also past the capacity. */
  force(cost: number): void;
  /** The venue said to wait: nothing is granted for so long, cancels included. A shorter wait never replaces a longer one. */
  block(waitMs: number): void;
  /** Milliseconds that the block still lasts; 0 if there is none. */
  blockedMs(): number;
  /** The venue's own account of what has been used in the current window, where it is higher than ours. */
  observeUsed(used: number): void;
  /** The venue grants this account another capacity than the documented one. */
  resize(capacity: number): void;
}

interface Spent {
  readonly at: MonoNanos;
  readonly cost: number;
}

/** A rolling-window request budget on the monotonic clock. Holds at most `capacity` entries. */
export function createRateBudget(clock: Clock, options: RateBudgetOptions): RateBudget {
  const window = nanosFromMs(options.windowMs);
  const spent: Spent[] = [];
  let capacity = options.capacity;
  let used = 0;
  let blockedUntil = 0;

  function forget(now: MonoNanos): void {
    while (spent[0] !== undefined && spent[0].at + window <= now) used -= spent.shift()?.cost ?? 0;
  }

  function spend(at: MonoNanos, cost: number): void {
    spent.push({ at, cost });
    used += cost;
  }

  function waitFor(now: MonoNanos, priority: RatePriority, cost: number): number {
    forget(now);
    if (blockedUntil > now) return (blockedUntil - now) / 1e6;
    const limit = capacity - (priority === 'cancel' ? 0 : options.cancelReserve);
    if (used + cost <= limit) return 0;
    let stillUsed = used;
    for (const entry of spent) {
      stillUsed -= entry.cost;
      if (stillUsed + cost <= limit) return Math.max((entry.at + window - now) / 1e6, 0.001);
    }
    return Number.POSITIVE_INFINITY;
  }

  return {
    take(priority, cost = 1) {
      const now = clock.monoNanos();
      const wait = waitFor(now, priority, cost);
      if (wait === 0) spend(now, cost);
      return wait;
    },
    waitMs: (priority, cost = 1) => waitFor(clock.monoNanos(), priority, cost),
    force(cost) {
      const now = clock.monoNanos();
      forget(now);
      spend(now, cost);
    },
    block(waitMs) {
      blockedUntil = Math.max(blockedUntil, clock.monoNanos() + nanosFromMs(waitMs));
    },
    blockedMs() {
      return Math.max(0, (blockedUntil - clock.monoNanos()) / 1e6);
    },
    observeUsed(venueUsed) {
      const now = clock.monoNanos();
      forget(now);
      if (venueUsed > used) spend(now, venueUsed - used);
    },
    resize(granted) {
      capacity = granted;
    },
  };
}
