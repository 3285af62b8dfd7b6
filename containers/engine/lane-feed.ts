import { MillraceError } from '#core/errors.ts';
import type { OrderBook } from '#core/market/order-book.ts';

/** What a lane that changes its symbol asks of the feed beside it. Holders are told apart by their names. */
export interface LaneFeed {
  /** Resolves when the venue has confirmed all channels of a lane's symbol; rejects when it refuses, does not answer, or is not there. */
  carry(symbol: string, holder: string): Promise<void>;
  /** The book is gone at once; resolves when the venue has confirmed that nothing more comes of it, or others need it. May be asked again after a rejection. */
  release(symbol: string, holder: string): Promise<void>;
  /** Null while it is not carried. */
  book(symbol: string): OrderBook | null;
}

/** What a feed's runner does for lanes; `runner` null: the feed is not held, and with it everything has gone that was carried. */
export function laneFeedOf(name: string, runner: () => LaneFeed | null): LaneFeed {
  return {
    async carry(symbol, holder) {
      const held = runner();
      if (held === null) throw new MillraceError('retryable', 'FEED_NOT_HELD', `feed=${name}`);
      await held.carry(symbol, holder);
    },
    async release(symbol, holder) {
      await runner()?.release(symbol, holder);
    },
    book: (symbol) => runner()?.book(symbol) ?? null,
  };
}
