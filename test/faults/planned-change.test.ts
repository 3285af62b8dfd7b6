import { afterEach, describe, expect, it } from 'vitest';
import { countsFor } from '#core/market/connection-window.ts';
import type { EpochMs } from '#core/time/clock.ts';
import { type FeedWorld, openFeedWorld } from '../support/feed-world.ts';

const VENUES = ['binance-usdm', 'binance-spot', 'bybit-linear', 'bybit-spot', 'deribit'] as const;
const LIFE_MS = 12_000;

let world: FeedWorld | null = null;
afterEach(async () => {
  await world?.close();
  world = null;
});

/** Trades as a reader of the stream counts them: how often each, by symbol and id. */
function countedTrades(of: FeedWorld): { readonly counted: Map<string, number>; readonly recorded: number } {
  const decoders = new Map<string, ReturnType<FeedWorld['venue']['marketData']['createDecoder']>>();
  const counted = new Map<string, number>();
  let recorded = 0;
  for (const { connection, bytes } of of.publisher.recorded) {
    const decode = decoders.get(connection) ?? of.venue.marketData.createDecoder();
    decoders.set(connection, decode);
    decode(bytes, (message) => {
      if (message.type !== 'trade') return;
      recorded += 1;
      const key = `${message.symbol} ${message.id}`;
      const counts = countsFor(connection, message.exchangeTime as EpochMs);
      counted.set(key, (counted.get(key) ?? 0) + (counts ? 1 : 0));
    });
  }
  return { counted, recorded };
}

const changes = (of: FeedWorld) => of.feed.status().connections.map(({ overlap }) => overlap.changesDone);

// A naive client waits for the cut at the end of a connection's life, and is without data until it is back.
describe.each(VENUES)('planned changes of connection on %s', (venue) => {
  it('R2: before the venue cuts a connection another has taken over: no gap, no book lost, every trade counted once', async () => {
    world = await openFeedWorld({ venue, limits: { connectionLifeMs: LIFE_MS } });
    const here = world;
    await here.until('every book is whole', () => here.feed.status().books.every(({ valid }) => valid));
    const before = new Map(here.quoted);
    let invalid = 0;
    for (let second = 0; second < 32; second += 1) {
      await here.pass(1_000);
      invalid += here.feed.status().books.filter(({ valid }) => !valid).length;
    }
    expect(changes(here).every((done) => done >= 1)).toBe(true);
    expect(changes(here).reduce((sum, done) => sum + done, 0)).toBeGreaterThanOrEqual(2);
    expect(invalid).toBe(0);
    expect(here.publisher.told('feed.gap').length).toBe(0);
    expect(here.feed.status().books.every(({ gaps }) => gaps === 0)).toBe(true);
    for (const symbol of here.symbols) expect(here.quoted.get(symbol)).toBeGreaterThan(before.get(symbol) ?? 0);
    const { counted, recorded } = countedTrades(here);
    expect([...counted.values()].filter((times) => times !== 1)).toEqual([]);
    // Both sockets were recorded whole while there were two.
    expect(recorded).toBeGreaterThan(counted.size);
    const received = here.publisher.accounts().filter((account) => account.venue === venue);
    expect(received.reduce((sum, account) => sum + account.received, 0)).toBe(here.server.stats().framesSent);
    const dropped = here.feed.status().connections.map(({ overlap }) => overlap.dropped);
    expect(dropped.some(({ duplicate }) => duplicate > 0)).toBe(true);
    expect(dropped.some(({ outsideWindow }) => outsideWindow > 0)).toBe(true);
  });
});

// A naive client counts twice what both sockets brought, or nothing of what came between them.
describe('a change of connection that fails on the way', () => {
  async function changing(): Promise<FeedWorld> {
    world = await openFeedWorld({ venue: 'bybit-linear', limits: { connectionLifeMs: 40_000 } });
    const here = world;
    await here.until('a change begins', () => here.feed.status().connections[0]?.overlap.changesBegun === 1, 60_000);
    return here;
  }
  const trades = (of: FeedWorld) => [...countedTrades(of).counted.values()];

  it.each([0, 1_500, 3_500])(
    'R2: the old socket is lost %i ms later: the new one carries on, and no trade counts twice',
    async (afterMs) => {
      const here = await changing();
      await here.pass(afterMs);
      here.sockets[0]?.terminate();
      await here.until('it is live', () => here.feed.status().connections[0]?.status.state === 'live');
      await here.until('every book is whole', () => here.feed.status().books.every(({ valid }) => valid));
      await here.pass(5_000);
      expect(here.dialled.length).toBe(2);
      const counted = trades(here);
      expect(Math.max(...counted)).toBe(1);
      // What passed while no socket was live is missing from the recording itself; of what was recorded little is left out.
      expect(counted.filter((times) => times === 0).length).toBeLessThan(counted.length / 20);
    },
  );

  it.each([0, 1_500, 3_500])(
    'R2: the new socket is lost %i ms later: the old one carries on, and the change comes again',
    async (afterMs) => {
      const here = await changing();
      await here.pass(afterMs);
      here.sockets[1]?.terminate();
      await here.until('every book is whole', () => here.feed.status().books.every(({ valid }) => valid));
      await here.until(
        'it has changed',
        () => (here.feed.status().connections[0]?.overlap.changesDone ?? 0) > 0,
        200_000,
      );
      expect(here.feed.status().connections[0]?.status.state).toBe('live');
      const counted = trades(here);
      expect(Math.max(...counted)).toBe(1);
      expect(counted.filter((times) => times === 0).length).toBeLessThan(counted.length / 20);
    },
  );
});

// A naive client reads past the notice, and is without data when it is cut.
describe('notices of a venue', () => {
  it('serverShutdown is answered by another connection that takes over before this one is cut', async () => {
    world = await openFeedWorld({ venue: 'binance-usdm' });
    const here = world;
    await here.until('every book is whole', () => here.feed.status().books.every(({ valid }) => valid));
    const dialled = here.dialled.length;
    here.server.faults.arm('serverShutdown');
    await here.pass(15_000);
    expect(here.dialled.length).toBe(dialled + 2);
    expect(changes(here)).toEqual([1, 1]);
    expect(here.feed.status().connections.every(({ status }) => status.state === 'live')).toBe(true);
    expect(here.feed.status().books.every(({ valid, gaps }) => valid && gaps === 0)).toBe(true);
  });
});

// A naive client opens the next connection first, and the venue refuses it, or cuts both.
describe('a venue that allows one connection', () => {
  it('R2: is left in order before the next connection is opened; what is missed is declared', async () => {
    world = await openFeedWorld({ venue: 'bybit-linear', limits: { connectionLifeMs: LIFE_MS, overlap: false } });
    const here = world;
    await here.until('every book is whole', () => here.feed.status().books.every(({ valid }) => valid));
    let most = 0;
    for (let step = 0; step < 300; step += 1) {
      await here.pass(100);
      most = Math.max(most, here.server.stats().openSessions);
    }
    expect(here.dialled.length).toBeGreaterThanOrEqual(3);
    expect(most).toBe(1);
    await here.until('every book is whole', () => here.feed.status().books.every(({ valid }) => valid));
    const gaps = here.feed.status().books.reduce((sum, book) => sum + book.gaps, 0);
    expect(here.publisher.told('feed.gap').length).toBe(gaps);
    expect(here.feed.status().connections[0]?.overlap.changesBegun).toBe(0);
  });
});
