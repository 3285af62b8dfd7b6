/** A day of the Gregorian calendar, counted from 1970-01-01, without a time zone. */
export type CivilDay = number & { readonly __unit: 'civil-day' };

/** 0 is Sunday. */
export type Weekday = 0 | 1 | 2 | 3 | 4 | 5 | 6;

export const DAY_MS = 86_400_000;

/** The day of a date; `month` from 1. What lies beyond a month's end runs on into the next. */
export function dayOf(year: number, month: number, date: number): CivilDay {
  return (Date.UTC(year, month - 1, date) / DAY_MS) as CivilDay;
}

export function yearOf(day: CivilDay): number {
  return new Date(day * DAY_MS).getUTCFullYear();
}

export function weekdayOf(day: CivilDay): Weekday {
  return ((((day + 4) % 7) + 7) % 7) as Weekday;
}

/** `2027-03-26`. */
export function isoDateOf(day: CivilDay): string {
  return new Date(day * DAY_MS).toISOString().slice(0, 10);
}

/** The `nth` such weekday of a month, from 1. */
export function nthWeekday(year: number, month: number, weekday: Weekday, nth: number): CivilDay {
  const first = dayOf(year, month, 1);
  return (first + ((weekday - weekdayOf(first) + 7) % 7) + (nth - 1) * 7) as CivilDay;
}

/** The last such weekday of a month. */
export function lastWeekday(year: number, month: number, weekday: Weekday): CivilDay {
  const last = (dayOf(year, month + 1, 1) - 1) as CivilDay;
  return (last - ((weekdayOf(last) - weekday + 7) % 7)) as CivilDay;
}

/** Easter Sunday by the Gregorian rule (the anonymous algorithm in the form of New Scientist, 1961). */
export function easterSunday(year: number): CivilDay {
  const golden = year % 19;
  const century = Math.floor(year / 100);
  const ofCentury = year % 100;
  const moon = Math.floor((8 * century + 13) / 25);
  const epact = (19 * golden + century - Math.floor(century / 4) - moon + 15) % 30;
  const toSunday = (32 + 2 * (century % 4) + 2 * Math.floor(ofCentury / 4) - epact - (ofCentury % 4)) % 7;
  const late = Math.floor((golden + 11 * epact + 22 * toSunday) / 451);
  const counted = epact + toSunday - 7 * late + 114;
  return dayOf(year, Math.floor(counted / 31), (counted % 31) + 1);
}
