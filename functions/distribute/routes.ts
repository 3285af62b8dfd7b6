import type { MarketMessage } from '#core/market/market-message.ts';

/** What works on market messages. */
export type MarketProcessor = 'candles' | 'latest';

/** Which processors get which message (T1); the only place where that is said. */
export const ROUTES: Readonly<Record<MarketMessage['type'], readonly MarketProcessor[]>> = {
  trade: ['candles', 'latest'],
  quote: ['latest'],
  ticker: ['latest'],
  book: ['latest'],
  liquidation: [],
  // The venue's own candles and news are archived with every frame; the pipeline makes its candles from trades.
  candle: [],
  news: [],
  tradingStatus: [],
  subscribed: [],
  subscriptionState: [],
  pong: [],
  reply: [],
  notice: [],
  venueError: [],
};
