import { describe, expect, it } from 'vitest';
import { hasReduceOnly, VENUES } from '#core/market/instrument.ts';
import { holdsStops, VENUE_ABILITIES } from '#core/orders/venue-abilities.ts';
import { venues } from '#venues/venues.ts';

describe.each(VENUES)('what lanes count on of %s', (venue) => {
  const { supports } = venues[venue];

  it('H1: is what its client does', () => {
    expect(VENUE_ABILITIES[venue].amend).toBe(supports.amend);
    for (const kind of VENUE_ABILITIES[venue].stopsOn) expect(supports.instruments).toContain(kind);
  });

  it('F24: a stop is left to it only where it takes reduce-only stop orders', () => {
    const kinds = supports.instruments.filter((kind) => holdsStops(venue, kind));
    if (kinds.length > 0)
      expect([supports.reduceOnly, supports.orderTypes.includes('stopMarket')]).toEqual([true, true]);
    for (const kind of kinds) expect(hasReduceOnly(kind)).toBe(true);
  });
});
