import { APPLIED, type BookSync, type BookSyncOutcome, BUFFERED } from '#core/market/book-sync.ts';
import { type BookScales, BookWriter } from '#core/market/book-writer.ts';
import type { OrderBook } from '#core/market/order-book.ts';
import type { BookChange } from '#core/market/scanned-message.ts';

/**
 * The book of an equity: Alpaca has no order book feed for them, so each quote is the whole of it, one level a side. There is no sequence to break; what is lost
 * is mended by the next quote. A quote without a bid or an offer, or a crossed one, is no book that can be quoted: it is waited out, since asking for
 * a new subscription would bring no other.
 */
export class AlpacaBookSync implements BookSync {
  readonly #writer: BookWriter;

  constructor(symbol: string, scales: BookScales) {
    this.#writer = new BookWriter(symbol, scales);
  }

  get book(): OrderBook {
    return this.#writer.book;
  }

  onMessage(message: BookChange): BookSyncOutcome {
    // Only quotes make books here, and a quote is whole.
    if (!message.isSnapshot) return BUFFERED;
    const uncrossed = this.#writer.write(message);
    if (!uncrossed || this.book.depth('buy') === 0 || this.book.depth('sell') === 0) {
      this.#writer.drop();
      return BUFFERED;
    }
    this.book.valid = true;
    return APPLIED;
  }

  invalidate(_reason: string): void {
    this.#writer.drop();
  }

  rescale(scales: BookScales): void {
    try {
      this.#writer.rescale(scales);
    } catch (error) {
      this.#writer.drop();
      throw error;
    }
  }
}
