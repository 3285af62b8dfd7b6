import type { Clock } from '#core/time/clock.ts';
import { type BinanceLimits, createLimits, type LimitWindow } from '../binance/limits.ts';

/** Documented limits of USD-M futures; the venue's own rows replace them as they come. */
export const LIMIT_WINDOWS: readonly LimitWindow[] = [
  { type: 'REQUEST_WEIGHT', windowMs: 60_000, capacity: 2_400 },
  { type: 'ORDERS', windowMs: 10_000, capacity: 300 },
  { type: 'ORDERS', windowMs: 60_000, capacity: 1_200 },
];

/** `share`: the part of the venue's limits that this caller may use. */
export function createBinanceLimits(clock: Clock, share = 1): BinanceLimits {
  return createLimits(clock, LIMIT_WINDOWS, share);
}
