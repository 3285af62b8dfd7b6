import { describe, expect, test } from 'vitest';
import { OrderBook } from '#core/market/order-book.ts';
import type { Price, Size } from '#core/market/scaled-decimal.ts';

const price = (value: number) => value as Price;
const size = (value: number) => value as Size;

describe('order book', () => {
  test('an empty book has no top and is not valid', () => {
    const book = new OrderBook('BTCUSDT');

    expect([book.bidPrice, book.bidSize, book.askPrice, book.askSize, book.depth('buy')]).toEqual([0, 0, 0, 0, 0]);
    expect(book.valid).toBe(false);
    expect(book.crossed).toBe(false);
    expect(book.priceAt('buy', 0)).toBe(0);
  });

  test('sides stand best first, whatever order levels come in', () => {
    const book = new OrderBook('BTCUSDT');
    for (const [bid, ask] of [
      [98, 103],
      [100, 101],
      [99, 102],
    ]) {
      book.set('buy', price(bid ?? 0), size(1));
      book.set('sell', price(ask ?? 0), size(2));
    }

    expect(book.levels('buy').map(([at]) => at)).toEqual([100, 99, 98]);
    expect(book.levels('sell').map(([at]) => at)).toEqual([101, 102, 103]);
    expect(book.levels('sell', 1)).toEqual([[101, 2]]);
    expect([book.bidPrice, book.askPrice]).toEqual([100, 101]);
  });

  test('size 0 deletes, and deleting an absent level is normal', () => {
    const book = new OrderBook('BTCUSDT');
    book.set('buy', price(100), size(1));
    book.set('buy', price(99), size(1));

    book.set('buy', price(100), size(0));
    book.set('buy', price(12), size(0));
    book.set('sell', price(12), size(0));

    expect(book.levels('buy')).toEqual([[99, 1]]);
    expect(book.depth('sell')).toBe(0);
  });

  test('it grows past its first room and keeps every level', () => {
    const book = new OrderBook('BTCUSDT');
    for (let at = 5_000; at > 0; at -= 1) book.set('sell', price(at), size(at));

    expect(book.depth('sell')).toBe(5_000);
    expect(book.askPrice).toBe(1);
    expect(book.priceAt('sell', 4_999)).toBe(5_000);
    expect(book.sizeAt('sell', 2_499)).toBe(2_500);
  });

  test('R9: a side that grows without end is refused with an error, not kept', () => {
    const book = new OrderBook('BTCUSDT');
    const fill = () => {
      for (let at = 1; at <= 300_000; at += 1) book.set('buy', price(at), size(1));
    };

    expect(fill).toThrow(expect.objectContaining({ class: 'validation', code: 'BOOK_OVERFLOW' }));
    expect(book.depth('buy')).toBe(262_144);
  });

  test('a bid at or above the ask is crossed', () => {
    const book = new OrderBook('BTCUSDT');
    book.set('buy', price(100), size(1));
    expect(book.crossed).toBe(false);

    book.set('sell', price(100), size(1));
    expect(book.crossed).toBe(true);

    book.set('sell', price(100), size(0));
    book.set('sell', price(101), size(1));
    expect(book.crossed).toBe(false);
  });

  test('finer units change the integers alone; what would not stay exact is refused whole', () => {
    const book = new OrderBook('BTCUSDT');
    book.set('buy', price(618_002), size(5));
    book.set('buy', price(618_001), size(2 ** 50));

    expect(() => book.rescale(10, 100)).toThrow(expect.objectContaining({ code: 'DECIMAL_RANGE' }));
    expect(book.levels('buy')).toEqual([
      [618_002, 5],
      [618_001, 2 ** 50],
    ]);

    book.rescale(100, 2);
    expect(book.levels('buy')[0]).toEqual([61_800_200, 10]);
  });
});
