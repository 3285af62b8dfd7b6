import { describe, expect, it } from 'vitest';
import { createDeribitLimits } from '#venues/deribit/limits.ts';
import { createManualClock } from '../support/manual-clock.ts';

describe('Deribit credits', () => {
  it('F26: a burst of orders is paid, then the rate of the refill; cancels have a reserve that orders cannot take', () => {
    const time = createManualClock();
    const limits = createDeribitLimits(time.clock);
    let orders = 0;
    while (limits.take('order') === 0) orders += 1;
    expect(orders).toBe(14);
    expect(limits.take('order')).toBeGreaterThan(0);
    let cancels = 0;
    while (limits.take('cancel') === 0) cancels += 1;
    expect(cancels).toBe(4);
    const waitMs = limits.take('order');
    time.advance(waitMs + 0.01);
    expect(limits.take('order')).toBe(0);
  });

  it('F26: out of credits (10028) nothing goes out, and no session is opened, until the pool has refilled', () => {
    const time = createManualClock();
    const limits = createDeribitLimits(time.clock);
    expect(limits.reconnectInMs()).toBe(0);
    const waitMs = limits.refused('query');
    expect(waitMs).toBe(5_000);
    expect(limits.take('query')).toBeGreaterThan(0);
    time.advance(2_000);
    expect(limits.reconnectInMs()).toBeCloseTo(3_000);
    time.advance(3_001);
    expect(limits.reconnectInMs()).toBe(0);
  });
});
