import type { LimitWindow } from '../binance/limits.ts';

/** Documented limits of USD-M futures; the venue's own rows replace them as they come. */
export const LIMIT_WINDOWS: readonly LimitWindow[] = [
  { type: 'REQUEST_WEIGHT', windowMs: 60_000, capacity: 2_400 },
  { type: 'ORDERS', windowMs: 10_000, capacity: 300 },
  { type: 'ORDERS', windowMs: 60_000, capacity: 1_200 },
];
