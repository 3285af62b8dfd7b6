import type { Side } from '#core/market/market-message.ts';
import type { OrderBook } from '#core/market/order-book.ts';

/** Total size that a book has at a price; 0 where it has no such level. */
export function sizeAtPrice(book: OrderBook, side: Side, price: number): number {
  const sign = side === 'buy' ? -1 : 1;
  let low = 0;
  let high = book.depth(side);
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((book.priceAt(side, middle) - price) * sign < 0) low = middle + 1;
    else high = middle;
  }
  return book.priceAt(side, low) === price ? book.sizeAt(side, low) : 0;
}
