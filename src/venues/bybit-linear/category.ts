import type { BybitCategory } from '../bybit/category.ts';

/** A conditional order waits for a rise (1) or for a fall (2) to its trigger price. */
const RISES = 1;
const FALLS = 2;

/** Contracts that settle in USDT or USDC: positions, funding, reduce-only. */
export const LINEAR: BybitCategory = {
  name: 'linear',
  venue: 'bybit-linear',
  publicPath: '/v5/public/linear',
  topics: {
    book: (symbol) => `orderbook.50.${symbol}`,
    quotes: (symbol) => `orderbook.1.${symbol}`,
    trades: (symbol) => `publicTrade.${symbol}`,
    ticker: (symbol) => `tickers.${symbol}`,
    liquidations: (symbol) => `allLiquidation.${symbol}`,
    candles: (symbol) => `kline.1.${symbol}`,
  },
  ordersPerSecond: 10,
  privateTopics: ['order', 'execution', 'position', 'wallet'],
  product: 1,
  positions: 'venue',
  stopsHaveFilter: false,
  completeOrder(order, intent, triggerPrice) {
    order.reduceOnly = intent.reduceOnly;
    order.positionIdx = 0;
    if (triggerPrice === null) return;
    order.triggerPrice = triggerPrice;
    // A stop buys into a rise and sells into a fall, a take-profit the other way round.
    order.triggerDirection = (intent.type === 'stopMarket') === (intent.side === 'buy') ? RISES : FALLS;
    order.triggerBy = 'LastPrice';
  },
};
