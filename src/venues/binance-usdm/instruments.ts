import type { z } from 'zod';
import type { Instrument } from '#core/market/instrument.ts';
import { canonicalDecimal, decimalsOf, type Price, parseScaled, type Size } from '#core/market/scaled-decimal.ts';
import { positive, type ReadInstruments, readInstrumentRows, requiredFilter } from '../binance/exchange-info.ts';
import { publicGet } from '../binance/public-rest.ts';
import type { VenueRuntime } from '../venue.ts';
import { binanceUsdmApi } from './api.ts';
import { exchangeInfo, exchangeSymbol } from './messages.ts';

/** All instruments by `/fapi/v1/exchangeInfo`. Rejects with a `VenueError`; an instrument that cannot be read is logged and left out. */
export async function fetchInstruments(runtime: VenueRuntime): Promise<readonly Instrument[]> {
  const answer = await publicGet(binanceUsdmApi, runtime, '/fapi/v1/exchangeInfo', 1);
  const { instruments, refused } = readExchangeInfo(answer);
  for (const { symbol, reason } of refused) {
    runtime.log('warn', 'instrument left out', { venue: 'binance-usdm', symbol, reason });
  }
  return instruments;
}

/** Reads an answer of `exchangeInfo`. Throws a `VenueError` of class `retry` for one that has no list of symbols. */
export function readExchangeInfo(answer: unknown): ReadInstruments {
  return readInstrumentRows(exchangeInfo, exchangeSymbol, answer, instrumentOf);
}

/**
 * The scales are the venue's precisions, or what tick and step need where that is more. An order must satisfy the filters of limit and market orders both,
 * so sizes are the narrower of the two.
 */
function instrumentOf(row: z.infer<typeof exchangeSymbol>): Instrument {
  const filter = (type: string) => row.filters.find((each) => each.filterType === type);
  const tickSize = requiredFilter(filter('PRICE_FILTER')?.tickSize, 'PRICE_FILTER.tickSize');
  const lot = filter('LOT_SIZE');
  const market = filter('MARKET_LOT_SIZE') ?? lot;
  const sizes = {
    step: [
      requiredFilter(lot?.stepSize, 'LOT_SIZE.stepSize'),
      requiredFilter(market?.stepSize, 'MARKET_LOT_SIZE.stepSize'),
    ],
    minimum: [requiredFilter(lot?.minQty, 'LOT_SIZE.minQty'), requiredFilter(market?.minQty, 'MARKET_LOT_SIZE.minQty')],
    maximum: [requiredFilter(lot?.maxQty, 'LOT_SIZE.maxQty'), requiredFilter(market?.maxQty, 'MARKET_LOT_SIZE.maxQty')],
  };
  const priceScale = Math.max(row.pricePrecision, decimalsOf(tickSize));
  const sizeScale = Math.max(row.quantityPrecision, ...[...sizes.step, ...sizes.minimum].map(decimalsOf));
  const scaled = (texts: readonly string[]) => texts.map((text) => parseScaled(text, sizeScale));
  return {
    venue: 'binance-usdm',
    symbol: row.symbol,
    kind: 'linear',
    baseCurrency: row.baseAsset,
    quoteCurrency: row.quoteAsset,
    settlementCurrency: row.marginAsset,
    priceScale,
    sizeScale,
    tickSize: positive(parseScaled(tickSize, priceScale), 'tickSize') as Price,
    lotSize: positive(Math.max(...scaled(sizes.step)), 'stepSize') as Size,
    minSize: Math.max(...scaled(sizes.minimum)) as Size,
    maxSize: positive(Math.min(...scaled(sizes.maximum)), 'maxQty') as Size,
    minNotional: Number(canonicalDecimal(filter('MIN_NOTIONAL')?.notional ?? '0')),
    multiplier: 1,
    tradable: row.status === 'TRADING',
  };
}
