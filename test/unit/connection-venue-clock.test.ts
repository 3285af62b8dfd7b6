import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type EpochMs, nanosFromMs } from '#core/time/clock.ts';
import { createVenueClock, keepVenueClock } from '#venues/connection/venue-clock.ts';
import { createManualClock } from '../support/manual-clock.ts';

describe('venue clock', () => {
  it('H11, F27: it is never ahead of the venue, whatever the round trips and the sides they are slow on', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: -3_600_000, max: 3_600_000 }),
        fc.array(fc.tuple(fc.integer({ min: 0, max: 400 }), fc.integer({ min: 0, max: 400 })), {
          minLength: 1,
          maxLength: 20,
        }),
        (offsetMs, trips) => {
          const manual = createManualClock();
          const venueClock = createVenueClock(manual.clock);
          const venueTime = (): number => manual.clock.epochMs() + offsetMs;
          for (const [thereMs, backMs] of trips) {
            const sentAt = manual.clock.monoNanos();
            manual.advance(thereMs);
            const told = Math.floor(venueTime()) as EpochMs;
            manual.advance(backMs);
            venueClock.sample(sentAt, manual.clock.monoNanos(), told);
          }
          expect(venueClock.venueNow()).toBeLessThanOrEqual(venueTime());
          expect(venueClock.venueNow()).toBeGreaterThanOrEqual(venueTime() - 402);
        },
      ),
    );
  });

  it.each([-20_000, 20_000])(
    'H11: after a step of the venue by %i ms that it was told of, one reading is enough',
    (stepMs) => {
      const manual = createManualClock();
      const venueClock = createVenueClock(manual.clock);
      const read = (offsetMs: number): void => {
        const at = manual.clock.monoNanos();
        venueClock.sample(at, at, (manual.clock.epochMs() + offsetMs) as EpochMs);
      };
      for (let count = 0; count < 9; count += 1) read(0);
      venueClock.distrust();
      expect(venueClock.synced()).toBe(false);
      expect(venueClock.venueNow()).toBe(manual.clock.epochMs());
      read(stepMs);
      expect(venueClock.venueNow()).toBe(manual.clock.epochMs() + stepMs);
      expect(venueClock.offsetMs()).toBe(stepMs);
      expect(venueClock.synced()).toBe(true);
      // A reading that is of no use ends no distrust.
      venueClock.distrust();
      venueClock.sample(manual.clock.monoNanos(), nanosFromMs(5_000), manual.clock.epochMs());
      expect(venueClock.venueNow()).toBe(manual.clock.epochMs() + stepMs);
    },
  );

  it('G12: a step of the wall clock does not move it', () => {
    const manual = createManualClock();
    const venueClock = createVenueClock(manual.clock);
    const before = manual.clock.epochMs();
    venueClock.sample(manual.clock.monoNanos(), manual.clock.monoNanos(), (before + 3_000) as EpochMs);
    manual.stepWall(3_600_000);
    manual.advance(500);
    expect(venueClock.venueNow()).toBe(before + 3_500);
  });

  it('F27: more than 250 ms apart raises the alarm; a sample with a long round trip is not used', () => {
    const manual = createManualClock();
    const venueClock = createVenueClock(manual.clock, { maxRoundTripMs: 500 });
    const now = manual.clock.monoNanos();
    const venueTime = (manual.clock.epochMs() + 260) as EpochMs;
    manual.advance(501);
    expect(venueClock.sample(now, manual.clock.monoNanos(), venueTime)).toBe(false);
    expect(venueClock.synced()).toBe(false);
    expect(venueClock.offsetMs()).toBeNull();
    const later = manual.clock.monoNanos();
    expect(venueClock.sample(later, later, (manual.clock.epochMs() + 251) as EpochMs)).toBe(true);
    expect(venueClock.offsetMs()).toBeCloseTo(251);
    expect(venueClock.alarm()).toBe(true);
  });

  it('one bad sample does not move the median', () => {
    const manual = createManualClock();
    const venueClock = createVenueClock(manual.clock);
    const now = manual.clock.monoNanos();
    for (const offset of [10, 10, 900, 10, 10]) {
      venueClock.sample(now, now, (manual.clock.epochMs() + offset) as EpochMs);
    }
    expect(venueClock.offsetMs()).toBeCloseTo(10);
  });

  it('it is read thrice at once and then at intervals; a failure is told and the next reading comes', async () => {
    const manual = createManualClock();
    const venueClock = createVenueClock(manual.clock);
    const failures: string[] = [];
    let asked = 0;
    const stop = keepVenueClock({
      venueClock,
      clock: manual.clock,
      timers: manual.timers,
      everyMs: 1_000,
      onFailure: (text) => failures.push(text),
      ask: async () => {
        asked += 1;
        if (asked === 2) throw new Error('not now');
        return (manual.clock.epochMs() + nanosFromMs(0) + 5) as EpochMs;
      },
    });
    await manual.advanceAsync(450);
    expect(asked).toBe(3);
    expect(failures).toEqual(['not now']);
    await manual.advanceAsync(1_000);
    expect(asked).toBe(4);
    expect(venueClock.offsetMs()).toBeCloseTo(5);
    stop();
    await manual.advanceAsync(10_000);
    expect(asked).toBe(4);
  });
});
