import type { Clock } from '#core/time/clock.ts';
import type { AccountRuntime } from '../venue.ts';
import { createCreditPool } from './credit-pool.ts';

/** `order` and `cancel` go to the matching engine; all else does not. `cancelQuery`: a query that a cancel waits for. */
export type DeribitCall = 'order' | 'cancel' | 'query' | 'cancelQuery' | 'subscribe';

export interface DeribitLimits {
  /** 0 if the call may go out now, and is paid; else the milliseconds to wait. */
  take(call: DeribitCall): number;
  /** The venue refused for want of credits (10028) and ends the session: nothing goes out until the pool has refilled. Returns the wait. */
  refused(call: DeribitCall): number;
  /** Milliseconds until a new session may be opened without being shut out again. */
  reconnectInMs(): number;
}

/**
 * Pools of an account of the lowest tier ("Rate Limits"): 20 orders at once and 5 a second; elsewhere 500 credits a request out of 50,000, refilled by 10,000 a second. A
 * tenth of each is left alone: requests that are sent evenly may arrive together.
 */
const MATCHING = { capacity: 18, refillPerSecond: 4.5, cancelReserve: 4 } as const;
const NON_MATCHING = { capacity: 45_000, refillPerSecond: 9_000, cancelReserve: 5_000 } as const;
const SUBSCRIBING = { capacity: 27_000, refillPerSecond: 9_000, cancelReserve: 0 } as const;
const COST: Readonly<Record<DeribitCall, number>> = {
  order: 1,
  cancel: 1,
  query: 500,
  cancelQuery: 500,
  subscribe: 3_000,
};

const shared = new WeakMap<Clock, Map<string, DeribitLimits>>();

/** The budgets of an account, one for all its clients that run on the same clock: the venue counts by account, whichever connection asks. */
export function deribitLimitsOf({
  clock,
  endpoints,
  account,
}: Pick<AccountRuntime, 'clock' | 'endpoints' | 'account'>): DeribitLimits {
  const known = shared.get(clock) ?? new Map<string, DeribitLimits>();
  shared.set(clock, known);
  const name = `${endpoints.rest} ${account.mode} ${account.account}`;
  const limits = known.get(name) ?? createDeribitLimits(clock);
  known.set(name, limits);
  return limits;
}

/** From which budget a method is paid. */
export function callOf(method: string): DeribitCall {
  if (/^private\/(?:buy|sell|edit)$/.test(method)) return 'order';
  if (method === 'private/cancel') return 'cancel';
  return /\/subscribe$/.test(method) ? 'subscribe' : 'query';
}

/** The budgets of one account. */
export function createDeribitLimits(clock: Clock): DeribitLimits {
  const matching = createCreditPool(clock, MATCHING);
  const nonMatching = createCreditPool(clock, NON_MATCHING);
  const subscribing = createCreditPool(clock, SUBSCRIBING);
  const poolOf = {
    order: matching,
    cancel: matching,
    query: nonMatching,
    cancelQuery: nonMatching,
    subscribe: subscribing,
  };
  let drained = false;

  return {
    take(call) {
      const pool = poolOf[call];
      const waitMs = pool.waitMs(call === 'cancel' || call === 'cancelQuery' ? 'cancel' : 'normal', COST[call]);
      if (waitMs === 0) pool.pay(COST[call]);
      return waitMs;
    },
    refused(call) {
      drained = true;
      poolOf[call].empty();
      return poolOf[call].fullInMs();
    },
    reconnectInMs() {
      if (!drained) return 0;
      const waitMs = Math.max(matching.fullInMs(), nonMatching.fullInMs(), subscribing.fullInMs());
      if (waitMs <= 0) drained = false;
      return Math.max(0, waitMs);
    },
  };
}
