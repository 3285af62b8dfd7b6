import { describe, expect, it } from 'vitest';
import { type CivilDay, DAY_MS, dayOf, isoDateOf, weekdayOf } from '#core/calendar/civil-date.ts';
import { hoursOfKind, marketHours } from '#core/calendar/market-hours.ts';
import { epochOfNewYork, newYorkOffsetMs, newYorkTimeOf } from '#core/calendar/new-york-time.ts';
import { SessionClock } from '#core/calendar/session-clock.ts';
import { usEquityDay } from '#core/calendar/us-equity-days.ts';
import type { EpochMs } from '#core/time/clock.ts';
import { hasSharedData, sharedText } from '../support/shared-data.ts';

const RECORD = 'equities/us_equity_market_hours.json';
const hours = marketHours('us-equity');
const utc = (text: string) => Date.parse(text) as EpochMs;
const open = (text: string) => hours(utc(text)).open;
const MINUTE_MS = 60_000;

/** Every day from 1998 to 2028. */
const DAYS: readonly CivilDay[] = Array.from(
  { length: dayOf(2029, 1, 1) - dayOf(1998, 1, 1) },
  (_, index) => (dayOf(1998, 1, 1) + index) as CivilDay,
);

describe('market hours of US equities', () => {
  it('G17: New York is four or five hours behind UTC as the zone database says, at every hour of 1998 to 2030', () => {
    const zone = new Intl.DateTimeFormat('en-US', { timeZone: 'America/New_York', hour: 'numeric', hourCycle: 'h23' });
    const changes: string[] = [];
    let last = newYorkOffsetMs(utc('1998-01-01T00:00:00Z'));
    for (let at = utc('1998-01-01T00:00:00Z') as number; at < utc('2030-01-01T00:00:00Z'); at += 3_600_000) {
      const offset = newYorkOffsetMs(at as EpochMs);
      if (offset === last) continue;
      last = offset;
      changes.push(new Date(at).toISOString());
      for (const near of [at - 1, at]) {
        const shown = Number(zone.format(near));
        expect(Math.floor(newYorkTimeOf(near as EpochMs).msOfDay / 3_600_000), new Date(near).toISOString()).toBe(
          shown,
        );
      }
    }
    expect(changes).toHaveLength(64);
    expect(changes).toContain('2026-03-08T07:00:00.000Z');
    expect(changes).toContain('2026-11-01T06:00:00.000Z');
    expect(changes).toContain('2006-04-02T07:00:00.000Z');
  });

  it('G17: midday of every day is where the zone database has it', () => {
    const zone = new Intl.DateTimeFormat('en-CA', { timeZone: 'America/New_York', hour: 'numeric', hourCycle: 'h23' });
    for (const day of DAYS) expect(Number(zone.format(epochOfNewYork(day, DAY_MS / 2))), isoDateOf(day)).toBe(12);
  });

  it('G17: the week of a change of clocks opens at 9:30 on the new clock', () => {
    expect([open('2026-03-06T14:29:59.999Z'), open('2026-03-06T14:30:00Z')]).toEqual([false, true]);
    expect([open('2026-03-09T13:29:59.999Z'), open('2026-03-09T13:30:00Z')]).toEqual([false, true]);
    expect([open('2026-10-30T19:59:59.999Z'), open('2026-10-30T20:00:00Z')]).toEqual([true, false]);
    expect([open('2026-11-02T20:59:59.999Z'), open('2026-11-02T21:00:00Z')]).toEqual([true, false]);
  });

  it('G17: a time that the clocks leave out or show twice is still one instant', () => {
    const spring = dayOf(2026, 3, 8);
    const autumn = dayOf(2026, 11, 1);
    const half = 2.5 * 3_600_000;
    expect(new Date(epochOfNewYork(spring, half)).toISOString()).toBe('2026-03-08T07:30:00.000Z');
    expect(new Date(epochOfNewYork(autumn, half - 3_600_000)).toISOString()).toBe('2026-11-01T05:30:00.000Z');
  });

  it('G17: a half day ends at 13:00, and the holiday beside it is closed', () => {
    expect([open('2026-11-27T17:59:59.999Z'), open('2026-11-27T18:00:00Z')]).toEqual([true, false]);
    expect(open('2026-11-26T16:00:00Z')).toBe(false);
    expect(hours(utc('2026-11-26T16:00:00Z')).until).toBe(utc('2026-11-27T14:30:00Z'));
  });

  it('G17: over a weekend and a holiday the next change is the next opening', () => {
    const friday = hours(utc('2026-09-04T20:00:00Z'));
    expect(friday).toEqual({ open: false, from: utc('2026-09-04T20:00:00Z'), until: utc('2026-09-08T13:30:00Z') });
    expect(hours(utc('2026-09-07T15:00:00Z'))).toEqual(friday);
  });

  it('G17: a leap second changes nothing, whether it is repeated or smeared', () => {
    const clock = new SessionClock(hours);
    const states = [
      '2016-12-31T23:59:59.000Z',
      '2016-12-31T23:59:59.999Z',
      '2016-12-31T23:59:59.000Z',
      '2017-01-01T00:00:00.000Z',
    ];
    for (const state of states) {
      expect(clock.at(utc(state)).open).toBe(false);
      expect(clock.at(utc(state)).until).toBe(utc('2017-01-03T14:30:00Z'));
    }
    expect(open('2015-06-30T23:59:59.999Z')).toBe(false);
  });

  it('G12: a clock that is set back an hour over the close is in the session again', () => {
    const clock = new SessionClock(hours);
    expect(clock.at(utc('2026-06-10T20:00:00Z')).open).toBe(false);
    expect(clock.at(utc('2026-06-10T19:00:00Z')).open).toBe(true);
    expect(clock.at(utc('2026-06-10T20:00:00Z')).open).toBe(false);
  });

  it('G17: entries end some minutes before the close, so that nothing is opened into a weekend', () => {
    const clock = new SessionClock(hours);
    const refused = (text: string) => clock.refuses(utc(text), 15 * MINUTE_MS);
    expect(refused('2026-06-12T19:44:59.999Z')).toBeNull();
    expect(refused('2026-06-12T19:45:00Z')).toBe('closes=2026-06-12T20:00:00.000Z entriesEndMinutesBefore=15');
    expect(refused('2026-06-13T12:00:00Z')).toBe('opens=2026-06-15T13:30:00.000Z');
    expect(refused('2026-06-15T13:30:00Z')).toBeNull();
  });

  it('G17: days that people add are closed or short', () => {
    const added = marketHours('us-equity', { closed: ['2026-06-10'], half: ['2026-06-11'] });
    expect(added(utc('2026-06-10T15:00:00Z')).open).toBe(false);
    expect(added(utc('2026-06-11T16:59:59Z')).until).toBe(utc('2026-06-11T17:00:00Z'));
  });

  it('G17: crypto never closes, whatever the clock says; a clock before the calendar opens nothing', () => {
    for (const kind of ['spot', 'linear', 'inverse', 'option'] as const) expect(hoursOfKind(kind)).toBe('always');
    expect(hoursOfKind('equity')).toBe('us-equity');
    for (const text of ['1970-01-01T00:00:00Z', '2026-06-13T12:00:00Z', '2099-12-25T00:00:00Z'])
      expect(marketHours('always')(utc(text))).toMatchObject({ open: true, until: Number.POSITIVE_INFINITY });
    expect(open('1970-01-05T15:00:00Z')).toBe(false);
  });

  it('G17: closed for longer than is looked ahead, it is asked again before it could open', () => {
    const closed = DAYS.filter((day) => day >= dayOf(2026, 1, 1) && day < dayOf(2026, 4, 1)).map(isoDateOf);
    const long = marketHours('us-equity', { closed, half: [] });
    const { until } = long(utc('2026-01-02T15:00:00Z'));
    expect(until).toBeLessThan(utc('2026-04-01T13:30:00Z'));
    expect(long(until).open).toBe(false);
    expect(long(utc('2026-03-30T15:00:00Z')).until).toBe(utc('2026-04-01T13:30:00Z'));
  });
});

describe.skipIf(!hasSharedData(RECORD))('the calendar of US equities against its record of 1998 to 2028', () => {
  const record = JSON.parse(sharedText(RECORD)) as { holidays: string[]; earlyCloses: Record<string, string> };
  const iso = (text: string) => {
    const [month, day, year] = text.split('/').map(Number);
    return isoDateOf(dayOf(year ?? 0, month ?? 0, day ?? 0));
  };
  const onWeekday = (day: CivilDay) => weekdayOf(day) !== 0 && weekdayOf(day) !== 6;

  it('G17: closed on the same days', () => {
    const holidays = new Set(record.holidays.map(iso));
    for (const day of DAYS.filter(onWeekday))
      expect(usEquityDay(day) === 'closed', isoDateOf(day)).toBe(holidays.has(isoDateOf(day)));
  });

  it('G17: half days are the same, from 1999 on, where its half days begin', () => {
    expect(new Set(Object.values(record.earlyCloses))).toEqual(new Set(['13:00:00']));
    const early = new Set(Object.keys(record.earlyCloses).map(iso));
    const ours = DAYS.filter((day) => usEquityDay(day) === 'half').map(isoDateOf);
    expect(ours.slice(0, 2)).toEqual(['1998-11-27', '1998-12-24']);
    // It lists a Sunday, on which nothing trades.
    expect(ours.slice(2)).toEqual([...early].filter((date) => date !== '2017-12-24').sort());
  });
});
