import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createRateBudget } from '#venues/connection/rate-budget.ts';
import { createManualClock } from '../support/manual-clock.ts';

describe('rate budget', () => {
  it('F26: within any window no more than the capacity is granted', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 300 }), { maxLength: 200 }), (gaps) => {
        const manual = createManualClock();
        const budget = createRateBudget(manual.clock, { capacity: 10, windowMs: 1_000, cancelReserve: 2 });
        const granted: number[] = [];
        for (const gap of gaps) {
          manual.advance(gap);
          if (budget.take('cancel') === 0) granted.push(manual.clock.monoNanos() / 1e6);
        }
        for (const at of granted) {
          expect(granted.filter((other) => other > at - 1_000 && other <= at).length).toBeLessThanOrEqual(10);
        }
      }),
    );
  });

  it('F26: what is reserved for cancels is refused to others, and the wait that is named is enough', () => {
    const manual = createManualClock();
    const budget = createRateBudget(manual.clock, { capacity: 5, windowMs: 1_000, cancelReserve: 2 });
    expect([1, 2, 3].map(() => budget.take('normal'))).toEqual([0, 0, 0]);
    const waitMs = budget.take('normal');
    expect(waitMs).toBe(1_000);
    expect([1, 2].map(() => budget.take('cancel'))).toEqual([0, 0]);
    expect(budget.take('cancel')).toBeGreaterThan(0);
    manual.advance(waitMs);
    expect(budget.take('normal')).toBe(0);
  });

  it('F26: nothing is granted while the venue has said to wait, cancels included, and the longer wait counts', () => {
    const manual = createManualClock();
    const budget = createRateBudget(manual.clock, { capacity: 5, windowMs: 1_000, cancelReserve: 0 });
    budget.block(600_000);
    budget.block(1_000);
    manual.advance(599_000);
    expect(budget.take('cancel')).toBe(1_000);
    expect(budget.blockedMs()).toBe(1_000);
    manual.advance(1_000);
    expect(budget.take('normal')).toBe(0);
  });

  it('what the venue has counted beyond ours is taken off, and a granted capacity replaces the documented one', () => {
    const manual = createManualClock();
    const budget = createRateBudget(manual.clock, { capacity: 5, windowMs: 1_000, cancelReserve: 0 });
    budget.observeUsed(5);
    expect(budget.waitMs('normal')).toBeGreaterThan(0);
    budget.resize(6);
    expect(budget.take('normal')).toBe(0);
    expect(budget.take('normal')).toBeGreaterThan(0);
  });
});
