import type { Side } from '#core/market/market-message.ts';
import type { OrderBook } from '#core/market/order-book.ts';
import type { Price } from '#core/market/scaled-decimal.ts';

/** Total size that a book has at a price; 0 where it has no such level. */
export function sizeAtPrice(book: OrderBook, side: Side, price: number): number {
  return book.sizeOf(side, price as Price);
}
