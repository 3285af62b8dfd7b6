import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Side } from '#core/market/market-message.ts';
import { OrderBook } from '#core/market/order-book.ts';
import { canonicalDecimal, formatScaled, type Price, parseScaled, type Size } from '#core/market/scaled-decimal.ts';
import type { ScannedLevels } from '#core/market/scanned-message.ts';

/** The book as one would write it without care for speed. */
class NaiveBook {
  readonly buy = new Map<number, number>();
  readonly sell = new Map<number, number>();

  set(side: Side, price: number, size: number): void {
    if (size === 0) this[side].delete(price);
    else this[side].set(price, size);
  }

  levels(side: Side): [number, number][] {
    const best = side === 'buy' ? -1 : 1;
    return [...this[side]].sort(([a], [b]) => best * (a - b));
  }
}

const change = fc.record({
  side: fc.constantFrom<Side>('buy', 'sell'),
  price: fc.oneof(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER })),
  size: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 1_000_000 })),
});

const MIDDLE = 1_000_000;
/** Near the middle as in a market, far from it, and jumps of the whole market. */
const wide = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: MIDDLE - 60, max: MIDDLE + 60 }) },
  { weight: 3, arbitrary: fc.integer({ min: MIDDLE - 40_000, max: MIDDLE + 40_000 }) },
  { weight: 1, arbitrary: fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }) },
);
/** Steps of a ladder: prices are multiples of them, or all but some are, or hardly one is. */
const steps = fc.constantFrom(1, 4, 25, 100);
const GRID = 100;

const stretch = fc
  .record({
    side: fc.constantFrom<Side>('buy', 'sell'),
    order: fc.constantFrom('up', 'down', 'any'),
    /** As before a snapshot. */
    clears: fc.nat({ max: 9 }).map((share) => share === 0),
    /** How many of a hundred prices stand on the grid. */
    gridded: fc.constantFrom(0, 97, 100),
    levels: fc.array(fc.tuple(wide, fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 99 }))), { maxLength: 90 }),
  })
  .map(({ gridded, levels, ...rest }) => ({
    ...rest,
    levels: levels.map(([price, size]): [number, number] => [price % 100 < gridded ? onGrid(price) : price, size]),
  }));

function onGrid(price: number): number {
  const away = price - MIDDLE;
  return Math.abs(away) <= 9_000 ? MIDDLE + away * GRID : Math.max(1, Math.floor(price / GRID)) * GRID;
}

function scanned(order: string, levels: readonly (readonly [number, number])[]): ScannedLevels {
  const sorted = order === 'any' ? levels : levels.toSorted(([a], [b]) => (order === 'up' ? a - b : b - a));
  return {
    prices: Float64Array.from(sorted, ([price]) => price),
    sizes: Float64Array.from(sorted, ([, size]) => size),
    count: sorted.length,
  };
}

describe('order book against a naive model', () => {
  test('every sequence of changes leads to the same levels, tops and depths', () => {
    fc.assert(
      fc.property(fc.array(change, { maxLength: 300 }), fc.nat({ max: 20 }), steps, (changes, depth, step) => {
        const book = new OrderBook('BTCUSDT', step);
        const naive = new NaiveBook();
        for (const { side, price, size } of changes) {
          book.set(side, price as Price, size as Size);
          naive.set(side, price, size);
        }
        for (const side of ['buy', 'sell'] as const) {
          const expected = naive.levels(side);
          expect(book.levels(side)).toEqual(expected);
          expect(book.levels(side, depth)).toEqual(expected.slice(0, depth));
          expect(book.depth(side)).toBe(expected.length);
        }
        const [bid] = naive.levels('buy');
        const [ask] = naive.levels('sell');
        expect([book.bidPrice, book.bidSize]).toEqual(bid ?? [0, 0]);
        expect([book.askPrice, book.askSize]).toEqual(ask ?? [0, 0]);
        expect(book.crossed).toBe(bid !== undefined && ask !== undefined && bid[0] >= ask[0]);
      }),
    );
  });

  test('a message applied at once leads to the same book as its levels one by one, sorted or not, near the best price or far', () => {
    fc.assert(
      fc.property(fc.array(stretch, { maxLength: 25 }), steps, (messages, step) => {
        const [merged, single] = [new OrderBook('BTCUSDT', step), new OrderBook('BTCUSDT', step)];
        const naive = new NaiveBook();
        for (const { side, order, clears, levels } of messages) {
          if (clears) {
            for (const book of [merged, single]) book.clear();
            for (const each of [naive.buy, naive.sell]) each.clear();
          }
          const { prices, sizes, count } = scanned(order, levels);
          merged.setAll(side, { prices, sizes, count });
          for (const [index, price] of prices.entries()) {
            single.set(side, price as Price, sizes[index] as Size);
            naive.set(side, price, sizes[index] ?? 0);
          }
          const expected = naive.levels(side);
          expect(merged.levels(side)).toEqual(expected);
          expect(single.levels(side)).toEqual(expected);
          const [best] = expected;
          const top = side === 'buy' ? [merged.bidPrice, merged.bidSize] : [merged.askPrice, merged.askSize];
          expect(top).toEqual(best ?? [0, 0]);
        }
      }),
    );
  });

  test('a level is found by its rank and by its price, near the best price and far', () => {
    fc.assert(
      fc.property(fc.array(stretch, { maxLength: 6 }), steps, (messages, step) => {
        const book = new OrderBook('BTCUSDT', step);
        for (const { side, order, levels } of messages) book.setAll(side, scanned(order, levels));
        for (const side of ['buy', 'sell'] as const) {
          const levels = book.levels(side);
          expect(levels.map((_, rank) => [book.priceAt(side, rank), book.sizeAt(side, rank)])).toEqual(levels);
          expect(levels.map(([price]) => book.sizeOf(side, price))).toEqual(levels.map(([, size]) => size));
          expect([book.priceAt(side, levels.length), book.sizeAt(side, levels.length)]).toEqual([0, 0]);
          const absent = levels.map(([price]) => price + 1).filter((price) => !levels.some(([each]) => each === price));
          expect(absent.map((price) => book.sizeOf(side, price as Price))).toEqual(absent.map(() => 0));
        }
      }),
    );
  });

  test('finer scales leave the same levels, or nothing is changed', () => {
    fc.assert(
      fc.property(
        stretch,
        fc.constantFrom(1, 10, 1_000),
        fc.constantFrom(1, 100),
        steps,
        (message, byPrice, bySize, step) => {
          const book = new OrderBook('BTCUSDT', step);
          book.setAll(message.side, scanned(message.order, message.levels));
          const before = book.levels(message.side);
          const expected = before.map(([price, size]) => [price * byPrice, size * bySize]);
          if (expected.every(([price = 0]) => Number.isSafeInteger(price))) {
            book.rescale(byPrice, bySize);
            expect(book.levels(message.side)).toEqual(expected);
          } else {
            expect(() => book.rescale(byPrice, bySize)).toThrow(/^DECIMAL_RANGE/);
            expect(book.levels(message.side)).toEqual(before);
          }
        },
      ),
    );
  });

  test('decimals: what is written is read back, and canonical text is the same number', () => {
    fc.assert(
      fc.property(fc.maxSafeInteger(), fc.nat({ max: 15 }), fc.nat({ max: 3 }), (value, scale, zeros) => {
        const text = formatScaled(value, scale);
        expect(canonicalDecimal(text)).toBe(text);
        expect(parseScaled(text, scale)).toBe(value === 0 ? 0 : value);
        const padded = text.includes('.') ? `${text}${'0'.repeat(zeros)}` : text;
        expect(canonicalDecimal(padded)).toBe(text);
        expect(parseScaled(padded, scale)).toBe(value === 0 ? 0 : value);
      }),
    );
  });
});
