import { afterEach, describe, expect, it } from 'vitest';
import type { Channel } from '#core/market/market-message.ts';
import { type FeedWorld, openFeedWorld } from '../support/feed-world.ts';

const VENUES = ['binance-usdm', 'binance-spot', 'bybit-linear', 'bybit-spot', 'deribit'] as const;
const MINUTE_MS = 60_000;

let world: FeedWorld | null = null;
afterEach(async () => {
  await world?.close();
  world = null;
});

async function open(venue: (typeof VENUES)[number], channels?: readonly Channel[]): Promise<FeedWorld> {
  world = await openFeedWorld({ venue, ...(channels === undefined ? {} : { channels }) });
  const here = world;
  await here.until('every book is whole', () => here.feed.status().books.every(({ valid }) => valid));
  // Long enough for the channels' rhythms to be learned.
  await here.pass(4_000);
  return here;
}

const counts = (of: FeedWorld) => of.feed.status().connections.map((each) => each.counts);
const sum = (of: FeedWorld, name: 'resubscribed' | 'silences' | 'lost') =>
  counts(of).reduce((total, each) => total + each[name], 0);
const bookOf = (of: FeedWorld, symbol: string | undefined) =>
  of.feed.status().books.find((each) => each.symbol === symbol);

describe.each(VENUES)('feeds of %s that fall silent', (venue) => {
  // A naive client sees an open socket that answers pings, and waits for ever; or comes back every 10 ms.
  it('F16: a socket that is mute is found by its channels and replaced; while the venue stays mute nobody storms it, and then it flows', async () => {
    const here = await open(venue);
    const dialled = here.dialled.length;
    here.server.faults.pausePublic(null);
    await here.until('a new connection is made', () => here.dialled.length > dialled, 90_000);
    expect(bookOf(here, here.symbols[0])?.valid).toBe(false);
    const began = here.dialled.length;
    await here.pass(20 * MINUTE_MS, { market: false, stepMs: 1_000 });
    // Two sockets at most, each at most a few times a minute, and rarer with time.
    expect(here.dialled.length - began).toBeLessThan(80);
    const [early, late] = [here.dialled.slice(began, began + 20), here.dialled.slice(-20)];
    const span = (some: typeof early) => (some.at(-1)?.atMs ?? 0) - (some[0]?.atMs ?? 0);
    expect(span(late)).toBeGreaterThanOrEqual(span(early));
    here.server.faults.resumePublic(null);
    await here.until(
      'every book is whole again',
      () => here.feed.status().books.every(({ valid }) => valid),
      MINUTE_MS,
    );
    expect(here.publisher.told('feed.gap').length).toBeGreaterThan(0);
  });

  // A naive client judges the socket, which flows.
  it('F17: one symbol’s stream stalls while others flow: that one alone is resubscribed', async () => {
    const here = await open(venue);
    const [stalled, flowing] = here.symbols;
    const quoted = here.quoted.get(flowing ?? '') ?? 0;
    here.server.faults.pausePublic(stalled ?? '');
    const resubscribed = () => here.logged.filter((line) => line.startsWith('warn resubscribe'));
    const isBook = (line: string) => line.includes('"channel":"book"');
    await here.until('the stalled book is asked for anew', () => resubscribed().some(isBook), 90_000);
    const asked = resubscribed();
    expect(asked.filter(isBook).length).toBe(1);
    expect(asked.every((line) => line.includes(stalled ?? '?') && !line.includes(`"${flowing}"`))).toBe(true);
    expect(bookOf(here, stalled)?.valid).toBe(false);
    expect(bookOf(here, flowing)).toMatchObject({ valid: true, gaps: 0 });
    here.server.faults.resumePublic(stalled ?? '');
    await here.until('the stalled book is whole again', () => bookOf(here, stalled)?.valid === true);
    expect(here.quoted.get(flowing ?? '')).toBeGreaterThan(quoted);
    expect(bookOf(here, flowing)).toMatchObject({ valid: true, gaps: 0 });
  });

  // A naive client applies the next change to a book that lacks one, or quotes what it had.
  it('F19: a book whose sequence breaks is not quoted, and is made whole', async () => {
    const here = await open(venue);
    here.server.faults.arm('dropPublicFrame');
    await here.until('the book is lost', () => here.feed.status().books.some(({ gaps }) => gaps > 0));
    const lost = here.feed.status().books.find(({ gaps }) => gaps > 0);
    await here.until('it is whole again', () => bookOf(here, lost?.symbol)?.valid === true);
    await here.pass(500);
    const [gap] = here.publisher.told('feed.gap');
    expect(gap?.body.symbol).toBe(lost?.symbol);
    expect(Number(gap?.body.firstSequence)).toBeGreaterThan(Number(gap?.body.lastSequence));
    // What it quotes then is the venue's own book, as soon as the venue has sent what it gathers for a moment.
    await here.until('it is the venue’s book', () => {
      const { bids, asks } = here.exchange.book(lost?.symbol ?? '', 1);
      const book = here.feed.book(lost?.symbol ?? '');
      return book?.valid === true && book.bidPrice === bids[0]?.[0] && book.askPrice === asks[0]?.[0];
    });
  });

  // A naive client subscribes again with each message that does not fit.
  it('F28: a gap on a busy book brings one resynchronisation, however many messages come until its snapshot', async () => {
    const here = await open(venue);
    const requests = here.server.stats().requests;
    here.server.faults.arm('dropPublicFrame');
    await here.until('the book is lost', () => here.feed.status().books.some(({ gaps }) => gaps > 0));
    await here.until('it is whole again', () => here.feed.status().books.every(({ valid }) => valid));
    await here.pass(2_000);
    expect(here.feed.status().books.reduce((total, { gaps }) => total + gaps, 0)).toBe(1);
    expect(here.publisher.told('feed.gap').length).toBe(1);
    if (here.venue.marketData.fetchBook === null) expect(sum(here, 'resubscribed')).toBe(1);
    else expect(here.server.stats().requests - requests).toBeLessThanOrEqual(2);
  });

  // A naive client that awaits between reads drops what comes meanwhile.
  it('F20: with a consumer that is busy at ten times the rate no event is lost: every frame has its number, and no book a gap', async () => {
    const here = await open(venue);
    const before = here.publisher.recorded.length;
    // Ten times the market in each step: bursts that come while the consumer is at work.
    for (let burst = 0; burst < 10; burst += 1) {
      here.manual.advance(1_000);
      here.exchange.advanceTo(here.manual.clock.epochMs());
      // Binance's server gathers a tenth of a second of the process's own time.
      if (venue.startsWith('binance')) await new Promise((resolve) => setTimeout(resolve, 110));
      const until = performance.now() + 10;
      while (performance.now() < until) Math.sqrt(burst);
      await here.pass(0);
      await here.pass(10);
    }
    expect(here.publisher.recorded.length).toBeGreaterThan(before);
    const received = here.publisher.accounts().filter((account) => account.venue === venue);
    expect(received.reduce((total, account) => total + account.received, 0)).toBe(here.server.stats().framesSent);
    expect(here.feed.status().books.every(({ gaps, valid }) => gaps === 0 && valid)).toBe(true);
  });

  // A naive client judges ages by the wall clock: an hour forward is an hour of silence.
  it('G12: a wall clock that steps an hour forward and back brings no false silence', async () => {
    const here = await open(venue);
    const before = { silences: sum(here, 'silences'), dialled: here.dialled.length };
    here.manual.stepWall(3_600_000);
    for (let step = 0; step < 10; step += 1) await here.pass(100);
    here.manual.stepWall(-7_200_000);
    for (let step = 0; step < 10; step += 1) await here.pass(100);
    expect(sum(here, 'silences')).toBe(before.silences);
    expect(here.dialled.length).toBe(before.dialled);
    expect(here.feed.status().connections.every(({ status }) => status.state === 'live')).toBe(true);
  });

  // A naive client never compares the clocks, or takes one slow answer for the truth.
  it('F27: clocks more than 250 ms apart are told to people, in the state, the metrics and an event, and when they are together again', async () => {
    const here = await open(venue);
    await here.until('the clock is known', () => here.feed.status().venueClock.offsetMs !== null);
    expect(here.feed.status().venueClock.alarm).toBe(false);
    here.server.faults.setClockOffsetMs(-3_000);
    const told = () => here.publisher.told('alert').map(({ body }) => body.code);
    await here.pass(12 * MINUTE_MS, { market: false, stepMs: 5_000 });
    expect(here.feed.status().venueClock.alarm).toBe(true);
    expect(here.feed.status().venueClock.offsetMs).toBeLessThan(-2_000);
    expect(told()).toContain('VENUE_CLOCK_APART');
    here.server.faults.setClockOffsetMs(0);
    await here.pass(12 * MINUTE_MS, { market: false, stepMs: 5_000 });
    expect(told().filter((code) => code.startsWith('VENUE_CLOCK'))).toEqual([
      'VENUE_CLOCK_APART',
      'VENUE_CLOCK_TOGETHER',
    ]);
  });

  // A naive client hammers the closed door, or gives up, or starts all its connections in the same moment.
  it('G8: 30 minutes of maintenance with REST answering 503 are survived without a storm, and it is back by itself', async () => {
    const here = await open(venue, ['book', 'quotes']);
    const dialled = here.dialled.length;
    here.server.faults.setMaintenance(true);
    await here.pass(30 * MINUTE_MS, { market: false, stepMs: 1_000 });
    const tries = here.dialled.length - dialled;
    expect(tries).toBeGreaterThan(4);
    expect(tries).toBeLessThan(60);
    const { status } = here.feed.status().connections[0] ?? {};
    expect(status?.state).toBe('maintenance');
    expect(status?.since).toBeGreaterThan(0);
    here.server.faults.setMaintenance(false);
    const live = () => here.feed.status().connections.every((each) => each.status.state === 'live');
    // No wait is longer than an hour.
    for (let second = 0; second < 3_600 && !live(); second += 1) {
      await here.pass(1_000, { market: false, stepMs: 1_000 });
    }
    expect(live()).toBe(true);
    await here.until('every book is whole', () => here.feed.status().books.every(({ valid }) => valid), MINUTE_MS);
  });
});
