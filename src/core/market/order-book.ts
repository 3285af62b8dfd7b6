import { MillraceError } from '../errors.ts';
import type { Side } from './market-message.ts';
import type { Price, Size } from './scaled-decimal.ts';
import type { ScannedLevels } from './scanned-message.ts';

const INITIAL_LEVELS = 512;
/** A side with more levels than any real book has means that what feeds it is wrong; it is refused before it fills the memory. */
const MAX_LEVELS = 1 << 18;

/**
 * One side of a book on typed arrays, sorted so that the best level stands last: changes near the top, the frequent ones, move few elements.
 * `sign` is 1 for bids (ascending prices, best highest last) and -1 for asks.
 */
class BookSide {
  prices = new Float64Array(INITIAL_LEVELS);
  sizes = new Float64Array(INITIAL_LEVELS);
  count = 0;
  readonly sign: 1 | -1;
  /** Where the last change was. */
  #lastPlace = 0;

  constructor(sign: 1 | -1) {
    this.sign = sign;
  }

  set(price: number, size: number): void {
    const { prices, sizes, count } = this;
    const at = this.#place(price);
    const found = at < count && prices[at] === price;
    if (size === 0) {
      if (!found) return;
      prices.copyWithin(at, at + 1, count);
      sizes.copyWithin(at, at + 1, count);
      this.count = count - 1;
    } else if (found) {
      sizes[at] = size;
    } else {
      this.#insert(at, price, size);
    }
  }

  /** Multiplies all prices and sizes, or throws `DECIMAL_RANGE` and changes nothing. */
  rescale(priceFactor: number, sizeFactor: number): void {
    for (let at = 0; at < this.count; at += 1) {
      requireSafe((this.prices[at] as number) * priceFactor);
      requireSafe((this.sizes[at] as number) * sizeFactor);
    }
    for (let at = 0; at < this.count; at += 1) {
      this.prices[at] = (this.prices[at] as number) * priceFactor;
      this.sizes[at] = (this.sizes[at] as number) * sizeFactor;
    }
  }

  /**
   * First place whose price is `price` or better. It is sought in growing steps from the place before it, since the changes of one message are mostly
   * neighbours, and then between the last two steps.
   */
  #place(price: number): number {
    const { prices, sign, count } = this;
    const key = price * sign;
    let low = 0;
    let high = count;
    let step = 1;
    const start = Math.min(this.#lastPlace, count - 1);
    if (start >= 0 && (prices[start] as number) * sign < key) {
      low = start + 1;
      let probe = low;
      for (; probe < count && (prices[probe] as number) * sign < key; probe += step, step *= 2) low = probe + 1;
      high = Math.min(probe, count);
    } else if (start >= 0) {
      high = start;
      let probe = start - 1;
      for (; probe >= 0 && (prices[probe] as number) * sign >= key; probe -= step, step *= 2) high = probe;
      low = Math.max(probe + 1, 0);
    }
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((prices[middle] as number) * sign < key) low = middle + 1;
      else high = middle;
    }
    this.#lastPlace = low;
    return low;
  }

  #insert(at: number, price: number, size: number): void {
    if (this.count === this.prices.length) this.#grow();
    const { prices, sizes, count } = this;
    prices.copyWithin(at + 1, at, count);
    sizes.copyWithin(at + 1, at, count);
    prices[at] = price;
    sizes[at] = size;
    this.count = count + 1;
  }

  #grow(): void {
    if (this.count >= MAX_LEVELS) throw new MillraceError('validation', 'BOOK_OVERFLOW', `levels=${this.count}`);
    const prices = new Float64Array(this.prices.length * 2);
    prices.set(this.prices);
    this.prices = prices;
    const sizes = new Float64Array(this.sizes.length * 2);
    sizes.set(this.sizes);
    this.sizes = sizes;
  }
}

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
  readonly #bids = new BookSide(1);
  readonly #asks = new BookSide(-1);

  constructor(symbol: string) {
    this.symbol = symbol;
  }

  /** Sets the total size at a price; size 0 deletes, deleting an absent level is normal. Throws `BOOK_OVERFLOW` past 262,144 levels a side. */
  set(side: Side, price: Price, size: Size): void {
    (side === 'buy' ? this.#bids : this.#asks).set(price, size);
  }

  /** Sets all levels of a scanned side, in their order. Throws `BOOK_OVERFLOW` like `set`, with those before it set. */
  setAll(side: Side, { prices, sizes, count }: ScannedLevels): void {
    const levels = side === 'buy' ? this.#bids : this.#asks;
    for (let index = 0; index < count; index += 1) levels.set(prices[index] as number, sizes[index] as number);
  }

  clear(): void {
    this.#bids.count = 0;
    this.#asks.count = 0;
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
    return top(this.#bids.prices, this.#bids.count) as Price;
  }
  get bidSize(): Size {
    return top(this.#bids.sizes, this.#bids.count) as Size;
  }
  /** Best ask price, or 0 while there is no ask. */
  get askPrice(): Price {
    return top(this.#asks.prices, this.#asks.count) as Price;
  }
  get askSize(): Size {
    return top(this.#asks.sizes, this.#asks.count) as Size;
  }

  depth(side: Side): number {
    return side === 'buy' ? this.#bids.count : this.#asks.count;
  }

  /** Price of the level `rank` places from the best (0 = best), or 0 if there is none. */
  priceAt(side: Side, rank: number): Price {
    const levels = side === 'buy' ? this.#bids : this.#asks;
    return (rank < levels.count ? levels.prices[levels.count - 1 - rank] : 0) as Price;
  }

  sizeAt(side: Side, rank: number): Size {
    const levels = side === 'buy' ? this.#bids : this.#asks;
    return (rank < levels.count ? levels.sizes[levels.count - 1 - rank] : 0) as Size;
  }

  /** Levels best first, at most `depth` of them: for pages, states and tests, not for the hot path. */
  levels(side: Side, depth = Number.POSITIVE_INFINITY): [Price, Size][] {
    const count = Math.min(depth, this.depth(side));
    return Array.from({ length: count }, (_, rank) => [this.priceAt(side, rank), this.sizeAt(side, rank)]);
  }
}

function top(values: Float64Array, count: number): number {
  return count === 0 ? 0 : (values[count - 1] as number);
}

function requireSafe(value: number): void {
  if (!Number.isSafeInteger(value)) throw new MillraceError('validation', 'DECIMAL_RANGE', `value=${value}`);
}
