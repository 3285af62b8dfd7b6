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
    orderTypes: ['limit', 'market', 'stopMarket', 'takeProfitMarket'],
    timesInForce: ['gtc', 'ioc', 'fok', 'postOnly'],
    amend: 'priceAndSize',
    reduceOnly: true,
    orderEntry: 'websocket',
    accountStream: 'websocket',
    deadMan: 'countdown',
    orderValidity: 'window',
    notes: [
      'Books and trades come over two sockets, with no common order between them.',
      'One-way mode only: an account in hedge mode is refused with HEDGE_MODE.',
      "Funding and transfers are booked from the account's income, by its transaction ids: the account stream tells of them without any.",
      'Conditional orders live in a service of their own until they are triggered; queries look at both places, and then the order has another venue id.',
      'The countdown that cancels by itself is set for each symbol with the first order there, for 120 s, and renewed each 29 s (20 of the weight a minute and symbol) while an order is open there or was placed within five minutes; stopping in order ends it. Conditional orders are not known to be under it.',
      'An amendment takes price and size and loses the place in the queue; one to no more than what is filled cancels.',
      'Client ids are unique among open orders only; a re-send is preceded by a query.',
      'A post-only order that would take is acknowledged and then expires.',
      'Mark price and funding come each second; states of contracts only when they change.',
    ],
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
