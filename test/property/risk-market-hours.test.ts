import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type CivilDay, DAY_MS } from '#core/calendar/civil-date.ts';
import { marketHours } from '#core/calendar/market-hours.ts';
import { CALENDAR_BEGINS, epochOfNewYork, newYorkTimeOf } from '#core/calendar/new-york-time.ts';
import { SessionClock } from '#core/calendar/session-clock.ts';
import type { EpochMs } from '#core/time/clock.ts';

const hours = marketHours('us-equity');
const instant = fc
  .integer({ min: CALENDAR_BEGINS + 10 * DAY_MS, max: Date.UTC(2099, 0, 1) })
  .map((at) => at as EpochMs);

describe('market hours', () => {
  it('G17: sessions follow one another without a gap, each the opposite of the last', () => {
    fc.assert(
      fc.property(instant, (at) => {
        const session = hours(at);
        expect(session.from).toBeLessThanOrEqual(at);
        expect(session.until).toBeGreaterThan(at);
        expect(hours(session.from)).toEqual(session);
        expect(hours((session.until - 1) as EpochMs)).toEqual(session);
        expect(hours(session.until)).toMatchObject({ open: !session.open, from: session.until });
        expect(hours((session.from - 1) as EpochMs)).toMatchObject({ open: !session.open, until: session.from });
      }),
    );
  });

  it('G17: an open session lies on one weekday of New York and begins at 9:30 there', () => {
    fc.assert(
      fc.property(instant, (at) => {
        const session = hours(at);
        fc.pre(session.open);
        const from = newYorkTimeOf(session.from);
        const until = newYorkTimeOf(session.until);
        expect(until.day).toBe(from.day);
        expect(from.msOfDay).toBe(9.5 * 3_600_000);
        expect([13, 16]).toContain(until.msOfDay / 3_600_000);
      }),
    );
  });

  it('G17: what New York shows leads back to the instant, but for the hour that comes twice', () => {
    fc.assert(
      fc.property(instant, (at) => {
        const { day, msOfDay } = newYorkTimeOf(at);
        const back = epochOfNewYork(day as CivilDay, msOfDay);
        expect([at, at - 3_600_000]).toContain(back);
        if (back !== at) expect(newYorkTimeOf(back)).toEqual({ day, msOfDay });
      }),
    );
  });

  it('G12: what is remembered says the same as what is asked anew, however the clock jumps', () => {
    fc.assert(
      fc.property(fc.array(instant, { minLength: 1, maxLength: 20 }), (instants) => {
        const clock = new SessionClock(hours);
        for (const at of instants) expect(clock.at(at)).toEqual(hours(at));
      }),
    );
  });
});
