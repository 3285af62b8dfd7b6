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
});
