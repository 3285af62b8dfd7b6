import type { EpochMs } from '../time/clock.ts';
import { type CivilDay, DAY_MS, dayOf, lastWeekday, nthWeekday, yearOf } from './civil-date.ts';

const HOUR_MS = 3_600_000;
const STANDARD_MS = -5 * HOUR_MS;
const DAYLIGHT_MS = -4 * HOUR_MS;

/** A time of the day on New York's clocks. */
export interface NewYorkTime {
  readonly day: CivilDay;
  /** Since midnight as the clock shows it: an hour is missing or comes twice on the two days of the change. */
  readonly msOfDay: number;
}

/**
 * What New York's clocks are ahead of UTC, ms (negative). By rule, so that no machine's table of zones is asked: since 2007 daylight time runs from the second Sunday of March to the first
 * of November (Energy Policy Act of 2005), from 1987 to 2006 from the first Sunday of April to the last of October, each at 2:00 on the clock.
 */
export function newYorkOffsetMs(at: EpochMs): number {
  const year = yearOf(Math.floor((at + STANDARD_MS) / DAY_MS) as CivilDay);
  const first = year >= 2007 ? nthWeekday(year, 3, 0, 2) : nthWeekday(year, 4, 0, 1);
  const last = year >= 2007 ? nthWeekday(year, 11, 0, 1) : lastWeekday(year, 10, 0);
  const begins = first * DAY_MS + 2 * HOUR_MS - STANDARD_MS;
  const ends = last * DAY_MS + 2 * HOUR_MS - DAYLIGHT_MS;
  return at >= begins && at < ends ? DAYLIGHT_MS : STANDARD_MS;
}

/** What New York's clocks show. */
export function newYorkTimeOf(at: EpochMs): NewYorkTime {
  const local = at + newYorkOffsetMs(at);
  const day = Math.floor(local / DAY_MS) as CivilDay;
  return { day, msOfDay: local - day * DAY_MS };
}

/** When New York's clocks show a time. One that comes twice: the first; one that is left out: as if the clock had not been moved yet. */
export function epochOfNewYork(day: CivilDay, msOfDay: number): EpochMs {
  const local = day * DAY_MS + msOfDay;
  const daylight = (local - DAYLIGHT_MS) as EpochMs;
  return newYorkOffsetMs(daylight) === DAYLIGHT_MS ? daylight : ((local - STANDARD_MS) as EpochMs);
}

/** Midnight of 1998-01-01 in New York: from here on the rules of the calendar are checked against records. */
export const CALENDAR_BEGINS = epochOfNewYork(dayOf(1998, 1, 1), 0);
