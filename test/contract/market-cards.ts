import { expect } from 'vitest';
import { CHANNELS } from '#core/market/market-message.ts';
import { formatScaled } from '#core/market/scaled-decimal.ts';
import type { Venue } from '#venues/venue.ts';
import { createSpeaker } from '../support/scanned-text.ts';
import type { Card } from './card.ts';
import type { ContractFeed, ContractWorld } from './contract-world.ts';

/** What a generated market says within seconds; the others come when something happens. */
const STEADY = ['book', 'trades', 'quotes', 'ticker', 'candles'] as const;
const TYPE_OF = { book: 'book', trades: 'trade', quotes: 'quote', ticker: 'ticker', candles: 'candle' } as const;

const quotesAreTheBook = ({ supports }: Venue): boolean => supports.instruments.includes('equity');
const needsSequence = (venue: Venue): string | null =>
  quotesAreTheBook(venue) ? 'its book is made of quotes, each whole' : null;

function held(world: ContractWorld, feed: ContractFeed, side: 'buy' | 'sell', depth: number): string {
  const { priceScale, sizeScale } = world.instrument;
  return feed.sync.book
    .levels(side, depth)
    .map(([price, size]) => `${formatScaled(price, priceScale)} ${formatScaled(size, sizeScale)}`)
    .join();
}

function shown(world: ContractWorld, side: 'bids' | 'asks', depth: number): string {
  const { priceScale, sizeScale, symbol } = world.instrument;
  return world.exchange
    .book(symbol, depth)
    [side].map(([price, size]) => `${formatScaled(price, priceScale)} ${formatScaled(size, sizeScale)}`)
    .join();
}

/** Lets the market stand still; what was on its way comes, and both are equal. */
async function expectEqualBooks(world: ContractWorld, feed: ContractFeed): Promise<void> {
  world.freeze();
  const depth = quotesAreTheBook(world.venue) ? 1 : 20;
  const same = () =>
    held(world, feed, 'buy', depth) === shown(world, 'bids', depth) &&
    held(world, feed, 'sell', depth) === shown(world, 'asks', depth);
  await world.until('the book equals the venue’s', same);
  expect(feed.sync.book.valid).toBe(true);
  expect(held(world, feed, 'buy', depth)).not.toBe('');
}

async function openBook(world: ContractWorld, changes = 5): Promise<ContractFeed> {
  const feed = world.openFeed(['book']);
  feed.start();
  await world.until('a book', () => feed.sync.book.valid && feed.count('book') > changes, 8_000);
  return feed;
}

/** Market data: what any feed relies on. */
export const MARKET_CARDS: readonly Card[] = [
  {
    number: 'C1',
    given: 'a venue that trades',
    when: 'every channel that it supports is subscribed',
    must: 'each is confirmed, and what flows in a market is decoded, channel by channel',
    async run(world) {
      const { channels } = world.venue.supports;
      const feed = world.openFeed(channels);
      feed.start();
      await world.until('the feed is live', feed.live);
      for (const channel of STEADY.filter((each) => channels.includes(each))) {
        // Bars of equities come when their minute has ended, which is too long for a card.
        if (channel === 'candles' && quotesAreTheBook(world.venue)) continue;
        await world.until(`a message of ${channel}`, () => feed.count(TYPE_OF[channel]) > 0, 8_000);
      }
      expect(feed.refused).toEqual([]);
    },
  },
  {
    number: 'C2',
    given: 'a channel that the venue does not support',
    when: 'it is asked for',
    must: 'it is refused with CHANNEL_UNSUPPORTED',
    async run({ venue, runtime, instrument }) {
      const missing = CHANNELS.filter((each) => !venue.supports.channels.includes(each));
      for (const channel of missing) {
        const subscriptions = [{ channel, symbol: instrument.symbol }];
        const ask = () => {
          venue.marketData.plan(runtime.endpoints, subscriptions);
          venue.marketData.subscribe('1', subscriptions);
        };
        expect(ask, channel).toThrow(expect.objectContaining({ code: 'CHANNEL_UNSUPPORTED' }));
      }
    },
  },
  {
    number: 'C3',
    given: 'a book from its first message on',
    when: 'the market has moved many times',
    must: 'it equals the venue’s, level by level, with no gap on the way',
    async run(world) {
      const feed = await openBook(world, 30);
      await expectEqualBooks(world, feed);
      // Where a book is fetched by REST, the first fetch is asked for as a resync.
      expect(feed.resyncs.length).toBeLessThanOrEqual(world.venue.marketData.fetchBook === null ? 0 : 1);
    },
  },
  {
    number: 'C4',
    given: 'a whole book',
    when: 'one change never arrives',
    must: 'it is not quoted until one resync has made it whole again (F28)',
    exempt: needsSequence,
    async run(world) {
      const feed = await openBook(world);
      const before = feed.resyncs.length;
      world.server.faults.arm('dropPublicFrame');
      await world.until('the gap is seen', () => feed.resyncs.length > before);
      expect(feed.resyncs[before]).toMatch(/^(gap|diff)/);
      await world.until('whole again', () => feed.sync.book.valid);
      await expectEqualBooks(world, feed);
      expect(feed.resyncs.length - before).toBe(1);
    },
  },
  {
    number: 'C5',
    given: 'a whole book',
    when: 'a frame comes twice',
    must: 'it counts once, and nothing is asked for again',
    async run(world) {
      const feed = await openBook(world);
      const before = feed.resyncs.length;
      world.server.faults.arm('duplicatePublicFrame', 20);
      await world.until('it happened', () => world.server.faults.happened('duplicatePublicFrame') === 20, 8_000);
      await expectEqualBooks(world, feed);
      expect(feed.resyncs.length).toBe(before);
    },
  },
  {
    number: 'C6',
    given: 'frames of every channel',
    when: 'the byte scanner and the parser read the same frame',
    must: 'they say the same, and hot frames are scanned',
    async run(world) {
      const { marketData, supports } = world.venue;
      const feed = world.openFeed(STEADY.filter((each) => supports.channels.includes(each)));
      feed.start();
      await world.until('enough frames', () => feed.frames.length > 80, 8_000);
      const instruments = new Map([[world.instrument.symbol, world.instrument]]);
      const scanning = createSpeaker(marketData, instruments);
      const parsing = createSpeaker(marketData, null);
      let scanned = 0;
      for (const frame of feed.frames) {
        const quick = scanning(frame);
        if (quick.scanned) scanned += 1;
        expect({ ...quick, scanned: false }).toEqual(parsing(frame));
      }
      expect(scanned).toBeGreaterThan(feed.frames.length / 4);
    },
  },
  {
    number: 'C7',
    given: 'a decoder',
    when: 'a frame is no JSON, or JSON of another shape, or cut short',
    must: 'it is refused with FRAME_INVALID, or says nothing where it is only unknown, and the next frame is read',
    async run(world) {
      const feed = await openBook(world);
      const decode = world.venue.marketData.createDecoder();
      const whole = feed.frames.at(-1);
      if (whole === undefined) throw new Error('no frame');
      const broken = [Buffer.from(''), Buffer.from('{'), Buffer.from('\u0000\u0001'), whole.subarray(0, -3)];
      for (const frame of broken) {
        const read = () => decode(frame, () => undefined);
        expect(read).toThrow(expect.objectContaining({ class: 'validation', code: 'FRAME_INVALID' }));
      }
      const said: string[] = [];
      decode(whole, (message) => said.push(message.type));
      expect(said.length).toBeGreaterThan(0);
    },
  },
  {
    number: 'C8',
    given: 'a live feed',
    when: 'every socket is closed by the venue',
    must: 'the book is not quoted meanwhile, and the feed is whole again by itself',
    async run(world) {
      const feed = await openBook(world);
      world.server.closeAll();
      await world.until('not quoted', () => !feed.sync.book.valid);
      await world.until('whole again', () => feed.live() && feed.sync.book.valid, 10_000);
      await expectEqualBooks(world, feed);
    },
  },
  {
    number: 'C9',
    given: 'a live feed',
    when: 'the venue announces that it restarts',
    must: 'the feed moves to another connection and is whole again (F16)',
    async run(world) {
      const feed = await openBook(world);
      const attempts = () => feed.connections.reduce((sum, each) => sum + each.counts.attempts, 0);
      const before = attempts();
      world.server.faults.arm('serverShutdown');
      await world.until('another connection', () => attempts() > before, 8_000);
      await world.until('whole again', () => feed.live() && feed.sync.book.valid, 10_000);
      await expectEqualBooks(world, feed);
    },
  },
  {
    number: 'C10',
    given: 'two symbols, one of which the venue does not know',
    when: 'both are subscribed',
    must: 'the known one flows; the unknown one is refused, or stays silent where the venue confirms everything',
    async run(world) {
      const feed = world.openFeed(['book'], [world.instrument.symbol, 'NOSUCH-THING']);
      feed.start();
      await world.until('the known one flows', () => feed.sync.book.valid && feed.count('book') > 3, 10_000);
      for (const each of feed.refused) expect(each).toMatch(/NOSUCH-THING/);
      expect(feed.heard.every((each) => !('symbol' in each) || each.symbol !== 'NOSUCH-THING')).toBe(true);
    },
  },
  {
    number: 'C11',
    given: 'the instruments that the venue trades',
    when: 'they are fetched without keys',
    must: 'each has the venue’s scales, ticks, lots and limits, and kinds that the client supports',
    async run(world) {
      const offered = await world.venue.fetchInstruments(world.runtime);
      const traded = offered.find((each) => each.symbol === world.instrument.symbol);
      const { priceScale, sizeScale } = world.instrument;
      const said = (each: typeof world.instrument | undefined) =>
        each === undefined
          ? null
          : {
              kind: each.kind,
              currencies: [each.baseCurrency, each.quoteCurrency, each.settlementCurrency],
              tick: each.tickSize / 10 ** each.priceScale,
              lot: each.lotSize / 10 ** each.sizeScale,
              tradable: each.tradable,
            };
      expect(said(traded)).toEqual(said(world.instrument));
      expect([traded?.priceScale, traded?.sizeScale].every((each) => (each ?? -1) >= 0)).toBe(true);
      expect(traded?.priceScale).toBeGreaterThanOrEqual(0);
      expect(priceScale + sizeScale).toBeGreaterThan(0);
      for (const each of offered) expect(world.venue.supports.instruments).toContain(each.kind);
    },
  },
  {
    number: 'C12',
    given: 'a venue that trades, then one in maintenance',
    when: 'its status is asked for',
    must: 'it is open, then in maintenance, and open again after it',
    async run(world) {
      const { venue, runtime, server } = world;
      expect((await venue.fetchMarketStatus(runtime)).state).toBe('open');
      server.faults.setMaintenance(true);
      expect((await venue.fetchMarketStatus(runtime)).state).toBe('maintenance');
      server.faults.setMaintenance(false);
      expect((await venue.fetchMarketStatus(runtime)).state).toBe('open');
    },
  },
  {
    number: 'C13',
    given: 'a live feed',
    when: 'the venue goes into maintenance and comes back',
    must: 'the feed waits with a reason, and is whole again by itself (G8)',
    async run(world) {
      const feed = await openBook(world);
      world.server.faults.setMaintenance(true);
      await world.until('it waits', () => feed.connections.every((each) => each.status().state !== 'live'));
      expect(feed.sync.book.valid).toBe(false);
      for (const each of feed.connections) expect(each.status().reason).not.toBe('');
      world.server.faults.setMaintenance(false);
      await world.until('whole again', () => feed.live() && feed.sync.book.valid, 12_000);
    },
  },
];
