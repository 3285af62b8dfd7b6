import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { POLICY } from '#core/config/policy.ts';
import type { UnitRef } from '#core/control/unit.ts';
import { allotmentOf } from '#core/risk/allotment.ts';
import { RiskBook } from '#core/risk/risk-book.ts';
import { BEGINNING, CarelessVenue, carelessStep } from '../support/careless-venue.ts';
import { laneConfiguration } from '../support/lane-world.ts';

const UNIT: UnitRef = { account: 'main', mode: 'paper', venue: 'binance-usdm' };
const SYMBOLS = ['BTCUSDT', 'ETHUSDT', 'SOLUSDT'] as const;
/** Lanes that amend what rests, and whose stops the venue holds. */
const base = laneConfiguration();
const LANES = SYMBOLS.map((symbol) =>
  laneConfiguration({
    name: symbol.toLowerCase(),
    symbol,
    protection: { takeProfit: 'following' },
    strategy: { ...base.strategy, takeTicks: 1_000, repegTicks: 1, restMs: 20_000 },
  }),
);
/** Worth two entries of three. */
const MAX_EXPOSURE = 1_250;

function unitOf(): { readonly book: RiskBook; readonly lanes: readonly CarelessVenue[] } {
  const policy = POLICY.parse({ version: 1, budgets: [{ name: 'all', mode: 'paper', maxExposure: MAX_EXPOSURE }] });
  const parts = allotmentOf(
    policy,
    SYMBOLS.map((symbol) => ({ ...UNIT, symbol })),
    UNIT,
  );
  const book = new RiskBook(policy, parts);
  return { book, lanes: LANES.map((configuration) => new CarelessVenue(configuration, book)) };
}

/** What a lane can come to at its venue: what is held, and what of its entries can still fill; in quote currency. */
function worstOf({ orders, position, world }: CarelessVenue): number {
  const rest = (side: 'buy' | 'sell') =>
    orders
      .filter(({ lives, intent }) => lives && !intent.reduceOnly && intent.side === side)
      .reduce((sum, { size, filled }) => sum + size - filled, 0);
  return (Math.max(Math.abs(position), position + rest('buy'), rest('sell') - position) / 1e3) * (world.middle / 10);
}

/** Steps of one lane after the other, as they come. Trades by hand are nobody's to limit, nor is what the venue says it has refused. */
const steps = fc.array(
  fc.record({
    lane: fc.nat(SYMBOLS.length - 1),
    step: carelessStep.filter(
      (step) => step.kind !== 'byHand' && step.kind !== 'drain' && !(step.kind === 'answer' && step.say === 'rejected'),
    ),
  }),
  { minLength: 20, maxLength: 150, size: 'max' },
);

describe('several lanes of a unit that amend what rests, on one book of limits', () => {
  it('H12, F6: together never come to more than the unit may, in whatever order their inputs come', () => {
    let refused = 0;
    let amended = 0;
    fc.assert(
      fc.property(steps, fc.shuffledSubarray([0, 1, 2], { minLength: 3 }), (drawn, first) => {
        const { lanes } = unitOf();
        const look = () =>
          expect(lanes.reduce((sum, lane) => sum + worstOf(lane), 0)).toBeLessThanOrEqual(MAX_EXPOSURE * 1.003);
        for (const index of first) {
          for (const each of BEGINNING) lanes[index]?.take(each);
          look();
        }
        for (const { lane, step } of drawn) {
          lanes[lane]?.take(step);
          look();
        }
        for (const { world } of lanes) {
          refused += world.lane.denials.get('UNIT_EXPOSURE_LIMIT') ?? 0;
          amended += world.amended.length;
        }
      }),
      { numRuns: 80 },
    );
    expect(refused).toBeGreaterThan(50);
    expect(amended).toBeGreaterThan(80);
  });

  it('H2, H9: each lane comes to rest with its own position, whatever the others did meanwhile', () => {
    fc.assert(
      fc.property(steps, (drawn) => {
        const { lanes, book } = unitOf();
        for (const lane of lanes) for (const each of BEGINNING) lane.take(each);
        for (const { lane, step } of drawn) lanes[lane]?.take(step);
        for (const lane of lanes) {
          lane.leaveAlone();
          expect(lane.world.lane.position.size, lane.world.lane.name).toBe(lane.position);
          expect(lane.orders.filter(({ lives }) => lives)).toEqual([]);
        }
        expect(book.exposure).toBe(0);
        expect(book.openOrders).toBe(0);
      }),
      { numRuns: 25 },
    );
  });
});
