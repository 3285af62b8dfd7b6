import type { Instrument, VenueId } from '#core/market/instrument.ts';
import type { Price, Size } from '#core/market/scaled-decimal.ts';

interface Terms {
  readonly base: string;
  readonly priceScale: number;
  /** In price units. */
  readonly tick: number;
  readonly sizeScale: number;
  readonly lot: number;
  readonly maxSize: number;
  readonly minNotional: number;
}

/** Terms near those that the venues had in 2024. */
const TERMS: Readonly<Record<VenueId, readonly Terms[]>> = {
  'binance-usdm': [
    { base: 'BTC', priceScale: 2, tick: 10, sizeScale: 3, lot: 1, maxSize: 1_000_000, minNotional: 100 },
    { base: 'ETH', priceScale: 2, tick: 1, sizeScale: 3, lot: 1, maxSize: 10_000_000, minNotional: 20 },
    { base: 'SOL', priceScale: 3, tick: 1, sizeScale: 1, lot: 1, maxSize: 10_000_000, minNotional: 5 },
  ],
  'bybit-linear': [
    { base: 'BTC', priceScale: 2, tick: 10, sizeScale: 3, lot: 1, maxSize: 1_190_000, minNotional: 5 },
    { base: 'ETH', priceScale: 2, tick: 1, sizeScale: 2, lot: 1, maxSize: 724_000, minNotional: 5 },
    { base: 'SOL', priceScale: 3, tick: 10, sizeScale: 1, lot: 1, maxSize: 796_300, minNotional: 5 },
  ],
};

/** BTCUSDT, ETHUSDT and SOLUSDT perpetuals of a venue, for generated markets. */
export function builtInInstruments(venue: VenueId): readonly Instrument[] {
  return TERMS[venue].map((terms) => ({
    venue,
    symbol: `${terms.base}USDT`,
    kind: 'linear',
    baseCurrency: terms.base,
    quoteCurrency: 'USDT',
    settlementCurrency: 'USDT',
    priceScale: terms.priceScale,
    sizeScale: terms.sizeScale,
    tickSize: terms.tick as Price,
    lotSize: terms.lot as Size,
    minSize: terms.lot as Size,
    maxSize: terms.maxSize as Size,
    minNotional: terms.minNotional,
    multiplier: 1,
    tradable: true,
  }));
}
