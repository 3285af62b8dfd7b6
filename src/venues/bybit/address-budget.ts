import { VenueError } from '#core/orders/venue-error.ts';
import type { Clock, Timers } from '#core/time/clock.ts';
import { createRateBudget, type RateBudget } from '../connection/rate-budget.ts';
import type { VenueRuntime } from '../venue.ts';

/** Requests by REST from one address, whoever makes them (Bybit V5 documentation, "Rate limit rules"). */
const ADDRESS = { capacity: 600, windowMs: 5_000, cancelReserve: 60 } as const;
/** Longest wait for a turn. */
const MAX_WAIT_MS = 2_000;

/** The venue counts what comes from our address: all accounts, categories and public questions of a process have one budget for each of its hosts. */
const budgets = new WeakMap<Clock, Map<string, RateBudget>>();

export function addressBudget({ clock, endpoints }: Pick<VenueRuntime, 'clock' | 'endpoints'>): RateBudget {
  const byHost = budgets.get(clock) ?? new Map<string, RateBudget>();
  budgets.set(clock, byHost);
  const budget = byHost.get(endpoints.rest) ?? createRateBudget(clock, ADDRESS);
  byHost.set(endpoints.rest, budget);
  return budget;
}

/** Waits until `take` grants a turn. Rejects with `RATE_BUDGET` (class `retry`) where that is longer than a caller can be kept for. */
export async function waitForTurn(timers: Timers, path: string, take: () => number): Promise<void> {
  for (let waitMs = take(); waitMs > 0; waitMs = take()) {
    if (waitMs > MAX_WAIT_MS) {
      throw new VenueError('retry', 'RATE_BUDGET', `path=${path} wait=${Math.ceil(waitMs)} ms`, waitMs);
    }
    const turn = Math.ceil(waitMs);
    await new Promise<void>((resolve) => timers.after(turn, resolve));
  }
}
