import type { InstrumentKind } from '../market/instrument.ts';
import type { EpochMs } from '../time/clock.ts';
import type { CivilDay } from './civil-date.ts';
import { CALENDAR_BEGINS, epochOfNewYork, newYorkTimeOf } from './new-york-time.ts';
import { type AddedDays, usEquityDay } from './us-equity-days.ts';

export const MARKET_HOURS = ['always', 'us-equity'] as const;
export type MarketHoursName = (typeof MARKET_HOURS)[number];

/** A stretch of time in which a market is open all through, or closed all through. */
export interface MarketSession {
  readonly open: boolean;
  readonly from: EpochMs;
  /** When it changes next; +Infinity: never. */
  readonly until: EpochMs;
}

/** When orders can be executed, as a function of the wall clock. */
export type MarketHours = (at: EpochMs) => MarketSession;

const MINUTE_MS = 60_000;
const OPENS_MS = (9 * 60 + 30) * MINUTE_MS;
const CLOSES_MS = 16 * 60 * MINUTE_MS;
const HALF_DAY_CLOSES_MS = 13 * 60 * MINUTE_MS;
/** How far ahead the next open day is looked for: what lies further is looked for again then. */
const LOOK_AHEAD_DAYS = 30;

const ALWAYS: MarketSession = {
  open: true,
  from: Number.NEGATIVE_INFINITY as EpochMs,
  until: Number.POSITIVE_INFINITY as EpochMs,
};

/** The hours of a market; `added`: days that people add to those of US equities. */
export function marketHours(name: MarketHoursName, added: AddedDays | null = null): MarketHours {
  return name === 'always' ? () => ALWAYS : (at) => usEquitySession(at, added);
}

/** The hours of a kind of instrument, where nobody says otherwise. Weekly expiries of options interrupt no trading. */
export function hoursOfKind(kind: InstrumentKind): MarketHoursName {
  return kind === 'equity' ? 'us-equity' : 'always';
}

/**
 * The regular session of US equities, 9:30 to 16:00 in New York, on half days to 13:00. Sessions before and after it do not count: they take limit orders alone, and quote thin. Before 1998,
 * where the calendar begins, the market counts as closed.
 */
function usEquitySession(at: EpochMs, added: AddedDays | null): MarketSession {
  if (at < CALENDAR_BEGINS) return { open: false, from: Number.NEGATIVE_INFINITY as EpochMs, until: CALENDAR_BEGINS };
  const { day } = newYorkTimeOf(at);
  const today = hoursOn(day, added);
  if (today !== null && at >= today.from && at < today.until) return today;
  return { open: false, from: closedSince(at, day, added), until: nextOpening(at, day, added) };
}

function hoursOn(day: CivilDay, added: AddedDays | null): MarketSession | null {
  const length = usEquityDay(day, added);
  if (length === 'closed') return null;
  const closes = length === 'half' ? HALF_DAY_CLOSES_MS : CLOSES_MS;
  return { open: true, from: epochOfNewYork(day, OPENS_MS), until: epochOfNewYork(day, closes) };
}

function closedSince(at: EpochMs, day: CivilDay, added: AddedDays | null): EpochMs {
  for (let back = 0; back <= LOOK_AHEAD_DAYS; back += 1) {
    const hours = hoursOn((day - back) as CivilDay, added);
    if (hours !== null && hours.until <= at) return hours.until;
  }
  return epochOfNewYork((day - LOOK_AHEAD_DAYS) as CivilDay, 0);
}

function nextOpening(at: EpochMs, day: CivilDay, added: AddedDays | null): EpochMs {
  for (let ahead = 0; ahead <= LOOK_AHEAD_DAYS; ahead += 1) {
    const hours = hoursOn((day + ahead) as CivilDay, added);
    if (hours !== null && hours.from > at) return hours.from;
  }
  return epochOfNewYork((day + LOOK_AHEAD_DAYS) as CivilDay, 0);
}
