import { createBybitAccountStream } from '../bybit/account-stream.ts';
import { BybitBookSync } from '../bybit/book-sync.ts';
import { bybitEndpoints } from '../bybit/endpoints.ts';
import { fetchMarketStatus } from '../bybit/market-status.ts';
import { createBybitQueries } from '../bybit/queries.ts';
import { createBybitOrderEntry } from '../bybit/trading.ts';
import type { Venue } from '../venue.ts';
import { SPOT } from './category.ts';
import { fetchInstruments } from './instruments.ts';
import { bybitSpotMarketData } from './market-data.ts';

/** Bybit V5 spot. */
export const bybitSpot: Venue = {
  id: SPOT.venue,
  supports: {
    name: 'Bybit V5 spot',
    modes: ['paper', 'testnet', 'live'],
    instruments: ['spot'],
    channels: ['book', 'trades', 'quotes', 'ticker', 'candles'],
    orderTypes: ['limit', 'market', 'stopMarket', 'takeProfitMarket'],
    timesInForce: ['gtc', 'ioc', 'fok', 'postOnly'],
    amend: 'priceAndSize',
    reduceOnly: false,
    orderEntry: 'websocket',
    accountStream: 'websocket',
    deadMan: 'none',
    orderValidity: 'window',
    notes: [
      'What is held is the wallet balance of the base asset, told for every known symbol with that base; there is no entry price and no reduce-only.',
      'Fees are taken in what is received: a bought size arrives less its fee.',
      'What moves the wallet without a trade is booked from the transaction log.',
      'A stop or take-profit order has no direction of its own: the venue takes it from trigger and last price, so a trigger that was passed already waits for the way back.',
      'Stop orders occupy no balance until they trigger and may then find none; at most 30 of them wait for a symbol.',
      'The wallet is told only when it changes, never at the beginning: ask for it after each `live`.',
      'A post-only order that would take is cancelled after its acknowledgement, not refused.',
      'The history of orders keeps for two years what has filled, and for a day what was cancelled untouched.',
      'Cancelling on disconnect (DCP) is for institutional clients only and is not armed; a signed order ends with its window.',
      'The own demo of the venue has no websocket order entry; paper orders go to the simulated venue, `testnet` has one.',
    ],
  },
  endpoints: bybitEndpoints,
  marketData: bybitSpotMarketData,
  createBookSync: (instrument) => new BybitBookSync(instrument.symbol, instrument),
  createAccountStream: (runtime, listener) => createBybitAccountStream(SPOT, runtime, listener),
  createOrderEntry: (runtime, onStatus) => createBybitOrderEntry(SPOT, runtime, onStatus),
  createQueries: (runtime) => createBybitQueries(SPOT, runtime, fetchInstruments),
  fetchInstruments,
  fetchMarketStatus: (runtime) => fetchMarketStatus(SPOT, runtime),
};
