import type { Clock, EpochMs } from '#core/time/clock.ts';
import { createRateBudget, type RateBudget, type RatePriority } from '../connection/rate-budget.ts';
import { createRateCircuit, type RateCircuit } from '../connection/rate-circuit.ts';
import type { WebsocketAnswer } from './private-messages.ts';

/** One row of `rateLimits` as the websocket API and `exchangeInfo` give it; `count` only where something was used. */
export interface RateLimitRow {
  readonly rateLimitType: string;
  readonly interval: string;
  readonly intervalNum: number;
  readonly limit: number;
  readonly count?: number | undefined;
}

/** Request budgets of one address and account: IP weight, and orders in each of the market's windows (F26). */
export interface BinanceLimits {
  /** Takes one order from every window: 0, or the milliseconds to wait. */
  takeOrder(): number;
  /** Takes IP weight: 0, or the milliseconds to wait. Cancels may use the reserve. */
  takeWeight(cost: number, priority: RatePriority): number;
  /** The venue's own counts, from an answer of the websocket API. */
  observeRows(rows: readonly RateLimitRow[]): void;
  /** The same from the headers of a REST answer. */
  observeHeaders(headers: Headers): void;
  /** 429 stops everything but cancels for the stated time, 418 (banned) stops cancels too. Without a stated time: a minute, two minutes. */
  refused(status: number, retryAfterMs: number | null): void;
  /** Milliseconds until ordinary requests may go again; 0 = now. */
  blockedMs(): number;
}

/** One of a market's windows, at the venue's documented limit. */
export interface LimitWindow {
  readonly type: 'REQUEST_WEIGHT' | 'ORDERS';
  readonly windowMs: number;
  readonly capacity: number;
}

interface Window {
  readonly type: LimitWindow['type'];
  readonly windowMs: number;
  capacity: number;
  readonly budget: RateBudget;
}

/** Part of the IP weight that only cancels may use. */
const CANCEL_RESERVE = 0.1;
const INTERVAL_MS: Readonly<Record<string, number>> = {
  SECOND: 1_000,
  MINUTE: 60_000,
  HOUR: 3_600_000,
  DAY: 86_400_000,
};

/**
 * `share`: the part of the venue's limits that this caller may use, since weight is counted per address and several callers may share one.
 * `circuit`: what a refusal closes; that of the address (`addressCircuit`) wherever requests leave.
 */
export function createLimits(
  clock: Clock,
  limitWindows: readonly LimitWindow[],
  share = 1,
  circuit: RateCircuit = createRateCircuit(clock),
): BinanceLimits {
  const usable = (capacity: number): number => Math.max(1, Math.floor(capacity * share));
  const windows = limitWindows.map(
    (each): Window => ({
      ...each,
      budget: createRateBudget(clock, {
        capacity: usable(each.capacity),
        windowMs: each.windowMs,
        cancelReserve: each.type === 'REQUEST_WEIGHT' ? Math.ceil(usable(each.capacity) * CANCEL_RESERVE) : 0,
      }),
    }),
  );
  const weights = windows.filter((each) => each.type === 'REQUEST_WEIGHT');
  const orders = windows.filter((each) => each.type === 'ORDERS');

  function observe(type: string, windowMs: number, limit: number | null, used: number | null): void {
    const window = windows.find((each) => each.type === type && each.windowMs === windowMs);
    if (window === undefined) return;
    if (limit !== null && limit > 0 && limit !== window.capacity) {
      window.capacity = limit;
      window.budget.resize(usable(limit));
    }
    if (used !== null && share === 1) window.budget.observeUsed(used);
  }

  return {
    takeOrder() {
      let wait = circuit.waitMs('normal');
      for (const each of orders) wait = Math.max(wait, each.budget.waitMs('normal'));
      if (wait > 0) return wait;
      for (const each of orders) each.budget.take('normal');
      return 0;
    },
    takeWeight(cost, priority) {
      const stopped = circuit.waitMs(priority);
      if (stopped > 0) return stopped;
      return Math.max(0, ...weights.map((each) => each.budget.take(priority, cost)));
    },
    observeRows(rows) {
      for (const row of rows) {
        observe(row.rateLimitType, (INTERVAL_MS[row.interval] ?? 0) * row.intervalNum, row.limit, row.count ?? null);
      }
    },
    observeHeaders(headers) {
      observe('REQUEST_WEIGHT', 60_000, null, numberOf(headers.get('x-mbx-used-weight-1m')));
      observe('ORDERS', 10_000, null, numberOf(headers.get('x-mbx-order-count-10s')));
      observe('ORDERS', 60_000, null, numberOf(headers.get('x-mbx-order-count-1m')));
      observe('ORDERS', 86_400_000, null, numberOf(headers.get('x-mbx-order-count-1d')));
    },
    refused(status, retryAfterMs) {
      if (status === 418) circuit.refuse('all', retryAfterMs ?? 120_000);
      else circuit.refuse('normal', retryAfterMs ?? 60_000);
    },
    blockedMs: () => circuit.waitMs('normal'),
  };
}

/** A refusal for the rate in an answer of the websocket API, which states the instant, in the venue's time, from which to ask again. */
export function observeRefusal(limits: BinanceLimits, { status, error }: WebsocketAnswer, venueNow: EpochMs): void {
  if (status !== 429 && status !== 418) return;
  const until = error?.data?.retryAfter;
  limits.refused(status, until === undefined ? null : Math.max(0, until - venueNow));
}

function numberOf(text: string | null): number | null {
  const value = text === null ? Number.NaN : Number(text);
  return Number.isFinite(value) ? value : null;
}
