import type { Side } from './market-message.ts';
import type { Price, Size } from './scaled-decimal.ts';

const INITIAL_LEVELS = 512;

/**
 * One side of a book on typed arrays, sorted so that the best level stands last: changes near the top, the frequent ones, move few elements.
 * `sign` is 1 for bids (ascending prices, best highest last) and -1 for asks.
 */
class BookSide {
  prices = new Float64Array(INITIAL_LEVELS);
  sizes = new Float64Array(INITIAL_LEVELS);
  count = 0;
  readonly sign: 1 | -1;

  constructor(sign: 1 | -1) {
    this.sign = sign;
  }

  set(price: number, size: number): void {
    const { prices, sizes, sign } = this;
    const key = price * sign;
    let low = 0;
    let high = this.count;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((prices[middle] as number) * sign < key) low = middle + 1;
      else high = middle;
    }
    const found = low < this.count && prices[low] === price;
    if (size === 0) {
      if (!found) return;
      prices.copyWithin(low, low + 1, this.count);
      sizes.copyWithin(low, low + 1, this.count);
      this.count -= 1;
      return;
    }
    if (!found) {
      if (this.count === prices.length) this.#grow();
      this.prices.copyWithin(low + 1, low, this.count);
      this.sizes.copyWithin(low + 1, low, this.count);
      this.prices[low] = price;
      this.count += 1;
    }
    this.sizes[low] = size;
  }

  #grow(): void {
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

  /** Sets the total size at a price; size 0 deletes, deleting an absent level is normal. */
  set(side: Side, price: Price, size: Size): void {
    (side === 'buy' ? this.#bids : this.#asks).set(price, size);
  }

  clear(): void {
    this.#bids.count = 0;
    this.#asks.count = 0;
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
