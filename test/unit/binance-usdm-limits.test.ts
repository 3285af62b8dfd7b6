import { describe, expect, test } from 'vitest';
import type { Clock } from '#core/time/clock.ts';
import { createLimits } from '#venues/binance/limits.ts';
import { LIMIT_WINDOWS } from '#venues/binance-usdm/limits.ts';
import { createManualClock } from '../support/manual-clock.ts';

const usdmLimits = (clock: Clock, share = 1) => createLimits(clock, LIMIT_WINDOWS, share);

const orderRows = (limit: number, count: number) => [
  { rateLimitType: 'ORDERS', interval: 'SECOND', intervalNum: 10, limit, count },
];

describe('request budgets', () => {
  test('F26: 300 orders go in 10 s, the next waits for the oldest', () => {
    const { clock, advance } = createManualClock();
    const limits = usdmLimits(clock);
    for (let index = 0; index < 300; index += 1) expect(limits.takeOrder()).toBe(0);
    expect(limits.takeOrder()).toBeCloseTo(10_000);
    advance(10_001);
    expect(limits.takeOrder()).toBe(0);
  });

  test('an order that the short window refuses costs the long one nothing', () => {
    const { clock, advance } = createManualClock();
    const limits = usdmLimits(clock);
    for (let round = 0; round < 4; round += 1) {
      for (let index = 0; index < 300; index += 1) expect(limits.takeOrder()).toBe(0);
      for (let index = 0; index < 50; index += 1) expect(limits.takeOrder()).toBeGreaterThan(0);
      advance(10_001);
    }
    expect(limits.takeOrder()).toBeGreaterThan(10_000);
  });

  test('cancels have a reserve that nothing else can use', () => {
    const limits = usdmLimits(createManualClock().clock);
    expect(limits.takeWeight(2_160, 'normal')).toBe(0);
    expect(limits.takeWeight(1, 'normal')).toBeGreaterThan(0);
    expect(limits.takeWeight(240, 'cancel')).toBe(0);
    expect(limits.takeWeight(1, 'cancel')).toBeGreaterThan(0);
  });

  test('the venue counts more than we do: its count holds, and so does a limit that it lowers', () => {
    const limits = usdmLimits(createManualClock().clock);
    limits.observeRows(orderRows(300, 299));
    expect(limits.takeOrder()).toBe(0);
    expect(limits.takeOrder()).toBeGreaterThan(0);
    const lowered = usdmLimits(createManualClock().clock);
    lowered.observeRows(orderRows(2, 0));
    expect([lowered.takeOrder(), lowered.takeOrder()]).toEqual([0, 0]);
    expect(lowered.takeOrder()).toBeGreaterThan(0);
  });

  test('headers are read as well', () => {
    const limits = usdmLimits(createManualClock().clock);
    limits.observeHeaders(new Headers({ 'x-mbx-used-weight-1m': '2160' }));
    expect(limits.takeWeight(1, 'normal')).toBeGreaterThan(0);
  });

  test('F26: after 429 only cancels go until the stated time; after 418 nothing does', () => {
    const { clock, advance } = createManualClock();
    const limits = usdmLimits(clock);
    limits.refused(429, 2_000);
    expect(limits.takeOrder()).toBe(2_000);
    expect(limits.takeWeight(1, 'normal')).toBe(2_000);
    expect(limits.takeWeight(1, 'cancel')).toBe(0);
    limits.refused(418, 60_000);
    expect(limits.takeWeight(1, 'cancel')).toBe(60_000);
    advance(60_000);
    expect([limits.takeOrder(), limits.blockedMs()]).toEqual([0, 0]);
  });

  test('a shared address uses its part only', () => {
    const limits = usdmLimits(createManualClock().clock, 0.5);
    expect(limits.takeWeight(1_080, 'normal')).toBe(0);
    expect(limits.takeWeight(1, 'normal')).toBeGreaterThan(0);
  });
});
