import type { BybitCategory } from '../bybit/category.ts';
import { readRetired } from './retired-messages.ts';

/** Spot pairs: no positions, no reduce-only, fees in what is received. */
export const SPOT: BybitCategory = {
  name: 'spot',
  venue: 'bybit-spot',
  publicPath: '/v5/public/spot',
  topics: {
    book: (symbol) => `orderbook.50.${symbol}`,
    quotes: (symbol) => `orderbook.1.${symbol}`,
    trades: (symbol) => `publicTrade.${symbol}`,
    ticker: (symbol) => `tickers.${symbol}`,
    candles: (symbol) => `kline.1.${symbol}`,
  },
  ordersPerSecond: 20,
  privateTopics: ['order', 'execution', 'wallet'],
  product: 2,
  positions: 'wallet',
  readOther: readRetired,
  stopsHaveFilter: true,
  completeOrder(order, intent, triggerPrice) {
    // Without it the size of a market buy would be taken as quote currency.
    if (intent.type !== 'limit') order.marketUnit = 'baseCoin';
    if (triggerPrice === null) return;
    order.triggerPrice = triggerPrice;
    // Takes nothing from the balance until it triggers, unlike `tpslOrder`: a stop and a take-profit can wait for the same holding.
    order.orderFilter = 'StopOrder';
  },
};
