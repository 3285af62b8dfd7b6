import type { Side } from '../market/market-message.ts';
import type { OrderBook } from '../market/order-book.ts';
import type { MonoNanos } from '../time/clock.ts';

/**
 * What an entry filter may look at. `side…`: positive when it speaks for the side of the signal. From the book: `spreadBps`; imbalance of the sizes at the touch, now and as a mean of about 16 changes;
 * the mid's distance from its mean of about 32 changes, bps; its mean absolute move, bps. From trades: what of the size traded lately was bought rather than sold. From the signal: drift over what opens,
 * and 1 where it takes.
 */
export const ENTRY_FEATURES = [
  'spreadBps',
  'sideImbalance',
  'sideImbalanceMean',
  'sideDriftBps',
  'moveBps',
  'sideFlow',
  'signalStrength',
  'takes',
] as const;
export type EntryFeature = (typeof ENTRY_FEATURES)[number];

/** Places in a feature vector. */
const FEATURE_COUNT = ENTRY_FEATURES.length;

/** Changes of a book, and trades, before what is kept of them means anything. */
const WARM_BOOKS = 32;
const WARM_TRADES = 16;
/** Trades older than this say nothing of now. */
const TRADES_FRESH_NANOS = 10e9;

/** Weights of a new value in the running means: powers of two. */
const IMBALANCE_WEIGHT = 1 / 16;
const MID_WEIGHT = 1 / 32;
const TRADES_KEPT = 31 / 32;

/** What of a signal a filter looks at. */
export interface FilteredSignal {
  readonly style: 'take' | 'rest';
  readonly strength: number;
}

/**
 * Keeps the features of one symbol as books and trades come. Additions, subtractions, multiplications and divisions alone, in a fixed order: equal inputs give equal bits on every machine.
 */
export class EntryFeatures {
  /** In the order of `ENTRY_FEATURES`, as of the last `read`. */
  readonly values = new Float64Array(FEATURE_COUNT);
  #books = 0;
  #spreadBps = 0;
  #imbalance = 0;
  #imbalanceMean = 0;
  #middle = 0;
  #meanMiddle = 0;
  #moveBps = 0;
  #trades = 0;
  #bought = 0;
  #sold = 0;
  #tradedAt = Number.NEGATIVE_INFINITY;

  /** Hot: a valid book. */
  onBook(book: OrderBook): void {
    const { bidPrice, askPrice, bidSize, askSize } = book;
    if (bidPrice === 0 || askPrice === 0) return;
    const middle = (bidPrice + askPrice) / 2;
    const sizes = bidSize + askSize;
    const imbalance = sizes > 0 ? (bidSize - askSize) / sizes : 0;
    this.#spreadBps = ((askPrice - bidPrice) / middle) * 10_000;
    this.#imbalance = imbalance;
    if (this.#books === 0) {
      this.#imbalanceMean = imbalance;
      this.#meanMiddle = middle;
      this.#moveBps = 0;
    } else {
      const moved = middle > this.#middle ? middle - this.#middle : this.#middle - middle;
      this.#imbalanceMean += (imbalance - this.#imbalanceMean) * IMBALANCE_WEIGHT;
      this.#meanMiddle += (middle - this.#meanMiddle) * MID_WEIGHT;
      this.#moveBps += ((moved / middle) * 10_000 - this.#moveBps) * MID_WEIGHT;
    }
    this.#middle = middle;
    if (this.#books < WARM_BOOKS) this.#books += 1;
  }

  /** Hot: an execution in the market; `side` is the taker's. */
  onTrade(side: Side, size: number, now: MonoNanos): void {
    this.#bought = this.#bought * TRADES_KEPT + (side === 'buy' ? size : 0);
    this.#sold = this.#sold * TRADES_KEPT + (side === 'sell' ? size : 0);
    this.#tradedAt = now;
    if (this.#trades < WARM_TRADES) this.#trades += 1;
  }

  /** Fills `values` for an entry to `side`. */
  read(side: Side, signal: FilteredSignal): void {
    const sign = side === 'buy' ? 1 : -1;
    const traded = this.#bought + this.#sold;
    const { values } = this;
    values[0] = this.#spreadBps;
    values[1] = sign * this.#imbalance;
    values[2] = sign * this.#imbalanceMean;
    values[3] = this.#middle > 0 ? sign * (((this.#middle - this.#meanMiddle) / this.#middle) * 10_000) : 0;
    values[4] = this.#moveBps;
    values[5] = traded > 0 ? sign * ((this.#bought - this.#sold) / traded) : 0;
    values[6] = signal.strength;
    values[7] = signal.style === 'take' ? 1 : 0;
  }

  /** Why a feature says nothing now, or null: too little was seen, or it is too old. */
  missing(feature: EntryFeature, now: MonoNanos): string | null {
    switch (feature) {
      case 'signalStrength':
      case 'takes':
        return null;
      case 'sideFlow':
        if (this.#trades < WARM_TRADES) return `trades=${this.#trades} needed=${WARM_TRADES}`;
        return now - this.#tradedAt <= TRADES_FRESH_NANOS ? null : 'trades=stale';
      default:
        return this.#books < WARM_BOOKS ? `books=${this.#books} needed=${WARM_BOOKS}` : null;
    }
  }

  /** The book was not whole: what it said is forgotten. Trades stay. */
  reset(): void {
    this.#books = 0;
  }
}
