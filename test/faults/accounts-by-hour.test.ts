import { afterEach, describe, expect, it } from 'vitest';
import type { FrameAccount } from '#core/events/publisher-port.ts';
import { hourOf } from '#core/market/hourly-account.ts';
import { type FeedWorld, openFeedWorld } from '../support/feed-world.ts';

const HOUR_MS = 3_600_000;

let world: FeedWorld | null = null;
afterEach(async () => {
  await world?.close();
  world = null;
});

describe('the account of a connection and hour', () => {
  it('M8: what is on its way at the end of an hour is no difference; what is still on its way an hour later is', () => {
    const first = hourOf(null, { received: 100, published: 80, shed: 10 });
    expect(first).toEqual({
      firstSequence: 1,
      lastSequence: 100,
      received: 100,
      published: 80,
      shed: 10,
      pending: 10,
      difference: 0,
    });
    const settled = hourOf({ received: 100, published: 80, shed: 10 }, { received: 150, published: 140, shed: 10 });
    expect(settled).toMatchObject({
      firstSequence: 101,
      lastSequence: 150,
      received: 50,
      published: 60,
      difference: 0,
    });
    const skipped = hourOf(null, { received: 150, published: 135, shed: 10, settledThrough: 150 });
    expect(skipped).toMatchObject({ pending: 5, difference: 5 });
    const ahead = hourOf(null, { received: 150, published: 135, shed: 10, settledThrough: 140 });
    expect(ahead).toMatchObject({ pending: 5, difference: 0 });
    const lost = hourOf({ received: 100, published: 80, shed: 10 }, { received: 150, published: 85, shed: 10 });
    expect(lost.difference).toBe(5);
    expect(hourOf(null, { received: 3, published: 4, shed: 0 }).difference).toBe(-1);
  });
});

// A naive client counts what it received, or what it sent, and never both in the same hour.
describe.each(['binance-usdm', 'bybit-linear'] as const)('hourly accounts of %s', (venue) => {
  it('M8: received = published + shed by connection and hour, from sequence numbers; a difference is told to people', async () => {
    world = await openFeedWorld({ venue });
    const here = world;
    await here.pass(2_000);
    const sent = here.server.stats().framesSent;
    await here.pass(HOUR_MS, { market: false, stepMs: 30_000 });
    const hours = here.publisher.told('feed.hour');
    expect(new Set(hours.map(({ body }) => body.connection)).size).toBeGreaterThan(0);
    const received = hours.reduce((sum, { body }) => sum + body.received, 0);
    expect(received).toBeGreaterThanOrEqual(sent);
    for (const { body } of hours) {
      expect(body.received).toBe(body.published + body.shed + body.pending);
      expect(body.lastSequence - body.firstSequence + 1).toBe(body.received);
      expect(body.hourEnd % HOUR_MS).toBe(0);
    }
    expect(here.publisher.told('alert').filter(({ body }) => body.code === 'FRAMES_UNACCOUNTED')).toEqual([]);

    // Five frames vanish between the socket and the stream.
    const whole = here.publisher.accounts.bind(here.publisher);
    here.publisher.accounts = () =>
      whole().map(
        (account): FrameAccount => ({
          ...account,
          published: Math.max(0, account.published - 5),
          settledThrough: account.received,
        }),
      );
    await here.pass(2 * HOUR_MS, { market: false, stepMs: 30_000 });
    const alarms = here.publisher.told('alert').filter(({ body }) => body.code === 'FRAMES_UNACCOUNTED');
    expect(alarms.length).toBeGreaterThan(0);
    expect(alarms[0]?.body).toMatchObject({ severity: 'critical' });
    expect(alarms[0]?.body.text).toContain('difference=5');
  });
});
