import type { Clock } from '#core/time/clock.ts';
import { createRateBudget, type RateBudget } from './rate-budget.ts';

/** New connections that a venue takes from one address in a window. */
export interface DialLimit {
  readonly count: number;
  readonly windowMs: number;
}

/** Part of the limit that this process uses: others may come from the same address, and an order socket must never find it used up. */
const SHARE = 0.9;

/**
 * New connections by host, counted over all connections of the process that run on the same clock: venues count them by address, whoever opens them. Only hosts
 * that somebody declared a limit for are limited.
 */
const budgets = new WeakMap<Clock, Map<string, RateBudget>>();

/** From now on connections to the host of `url` are opened at this pace. The first declaration stands. */
export function limitDials(clock: Clock, url: string, limit: DialLimit): void {
  const hosts = budgets.get(clock) ?? new Map<string, RateBudget>();
  budgets.set(clock, hosts);
  const host = hostOf(url);
  if (host === null || hosts.has(host)) return;
  const capacity = Math.max(1, Math.floor(limit.count * SHARE));
  hosts.set(host, createRateBudget(clock, { capacity, windowMs: limit.windowMs, cancelReserve: 0 }));
}

/** 0: connect now, and it is counted. Else the milliseconds until there is room. */
export function takeDial(clock: Clock, url: string): number {
  const host = hostOf(url);
  return (host === null ? undefined : budgets.get(clock)?.get(host))?.take('normal') ?? 0;
}

function hostOf(url: string): string | null {
  return URL.canParse(url) ? new URL(url).host : null;
}
