import type { EpochMs } from '../time/clock.ts';
import type { BookScales } from './book-writer.ts';
import type { BookMessage, Side } from './market-message.ts';
import type { Price, Size } from './scaled-decimal.ts';

/**
 * What a scanner read from a frame's bytes without making text of it: prices and sizes are integers at the instrument's scales. Every value and array is used
 * again for the next frame: it holds until the call that handed it over returns, and who keeps it longer copies it (`keepBookChange`).
 */
export type ScannedMessage = ScannedBook | ScannedQuote | ScannedTrade;

/** One side of a change: the first `count` places of both arrays. Prices are above zero; size zero deletes the level. */
export interface ScannedLevels {
  readonly prices: Float64Array;
  readonly sizes: Float64Array;
  readonly count: number;
}

/** A `BookMessage` in numbers; its scales are those of the instrument. */
export interface ScannedBook extends BookScales {
  readonly type: 'scannedBook';
  readonly symbol: string;
  readonly isSnapshot: boolean;
  readonly bids: ScannedLevels;
  readonly asks: ScannedLevels;
  readonly firstSequence: number;
  readonly lastSequence: number;
  readonly previousSequence: number | null;
  readonly exchangeTime: EpochMs;
}

/** A `QuoteMessage` in numbers. */
export interface ScannedQuote {
  readonly type: 'scannedQuote';
  readonly symbol: string;
  readonly bidPrice: Price;
  readonly bidSize: Size;
  readonly askPrice: Price;
  readonly askSize: Size;
  readonly sequence: number | null;
  readonly exchangeTime: EpochMs;
}

/** A `TradeMessage` in numbers. */
export interface ScannedTrade {
  readonly type: 'scannedTrade';
  readonly symbol: string;
  readonly id: string;
  readonly price: Price;
  readonly size: Size;
  readonly side: Side;
  readonly exchangeTime: EpochMs;
}

/** A change of a book as it comes: text of a parsed frame, or numbers of a scanned one. */
export type BookChange = BookMessage | ScannedBook;

/** The change itself if it may be kept, else a copy that may. */
export function keepBookChange(change: BookChange): BookChange {
  return change.type === 'book' ? change : { ...change, bids: copyOf(change.bids), asks: copyOf(change.asks) };
}

function copyOf({ prices, sizes, count }: ScannedLevels): ScannedLevels {
  return { prices: prices.slice(0, count), sizes: sizes.slice(0, count), count };
}
