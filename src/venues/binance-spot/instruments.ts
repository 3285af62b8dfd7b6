import type { z } from 'zod';
import type { Instrument } from '#core/market/instrument.ts';
import { canonicalDecimal, decimalsOf, type Price, parseScaled, type Size } from '#core/market/scaled-decimal.ts';
import { positive, type ReadInstruments, readInstrumentRows, requiredFilter } from '../binance/exchange-info.ts';
import { publicGet } from '../binance/public-rest.ts';
import type { VenueRuntime } from '../venue.ts';
import { binanceSpotApi } from './api.ts';
import { exchangeInfo, exchangeSymbol } from './messages.ts';

/** IP weight of `exchangeInfo`. */
const WEIGHT = 20;
/** When a tick is made coarser, orders of the finer one stay in the book: so many decimals more are still read. */
const OLD_TICK_DECIMALS = 2;

/** All instruments by `/api/v3/exchangeInfo`. Rejects with a `VenueError`; an instrument that cannot be read is logged and left out. */
export async function fetchInstruments(runtime: VenueRuntime): Promise<readonly Instrument[]> {
  const { instruments, refused } = readExchangeInfo(
    await publicGet(binanceSpotApi, runtime, '/api/v3/exchangeInfo', WEIGHT),
  );
  for (const { symbol, reason } of refused) {
    runtime.log('warn', 'instrument left out', { venue: 'binance-spot', symbol, reason });
  }
  return instruments;
}

/** Reads an answer of `exchangeInfo`. Throws a `VenueError` of class `retry` for one that has no list of symbols. */
export function readExchangeInfo(answer: unknown): ReadInstruments {
  return readInstrumentRows(exchangeInfo, exchangeSymbol, answer, instrumentOf);
}

/**
 * Sizes are counted in the asset's own decimals, since fees are taken in it; where sizes are so large that those would not fit an exact integer, in as many as
 * do. An order must satisfy the filters of limit and market orders both; a zero of MARKET_LOT_SIZE says nothing.
 */
function instrumentOf(row: z.infer<typeof exchangeSymbol>): Instrument {
  const filter = (type: string) => row.filters.find((each) => each.filterType === type);
  const price = filter('PRICE_FILTER');
  const tickSize = requiredFilter(price?.tickSize, 'PRICE_FILTER.tickSize');
  const lot = filter('LOT_SIZE');
  const market = filter('MARKET_LOT_SIZE');
  const step = stated(requiredFilter(lot?.stepSize, 'LOT_SIZE.stepSize'), market?.stepSize);
  const minimum = stated(requiredFilter(lot?.minQty, 'LOT_SIZE.minQty'), market?.minQty);
  const maximum = stated(requiredFilter(lot?.maxQty, 'LOT_SIZE.maxQty'), market?.maxQty);
  const largest = Math.max(...maximum.map(Number));
  const needed = Math.max(...[...step, ...minimum].map(decimalsOf));
  const sizeScale = Math.max(needed, Math.min(row.baseAssetPrecision, decimalsThatFit(largest)));
  const ticked = Math.max(decimalsOf(tickSize), decimalsOf(price?.minPrice ?? '0'));
  const priceScale = Math.max(ticked, Math.min(row.quotePrecision, ticked + OLD_TICK_DECIMALS));
  const scaled = (texts: readonly string[]) => texts.map((text) => parseScaled(text, sizeScale));
  const notional = (filter('NOTIONAL') ?? filter('MIN_NOTIONAL'))?.minNotional ?? '0';
  return {
    venue: 'binance-spot',
    symbol: row.symbol,
    kind: 'spot',
    baseCurrency: row.baseAsset,
    quoteCurrency: row.quoteAsset,
    settlementCurrency: row.quoteAsset,
    priceScale,
    sizeScale,
    tickSize: positive(parseScaled(tickSize, priceScale), 'tickSize') as Price,
    lotSize: positive(Math.max(...scaled(step)), 'stepSize') as Size,
    minSize: Math.max(...scaled(minimum)) as Size,
    // It may have more decimals than sizes are counted in: what is beyond them is no order's.
    maxSize: positive(Math.floor(Math.min(...maximum.map(Number)) * 10 ** sizeScale), 'maxQty') as Size,
    minNotional: Number(canonicalDecimal(notional)),
    multiplier: 1,
    tradable: row.status === 'TRADING',
  };
}

/** The limit orders' value, and the market orders' where there is one. */
function stated(value: string, ofMarket: string | undefined): readonly string[] {
  return ofMarket === undefined || Number(ofMarket) === 0 ? [value] : [value, ofMarket];
}

/** How many decimals a size may have and still be an exact integer, with room for books above the largest order. */
function decimalsThatFit(size: number): number {
  return Math.max(0, Math.floor(Math.log10(Number.MAX_SAFE_INTEGER / (size * 16))));
}
