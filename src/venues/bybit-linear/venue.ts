import type { Venue } from '../venue.ts';
import { createBybitLinearAccountStream } from './account-stream.ts';
import { BybitLinearBookSync } from './book-sync.ts';
import { bybitLinearEndpoints } from './endpoints.ts';
import { fetchInstruments } from './instruments.ts';
import { bybitLinearMarketData } from './market-data.ts';
import { createBybitLinearQueries } from './queries.ts';
import { createBybitLinearOrderEntry } from './trading.ts';

/** Bybit V5 linear contracts. */
export const bybitLinear: Venue = {
  id: 'bybit-linear',
  supports: {
    name: 'Bybit V5 linear contracts',
    modes: ['paper', 'testnet', 'live'],
    instruments: ['linear'],
    channels: ['book', 'trades', 'quotes', 'ticker', 'liquidations'],
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
  endpoints: bybitLinearEndpoints,
  marketData: bybitLinearMarketData,
  createBookSync: (instrument) => new BybitLinearBookSync(instrument.symbol, instrument),
  createAccountStream: (runtime, listener) => createBybitLinearAccountStream(runtime, listener),
  createOrderEntry: (runtime, onStatus) => createBybitLinearOrderEntry(runtime, onStatus),
  createQueries: (runtime) => createBybitLinearQueries(runtime, fetchInstruments),
  fetchInstruments,
};
