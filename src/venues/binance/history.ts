import type { z } from 'zod';
import { messageOf } from '#core/errors.ts';
import { VenueError } from '#core/orders/venue-error.ts';
import type { EpochMs } from '#core/time/clock.ts';
import { readAs } from './private-messages.ts';

/** Rows of a page of history: the most that the venue gives. */
export const PAGE = 1_000;

/** Checks an answer; one that cannot be read counts as none: the question may be asked again. */
export function readAnswer<Schema extends z.ZodType>(schema: Schema, value: unknown, what: string): z.infer<Schema> {
  try {
    return readAs(schema, value, what);
  } catch (error) {
    throw new VenueError('retry', 'ANSWER_UNREADABLE', messageOf(error));
  }
}

/** For how long at a time the venue answers, and how far back. */
export interface HistoryReach {
  readonly spanMs: number;
  readonly historyMs: number;
}

/**
 * Every row from `from` on, oldest first. A full page may have left rows out at either end, so its window is halved until pages are not full;
 * that needs no promise of the venue on which end it keeps.
 */
export async function everySince<Row>(
  from: EpochMs,
  now: EpochMs,
  reach: HistoryReach,
  ask: (window: { startTime: number; endTime: number }) => Promise<readonly Row[]>,
  timeOf: (row: Row) => number,
): Promise<readonly Row[]> {
  async function window(startTime: number, endTime: number): Promise<readonly Row[]> {
    const rows = await ask({ startTime, endTime });
    if (rows.length < PAGE) return rows;
    if (startTime >= endTime) {
      throw new VenueError('retry', 'PAGE_FULL', `more than ${PAGE} rows within one millisecond at ${startTime}`);
    }
    const middle = Math.floor((startTime + endTime) / 2);
    return [...(await window(startTime, middle)), ...(await window(middle + 1, endTime))];
  }

  const all: Row[] = [];
  // A minute beyond now: the venue stamps what happens while it is asked.
  const end = Math.floor(now) + 60_000;
  const first = Math.max(Math.floor(from), end - reach.historyMs);
  for (let start = first; start <= end; start += reach.spanMs + 1) {
    all.push(...(await window(start, Math.min(start + reach.spanMs, end))));
  }
  return all.sort((a, b) => timeOf(a) - timeOf(b));
}

/** The newest row under each key. */
export function unique<Row>(rows: readonly Row[], keyOf: (row: Row) => string): readonly Row[] {
  return [...new Map(rows.map((row) => [keyOf(row), row])).values()];
}
