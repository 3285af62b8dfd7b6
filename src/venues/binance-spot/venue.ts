import { fetchStatusByPing } from '../binance/market-status.ts';
import type { Venue } from '../venue.ts';
import { createBinanceSpotAccountStream } from './account-stream.ts';
import { BinanceSpotBookSync } from './book-sync.ts';
import { binanceSpotEndpoints } from './endpoints.ts';
import { fetchInstruments } from './instruments.ts';
import { binanceSpotMarketData } from './market-data.ts';
import { createBinanceSpotQueries } from './queries.ts';
import { createBinanceSpotOrderEntry } from './trading.ts';

/** Binance spot. */
export const binanceSpot: Venue = {
  id: 'binance-spot',
  supports: {
    name: 'Binance spot',
    modes: ['paper', 'testnet', 'live'],
    instruments: ['spot'],
    channels: ['book', 'trades', 'quotes', 'ticker', 'candles'],
    orderTypes: ['limit', 'market', 'stopMarket', 'takeProfitMarket'],
    timesInForce: ['gtc', 'ioc', 'fok', 'postOnly'],
    amend: 'sizeDown',
    reduceOnly: false,
    orderEntry: 'websocket',
    accountStream: 'websocket',
    deadMan: 'none',
    orderValidity: 'window',
    notes: [
      'What is held is the total balance of the base asset, told for every known symbol with that base; there is no entry price and no reduce-only.',
      'Fees are taken in what is received, so a bought size arrives less its fee; in BNB where the account pays so.',
      'Deposits, withdrawals and transfers are booked as the account stream tells them, by time, asset and amount: the books that would name them are not for trading keys. What is told to nobody shows in the balances.',
      'Where the venue takes orders of very many units, sizes are counted in fewer decimals than the asset has.',
      'Orders of an earlier, finer tick stay in a book: prices are counted in two decimals more than the tick has.',
      'Quotes carry no time of their own: they have that of the newest event of their connection.',
      'An order is changed in place only by lowering its size; its price must be the one it was placed with, and the client must have placed it.',
      'A post-only order that would take is refused with -2010.',
      'Client ids are unique among open orders only; a re-send is preceded by a query.',
      'Account reports come over the websocket API and end without a reason (`eventStreamTerminated`); the stream is then opened anew.',
    ],
  },
  endpoints: binanceSpotEndpoints,
  marketData: binanceSpotMarketData,
  createBookSync: (instrument) => new BinanceSpotBookSync(instrument.symbol, instrument),
  createAccountStream: (runtime, listener) => createBinanceSpotAccountStream(runtime, listener),
  createOrderEntry: (runtime, onStatus) => createBinanceSpotOrderEntry(runtime, onStatus),
  createQueries: (runtime) => createBinanceSpotQueries(runtime, fetchInstruments),
  fetchInstruments,
  fetchMarketStatus: (runtime) => fetchStatusByPing(runtime, '/api/v3/ping'),
};
