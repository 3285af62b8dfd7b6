import { EXACT_SCALE, formatExact, parseExact } from '../ledger/exact-decimal.ts';
import type { Instrument } from '../market/instrument.ts';
import type { Side } from '../market/market-message.ts';
import { formatScaled, type Price, parseScaled, type Size } from '../market/scaled-decimal.ts';

/** Decimals of what inverse contracts are worth of the base currency. */
const INVERSE_SCALE = 36;

/**
 * A position by average cost; the rule is the instrument's kind.
 *
 * Linear, option and equity: profit is Σ size × (exit − entry) in quote currency. Inverse: sizes are in quote currency, profit is Σ size × (1/entry − 1/exit)
 * in the base currency, and the entry price the harmonic mean. Spot: the holding of the base asset that fills have made, less the fees taken from it, so that it may be finer
 * than the instrument's sizes.
 *
 * Sizes and costs are bigints. Only the cost of a partial close is rounded, by less than one of its units, and what it loses stays with the rest; an inverse
 * value is cut at 10^-36.
 */
export class Position {
  /** Exact, in units of 10^-`decimals`; negative = short. */
  #units = 0n;
  /** Cost of what is open, signed as the size: price units × size units, of inverse contracts 10^-36 of the base currency. */
  #cost = 0n;
  /** Realised profit in units of the cost, before fees. */
  #realized = 0n;
  /** The three below follow from the ones above, for the hot path. */
  #size = 0;
  #entryPrice = 0;
  #costNumber = 0;
  readonly #decimals: number;
  readonly #inverse: boolean;
  readonly #instrument: Instrument;
  /** Settlement currency of one unit of cost. */
  readonly #unitValue: number;

  constructor(instrument: Instrument) {
    this.#instrument = instrument;
    this.#decimals = instrument.kind === 'spot' ? EXACT_SCALE : instrument.sizeScale;
    this.#inverse = instrument.kind === 'inverse';
    this.#unitValue = instrument.multiplier / 10 ** this.#costScale();
  }

  /** Signed size at the instrument's scale: negative = short. Of a spot holding what lies beyond the scale is left out. */
  get size(): number {
    return this.#size;
  }

  /** Signed size, all of it, in units that `unitsOf` reads and `textOf` writes. */
  get units(): bigint {
    return this.#units;
  }

  /** Signed size as decimal text, all of it. */
  get text(): string {
    return this.textOf(this.#units);
  }

  /** Decimal text as units. Throws `DECIMAL_SYNTAX`, and `DECIMAL_PRECISION` for what this position cannot hold. */
  unitsOf(text: string): bigint {
    return this.#decimals === EXACT_SCALE ? parseExact(text) : BigInt(parseScaled(text, this.#decimals));
  }

  textOf(units: bigint): string {
    return this.#decimals === EXACT_SCALE ? formatExact(units) : formatScaled(Number(units), this.#decimals);
  }

  /** A size at the instrument's scale as units. */
  unitsOfSize(size: number): bigint {
    return BigInt(size) * 10n ** BigInt(this.#decimals - this.#instrument.sizeScale);
  }

  /**
   * Applies one execution. `fee`: units of it that the venue kept back from the base asset (spot; negative: a rebate). They are worth the fill's price when they go, and a cost
   * of their own: the fees count them, not the realised profit. The caller sees to it that each fill comes once.
   */
  fill(side: Side, price: Price, size: Size, fee = 0n): void {
    const units = this.unitsOfSize(size);
    this.#move((side === 'buy' ? units : -units) - fee, price);
  }

  /**
   * Takes over a difference in size units that no fill of ours explains, at a stated price. Null: at cost, as the ledger folds it: what it closes brings neither profit nor
   * loss, what it adds costs what the rest does, or `priceIfFlat` where there is no rest.
   */
  adopt(delta: number, price: Price | null, priceIfFlat: Price = 0 as Price): void {
    this.adoptUnits(this.unitsOfSize(delta), price, priceIfFlat);
  }

  /** The same in exact units. */
  adoptUnits(delta: bigint, price: Price | null, priceIfFlat: Price = 0 as Price): void {
    if (delta === 0n) return;
    if (price !== null || this.#units === 0n) {
      this.#move(delta, price ?? priceIfFlat);
      return;
    }
    if (delta > 0n === this.#units > 0n) {
      this.#set(this.#units + delta, this.#cost + (this.#cost * delta) / this.#units);
      return;
    }
    const closed = this.#closedBy(delta);
    this.#set(this.#units - closed, this.#cost - (this.#cost * closed) / this.#units);
    this.adoptUnits(delta + closed, null, priceIfFlat);
  }

  /** Average entry price in price units (a double: for rules and pages), harmonic for inverse contracts; 0 while flat. */
  get entryPrice(): number {
    return this.#entryPrice;
  }

  /** Profit of what has been closed, in settlement currency, before fees. */
  get realizedProfit(): number {
    return Number(this.#realized) * this.#unitValue;
  }

  /** Profit of what is open at `price` (price units), in settlement currency. */
  unrealizedProfit(price: number): number {
    if (this.#units === 0n) return 0;
    const units = Number(this.#units);
    if (!this.#inverse) return (price * units - this.#costNumber) * this.#unitValue;
    return price === 0 ? 0 : (this.#costNumber - (units / price) * this.#inverseFactor()) * this.#unitValue;
  }

  #move(delta: bigint, price: Price): void {
    if (delta === 0n) return;
    if (this.#units === 0n || this.#units > 0n === delta > 0n) {
      this.#set(this.#units + delta, this.#cost + this.#value(delta, price));
      return;
    }
    const closed = this.#closedBy(delta);
    const costOfClosed = (this.#cost * closed) / this.#units;
    const profit = this.#value(closed, price) - costOfClosed;
    this.#realized += this.#inverse ? -profit : profit;
    this.#set(this.#units - closed, this.#cost - costOfClosed);
    this.#move(delta + closed, price);
  }

  /** The part of what is open that a move against it closes, signed as the position. */
  #closedBy(delta: bigint): bigint {
    const closing = delta < 0n ? -delta : delta;
    const open = this.#units < 0n ? -this.#units : this.#units;
    const closed = closing < open ? closing : open;
    return this.#units < 0n ? -closed : closed;
  }

  #value(units: bigint, price: Price): bigint {
    if (!this.#inverse) return BigInt(price) * units;
    // What cost nothing was opened at no price: a size without a stated price.
    if (price === 0) return 0n;
    return (units * 10n ** BigInt(INVERSE_SCALE + this.#instrument.priceScale - this.#decimals)) / BigInt(price);
  }

  #set(units: bigint, cost: bigint): void {
    this.#units = units;
    this.#cost = cost;
    this.#size = Number(units / 10n ** BigInt(this.#decimals - this.#instrument.sizeScale));
    this.#costNumber = Number(cost);
    if (units === 0n || cost === 0n) this.#entryPrice = 0;
    else if (this.#inverse) this.#entryPrice = (Number(units) / this.#costNumber) * this.#inverseFactor();
    else this.#entryPrice = this.#costNumber / Number(units);
  }

  /** Turns size units over price units into units of an inverse cost. */
  #inverseFactor(): number {
    return 10 ** (INVERSE_SCALE + this.#instrument.priceScale - this.#decimals);
  }

  #costScale(): number {
    return this.#inverse ? INVERSE_SCALE : this.#instrument.priceScale + this.#decimals;
  }
}
