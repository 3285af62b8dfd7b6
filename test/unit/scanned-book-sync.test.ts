import { describe, expect, test } from 'vitest';
import type { EpochMs } from '#core/time/clock.ts';
import { BinanceUsdmBookSync } from '#venues/binance-usdm/book-sync.ts';
import { BybitBookSync } from '#venues/bybit/book-sync.ts';
import { ReusedBook } from '#venues/connection/scanned-values.ts';
import { bookTexts } from '../support/book-digest.ts';
import { snapshot } from '../support/book-message-builder.ts';

const SCALES = { priceScale: 2, sizeScale: 3 };

interface Change {
  readonly first: number;
  readonly last: number;
  readonly previous: number | null;
  readonly bid: readonly [price: number, size: number];
}

/** Writes a change into the arrays that the change before it used. */
function rewrite(book: ReusedBook, { first, last, previous, bid: [price, size] }: Change): ReusedBook {
  book.symbol = 'BTCUSDT';
  book.priceScale = SCALES.priceScale;
  book.sizeScale = SCALES.sizeScale;
  book.firstSequence = first;
  book.lastSequence = last;
  book.previousSequence = previous;
  book.exchangeTime = 1_723_161_256_298 as EpochMs;
  book.bids.prices[0] = price;
  book.bids.sizes[0] = size;
  book.bids.count = 1;
  return book;
}

describe('book syncs fed with scanned changes', () => {
  test('diffs that wait for their snapshot are kept as they were, though their arrays are used again', () => {
    const sync = new BinanceUsdmBookSync('BTCUSDT', SCALES);
    const book = new ReusedBook();
    sync.onMessage(rewrite(book, { first: 5, last: 9, previous: 4, bid: [10_000, 1_000] }));
    sync.onMessage(rewrite(book, { first: 10, last: 12, previous: 9, bid: [10_001, 2_000] }));

    expect(sync.onMessage(snapshot(7, { bids: [['99.98', '4']] }))).toEqual({ kind: 'applied' });

    expect(bookTexts(sync.book, SCALES).bids).toEqual(['100.01:2', '100:1', '99.98:4']);
  });

  test('the diff after a gap is kept as it was until the new snapshot comes', () => {
    const sync = new BinanceUsdmBookSync('BTCUSDT', SCALES);
    const book = new ReusedBook();
    sync.onMessage(snapshot(7, { bids: [['99.98', '4']] }));
    sync.onMessage(rewrite(book, { first: 6, last: 9, previous: 5, bid: [10_000, 1_000] }));
    const lost = sync.onMessage(rewrite(book, { first: 20, last: 22, previous: 19, bid: [10_001, 2_000] }));
    sync.onMessage(rewrite(book, { first: 23, last: 24, previous: 22, bid: [10_002, 3_000] }));

    expect(lost.kind).toBe('resync');
    expect(sync.onMessage(snapshot(21))).toEqual({ kind: 'applied' });
    expect(bookTexts(sync.book, SCALES).bids).toEqual(['100.02:3', '100.01:2']);
  });

  test.each([
    new BinanceUsdmBookSync('BTCUSDT', { priceScale: 3, sizeScale: 3 }),
    new BybitBookSync('BTCUSDT', { priceScale: 2, sizeScale: 4 }),
  ])('numbers of other scales than the book’s are refused, and the book is left invalid', (sync) => {
    const book = rewrite(new ReusedBook(), { first: 6, last: 8, previous: 7, bid: [10_000, 1_000] });
    sync.onMessage(snapshot(7));

    expect(() => sync.onMessage(book)).toThrow(
      expect.objectContaining({ class: 'validation', code: 'SCALE_MISMATCH' }),
    );
    expect(sync.book.valid).toBe(false);
    expect(sync.book.depth('buy')).toBe(0);
  });
});
