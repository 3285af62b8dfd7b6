import type { Venue } from '../venue.ts';
import { createAlpacaAccountStream } from './account-stream.ts';
import { AlpacaBookSync } from './book-sync.ts';
import { alpacaEndpoints } from './endpoints.ts';
import { fetchInstruments } from './instruments.ts';
import { alpacaMarketData } from './market-data.ts';
import { fetchMarketStatus } from './market-status.ts';
import { createAlpacaQueries } from './queries.ts';
import { createAlpacaOrderEntry } from './trading.ts';

/** US equities at Alpaca, with their news. */
export const alpaca: Venue = {
  id: 'alpaca',
  supports: {
    name: 'Alpaca US equities',
    modes: ['paper', 'testnet', 'live'],
    instruments: ['equity'],
    channels: ['book', 'trades', 'quotes', 'candles', 'news', 'status'],
    orderTypes: ['limit', 'market', 'stopMarket'],
    timesInForce: ['gtc', 'ioc', 'fok'],
    amend: 'none',
    reduceOnly: false,
    orderEntry: 'rest',
    accountStream: 'websocket',
    deadMan: 'none',
    orderValidity: 'none',
    notes: [
      'There is no order book feed for equities: the book is the best bid and offer of each quote, one level a side, numbered here.',
      'Trades name no taker; the side is inferred from the quote in force.',
      'Market data wants keys; the feed is IEX, one exchange of many.',
      'One connection to each address for a key: a change hands over and never overlaps, and the venue holds a dead one for about 90 s.',
      'An order is not changed in place (the venue would replace it by another, which the first may outrun): cancel and place.',
      'Orders carry no validity: a lease that ends is fenced by not sending in its last half second, and by its successor.',
      'Orders are of whole shares; positions may have up to nine decimals.',
      "The regulators' fees are taken from the cash at the end of the day and stand in no fill; with dividends and what else moves cash they are booked from the account's activities, by day. A split's shares show in the position, and are adopted.",
      'The account has 200 requests a minute for orders and queries together; 40 are kept for cancels.',
    ],
  },
  endpoints: alpacaEndpoints,
  marketData: alpacaMarketData,
  createBookSync: (instrument) => new AlpacaBookSync(instrument.symbol, instrument),
  createAccountStream: (runtime, listener) => createAlpacaAccountStream(runtime, listener),
  createOrderEntry: (runtime, onStatus) => createAlpacaOrderEntry(runtime, onStatus),
  createQueries: (runtime) => createAlpacaQueries(runtime),
  fetchInstruments,
  fetchMarketStatus,
};
