import type { EpochMs } from '#core/time/clock.ts';
import { frameInvalid } from '../connection/frame-fields.ts';

/** RFC 3339 with up to nine decimals: `2021-02-22T15:51:45.335689322Z`, `2022-04-28T14:07:04.451420928-04:00`. */
const TIMESTAMP = /^(\d{4})-(\d{2})-(\d{2})T(\d{2}):(\d{2}):(\d{2})(?:\.(\d{1,9}))?(?:Z|([+-])(\d{2}):(\d{2}))$/;
const MINUTE_MS = 60_000;

/**
 * The millisecond that a time of the venue lies in: what is finer is left out, never rounded up, whatever a date parser would make of nine decimals. Second 60
 * (a leap second) is the first of the next minute. Null for what is no such time.
 */
export function parseTimestamp(text: string): EpochMs | null {
  const match = TIMESTAMP.exec(text);
  if (match === null) return null;
  const [year, month, day, hour, minute, second] = match.slice(1, 7).map(Number) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  if (month < 1 || month > 12 || hour > 23 || minute > 59 || second > 60) return null;
  if (day < 1 || day > daysOfMonth(year, month)) return null;
  const milliseconds = Number((match[7] ?? '').padEnd(3, '0').slice(0, 3));
  const offsetHours = Number(match[9] ?? 0);
  const offsetMinutes = Number(match[10] ?? 0);
  if (offsetHours > 23 || offsetMinutes > 59) return null;
  const offset = (offsetHours * 60 + offsetMinutes) * (match[8] === '-' ? -1 : 1) * MINUTE_MS;
  const whole = daysSinceEpoch(year, month, day) * 86_400_000 + (hour * 3_600 + minute * 60 + second) * 1_000;
  const time = whole + milliseconds - offset;
  return time > 0 ? (time as EpochMs) : null;
}

/** Throws `FRAME_INVALID` with the field's name for what is no time after 1970. */
export function requireTimestamp(value: unknown, field: string): EpochMs {
  const time = typeof value === 'string' ? parseTimestamp(value) : null;
  if (time === null) throw frameInvalid(`${field} is not a time`);
  return time;
}

/** The venue's form of a time, for queries. */
export function formatTimestamp(time: EpochMs): string {
  return new Date(Math.floor(time)).toISOString();
}

const DAYS_BEFORE_MONTH = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334] as const;

function isLeapYear(year: number): boolean {
  return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
}

export function daysOfMonth(year: number, month: number): number {
  if (month === 2) return isLeapYear(year) ? 29 : 28;
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31;
}

/** Days from 1970-01-01 to a date of the Gregorian calendar; `month` from 1. */
export function daysSinceEpoch(year: number, month: number, day: number): number {
  const before = year - 1;
  const leapDays = Math.floor(before / 4) - Math.floor(before / 100) + Math.floor(before / 400) - 477;
  const inYear = (DAYS_BEFORE_MONTH[month - 1] ?? 0) + (month > 2 && isLeapYear(year) ? 1 : 0);
  return (year - 1970) * 365 + leapDays + inYear + day - 1;
}
