import { expect, it } from 'vitest';
import type { EpochMs } from '#core/time/clock.ts';
import { createBybitLimits } from '#venues/bybit/limits.ts';
import { createManualClock } from '../support/manual-clock.ts';

const NOW = 1_700_000_000_000 as EpochMs;

it.each([
  ['a second without one', null, 1_000],
  ['until then', String(NOW + 700), 700],
  ['a second where it is past', String(NOW - 5), 1_000],
  ['a minute at the most: a wait that no budget can mean would keep cancels from leaving', String(NOW * 1_000), 60_000],
] as const)('F26: a refusal waits until the time that the venue states: %s', (_what, resetAt, waitMs) => {
  const { clock, advance } = createManualClock();
  const limits = createBybitLimits(clock, 10, null);
  expect(limits.refused('cancel', { limit: '10', remaining: '0', resetAt }, NOW)).toBe(waitMs);
  expect(limits.take('cancel')).toBeCloseTo(waitMs, 3);
  advance(waitMs);
  expect(limits.take('cancel')).toBe(0);
});

it('F26: each kind of order request has a budget of its own, so that entries starve no cancel', () => {
  const limits = createBybitLimits(createManualClock().clock, 10, null);
  for (let count = 0; count < 10; count += 1) expect(limits.take('create')).toBe(0);
  expect(limits.take('create')).toBeGreaterThan(0);
  expect(limits.take('cancel')).toBe(0);
});
