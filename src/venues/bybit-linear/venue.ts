import { createBybitAccountStream } from '../bybit/account-stream.ts';
import { BybitBookSync } from '../bybit/book-sync.ts';
import { bybitEndpoints } from '../bybit/endpoints.ts';
import { fetchMarketStatus } from '../bybit/market-status.ts';
import { createBybitQueries } from '../bybit/queries.ts';
import { createBybitOrderEntry } from '../bybit/trading.ts';
import type { Venue } from '../venue.ts';
import { LINEAR } from './category.ts';
import { fetchInstruments } from './instruments.ts';
import { bybitLinearMarketData } from './market-data.ts';

/** Bybit V5 linear contracts. */
export const bybitLinear: Venue = {
  id: LINEAR.venue,
  supports: {
    name: 'Bybit V5 linear contracts',
    modes: ['paper', 'testnet', 'live'],
    instruments: ['linear'],
    channels: ['book', 'trades', 'quotes', 'ticker', 'liquidations', 'candles'],
    orderTypes: ['limit', 'market', 'stopMarket', 'takeProfitMarket'],
    timesInForce: ['gtc', 'ioc', 'fok', 'postOnly'],
    amend: 'priceAndSize',
    reduceOnly: true,
    orderEntry: 'websocket',
    accountStream: 'websocket',
    deadMan: 'none',
    orderValidity: 'window',
    notes: [
      'One-way mode only: an account in hedge mode is refused.',
      'Funding is booked by its execution id, from the account stream and the list of executions; what else moves the wallet from the transaction log.',
      'Stop and take-profit orders trigger by the last price; at most 10 of them wait for a symbol.',
      'A post-only order that would take is cancelled after its acknowledgement, not refused.',
      'The history of orders keeps for two years what has filled, and for a day what was cancelled untouched.',
      'Cancelling on disconnect (DCP) is for institutional clients only and is not armed; a signed order ends with its window.',
      'The own demo of the venue has no websocket order entry; paper orders go to the simulated venue, `testnet` has one.',
    ],
  },
  endpoints: bybitEndpoints,
  marketData: bybitLinearMarketData,
  createBookSync: (instrument) => new BybitBookSync(instrument.symbol, instrument),
  createAccountStream: (runtime, listener) => createBybitAccountStream(LINEAR, runtime, listener),
  createOrderEntry: (runtime, onStatus) => createBybitOrderEntry(LINEAR, runtime, onStatus),
  createQueries: (runtime) => createBybitQueries(LINEAR, runtime, fetchInstruments),
  fetchInstruments,
  fetchMarketStatus: (runtime) => fetchMarketStatus(LINEAR, runtime),
};
