import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DataAge } from '#core/market/data-age.ts';
import type { EpochMs, MonoNanos } from '#core/time/clock.ts';

const ms = (value: number) => (value * 1e6) as MonoNanos;

describe('age of data', () => {
  it('H10: is infinite before the first message', () => {
    expect(new DataAge().ageMs(ms(5))).toBe(Number.POSITIVE_INFINITY);
  });

  it('H10: a clock that differs by years, either way, makes no message old', () => {
    for (const offset of [-1e11, 1_270, 1e11]) {
      const age = new DataAge();
      age.observe(ms(1_000), (1_000 + offset) as EpochMs);
      expect(age.ageMs(ms(1_000))).toBe(0);
    }
  });

  it('H10: a message that took longer than the best one lately is as old as the difference, and grows older', () => {
    const age = new DataAge();
    age.observe(ms(1_000), 990 as EpochMs);
    age.observe(ms(1_300), 1_090 as EpochMs);
    expect(age.ageMs(ms(1_300))).toBeCloseTo(200);
    expect(age.ageMs(ms(1_350))).toBeCloseTo(250);
  });

  it('H10: the best seen is forgotten after a while, so that a slow drift of a clock is no delay for ever', () => {
    const age = new DataAge();
    age.observe(ms(0), 0 as EpochMs);
    let last = 0;
    for (let at = 1_000; at <= 120_000; at += 1_000) {
      age.observe(ms(at), (at - 50) as EpochMs);
      last = age.ageMs(ms(at));
    }
    expect(last).toBeCloseTo(0);
  });

  it('H10: whatever the bursts and the clocks, the age is never negative, and what waited its turn in a burst is as old as it waited', () => {
    const burst = fc.record({
      pauseMs: fc.integer({ min: 1, max: 4_000 }),
      stallMs: fc.nat(2_000),
      frames: fc.nat(40),
    });
    fc.assert(
      fc.property(
        fc.array(burst, { minLength: 1, maxLength: 30 }),
        fc.integer({ min: -4e9, max: 4e9 }),
        (bursts, offset) => {
          const age = new DataAge();
          let at = 0;
          const seen: { readonly at: number; readonly took: number }[] = [];
          for (const { pauseMs, stallMs, frames } of bursts) {
            at += pauseMs;
            // Sent evenly while nothing got through, then received all at once.
            for (let index = 0; index <= frames; index += 1) {
              const took = 5 + stallMs * (1 - index / (frames + 1));
              age.observe(ms(at + stallMs), (at + stallMs - took + offset) as EpochMs);
              seen.push({ at: at + stallMs, took });
              const told = age.ageMs(ms(at + stallMs));
              const best = (withinMs: number) =>
                Math.min(...seen.filter((each) => each.at >= at + stallMs - withinMs).map((each) => each.took));
              expect(told).toBeGreaterThanOrEqual(-1e-3);
              expect(told).toBeGreaterThanOrEqual(took - best(30_000) - 1e-3);
              expect(told).toBeLessThanOrEqual(took - best(Number.POSITIVE_INFINITY) + 1e-3);
            }
            at += stallMs;
          }
        },
      ),
      { numRuns: 100 },
    );
  });

  it('H10: the first frames after a long silence are judged by each other, not by a minimum of before', () => {
    const age = new DataAge();
    age.observe(ms(0), 0 as EpochMs);
    age.observe(ms(100_000), 97_000 as EpochMs);
    expect(age.ageMs(ms(100_000))).toBe(0);
    age.observe(ms(100_500), 97_300 as EpochMs);
    expect(age.ageMs(ms(100_500))).toBeCloseTo(200);
  });
});
