import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { OrderBook } from '#core/market/order-book.ts';
import type { Price, Size } from '#core/market/scaled-decimal.ts';
import { ENTRY_FEATURES } from '#core/strategies/entry-features.ts';
import { EntryFilter } from '#core/strategies/entry-filter.ts';
import { ENTRY_FILTER_MODEL, type EntryFilterModel, modelHash } from '#core/strategies/entry-filter-model.ts';
import type { MonoNanos } from '#core/time/clock.ts';

/** Nothing so small that a product of it loses bits by itself: no training gives such. */
const number = fc
  .double({ min: -50, max: 50, noNaN: true, noDefaultInfinity: true })
  .map((value) => (Math.abs(value) < 1e-200 ? 0 : value));

const model: fc.Arbitrary<EntryFilterModel> = fc
  .shuffledSubarray([...ENTRY_FEATURES], { minLength: 1 })
  .chain((features) =>
    fc.record({
      version: fc.constant(1 as const),
      features: fc.constant(features),
      means: fc.array(number, { minLength: features.length, maxLength: features.length }),
      scales: fc.array(fc.double({ min: 1e-3, max: 1e3, noNaN: true }), {
        minLength: features.length,
        maxLength: features.length,
      }),
      coefficients: fc.array(number, { minLength: features.length, maxLength: features.length }),
      intercept: number,
      threshold: number,
    }),
  );

const market = fc.array(
  fc.record({
    move: fc.integer({ min: -20, max: 20 }),
    spread: fc.integer({ min: 1, max: 9 }),
    bid: fc.integer({ min: 1, max: 5_000 }),
    ask: fc.integer({ min: 1, max: 5_000 }),
    trade: fc.option(fc.record({ buys: fc.boolean(), size: fc.integer({ min: 1, max: 900 }) })),
  }),
  { minLength: 40, maxLength: 80 },
);

type Market = typeof market extends fc.Arbitrary<infer Value> ? Value : never;

function judge(of: EntryFilterModel, seen: Market): { logit: number; declines: string | null; hash: string } {
  const filter = new EntryFilter(of);
  const book = new OrderBook('BTCUSDT');
  let middle = 600_000;
  for (const { move, spread, bid, ask, trade } of seen) {
    middle += move;
    book.clear();
    book.set('buy', middle as Price, bid as Size);
    book.set('sell', (middle + spread) as Price, ask as Size);
    filter.features.onBook(book);
    if (trade !== null) filter.features.onTrade(trade.buys ? 'buy' : 'sell', trade.size, 0 as MonoNanos);
  }
  for (let count = 0; count < 16; count += 1) filter.features.onTrade('buy', 1, 0 as MonoNanos);
  const declines = filter.declines('sell', { style: 'take', strength: 1.75 }, 0 as MonoNanos);
  return { logit: filter.logit, declines, hash: filter.hash };
}

function reordered(of: EntryFilterModel, order: readonly number[]): EntryFilterModel {
  const places = of.features.map((_, index) => index).sort((one, other) => (order[one] ?? 0) - (order[other] ?? 0));
  const by = <T>(list: readonly T[]): T[] => places.flatMap((place) => list.slice(place, place + 1));
  return {
    ...of,
    features: by(of.features),
    means: by(of.means),
    scales: by(of.scales),
    coefficients: by(of.coefficients),
  };
}

describe('a learned entry filter, whatever its model', () => {
  it('H16: the order of features in the file changes no bit', () => {
    fc.assert(
      fc.property(model, market, fc.array(fc.nat(), { minLength: 8, maxLength: 8 }), (of, seen, order) => {
        expect(judge(reordered(of, order), seen)).toEqual(judge(of, seen));
      }),
      { numRuns: 200 },
    );
  });

  it('H16: scales and coefficients that grow together by a power of two change no bit', () => {
    fc.assert(
      fc.property(model, market, fc.constantFrom(0.25, 0.5, 2, 8, 1_024), (of, seen, factor) => {
        const scaled = {
          ...of,
          scales: of.scales.map((each) => each * factor),
          coefficients: of.coefficients.map((each) => each * factor),
        };
        expect(judge(scaled, seen).logit).toBe(judge(of, seen).logit);
      }),
      { numRuns: 200 },
    );
  });

  it('H16: a model that went through a file judges as before, bit for bit', () => {
    fc.assert(
      fc.property(model, market, (of, seen) => {
        const read = ENTRY_FILTER_MODEL.parse(JSON.parse(JSON.stringify(of)));
        expect(modelHash(read)).toBe(modelHash(of));
        const [one, other] = [judge(read, seen), judge(of, seen)];
        expect(one.declines).toBe(other.declines);
        expect(one.logit === other.logit).toBe(true);
      }),
      { numRuns: 200 },
    );
  });

  it('H16: it passes exactly what reaches the threshold, and every logit is a number', () => {
    fc.assert(
      fc.property(model, market, (of, seen) => {
        const { logit, declines } = judge(of, seen);
        expect(Number.isFinite(logit)).toBe(true);
        expect(declines === null).toBe(logit >= of.threshold);
      }),
      { numRuns: 200 },
    );
  });
});
