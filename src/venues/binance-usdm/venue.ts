import type { Venue } from '../venue.ts';
import { createBinanceUsdmAccountStream } from './account-stream.ts';
import { BinanceUsdmBookSync } from './book-sync.ts';
import { binanceUsdmEndpoints } from './endpoints.ts';
import { fetchInstruments } from './instruments.ts';
import { binanceUsdmMarketData } from './market-data.ts';
import { createBinanceUsdmQueries } from './queries.ts';
import { createBinanceUsdmOrderEntry } from './trading.ts';

/** Binance USD-M futures. */
export const binanceUsdm: Venue = {
  id: 'binance-usdm',
  endpoints: binanceUsdmEndpoints,
  marketData: binanceUsdmMarketData,
  createBookSync: (instrument) => new BinanceUsdmBookSync(instrument.symbol, instrument),
  createAccountStream: (runtime, listener) => createBinanceUsdmAccountStream(runtime, listener),
  createOrderEntry: (runtime, onStatus) => createBinanceUsdmOrderEntry(runtime, onStatus),
  createQueries: (runtime) => createBinanceUsdmQueries(runtime, fetchInstruments),
  fetchInstruments,
};
