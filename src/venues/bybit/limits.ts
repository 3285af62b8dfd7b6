import type { Clock, EpochMs } from '#core/time/clock.ts';
import { createRateBudget, type RateBudget } from '../connection/rate-budget.ts';

/** Calls that have budgets of their own. */
export type BybitCall = 'create' | 'amend' | 'cancel' | 'query' | 'public';

/** What the venue says of a budget in the headers of each answer. */
export interface BybitLimitHeaders {
  readonly limit: string | null;
  readonly remaining: string | null;
  readonly resetAt: string | null;
}

export interface BybitLimits {
  /** 0 if the call may go out now, else the milliseconds to wait. */
  take(call: BybitCall): number;
  /** Learns from the headers of an answer. */
  observe(call: BybitCall, headers: BybitLimitHeaders): void;
  /** The venue refused for the rate (`TOO_OFTEN`): waits until the time it stated, a second without one. Returns the wait. */
  refused(call: BybitCall, headers: BybitLimitHeaders, venueNow: EpochMs): number;
}

/** Per account and rolling second (Bybit V5 documentation, "Rate limit rules"); each order call has a budget of its own, so a cancel is never starved by entries. */
const PER_SECOND = { query: 50, public: 100 } as const;
const DEFAULT_WAIT_MS = 1_000;
/** No budget of the venue spans more; a time that is further away is none that could be meant. */
const MAX_WAIT_MS = 60_000;

/**
 * The budgets of one account in one category, whose `ordersPerSecond` each kind of order request has. `address`: REST counts by address as well; null for the
 * trade socket, which does not.
 */
export function createBybitLimits(clock: Clock, ordersPerSecond: number, address: RateBudget | null): BybitLimits {
  const budget = (capacity: number): RateBudget =>
    createRateBudget(clock, { capacity, windowMs: 1_000, cancelReserve: 0 });
  const budgets: Readonly<Record<BybitCall, RateBudget>> = {
    create: budget(ordersPerSecond),
    amend: budget(ordersPerSecond),
    cancel: budget(ordersPerSecond),
    query: budget(PER_SECOND.query),
    public: budget(PER_SECOND.public),
  };

  return {
    take(call) {
      const priority = call === 'cancel' ? 'cancel' : 'normal';
      const waitMs = Math.max(budgets[call].waitMs(priority), address?.waitMs(priority) ?? 0);
      if (waitMs > 0) return waitMs;
      budgets[call].take(priority);
      address?.take(priority);
      return 0;
    },
    observe(call, headers) {
      const limit = positive(headers.limit);
      const remaining = positive(headers.remaining);
      if (limit === null || limit < 1) return;
      budgets[call].resize(limit);
      if (remaining !== null) budgets[call].observeUsed(limit - remaining);
    },
    refused(call, headers, venueNow) {
      const resetAt = positive(headers.resetAt);
      const waitMs =
        resetAt !== null && resetAt > venueNow ? Math.min(resetAt - venueNow, MAX_WAIT_MS) : DEFAULT_WAIT_MS;
      budgets[call].block(waitMs);
      return waitMs;
    },
  };
}

function positive(text: string | null): number | null {
  if (text === null || !/^\d{1,16}$/.test(text)) return null;
  return Number(text);
}
