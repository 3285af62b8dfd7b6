import type { Price, Size } from './scaled-decimal.ts';

/** The venues that Millrace trades on; each is one folder of `src/venues`. */
export const VENUES = ['binance-usdm', 'binance-spot', 'bybit-linear', 'bybit-spot', 'deribit', 'alpaca'] as const;
export type VenueId = (typeof VENUES)[number];

export type InstrumentKind = 'spot' | 'linear' | 'inverse' | 'option' | 'equity';

/**
 * One version of a tradable instrument. Prices and sizes are integers at its scales; the tick and the lot are rounding rules, not units,
 * so a change of tick needs no new scale.
 */
export interface Instrument {
  readonly venue: VenueId;
  /** As the venue writes it, upper case: `BTCUSDT`. */
  readonly symbol: string;
  readonly kind: InstrumentKind;
  readonly baseCurrency: string;
  readonly quoteCurrency: string;
  readonly settlementCurrency: string;
  /** Decimals of a price unit. */
  readonly priceScale: number;
  /** Decimals of a size unit. */
  readonly sizeScale: number;
  /** Prices of orders are multiples of this. */
  readonly tickSize: Price;
  /** Sizes of orders are multiples of this. */
  readonly lotSize: Size;
  readonly minSize: Size;
  readonly maxSize: Size;
  /** Smallest price × size of an order in quote currency; 0 where the venue has none. */
  readonly minNotional: number;
  /** What one unit of size stands for: base units for spot, linear, option and equity (1 as a rule), quote units for inverse. */
  readonly multiplier: number;
  readonly tradable: boolean;
}

/**
 * Value of a size in quote currency as a double: for limits and metrics, not for the books of account. An inverse contract is counted in quote currency itself
 * (one unit of size is worth `multiplier` of it at any price).
 */
export function notional(instrument: Instrument, price: Price, size: Size): number {
  if (instrument.kind === 'inverse') return (size / 10 ** instrument.sizeScale) * instrument.multiplier;
  return (price / 10 ** instrument.priceScale) * (size / 10 ** instrument.sizeScale) * instrument.multiplier;
}

/** Whether venues take reduce-only orders on such an instrument. Where they do not, an exit is an order like any other: only its sender sees to it that it opens nothing. */
export function hasReduceOnly(kind: InstrumentKind): boolean {
  return kind !== 'spot' && kind !== 'equity';
}

/** Whether venues take orders that may never take on such an instrument. Brokers of equities do not: there an order at the own touch rests, as far as nothing has moved meanwhile. */
export function hasPostOnly(kind: InstrumentKind): boolean {
  return kind !== 'equity';
}
