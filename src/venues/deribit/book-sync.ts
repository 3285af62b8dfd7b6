import { APPLIED, type BookSync, type BookSyncOutcome, BUFFERED, IGNORED } from '#core/market/book-sync.ts';
import { type BookScales, BookWriter } from '#core/market/book-writer.ts';
import type { OrderBook } from '#core/market/order-book.ts';
import type { BookChange } from '#core/market/scanned-message.ts';

/**
 * Local book of Deribit ("book.{instrument_name}.{interval}"): the subscription begins with a snapshot, and each change names the one before it; another one
 * is a gap, answered by a new subscription. A change that is not newer than the book is a repetition.
 */
export class DeribitBookSync implements BookSync {
  readonly #writer: BookWriter;
  #live = false;
  /** A resync was asked for, and its snapshot has not come. */
  #asked = false;
  #reason = 'change before any snapshot';

  constructor(symbol: string, scales: BookScales) {
    this.#writer = new BookWriter(symbol, scales);
  }

  get book(): OrderBook {
    return this.#writer.book;
  }

  onMessage(message: BookChange): BookSyncOutcome {
    try {
      return message.isSnapshot ? this.#onSnapshot(message) : this.#onChange(message);
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

  /** One that is older than the book belongs to a connection that is being replaced. */
  #onSnapshot(snapshot: BookChange): BookSyncOutcome {
    if (this.#live && snapshot.lastSequence <= this.book.sequence) return IGNORED;
    return this.#write(snapshot);
  }

  #onChange(change: BookChange): BookSyncOutcome {
    if (!this.#live) {
      // Nothing is kept: the snapshot comes on this same stream, after it.
      if (this.#asked) return BUFFERED;
      return this.#lose(this.#reason);
    }
    const { sequence } = this.book;
    if (change.lastSequence <= sequence) return IGNORED;
    if (change.previousSequence !== sequence) {
      return this.#lose(`gap: prev_change_id=${change.previousSequence} after change_id=${sequence}`);
    }
    return this.#write(change);
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
