import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { byCandle, type Candle, type PlacedTrade, type TradeBatch, withTrades } from '#core/market/candles.ts';
import { countOf, includes, type SequenceRanges, withRange } from '#core/market/sequence-ranges.ts';
import type { EpochMs } from '#core/time/clock.ts';

const START = 1_700_000_040_000 as EpochMs;

function trade(sequence: number, price: string, change: Partial<PlacedTrade> = {}): PlacedTrade {
  return { price, size: '0.1', exchangeTime: (START + sequence) as EpochMs, sequence, index: 0, ...change };
}

function batch(trades: readonly PlacedTrade[], origin = 'a'): TradeBatch {
  const first = Math.min(...trades.map((each) => each.sequence));
  const last = Math.max(...trades.map((each) => each.sequence));
  return { origin, examined: [[first, last]], trades };
}

function fold(batches: readonly TradeBatch[]): Candle | null {
  return batches.reduce<Candle | null>((candle, each) => withTrades(candle, START, each) ?? candle, null);
}

describe('candles', () => {
  test('T2: open, high, low, close, volume and count of the trades, exactly', () => {
    const candle = fold([
      batch([trade(1, '100.1'), trade(2, '100.3', { size: '0.2' }), trade(3, '99.95'), trade(4, '100')]),
    ]);
    expect(candle).toMatchObject({
      open: { price: '100.1' },
      high: '100.3',
      low: '99.95',
      close: { price: '100' },
      volume: '0.5',
      trades: 4,
    });
  });

  test('trades fall into the candle of the time that the venue gives them', () => {
    const trades = [
      trade(1, '1'),
      trade(2, '2', { exchangeTime: (START + 59_999) as EpochMs }),
      trade(3, '3', { exchangeTime: (START - 1) as EpochMs }),
    ];
    const minutes = byCandle(batch(trades), '1m');
    expect([...minutes].map(([start, part]) => [start, part.trades.length])).toEqual([
      [START, 2],
      [START - 60_000, 1],
    ]);
    expect([...byCandle(batch(trades), '1s').keys()]).toEqual([START, START + 59_000, START - 1_000]);
  });

  test('T4: trades that are in already leave nothing to write', () => {
    const first = batch([trade(1, '100'), trade(2, '101')]);
    const candle = fold([first]);
    expect(withTrades(candle, START, first)).toBeNull();
  });

  test('T4: in any order of arrival, with any repetition and overlap, the candle is the same', () => {
    const prices = fc.array(fc.integer({ min: 1, max: 1_000 }), { minLength: 1, maxLength: 40 });
    const cuts = fc.array(fc.tuple(fc.nat(39), fc.nat(39)), { maxLength: 12 });
    fc.assert(
      fc.property(prices, cuts, fc.boolean(), (numbers, pieces, isReversed) => {
        const trades = numbers.map((price, index) =>
          // Several trades of one instant; frames 3 and 4 of two trades each.
          trade(index + 1, String(price / 10), {
            exchangeTime: (START + Math.floor(index / 3)) as EpochMs,
            index: index % 2,
          }),
        );
        const once = fold([batch(trades)]);
        const parts = pieces
          .map(([a, b]) => trades.slice(Math.min(a, b), Math.max(a, b) + 1))
          .filter((part) => part.length > 0);
        const deliveries = [...parts, ...trades.map((each) => [each]), ...parts];
        const again = fold((isReversed ? deliveries.reverse() : deliveries).map((each) => batch(each)));
        expect(again).toEqual(once);
      }),
      { numRuns: 200 },
    );
  });

  test('several trades of one frame all count, once', () => {
    const both = batch([trade(1, '100'), trade(1, '101', { index: 1 })]);
    expect(fold([both, both])).toMatchObject({ trades: 2, volume: '0.2', close: { price: '101' } });
  });

  test('connections are kept apart by their identity', () => {
    expect(fold([batch([trade(1, '100')], 'a'), batch([trade(1, '100')], 'b')])).toMatchObject({ trades: 2 });
  });

  test('text that is no decimal is refused', () => {
    expect(() => fold([batch([trade(1, '1e5')])])).toThrow('DECIMAL_SYNTAX');
  });
});

describe('sequence ranges', () => {
  test('hold exactly what was put in, in the fewest runs', () => {
    const run = fc
      .tuple(fc.integer({ min: 1, max: 60 }), fc.nat(8))
      .map(([first, length]) => [first, first + length] as const);
    fc.assert(
      fc.property(fc.array(run, { maxLength: 20 }), (runs) => {
        const ranges = runs.reduce<SequenceRanges>(withRange, []);
        const all = new Set(
          runs.flatMap(([first, last]) => Array.from({ length: last - first + 1 }, (_, n) => first + n)),
        );
        for (let number = 0; number <= 70; number += 1) expect(includes(ranges, number)).toBe(all.has(number));
        expect(countOf(ranges)).toBe(all.size);
        for (let index = 1; index < ranges.length; index += 1)
          expect(ranges[index]?.[0]).toBeGreaterThan((ranges[index - 1]?.[1] ?? 0) + 1);
      }),
    );
  });
});
