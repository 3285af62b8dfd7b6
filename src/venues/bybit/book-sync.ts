import { APPLIED, type BookSync, type BookSyncOutcome, BUFFERED, IGNORED } from '#core/market/book-sync.ts';
import { type BookScales, BookWriter } from '#core/market/book-writer.ts';
import type { OrderBook } from '#core/market/order-book.ts';
import type { BookChange } from '#core/market/scanned-message.ts';

/**
 * Local book of Bybit (V5 documentation, "Orderbook"): the subscription begins with a snapshot, deltas follow, and a snapshot at any time replaces
 * the book (`u` 1: the venue's service has restarted). The pages do not promise that `u` rises by one; on every recorded frame it does, so anything
 * else is taken as a gap and answered by a new subscription. The same `u` again is a repetition.
 */
export class BybitBookSync implements BookSync {
  readonly #writer: BookWriter;
  #live = false;
  /** A resync was asked for, and its snapshot has not come. */
  #asked = false;
  #reason = 'delta before any snapshot';

  constructor(symbol: string, scales: BookScales) {
    this.#writer = new BookWriter(symbol, scales);
  }

  get book(): OrderBook {
    return this.#writer.book;
  }

  onMessage(message: BookChange): BookSyncOutcome {
    try {
      return message.isSnapshot ? this.#onSnapshot(message) : this.#onDelta(message);
    } catch (error) {
      this.invalidate('a level could not be read');
      throw error;
    }
  }

  invalidate(reason: string): void {
    this.#writer.drop();
    this.#live = false;
    this.#asked = false;
    this.#reason = reason;
  }

  rescale(scales: BookScales): void {
    try {
      this.#writer.rescale(scales);
    } catch (error) {
      this.invalidate('a level does not fit the scale');
      throw error;
    }
  }

  #onSnapshot(snapshot: BookChange): BookSyncOutcome {
    const { lastSequence } = snapshot;
    if (this.#live && lastSequence === this.book.sequence && lastSequence !== 1) return IGNORED;
    return this.#write(snapshot);
  }

  #onDelta(delta: BookChange): BookSyncOutcome {
    if (!this.#live) {
      // Nothing is kept: the snapshot comes on this same stream, after it.
      if (this.#asked) return BUFFERED;
      return this.#lose(this.#reason);
    }
    const { sequence } = this.book;
    if (delta.lastSequence === sequence) return IGNORED;
    if (delta.lastSequence !== sequence + 1) return this.#lose(`gap: u=${delta.lastSequence} after u=${sequence}`);
    return this.#write(delta);
  }

  #write(message: BookChange): BookSyncOutcome {
    if (!this.#writer.write(message)) return this.#lose('crossed');
    this.#live = true;
    this.#asked = false;
    this.book.valid = true;
    return APPLIED;
  }

  #lose(reason: string): BookSyncOutcome {
    this.invalidate(reason);
    this.#asked = true;
    return { kind: 'resync', need: 'resubscribe', reason };
  }
}
