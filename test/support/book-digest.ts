import { createHash } from 'node:crypto';
import type { BookScales } from '#core/market/book-writer.ts';
import type { OrderBook } from '#core/market/order-book.ts';
import { formatScaled } from '#core/market/scaled-decimal.ts';

/** A whole book as `price:size` texts, best first. */
export function bookTexts(book: OrderBook, scales: BookScales): { readonly bids: string[]; readonly asks: string[] } {
  const side = (name: 'buy' | 'sell'): string[] =>
    book
      .levels(name)
      .map(([price, size]) => `${formatScaled(price, scales.priceScale)}:${formatScaled(size, scales.sizeScale)}`);
  return { bids: side('buy'), asks: side('sell') };
}

/** The digest of the known answers: sha256 of the bids joined by `|`, then `#`, then the asks. */
export function bookDigest(book: OrderBook, scales: BookScales): string {
  const { bids, asks } = bookTexts(book, scales);
  return createHash('sha256')
    .update(`${bids.join('|')}#${asks.join('|')}`)
    .digest('hex');
}
