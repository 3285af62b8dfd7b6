import { afterEach, describe, expect, it } from 'vitest';
import { type AccountWorld, openAccountWorld } from '../support/account-world.ts';

const VENUES = ['binance-usdm', 'bybit-linear'] as const;
const HOUR_MS = 3_600_000;

let world: AccountWorld | null = null;
afterEach(async () => {
  await world?.close();
  world = null;
});

async function open(venue: (typeof VENUES)[number]): Promise<AccountWorld> {
  world = await openAccountWorld(venue);
  return world;
}

async function enter(here: AccountWorld): Promise<void> {
  here.entry.start();
  await here.until('orders can be sent', () => here.entry.notReady() === null);
}

describe.each(VENUES)('accounts on %s', (venue) => {
  // A naive client keeps listening to a socket that will never speak again.
  it('F15: a private session that the venue ends is noticed within a minute, and two notices are one recovery', async () => {
    const here = await open(venue);
    here.stream.start();
    await here.until('the stream is live', () => here.stream.status().state === 'live');
    const lives = () => here.statuses.filter(({ state }) => state === 'live').length;
    const began = performance.now();
    here.server.faults.arm('privateStreamExpires');
    await here.until('the end is noticed, and it is live again', () => lives() === 2, 20_000);
    expect(performance.now() - began).toBeLessThan(60_000);
    expect(lives()).toBe(2);
    await enter(here);
    const before = here.reports.length;
    expect((await here.place()).kind).toBe('accepted');
    await here.until('its report comes by the new session', () => here.reports.length > before);
    expect(lives()).toBe(2);
  });

  // A naive client asks again at once, and is banned.
  it('F26: after a refusal for the rate nothing is asked until the venue’s wait is over, and cancels still pass', async () => {
    const here = await open(venue);
    await here.queries.serverTime();
    await here.queries.balances();
    here.server.faults.arm('rateLimited');
    await expect(here.queries.balances()).rejects.toMatchObject({ venueClass: 'retry' });
    const refused = here.server.stats().requests;
    // One client refuses at once, another keeps the request for its turn: neither asks the venue.
    const others = Array.from({ length: 5 }, () => here.queries.balances().then(String, String));
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(here.server.stats().requests).toBe(refused);
    const target = { symbol: here.instrument.symbol, clientOrderId: 'pfault00-1-x' as never, venueOrderId: null };
    const answer = await here.queries.cancelOrder(target);
    expect(answer.kind).not.toBe('notSent');
    expect(here.server.stats().requests).toBeGreaterThan(refused);
    await Promise.all(others);
  });

  // A naive client signs with its own clock, or with one that a slow answer has pushed ahead of the venue.
  it('F27: with clocks apart it signs by the venue’s time, never ahead of it', async () => {
    const here = await open(venue);
    here.server.faults.setClockOffsetMs(-3_000);
    await enter(here);
    expect((await here.place()).kind).toBe('accepted');
    await expect(here.queries.balances()).resolves.toBeDefined();
  });

  // A naive client stamps with the wall clock: an hour off is refused, or worse, valid for an hour.
  it('G12: a wall clock that steps an hour forward and back leaves signatures right', async () => {
    const here = await open(venue);
    await enter(here);
    expect((await here.place()).kind).toBe('accepted');
    here.stepWall(HOUR_MS);
    expect((await here.place()).kind).toBe('accepted');
    await expect(here.queries.balances()).resolves.toBeDefined();
    here.stepWall(-2 * HOUR_MS);
    expect((await here.place()).kind).toBe('accepted');
    await expect(here.queries.balances()).resolves.toBeDefined();
    expect(here.entry.notReady()).toBeNull();
  });
});
