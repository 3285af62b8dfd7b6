import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { VENUES } from '#core/market/instrument.ts';
import { venues } from '#venues/venues.ts';
import { cardTitle } from './card.ts';
import { openContractWorld } from './contract-world.ts';
import { MARKET_CARDS } from './market-cards.ts';
import { ORDER_CARDS } from './order-cards.ts';
import { ORDER_FAULT_CARDS } from './order-fault-cards.ts';
import { QUERY_CARDS } from './query-cards.ts';

const CARDS = [...MARKET_CARDS, ...ORDER_CARDS, ...ORDER_FAULT_CARDS, ...QUERY_CARDS];

describe.each(VENUES)('T9: the contract of a venue: %s', (venueId) => {
  for (const card of CARDS) {
    const exempt = card.exempt?.(venues[venueId]) ?? null;
    if (exempt !== null) continue;
    it(cardTitle(card), async () => {
      const world = await openContractWorld(venueId, card.hastened);
      try {
        await card.run(world);
        expect(world.server.stats().errors).toEqual([]);
      } finally {
        await world.close();
      }
    });
  }
});

describe('the cards', () => {
  it('have numbers of their own, and stand in the guide for new venues word for word', () => {
    expect(new Set(CARDS.map((each) => each.number)).size).toBe(CARDS.length);
    const guide = readFileSync(new URL('../../docs/adding-a-venue.md', import.meta.url), 'utf8');
    for (const card of CARDS) expect(guide).toContain(`- ${cardTitle(card)}`);
  });
});
