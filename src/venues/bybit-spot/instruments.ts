import { z } from 'zod';
import type { Instrument } from '#core/market/instrument.ts';
import { canonicalDecimal, decimalsOf, type Price, parseScaled, type Size } from '#core/market/scaled-decimal.ts';
import { fetchInstrumentsOf, positive } from '../bybit/instruments-list.ts';
import type { VenueRuntime } from '../venue.ts';
import { SPOT } from './category.ts';

/** Decimals of an asset, in which fees are taken. */
const ASSET_DECIMALS = 8;
/** Books hold levels above the largest order: so many times as much must still be an exact integer. */
const HEADROOM = 16;

/** One row of `/v5/market/instruments-info` for spot. Names of the largest sizes have changed over time; what is there counts. */
const instrumentRow = z.looseObject({
  symbol: z.string().min(1),
  baseCoin: z.string(),
  quoteCoin: z.string(),
  status: z.string(),
  lotSizeFilter: z.looseObject({
    basePrecision: z.string(),
    minOrderQty: z.string().optional(),
    minOrderAmt: z.string().optional(),
    maxOrderQty: z.string().optional(),
    maxLimitOrderQty: z.string().optional(),
    maxMarketOrderQty: z.string().optional(),
  }),
  priceFilter: z.looseObject({ tickSize: z.string() }),
});

/** All spot instruments. Rejects with a `VenueError`. */
export function fetchInstruments(runtime: VenueRuntime): Promise<readonly Instrument[]> {
  return fetchInstrumentsOf(SPOT, readInstrument, runtime);
}

/**
 * Sizes are counted in the asset's own decimals, since fees are taken in it; the lot is the precision of orders. Where sizes are so large that those would not fit
 * an exact integer, in as many decimals as do. Throws for what cannot be read.
 */
export function readInstrument(value: unknown): Instrument {
  const row = instrumentRow.parse(value);
  const { tickSize } = row.priceFilter;
  const { basePrecision, minOrderQty = '', minOrderAmt, ...largest } = row.lotSizeFilter;
  // The venue is giving the least size up in favour of the least value.
  const minSize = minOrderQty === '' ? basePrecision : minOrderQty;
  const { maxOrderQty, maxLimitOrderQty, maxMarketOrderQty } = largest;
  const maxSizes = [maxOrderQty, maxLimitOrderQty, maxMarketOrderQty].filter(
    (text): text is string => text !== undefined && text !== '',
  );
  const maxSize = positive(Math.min(...maxSizes.map((text) => Number(canonicalDecimal(text)))), 'maxOrderQty');
  const needed = Math.max(decimalsOf(basePrecision), decimalsOf(minSize));
  const sizeScale = Math.max(needed, Math.min(ASSET_DECIMALS, decimalsThatFit(maxSize * HEADROOM)));
  const priceScale = decimalsOf(tickSize);
  return {
    venue: SPOT.venue,
    symbol: row.symbol,
    kind: 'spot',
    baseCurrency: row.baseCoin,
    quoteCurrency: row.quoteCoin,
    settlementCurrency: row.quoteCoin,
    priceScale,
    sizeScale,
    tickSize: positive(parseScaled(tickSize, priceScale), 'tickSize') as Price,
    lotSize: positive(parseScaled(basePrecision, sizeScale), 'basePrecision') as Size,
    minSize: parseScaled(minSize, sizeScale) as Size,
    maxSize: Math.min(Math.floor(maxSize * 10 ** sizeScale), Number.MAX_SAFE_INTEGER) as Size,
    minNotional: minOrderAmt === undefined || minOrderAmt === '' ? 0 : Number(canonicalDecimal(minOrderAmt)),
    multiplier: 1,
    tradable: row.status === 'Trading',
  };
}

/** How many decimals a size may have and still be an exact integer. */
function decimalsThatFit(size: number): number {
  return Math.max(0, Math.floor(Math.log10(Number.MAX_SAFE_INTEGER / size)));
}
