import { APPLIED, type BookSync, type BookSyncOutcome, BUFFERED, IGNORED } from '#core/market/book-sync.ts';
import { type BookScales, BookWriter } from '#core/market/book-writer.ts';
import type { OrderBook } from '#core/market/order-book.ts';
import { type BookChange, keepBookChange } from '#core/market/scanned-message.ts';

/** Diffs that may wait for a snapshot: 100 s at one each 100 ms. Past it the oldest goes, and a snapshot older than the rest will be refused. */
const MAX_BUFFERED = 1_000;
/** So many old diffs one after the other mean that the stream has gone back behind the book, not that a snapshot was ahead of it. */
const MAX_IGNORED = 1_000;

/** What a market's sequence numbers promise. `sequence`: of the last change applied, or of the snapshot. */
export interface SequenceRule {
  /** The snapshot holds the diff already. */
  isOlder(diff: BookChange, sequence: number): boolean;
  /** The diff is the first one after the snapshot. */
  joins(diff: BookChange, sequence: number): boolean;
  /** The book holds the diff already. */
  isRepeated(diff: BookChange, sequence: number): boolean;
  /** Why the diff does not follow the last one; null: it does. */
  gap(diff: BookChange, sequence: number): string | null;
}

/**
 * Local book of a Binance market: buffer the diffs, fetch a snapshot, drop what it holds, apply the rest by the market's rule; else start over.
 * A snapshot alone is not valid: the stream must have spoken since the connection began, and must join it.
 */
export class BinanceBookSync implements BookSync {
  readonly #rule: SequenceRule;
  readonly #writer: BookWriter;
  #state: 'waiting' | 'joining' | 'live' = 'waiting';
  /** A resync was asked for, and its snapshot has not come. */
  #asked = false;
  #buffer: BookChange[] = [];
  #ignored = 0;
  #reason = 'no snapshot yet';

  constructor(symbol: string, scales: BookScales, rule: SequenceRule) {
    this.#rule = rule;
    this.#writer = new BookWriter(symbol, scales);
  }

  get book(): OrderBook {
    return this.#writer.book;
  }

  onMessage(message: BookChange): BookSyncOutcome {
    try {
      return message.isSnapshot ? this.#onSnapshot(message) : this.#onDiff(message);
    } catch (error) {
      this.invalidate('a level could not be read');
      throw error;
    }
  }

  invalidate(reason: string): void {
    this.#writer.drop();
    this.#state = 'waiting';
    this.#asked = false;
    this.#buffer = [];
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

  #onDiff(diff: BookChange): BookSyncOutcome {
    if (this.#state === 'waiting') return this.#buffered(diff);
    const { sequence } = this.book;
    if (this.#state === 'joining') {
      if (this.#rule.isOlder(diff, sequence)) return this.#old();
      if (!this.#rule.joins(diff, sequence)) {
        return this.#lose(`diff U=${diff.firstSequence} does not join the snapshot`, diff);
      }
    } else {
      if (this.#rule.isRepeated(diff, sequence)) return this.#old();
      const gap = this.#rule.gap(diff, sequence);
      if (gap !== null) return this.#lose(gap, diff);
    }
    if (!this.#writer.write(diff)) return this.#lose('crossed');
    this.#state = 'live';
    this.#ignored = 0;
    this.book.valid = true;
    return APPLIED;
  }

  #onSnapshot(snapshot: BookChange): BookSyncOutcome {
    const { lastSequence } = snapshot;
    if (this.#state !== 'waiting' && lastSequence <= this.book.sequence) return IGNORED;
    const streamSpoke = this.#state === 'waiting' ? this.#buffer.length > 0 : this.book.valid;
    const diffs = this.#buffer.filter((diff) => !this.#rule.isOlder(diff, lastSequence));
    const first = diffs[0];
    if (first !== undefined && !this.#rule.joins(first, lastSequence)) {
      this.#asked = true;
      return resync(`snapshot ${lastSequence} is older than the stream, U=${first.firstSequence}`);
    }
    this.#buffer = [];
    this.#asked = false;
    this.#state = 'joining';
    this.#ignored = 0;
    this.book.valid = false;
    if (!this.#writer.write(snapshot)) return this.#lose('crossed');
    for (const [index, diff] of diffs.entries()) {
      const outcome = this.#onDiff(diff);
      if (outcome.kind !== 'resync') continue;
      // What follows the break is the beginning of the next try.
      for (const later of diffs.slice(index + 1)) this.#onDiff(later);
      return outcome;
    }
    this.book.valid = streamSpoke;
    return streamSpoke ? APPLIED : BUFFERED;
  }

  #buffered(diff: BookChange): BookSyncOutcome {
    if (this.#buffer.length >= MAX_BUFFERED) this.#buffer.shift();
    this.#buffer.push(keepBookChange(diff));
    if (this.#asked) return BUFFERED;
    this.#asked = true;
    return resync(this.#reason);
  }

  #old(): BookSyncOutcome {
    this.#ignored += 1;
    return this.#ignored > MAX_IGNORED ? this.#lose('the stream is behind the book') : IGNORED;
  }

  #lose(reason: string, diff?: BookChange): BookSyncOutcome {
    this.invalidate(reason);
    if (diff !== undefined) this.#buffer.push(keepBookChange(diff));
    this.#asked = true;
    return resync(reason);
  }
}

function resync(reason: string): BookSyncOutcome {
  return { kind: 'resync', need: 'restSnapshot', reason };
}
