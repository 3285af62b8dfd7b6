import { fetchStatusByPing } from '../binance/market-status.ts';
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
  supports: {
    name: 'Binance USD-M futures',
    modes: ['paper', 'testnet', 'live'],
    instruments: ['linear'],
    channels: ['book', 'trades', 'quotes', 'ticker', 'liquidations', 'candles', 'status'],
    orderTypes: ['limit', 'market'],
    timesInForce: ['gtc', 'ioc', 'fok', 'postOnly'],
    amend: 'priceAndSize',
    reduceOnly: true,
    orderEntry: 'websocket',
    accountStream: 'websocket',
    deadMan: 'none',
    orderValidity: 'window',
    notes: [],
  },
  endpoints: binanceUsdmEndpoints,
  marketData: binanceUsdmMarketData,
  createBookSync: (instrument) => new BinanceUsdmBookSync(instrument.symbol, instrument),
  createAccountStream: (runtime, listener) => createBinanceUsdmAccountStream(runtime, listener),
  createOrderEntry: (runtime, onStatus) => createBinanceUsdmOrderEntry(runtime, onStatus),
  createQueries: (runtime) => createBinanceUsdmQueries(runtime, fetchInstruments),
  fetchInstruments,
  fetchMarketStatus: (runtime) => fetchStatusByPing(runtime, '/fapi/v1/ping'),
};
