import { describe, expect, it } from 'vitest';
import { callOf, createDeribitLimits, deribitLimitsOf } from '#venues/deribit/limits.ts';
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

  it('F26: the clients of one account pay from one budget, accounts from their own', () => {
    const { clock } = createManualClock();
    const endpoints = { market: '', account: '', orders: '', rest: 'https://venue.invalid' };
    const of = (account: string) => deribitLimitsOf({ clock, endpoints, account: { account, mode: 'paper' } });
    expect(of('main')).toBe(of('main'));
    of('main').refused('order');
    expect(of('main').take('cancel')).toBeGreaterThan(0);
    expect(of('other').take('cancel')).toBe(0);
  });

  it('F26: queries leave enough for those that a cancel waits for', () => {
    const limits = createDeribitLimits(createManualClock().clock);
    while (limits.take('query') === 0);
    expect(limits.take('cancelQuery')).toBe(0);
  });

  it.each([
    ['private/sell', 'order'],
    ['private/edit', 'order'],
    ['private/cancel', 'cancel'],
    ['private/subscribe', 'subscribe'],
    ['private/get_positions', 'query'],
  ])('%s is paid as %s', (method, call) => {
    expect(callOf(method)).toBe(call);
  });
});
