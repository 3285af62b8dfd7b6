import { DAY_MS } from '#core/calendar/civil-date.ts';
import type { LimitWindow } from '../binance/limits.ts';

/** Documented limits of spot; the venue's own rows replace them as they come. Orders are counted while they are unfilled. */
export const LIMIT_WINDOWS: readonly LimitWindow[] = [
  { type: 'REQUEST_WEIGHT', windowMs: 60_000, capacity: 6_000 },
  { type: 'ORDERS', windowMs: 10_000, capacity: 50 },
  { type: 'ORDERS', windowMs: DAY_MS, capacity: 160_000 },
];
