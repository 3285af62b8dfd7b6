import type { EpochMs, MonoNanos } from '../time/clock.ts';

/** What a currency that fees are taken in costs in the currency of the profit. */
export interface FeePrice {
  readonly currency: string;
  readonly against: string;
  /** Decimal text; of a quote the asking price: what the venue took has to be bought again. */
  readonly price: string;
  /** Where it is from: the symbol, and how it was read. */
  readonly source: string;
  /** When it was true, on the own clocks. */
  readonly mono: MonoNanos;
  readonly epoch: EpochMs;
}

/** A fee is converted at a price that lies no further from its fill than this, ns. */
export const FEE_PRICE_AGE = 60e9;

/**
 * Part of an execution's value that a fee without a price counts as in the day's profit. Venues take another currency at a discount on the ordinary fee, of which the highest is
 * 0.1 % (spot, first tier): twice that is never too little.
 */
export const UNPRICED_FEE_RATE = 0.002;

/** Whether the price may convert what was paid at `at`. */
export function isOfTime(price: FeePrice, at: MonoNanos): boolean {
  return Math.abs(at - price.mono) <= FEE_PRICE_AGE;
}
