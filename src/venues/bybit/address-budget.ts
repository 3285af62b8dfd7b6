import type { Clock } from '#core/time/clock.ts';
import { createRateBudget, type RateBudget } from '../connection/rate-budget.ts';
import type { VenueRuntime } from '../venue.ts';

/** Requests by REST from one address, whoever makes them (Bybit V5 documentation, "Rate limit rules"). */
const ADDRESS = { capacity: 600, windowMs: 5_000, cancelReserve: 60 } as const;

/** The venue counts what comes from our address: all accounts, categories and public questions of a process have one budget for each of its hosts. */
const budgets = new WeakMap<Clock, Map<string, RateBudget>>();

export function addressBudget({ clock, endpoints }: Pick<VenueRuntime, 'clock' | 'endpoints'>): RateBudget {
  const byHost = budgets.get(clock) ?? new Map<string, RateBudget>();
  budgets.set(clock, byHost);
  const budget = byHost.get(endpoints.rest) ?? createRateBudget(clock, ADDRESS);
  byHost.set(endpoints.rest, budget);
  return budget;
}
