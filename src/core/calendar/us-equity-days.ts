import {
  type CivilDay,
  dayOf,
  easterSunday,
  isoDateOf,
  lastWeekday,
  nthWeekday,
  weekdayOf,
  yearOf,
} from './civil-date.ts';

const SUNDAY = 0;
const MONDAY = 1;
const THURSDAY = 4;
const SATURDAY = 6;

/** Days of a year by rule; null: none in that year. */
interface DayRule {
  readonly name: string;
  readonly dayIn: (year: number) => CivilDay | null;
}

/** The holidays of NYSE and Nasdaq by rule (NYSE Rule 7.2), from 1998 on. */
export const US_EQUITY_HOLIDAYS: readonly DayRule[] = [
  // On a Saturday it is not made up for: the Friday before ends the year's books.
  { name: "New Year's Day", dayIn: (year) => afterSunday(dayOf(year, 1, 1)) },
  { name: 'Martin Luther King Jr. Day', dayIn: (year) => nthWeekday(year, 1, MONDAY, 3) },
  { name: "Washington's Birthday", dayIn: (year) => nthWeekday(year, 2, MONDAY, 3) },
  { name: 'Good Friday', dayIn: (year) => (easterSunday(year) - 2) as CivilDay },
  { name: 'Memorial Day', dayIn: (year) => lastWeekday(year, 5, MONDAY) },
  { name: 'Juneteenth', dayIn: (year) => (year < 2022 ? null : besideWeekend(dayOf(year, 6, 19))) },
  { name: 'Independence Day', dayIn: (year) => besideWeekend(dayOf(year, 7, 4)) },
  { name: 'Labor Day', dayIn: (year) => nthWeekday(year, 9, MONDAY, 1) },
  { name: 'Thanksgiving Day', dayIn: (year) => nthWeekday(year, 11, THURSDAY, 4) },
  { name: 'Christmas Day', dayIn: (year) => besideWeekend(dayOf(year, 12, 25)) },
];

/** Days that end at 13:00 by rule. One that falls on a weekend or a holiday is none. */
export const US_EQUITY_HALF_DAYS: readonly DayRule[] = [
  // Until 2012 a Thursday's holiday shortened the Friday after it instead.
  { name: 'eve of Independence Day', dayIn: (year) => (shortensFriday(year) ? null : dayOf(year, 7, 3)) },
  { name: 'after Independence Day', dayIn: (year) => (shortensFriday(year) ? dayOf(year, 7, 5) : null) },
  { name: 'after Thanksgiving Day', dayIn: (year) => (nthWeekday(year, 11, THURSDAY, 4) + 1) as CivilDay },
  { name: 'Christmas Eve', dayIn: (year) => dayOf(year, 12, 24) },
];

/** Days that no rule tells: the exchanges were closed. Later ones come in by the policy. */
export const US_EQUITY_CLOSURES: Readonly<Record<string, string>> = {
  '2001-09-11': 'attack on the World Trade Center',
  '2001-09-12': 'attack on the World Trade Center',
  '2001-09-13': 'attack on the World Trade Center',
  '2001-09-14': 'attack on the World Trade Center',
  '2004-06-11': 'funeral of Ronald Reagan',
  '2007-01-02': 'funeral of Gerald Ford',
  '2012-10-29': 'hurricane Sandy',
  '2012-10-30': 'hurricane Sandy',
  '2018-12-05': 'funeral of George H. W. Bush',
  '2025-01-09': 'funeral of Jimmy Carter',
};

const EARLY_CLOSES: ReadonlySet<string> = new Set(['2003-12-26']);

export type UsEquityDay = 'closed' | 'half' | 'full';

/** What people add to the rules: dates `2027-01-02` on which the exchanges are closed, or end at 13:00. */
export interface AddedDays {
  readonly closed: readonly string[];
  readonly half: readonly string[];
}

/** How long the exchanges trade on a day. */
export function usEquityDay(day: CivilDay, added: AddedDays | null = null): UsEquityDay {
  const weekday = weekdayOf(day);
  if (weekday === SATURDAY || weekday === SUNDAY) return 'closed';
  const date = isoDateOf(day);
  if (Object.hasOwn(US_EQUITY_CLOSURES, date) || added?.closed.includes(date) === true) return 'closed';
  const year = yearOf(day);
  if (US_EQUITY_HOLIDAYS.some((rule) => rule.dayIn(year) === day)) return 'closed';
  if (EARLY_CLOSES.has(date) || added?.half.includes(date) === true) return 'half';
  return US_EQUITY_HALF_DAYS.some((rule) => rule.dayIn(year) === day) ? 'half' : 'full';
}

/** Whether Independence Day is a Thursday of a year in which the Friday after it was the short day. */
function shortensFriday(year: number): boolean {
  return year < 2013 && weekdayOf(dayOf(year, 7, 4)) === THURSDAY;
}

function afterSunday(day: CivilDay): CivilDay {
  return weekdayOf(day) === SUNDAY ? ((day + 1) as CivilDay) : day;
}

function besideWeekend(day: CivilDay): CivilDay {
  return weekdayOf(day) === SATURDAY ? ((day - 1) as CivilDay) : afterSunday(day);
}
