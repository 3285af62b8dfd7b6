import { messageOf } from '#core/errors.ts';
import type { BookSync } from '#core/market/book-sync.ts';
import type { BookMessage, LevelText } from '#core/market/market-message.ts';
import { canonicalDecimal, decimalsOf, formatScaled } from '#core/market/scaled-decimal.ts';

/** Diffs that wait for their snapshot; past it the oldest goes, and is counted. */
const MAX_HELD = 1_000;

/** A book as it stands at the end; levels best first. An invalid book has none. */
export interface BookState {
  readonly type: 'bookState';
  readonly symbol: string;
  readonly valid: boolean;
  /** The venue's sequence number of the last change that was applied; null if none ever was. */
  readonly sequence: number | null;
  readonly bids: readonly LevelText[];
  readonly asks: readonly LevelText[];
}

/** Scales of a book whose instrument is not known: what its messages have needed so far. */
interface LearntScales {
  priceScale: number;
  sizeScale: number;
}

/**
 * One symbol's book in a recording: what of its messages is told on, and the state that they lead to.
 *
 * Told on is what the venue said, once: where the venue's snapshot comes by REST, the diffs before it are held back and merged into it, a diff older than
 * the snapshot and a repeated message say nothing. After a gap the diffs are told on as they come (the reason goes to `notice`), and the book counts as
 * invalid until a snapshot that joins them.
 */
export class RecordedBook {
  readonly symbol: string;
  readonly #sync: BookSync;
  readonly #scales: LearntScales;
  readonly #snapshotByRest: boolean;
  readonly #notice: (text: string) => void;
  #snapshotSequence: number | null = null;
  #held: BookMessage[] = [];
  #unsaid = 0;

  constructor(
    symbol: string,
    createSync: (scales: Readonly<LearntScales>) => BookSync,
    snapshotByRest: boolean,
    notice: (text: string) => void,
  ) {
    this.symbol = symbol;
    this.#scales = { priceScale: 0, sizeScale: 0 };
    this.#sync = createSync({ ...this.#scales });
    this.#snapshotByRest = snapshotByRest;
    this.#notice = notice;
  }

  /** What the message says, or null if it says nothing (yet). Throws a `validation` error for levels that cannot be read; the book is then invalid. */
  onMessage(message: BookMessage): BookMessage | null {
    this.#learn(message);
    const wasValid = this.#sync.book.valid;
    const outcome = this.#sync.onMessage(message);
    if (outcome.kind === 'resync' && (wasValid || message.isSnapshot))
      this.#notice(`BOOK_LOST: symbol=${this.symbol} ${outcome.reason}`);
    if (outcome.kind === 'ignored') return null;
    if (!this.#snapshotByRest) return message;
    return message.isSnapshot ? this.#onSnapshot(message, outcome.kind === 'resync') : this.#onDiff(message);
  }

  state(): BookState {
    const { book } = this.#sync;
    const { priceScale, sizeScale } = this.#scales;
    const side = (name: 'buy' | 'sell'): LevelText[] =>
      book
        .levels(name)
        .map(([price, size]): LevelText => [formatScaled(price, priceScale), formatScaled(size, sizeScale)]);
    return {
      type: 'bookState',
      symbol: this.symbol,
      valid: book.valid,
      sequence: book.sequence === 0 ? null : book.sequence,
      bids: book.valid ? side('buy') : [],
      asks: book.valid ? side('sell') : [],
    };
  }

  /** The end of the recording: diffs whose snapshot never came have not been told. */
  end(): void {
    const unsaid = this.#unsaid + (this.#snapshotSequence === null ? this.#held.length : 0);
    if (unsaid > 0) this.#notice(`BOOK_UNSYNCED: symbol=${this.symbol} diffs=${unsaid} held back, no snapshot came`);
  }

  #onDiff(diff: BookMessage): BookMessage | null {
    if (this.#snapshotSequence !== null && diff.lastSequence < this.#snapshotSequence) return null;
    if (this.#sync.book.valid) this.#held = [];
    else this.#hold(diff);
    return this.#snapshotSequence === null ? null : diff;
  }

  #onSnapshot(snapshot: BookMessage, refused: boolean): BookMessage | null {
    const diffs = this.#held.filter((diff) => diff.lastSequence >= snapshot.lastSequence);
    const first = diffs[0];
    if (refused && first !== undefined && snapshot.lastSequence < first.firstSequence) {
      this.#notice(
        `SNAPSHOT_OLD: symbol=${this.symbol} lastUpdateId=${snapshot.lastSequence} U=${first.firstSequence}`,
      );
      return null;
    }
    this.#snapshotSequence = snapshot.lastSequence;
    this.#held = [];
    return diffs.length === 0
      ? snapshot
      : {
          ...snapshot,
          bids: merged(
            snapshot.bids,
            diffs.flatMap((diff) => diff.bids),
          ),
          asks: merged(
            snapshot.asks,
            diffs.flatMap((diff) => diff.asks),
          ),
          lastSequence: diffs.at(-1)?.lastSequence ?? snapshot.lastSequence,
        };
  }

  #hold(diff: BookMessage): void {
    if (this.#held.length >= MAX_HELD) {
      this.#held.shift();
      if (this.#snapshotSequence === null) this.#unsaid += 1;
    }
    this.#held.push(diff);
  }

  #learn(message: BookMessage): void {
    try {
      let { priceScale, sizeScale } = this.#scales;
      for (const levels of [message.bids, message.asks]) {
        for (const [price, size] of levels) {
          priceScale = Math.max(priceScale, decimalsOf(price));
          sizeScale = Math.max(sizeScale, decimalsOf(size));
        }
      }
      if (priceScale === this.#scales.priceScale && sizeScale === this.#scales.sizeScale) return;
      this.#sync.rescale({ priceScale, sizeScale });
      this.#scales.priceScale = priceScale;
      this.#scales.sizeScale = sizeScale;
    } catch (error) {
      this.#sync.invalidate(messageOf(error));
      throw error;
    }
  }
}

/** The changes written into the levels: known prices keep their place, new ones follow, size 0 removes. */
function merged(levels: readonly LevelText[], changes: readonly LevelText[]): LevelText[] {
  const sizes = new Map(levels.map(([price, size]) => [canonicalDecimal(price), canonicalDecimal(size)]));
  for (const [price, size] of changes) {
    const canonicalSize = canonicalDecimal(size);
    if (canonicalSize === '0') sizes.delete(canonicalDecimal(price));
    else sizes.set(canonicalDecimal(price), canonicalSize);
  }
  return [...sizes];
}
