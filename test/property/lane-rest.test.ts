import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BEGINNING, CarelessVenue, carelessStep } from '../support/careless-venue.ts';
import { laneConfiguration } from '../support/lane-world.ts';

describe('a lane that is left alone after anything', () => {
  const base = laneConfiguration();
  const moving = laneConfiguration({
    protection: { takeProfit: 'following' },
    strategy: { ...base.strategy, takeTicks: 1_000, repegTicks: 1, restMs: 20_000 },
  });

  it.each([
    ['the engine holds the stop', base],
    ['the venue holds the stop, and what rests is amended', moving],
  ])(
    'H2, H3, H7, F14, F24: comes to rest flat where %s, with no order of its own alive and none in doubt, and holds what the venue holds',
    (_where, configuration) => {
      let amended = 0;
      let stops = 0;
      fc.assert(
        fc.property(fc.array(carelessStep, { minLength: 5, maxLength: 60, size: 'max' }), (steps) => {
          const venue = new CarelessVenue(configuration);
          for (const each of [...BEGINNING, ...steps]) venue.take(each);
          venue.leaveAlone();
          const { lane } = venue.world;
          expect(lane.position.size, 'what the venue holds').toBe(venue.position);
          expect(lane.quiet, 'nothing in doubt').toBe(true);
          expect(
            venue.orders.filter((order) => order.lives).map((order) => order.intent.purpose),
            'orphans',
          ).toEqual([]);
          expect(lane.position.size, 'protection closed it').toBe(0);
          expect(['Idle', 'Halted']).toContain(lane.state);
          amended += venue.world.amended.length;
          stops += venue.orders.filter(({ intent }) => intent.type === 'stopMarket').length;
        }),
        { numRuns: 150 },
      );
      expect([amended > 100, stops > 100], `${amended} amended, ${stops} stops`).toEqual([
        configuration === moving,
        configuration === moving,
      ]);
    },
  );
});
