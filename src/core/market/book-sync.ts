import type { BookScales } from './book-writer.ts';
import type { OrderBook } from './order-book.ts';
import type { BookChange } from './scanned-message.ts';

/**
 * What a book message asks of the connection. `applied`: the book changed and is valid. `ignored`: old or repeated. `buffered`: waiting for a snapshot,
 * or (a snapshot) for the stream that proves it. `resync`: the sequence broke, the book is now invalid; the connection must do exactly one `need`
 * for it, then feed what comes.
 */
export type BookSyncOutcome =
  | { readonly kind: 'applied' | 'ignored' | 'buffered' }
  | { readonly kind: 'resync'; readonly need: 'restSnapshot' | 'resubscribe'; readonly reason: string };

/**
 * Keeps one symbol's book right by the venue's documented sequence rule. A book is quoted only while `book.valid`; while it is not, it is empty.
 * It holds at most a bounded number of buffered messages; past the bound the oldest goes, and only a snapshot that joins the rest is taken.
 */
export interface BookSync {
  readonly book: OrderBook;
  /**
   * Applies, buffers or refuses one message. Never throws for a gap; throws a `validation` error for levels that cannot be read, with the book left
   * invalid and the next message asking for a resync. What it keeps of a scanned change it copies.
   */
  onMessage(message: BookChange): BookSyncOutcome;
  /** The connection was lost or the subscription ended: the book is invalid until it is synced again. */
  invalidate(reason: string): void;
  /** Finer scales, for books whose instrument is only learnt from what comes (recordings). Throws `DECIMAL_RANGE` if a level no longer fits. */
  rescale(scales: BookScales): void;
}

export const APPLIED: BookSyncOutcome = { kind: 'applied' };
export const IGNORED: BookSyncOutcome = { kind: 'ignored' };
export const BUFFERED: BookSyncOutcome = { kind: 'buffered' };
