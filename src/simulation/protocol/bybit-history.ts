import { DAY_MS } from '#core/calendar/civil-date.ts';
import type { SimulatedOrder } from '../exchange/simulated-exchange.ts';

const WINDOW_MS = 7 * DAY_MS;

/** What a question of the past asks for, epoch ms, both ends included. */
export interface HistoryWindow {
  readonly from: number;
  readonly until: number;
}

/** Without bounds the last seven days, with one of them seven from there (Bybit V5 documentation, "Get Order History", "Get Trade History"); null if they span more. */
export function windowOf(query: URLSearchParams, now: number): HistoryWindow | null {
  const start = query.get('startTime');
  const end = query.get('endTime');
  if (start === null && end === null) return { from: now - WINDOW_MS, until: Number.POSITIVE_INFINITY };
  const from = start === null ? Number(end) - WINDOW_MS : Number(start);
  const until = end === null ? from + WINDOW_MS : Number(end);
  return until - from > WINDOW_MS || until < from ? null : { from, until };
}

/** Whether the history of orders still has one that has ended: without any fill it is forgotten after a day (the same page, "rule"). */
export function isRemembered(order: SimulatedOrder, now: number): boolean {
  return order.cumulativeSize > 0 || order.updatedAt > now - DAY_MS;
}
