import type { Side } from '#core/market/market-message.ts';
import { OrderBook } from '#core/market/order-book.ts';
import type { Price, Size } from '#core/market/scaled-decimal.ts';
import type { SourceChange, SourceLevel } from '../market-sources/market-source.ts';
import { sizeAtPrice } from './size-at-price.ts';

type BookChange = Extract<SourceChange, { kind: 'book' }>;

/**
 * The liquidity of others, as the source states it, less what accounts have taken. What was taken stays taken until the source next states that level.
 * It is never crossed: a level that contradicts what the source says later is dropped.
 */
export class ExternalBook {
  readonly stated: OrderBook;
  readonly #taken = { buy: new Map<number, number>(), sell: new Map<number, number>() };
  /** Levels dropped because later ones crossed them. */
  dropped = 0;

  constructor(symbol: string) {
    this.stated = new OrderBook(symbol);
  }

  /** Applies a change; returns the prices touched, by side. */
  apply(change: BookChange): { readonly buy: number[]; readonly sell: number[] } {
    const touched = { buy: [] as number[], sell: [] as number[] };
    for (const side of ['buy', 'sell'] as const) {
      const levels = side === 'buy' ? change.bids : change.asks;
      if (change.isSnapshot) this.#replace(side, levels, touched[side]);
      else this.#set(side, levels, touched[side]);
    }
    this.#uncross(change, touched);
    if (change.sequence !== null) this.stated.sequence = change.sequence;
    return touched;
  }

  /** A snapshot restates every level; one that it does not change was not updated, and what was taken there stays taken. */
  #replace(side: Side, levels: readonly SourceLevel[], touched: number[]): void {
    const before = new Map<number, number>(this.stated.levels(side));
    const taken = new Map(this.#taken[side]);
    for (const price of before.keys()) {
      this.stated.set(side, price as Price, 0 as Size);
      touched.push(price);
    }
    this.#taken[side].clear();
    this.#set(side, levels, touched);
    for (const [price, size] of levels) {
      const amount = taken.get(price);
      if (amount !== undefined && before.get(price) === size) this.#taken[side].set(price, amount);
    }
  }

  #set(side: Side, levels: readonly SourceLevel[], touched: number[]): void {
    const taken = this.#taken[side];
    for (const [price, size] of levels) {
      this.stated.set(side, price, size);
      taken.delete(price);
      touched.push(price);
    }
  }

  #uncross(change: BookChange, touched: { readonly buy: number[]; readonly sell: number[] }): void {
    const { stated } = this;
    while (stated.bidPrice !== 0 && stated.askPrice !== 0 && stated.bidPrice >= stated.askPrice) {
      const bidIsNew = change.bids.some(([price, size]) => price === stated.bidPrice && size > 0);
      const side: Side = bidIsNew ? 'sell' : 'buy';
      const price = side === 'buy' ? stated.bidPrice : stated.askPrice;
      stated.set(side, price, 0 as Size);
      touched[side].push(price);
      this.dropped += 1;
    }
  }

  /** What is left to take at a price. */
  sizeAt(side: Side, price: number): number {
    return Math.max(0, sizeAtPrice(this.stated, side, price) - (this.#taken[side].get(price) ?? 0));
  }

  take(side: Side, price: number, size: number): void {
    this.#taken[side].set(price, (this.#taken[side].get(price) ?? 0) + size);
  }

  /** Best price with something left, or null. */
  bestPrice(side: Side): Price | null {
    for (const [price] of this.remaining(side)) return price;
    return null;
  }

  /** What is left, best first. */
  *remaining(side: Side): Generator<readonly [Price, Size]> {
    const taken = this.#taken[side];
    const depth = this.stated.depth(side);
    for (let rank = 0; rank < depth; rank += 1) {
      const price = this.stated.priceAt(side, rank);
      const left = this.stated.sizeAt(side, rank) - (taken.get(price) ?? 0);
      if (left > 0) yield [price, left as Size];
    }
  }
}
