import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Side } from '#core/market/market-message.ts';
import { OrderBook } from '#core/market/order-book.ts';
import { canonicalDecimal, formatScaled, type Price, parseScaled, type Size } from '#core/market/scaled-decimal.ts';

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

describe('order book against a naive model', () => {
  test('every sequence of changes leads to the same levels, tops and depths', () => {
    fc.assert(
      fc.property(fc.array(change, { maxLength: 300 }), fc.nat({ max: 20 }), (changes, depth) => {
        const book = new OrderBook('BTCUSDT');
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
