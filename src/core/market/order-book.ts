import { BookSide } from './book-side.ts';
import type { Side } from './market-message.ts';
import type { Price, Size } from './scaled-decimal.ts';
import type { ScannedLevels } from './scanned-message.ts';

/**
 * An order book of one instrument: integer prices and sizes at the instrument's scales. It applies what it is given; whether the sequence is whole
 * is the book sync's business, which sets `valid`. Readers that quote must check `valid` first (invariant 6).
 */
export class OrderBook {
  readonly symbol: string;
  /** Whether the book is known to be complete and up to date. */
  valid = false;
  /** The venue's sequence number of the last change applied. */
  sequence = 0;
  readonly #bids: BookSide;
  readonly #asks: BookSide;

  /** `step`: what most prices are multiples of, in price units: the tick. Any others are taken as well, more slowly. */
  constructor(symbol: string, step = 1) {
    this.symbol = symbol;
    const rungs = Number.isSafeInteger(step) && step > 0 ? step : 1;
    this.#bids = new BookSide(1, rungs);
    this.#asks = new BookSide(-1, rungs);
  }

  /** Sets the total size at a price; size 0 deletes, deleting an absent level is normal. Throws `BOOK_OVERFLOW` past 262,144 levels a side. */
  set(side: Side, price: Price, size: Size): void {
    this.#side(side).set(price, size);
  }

  /** Sets all levels of a scanned side, in their order. Throws `BOOK_OVERFLOW` like `set`, with some of them set. */
  setAll(side: Side, { prices, sizes, count }: ScannedLevels): void {
    this.#side(side).setAll(prices, sizes, count);
  }

  clear(): void {
    this.#bids.clear();
    this.#asks.clear();
  }

  /** Turns all levels to finer units: factors are powers of ten. Throws `DECIMAL_RANGE` if a value would no longer be exact. */
  rescale(priceFactor: number, sizeFactor: number): void {
    this.#bids.rescale(priceFactor, sizeFactor);
    this.#asks.rescale(priceFactor, sizeFactor);
  }

  /** Both sides have a level and the best bid is not below the best ask: no venue's book stands so. */
  get crossed(): boolean {
    return this.#bids.count > 0 && this.#asks.count > 0 && this.bidPrice >= this.askPrice;
  }

  /** Best bid price, or 0 while there is no bid. */
  get bidPrice(): Price {
    return this.#bids.bestPrice as Price;
  }
  get bidSize(): Size {
    return this.#bids.bestSize as Size;
  }
  /** Best ask price, or 0 while there is no ask. */
  get askPrice(): Price {
    return this.#asks.bestPrice as Price;
  }
  get askSize(): Size {
    return this.#asks.bestSize as Size;
  }

  depth(side: Side): number {
    return this.#side(side).count;
  }

  /** Price of the level `rank` places from the best (0 = best), or 0 if there is none. */
  priceAt(side: Side, rank: number): Price {
    return this.#side(side).priceAt(rank) as Price;
  }

  sizeAt(side: Side, rank: number): Size {
    return this.#side(side).sizeAt(rank) as Size;
  }

  /** Size of the level at a price, or 0 if there is none. */
  sizeOf(side: Side, price: Price): Size {
    return this.#side(side).sizeOf(price) as Size;
  }

  /** Levels best first, at most `depth` of them: for pages, states and tests, not for the hot path. */
  levels(side: Side, depth = Number.POSITIVE_INFINITY): [Price, Size][] {
    const levels: [Price, Size][] = [];
    if (depth > 0) this.#side(side).visit((price, size) => levels.push([price as Price, size as Size]) < depth);
    return levels;
  }

  #side(side: Side): BookSide {
    return side === 'buy' ? this.#bids : this.#asks;
  }
}
