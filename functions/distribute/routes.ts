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
  subscribed: [],
  pong: [],
  notice: [],
  venueError: [],
};
