import type { Instrument, InstrumentKind, VenueId } from '#core/market/instrument.ts';
import type { Price, Size } from '#core/market/scaled-decimal.ts';

/** What tells one instrument of a generated market from another; the rest follows from its kind. */
interface Terms {
  /** As the venue writes it. */
  readonly symbol: string;
  readonly kind: InstrumentKind;
  readonly base: string;
  readonly quote: string;
  /** What profit is paid in. Default: the base currency for inverse, else the quote currency. */
  readonly settlement?: string;
  readonly priceScale: number;
  /** In price units. */
  readonly tick: number;
  readonly sizeScale: number;
  /** In size units, as are the sizes below. */
  readonly lot: number;
  /** Default: the lot. */
  readonly minSize?: number;
  readonly maxSize: number;
  /** In quote currency; 0: the venue has none. */
  readonly minNotional: number;
  /** Default 1. */
  readonly multiplier?: number;
  /** Default true. Options are data. */
  readonly tradable?: boolean;
}

/** The part of the terms that every USDT-margined perpetual shares. */
function usdtPerpetual(base: string) {
  return { symbol: `${base}USDT`, kind: 'linear', base, quote: 'USDT' } as const;
}

/** The part of the terms that every spot pair against USDT shares. */
function usdtPair(base: string) {
  return { symbol: `${base}USDT`, kind: 'spot', base, quote: 'USDT' } as const;
}

/**
 * Terms near those that the venues had in 2024, the most traded first. Rows of a venue may be of any kind; their prices start where `generated-market.ts` says
 * for the symbol or for the base currency.
 */
const TERMS: Readonly<Record<VenueId, readonly Terms[]>> = {
  'binance-usdm': [
    {
      ...usdtPerpetual('BTC'),
      priceScale: 2,
      tick: 10,
      sizeScale: 3,
      lot: 1,
      maxSize: 1_000_000,
      minNotional: 100,
    },
    {
      ...usdtPerpetual('ETH'),
      priceScale: 2,
      tick: 1,
      sizeScale: 3,
      lot: 1,
      maxSize: 10_000_000,
      minNotional: 20,
    },
    {
      ...usdtPerpetual('SOL'),
      priceScale: 3,
      tick: 1,
      sizeScale: 1,
      lot: 1,
      maxSize: 10_000_000,
      minNotional: 5,
    },
  ],
  // Sizes in the asset's own decimals; the lot is the step of orders.
  'binance-spot': [
    { ...usdtPair('BTC'), priceScale: 2, tick: 1, sizeScale: 8, lot: 1_000, maxSize: 900_000_000_000, minNotional: 5 },
    { ...usdtPair('ETH'), priceScale: 2, tick: 1, sizeScale: 8, lot: 10_000, maxSize: 900_000_000_000, minNotional: 5 },
    {
      ...usdtPair('SOL'),
      priceScale: 2,
      tick: 1,
      sizeScale: 8,
      lot: 100_000,
      maxSize: 9_000_000_000_000,
      minNotional: 5,
    },
  ],
  'bybit-linear': [
    { ...usdtPerpetual('BTC'), priceScale: 2, tick: 10, sizeScale: 3, lot: 1, maxSize: 1_190_000, minNotional: 5 },
    { ...usdtPerpetual('ETH'), priceScale: 2, tick: 1, sizeScale: 2, lot: 1, maxSize: 724_000, minNotional: 5 },
    { ...usdtPerpetual('SOL'), priceScale: 3, tick: 10, sizeScale: 1, lot: 1, maxSize: 796_300, minNotional: 5 },
  ],
  // Sizes in the asset's own decimals; the lot is the precision of orders.
  'bybit-spot': [
    { ...usdtPair('BTC'), priceScale: 2, tick: 1, sizeScale: 8, lot: 100, maxSize: 8_300_000_000, minNotional: 5 },
    { ...usdtPair('ETH'), priceScale: 2, tick: 1, sizeScale: 8, lot: 1_000, maxSize: 229_000_000_000, minNotional: 5 },
    {
      ...usdtPair('SOL'),
      priceScale: 2,
      tick: 1,
      sizeScale: 8,
      lot: 100_000,
      maxSize: 5_700_000_000_000,
      minNotional: 5,
    },
  ],
  // Sizes are amounts: US dollars of the inverse contracts, coins of the others.
  deribit: [
    {
      symbol: 'BTC-PERPETUAL',
      kind: 'inverse',
      base: 'BTC',
      quote: 'USD',
      priceScale: 1,
      tick: 5,
      sizeScale: 0,
      lot: 10,
      maxSize: 10_000_000,
      minNotional: 0,
    },
    {
      symbol: 'ETH-PERPETUAL',
      kind: 'inverse',
      base: 'ETH',
      quote: 'USD',
      priceScale: 2,
      tick: 5,
      sizeScale: 0,
      lot: 1,
      maxSize: 10_000_000,
      minNotional: 0,
    },
    {
      symbol: 'BTC_USDC-PERPETUAL',
      kind: 'linear',
      base: 'BTC',
      quote: 'USDC',
      priceScale: 0,
      tick: 1,
      sizeScale: 4,
      lot: 1,
      maxSize: 5_000_000,
      minNotional: 0,
    },
  ],
  alpaca: ['SPY', 'AAPL', 'MSFT'].map((symbol) => ({
    symbol,
    kind: 'equity',
    base: symbol,
    quote: 'USD',
    priceScale: 6,
    tick: 10_000,
    sizeScale: 9,
    lot: 1_000_000_000,
    maxSize: 9_000_000 * 1_000_000_000,
    minNotional: 0,
  })),
};

/** The instruments of a venue for generated markets: what is traded most comes first. */
export function builtInInstruments(venue: VenueId): readonly Instrument[] {
  return TERMS[venue].map((terms) => ({
    venue,
    symbol: terms.symbol,
    kind: terms.kind,
    baseCurrency: terms.base,
    quoteCurrency: terms.quote,
    settlementCurrency: terms.settlement ?? (terms.kind === 'inverse' ? terms.base : terms.quote),
    priceScale: terms.priceScale,
    sizeScale: terms.sizeScale,
    tickSize: terms.tick as Price,
    lotSize: terms.lot as Size,
    minSize: (terms.minSize ?? terms.lot) as Size,
    maxSize: terms.maxSize as Size,
    minNotional: terms.minNotional,
    multiplier: terms.multiplier ?? 1,
    tradable: terms.tradable ?? true,
  }));
}
