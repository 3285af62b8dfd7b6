import type { Instrument } from '../market/instrument.ts';
import type { Side } from '../market/market-message.ts';
import type { Price, Size } from '../market/scaled-decimal.ts';

/**
 * A position of a linear instrument by average cost. Sizes are integers at the instrument's scale, signed; the cost is a bigint of
 * price units × size units; only the cost of a partial close can be rounded, by less than one such unit, and what it loses stays with the rest.
 */
export class Position {
  /** Signed size: negative = short. */
  size = 0;
  /** Σ price × size of what is open, signed as the size. */
  #cost = 0n;
  /** Realised profit in price units × size units, before fees. */
  #realized = 0n;
  readonly #unit: number;

  constructor(instrument: Instrument) {
    this.#unit = instrument.multiplier / 10 ** (instrument.priceScale + instrument.sizeScale);
  }

  /** Applies one execution. The caller sees to it that each fill comes once. */
  fill(side: Side, price: Price, size: Size): void {
    const signed = side === 'buy' ? size : -size;
    if (this.size === 0 || Math.sign(this.size) === Math.sign(signed)) {
      this.#cost += BigInt(price) * BigInt(signed);
      this.size += signed;
      return;
    }
    const closing = Math.min(Math.abs(signed), Math.abs(this.size));
    const closed = BigInt(Math.sign(this.size) * closing);
    const costOfClosed = (this.#cost * closed) / BigInt(this.size);
    this.#realized += BigInt(price) * closed - costOfClosed;
    this.#cost -= costOfClosed;
    this.size -= Number(closed);
    const opening = Math.abs(signed) - closing;
    if (opening > 0) this.fill(side, price, opening as Size);
  }

  /**
   * Takes over a difference that no fill of ours explains, at a stated price. Null: at cost, as the ledger folds it: what it closes brings neither profit nor
   * loss, what it adds costs what the rest does, or `priceIfFlat` where there is no rest.
   */
  adopt(delta: number, price: Price | null, priceIfFlat: Price = 0 as Price): void {
    if (delta === 0) return;
    const side: Side = delta > 0 ? 'buy' : 'sell';
    if (price !== null || this.size === 0) {
      this.fill(side, price ?? priceIfFlat, Math.abs(delta) as Size);
      return;
    }
    if (Math.sign(delta) === Math.sign(this.size)) {
      this.#cost += (this.#cost * BigInt(delta)) / BigInt(this.size);
      this.size += delta;
      return;
    }
    const closed = Math.sign(this.size) * Math.min(Math.abs(delta), Math.abs(this.size));
    this.#cost -= (this.#cost * BigInt(closed)) / BigInt(this.size);
    this.size -= closed;
    this.adopt(delta + closed, null, priceIfFlat);
  }

  /** Average entry price in price units (a double: for rules and pages); 0 while flat. */
  get entryPrice(): number {
    return this.size === 0 ? 0 : Number(this.#cost) / this.size;
  }

  /** Profit of what has been closed, in quote currency, before fees. */
  get realizedProfit(): number {
    return Number(this.#realized) * this.#unit;
  }

  /** Profit of what is open at `price`, in quote currency. */
  unrealizedProfit(price: number): number {
    return this.size === 0 ? 0 : (price * this.size - Number(this.#cost)) * this.#unit;
  }
}
