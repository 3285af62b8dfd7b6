import { APPLIED, type BookSync, type BookSyncOutcome, BUFFERED, IGNORED } from '#core/market/book-sync.ts';
import { type BookScales, BookWriter } from '#core/market/book-writer.ts';
import type { OrderBook } from '#core/market/order-book.ts';
import type { BookChange } from '#core/market/scanned-message.ts';

/** What the sequence numbers of a venue promise whose stream begins each book with a snapshot. `sequence`: of the last message applied. */
export interface SnapshotStreamRule {
  /** The word for a change, for reasons. */
  readonly change: string;
  /** The book holds the snapshot already, or what came after it. */
  isOldSnapshot(snapshot: BookChange, sequence: number): boolean;
  /** The book holds the change already. */
  isRepeated(change: BookChange, sequence: number): boolean;
  /** Why the change does not follow the last message; null: it does. */
  gap(change: BookChange, sequence: number): string | null;
}

/** Local book of a stream that begins with a snapshot, goes on with changes, and is asked for anew after a gap. */
export class SnapshotBookSync implements BookSync {
  readonly #rule: SnapshotStreamRule;
  readonly #writer: BookWriter;
  #live = false;
  /** A resync was asked for, and its snapshot has not come. */
  #asked = false;
  #reason: string;

  constructor(symbol: string, scales: BookScales, rule: SnapshotStreamRule) {
    this.#rule = rule;
    this.#writer = new BookWriter(symbol, scales);
    this.#reason = `${rule.change} before any snapshot`;
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

  #onSnapshot(snapshot: BookChange): BookSyncOutcome {
    if (this.#live && this.#rule.isOldSnapshot(snapshot, this.book.sequence)) return IGNORED;
    return this.#write(snapshot);
  }

  #onChange(change: BookChange): BookSyncOutcome {
    if (!this.#live) {
      // Nothing is kept: the snapshot comes on this same stream, after it.
      if (this.#asked) return BUFFERED;
      return this.#lose(this.#reason);
    }
    const { sequence } = this.book;
    if (this.#rule.isRepeated(change, sequence)) return IGNORED;
    const gap = this.#rule.gap(change, sequence);
    return gap === null ? this.#write(change) : this.#lose(gap);
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
