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
  endpoints: bybitLinearEndpoints,
  marketData: bybitLinearMarketData,
  createBookSync: (instrument) => new BybitLinearBookSync(instrument.symbol, instrument),
  createAccountStream: (runtime, listener) => createBybitLinearAccountStream(runtime, listener),
  createOrderEntry: (runtime, onStatus) => createBybitLinearOrderEntry(runtime, onStatus),
  createQueries: (runtime) => createBybitLinearQueries(runtime, fetchInstruments),
  fetchInstruments,
};
