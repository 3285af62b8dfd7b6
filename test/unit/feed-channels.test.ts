import { afterEach, describe, expect, it } from 'vitest';
import { type FeedWorld, openFeedWorld } from '../support/feed-world.ts';

let world: FeedWorld | null = null;
afterEach(async () => {
  await world?.close();
  world = null;
});

describe('channels that a venue does not have', () => {
  it('are refused by name, and the others of the feed flow', async () => {
    world = await openFeedWorld({ venue: 'bybit-spot', channels: ['book', 'quotes', 'liquidations'] });
    const here = world;
    await here.until('every book is whole', () => here.feed.status().books.every(({ valid }) => valid));
    const refused = here.logged.filter((line) => line.startsWith('error subscription refused'));
    expect(refused.length).toBe(1);
    expect(refused[0]).toContain('"channel":"liquidations"');
  });
});
