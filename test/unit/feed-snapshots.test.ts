import { afterEach, describe, expect, it } from 'vitest';
import type { OrderBook } from '#core/market/order-book.ts';
import { parseLine } from '#research/replay/log-entries.ts';
import { type FeedWorld, openFeedWorld } from '../support/feed-world.ts';

let world: FeedWorld | null = null;
let letGo: () => void = () => undefined;
afterEach(async () => {
  letGo();
  await world?.close();
  world = null;
});

const snapshots = ({ publisher }: FeedWorld) =>
  publisher.published.filter(({ of, bytes }) => {
    if (of.venue !== 'engine') return false;
    const { kind, body } = parseLine(bytes.toString('utf8'));
    return kind === 'book' && JSON.stringify(body).includes('"snapshot"');
  }).length;

describe('a whole book that is fetched by REST', () => {
  it('H4, M3: for a symbol that was given back meanwhile, and is carried again, is nobody’s', async () => {
    const held = new Promise<void>((resolve) => {
      letGo = resolve;
    });
    let asked = 0;
    const quoted: OrderBook[] = [];
    world = await openFeedWorld({
      venue: 'binance-usdm',
      symbols: 1,
      watched: true,
      channels: ['book', 'quotes', 'trades'],
      between: (plain) => async (input, init) => {
        if (String(input).includes('/depth')) {
          asked += 1;
          await held;
        }
        return plain(input, init);
      },
      onBook: (_symbol, book) => quoted.push(book),
    });
    const here = world;
    const symbol = here.symbols[0] ?? '';
    const isLive = () => here.feed.status().connections.every(({ status }) => status.state === 'live');
    await here.until('the feed is live', isLive);
    const settled = async (step: Promise<void>) => {
      let done = false;
      const ended = step.then(() => {
        done = true;
      });
      await here.until('the venue has confirmed it', () => done);
      await ended;
    };
    await settled(here.feed.carry(symbol, 'a'));
    await here.until('its book is asked for', () => asked === 1);
    const first = here.feed.book(symbol);
    await settled(here.feed.release(symbol, 'a'));
    await settled(here.feed.carry(symbol, 'a'));
    await here.until('it is asked for again', () => asked === 2);
    letGo();
    await here.until('its book is whole', () => here.feed.book(symbol)?.valid === true);
    await here.pass(500);
    expect(snapshots(here)).toBe(1);
    expect(quoted.filter((book) => book === first)).toEqual([]);
    expect(new Set(quoted)).toEqual(new Set([here.feed.book(symbol)]));
  });
});
