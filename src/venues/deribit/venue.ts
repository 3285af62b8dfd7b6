import type { Venue } from '../venue.ts';
import { createDeribitAccountStream } from './account-stream.ts';
import { DeribitBookSync } from './book-sync.ts';
import { DERIBIT_CHANNELS } from './channels.ts';
import { deribitEndpoints } from './endpoints.ts';
import { fetchInstruments } from './instruments.ts';
import { deribitMarketData } from './market-data.ts';
import { fetchMarketStatus } from './market-status.ts';
import { createDeribitQueries } from './queries.ts';
import { createDeribitOrderEntry } from './trading.ts';

/** Deribit: futures and perpetuals are traded, options are data. */
export const deribit: Venue = {
  id: 'deribit',
  supports: {
    name: 'Deribit futures, perpetuals and options',
    modes: ['paper', 'testnet', 'live'],
    instruments: ['inverse', 'linear', 'option'],
    channels: DERIBIT_CHANNELS,
    orderTypes: ['limit', 'market', 'stopMarket', 'takeProfitMarket'],
    timesInForce: ['gtc', 'ioc', 'fok', 'postOnly'],
    amend: 'priceAndSize',
    reduceOnly: true,
    orderEntry: 'websocket',
    accountStream: 'websocket',
    deadMan: 'cancelOnDisconnect',
    orderValidity: 'validUntil',
    notes: [
      'Options are data: they cannot be traded here.',
      'Sizes are amounts: US dollars for inverse contracts, coins for linear ones and options.',
      'Labels are not unique: an order whose answer is missing is asked for before anything is sent again.',
      'Each change of a book, trade and ticker (`raw`) is told only to connections that have logged in; without keys they come every 100 ms.',
      'A torn order connection takes its working orders with it (cancel-on-disconnect); one that ends in order leaves them.',
      'Out of credits (10028) the venue ends the session; the next is opened when the pool has refilled.',
      'A cancel names no time until which it is good: the venue has none for it.',
      'Settlement, funding, deliveries and transfers are read from the transaction log, once a minute; of a settlement its funding is counted as profit, the rest of it fills and prices have told.',
      'Candles are closed by the next one; liquidations come with the trades of about a second (`agg2`).',
    ],
  },
  endpoints: deribitEndpoints,
  marketData: deribitMarketData,
  createBookSync: (instrument) => new DeribitBookSync(instrument.symbol, instrument),
  createAccountStream: (runtime, listener) => createDeribitAccountStream(runtime, listener),
  createOrderEntry: (runtime, onStatus) => createDeribitOrderEntry(runtime, onStatus),
  createQueries: (runtime) => createDeribitQueries(runtime, fetchInstruments),
  fetchInstruments,
  fetchMarketStatus,
};
