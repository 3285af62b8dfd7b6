import type { EpochMs } from '../time/clock.ts';

/** The taker's side of a trade, or the side of an order. */
export type Side = 'buy' | 'sell';

/** `[price, size]` as the venue's decimal text; size zero deletes the level. */
export type LevelText = readonly [price: string, size: string];

/** A change of, or a new state of, an order book. */
export interface BookMessage {
  readonly type: 'book';
  readonly symbol: string;
  readonly isSnapshot: boolean;
  readonly bids: readonly LevelText[];
  readonly asks: readonly LevelText[];
  /** The venue's sequence numbers; what they promise differs by venue (see its book sync). Binance: U, u, pu. Bybit: u, u, null. */
  readonly firstSequence: number;
  readonly lastSequence: number;
  readonly previousSequence: number | null;
  readonly exchangeTime: EpochMs;
}

export interface TradeMessage {
  readonly type: 'trade';
  readonly symbol: string;
  readonly id: string;
  readonly price: string;
  readonly size: string;
  readonly side: Side;
  readonly exchangeTime: EpochMs;
}

/** Best bid and ask as the venue states them apart from its book. `sequence` joins it to the book where the venue says so. */
export interface QuoteMessage {
  readonly type: 'quote';
  readonly symbol: string;
  readonly bidPrice: string;
  readonly bidSize: string;
  readonly askPrice: string;
  readonly askSize: string;
  readonly sequence: number | null;
  readonly exchangeTime: EpochMs;
}

/** What is known so far of a derivative's state; null until the venue has said it. */
export interface TickerMessage {
  readonly type: 'ticker';
  readonly symbol: string;
  readonly lastPrice: string | null;
  readonly markPrice: string | null;
  readonly indexPrice: string | null;
  readonly fundingRate: string | null;
  readonly nextFundingTime: EpochMs | null;
  readonly openInterest: string | null;
  readonly exchangeTime: EpochMs;
}

export interface LiquidationMessage {
  readonly type: 'liquidation';
  readonly symbol: string;
  readonly id: string | null;
  readonly price: string;
  readonly size: string;
  readonly side: Side;
  readonly exchangeTime: EpochMs;
}

/** One candle as the venue makes it. `closed`: it is final. */
export interface CandleMessage {
  readonly type: 'candle';
  readonly symbol: string;
  readonly intervalMs: number;
  readonly openTime: EpochMs;
  readonly open: string;
  readonly high: string;
  readonly low: string;
  readonly close: string;
  /** In units of size. */
  readonly volume: string;
  readonly closed: boolean;
  readonly exchangeTime: EpochMs;
}

/** A news item; it may come again when it is updated: `id` and `updatedAt` together are its identity. */
export interface NewsMessage {
  readonly type: 'news';
  readonly id: string;
  readonly updatedAt: EpochMs;
  readonly headline: string;
  readonly summary: string;
  readonly url: string;
  readonly source: string;
  readonly symbols: readonly string[];
  readonly exchangeTime: EpochMs;
}

/** The venue says that a symbol, or with null all of it, trades or does not. */
export interface TradingStatusMessage {
  readonly type: 'tradingStatus';
  readonly symbol: string | null;
  readonly trading: boolean;
  readonly reason: string;
  readonly exchangeTime: EpochMs;
}

/** Answers and notices of a market-data connection that are no market data. */
export type MarketControlMessage =
  | { readonly type: 'subscribed'; readonly requestId: string; readonly ok: true }
  | { readonly type: 'subscribed'; readonly requestId: string; readonly ok: false; readonly reason: string }
  /**
   * The whole of what the connection is now subscribed to, where the venue answers so (Alpaca): it answers the request named, or the oldest open one. Where the
   * answer lists only what its own request changed (Deribit), the request is named and the lists of one call's requests are taken together.
   */
  | {
      readonly type: 'subscriptionState';
      readonly subscriptions: readonly Subscription[];
      readonly requestId?: string;
      /** The venue refused the request as a whole, and this is why (Alpaca, which names no request): the list says nothing then. */
      readonly refused?: string;
    }
  | { readonly type: 'pong' }
  /** The venue wants this text sent back at once (Deribit's `test_request`). */
  | { readonly type: 'reply'; readonly text: string }
  /**
   * `shutdown`: this connection will be cut soon. `maintenance`: the venue does not serve now; `resumed`: it does again. `occupied`: the venue still holds an
   * earlier connection of these keys.
   */
  | {
      readonly type: 'notice';
      readonly notice: 'shutdown' | 'maintenance' | 'resumed' | 'occupied';
      readonly text: string;
    }
  | { readonly type: 'venueError'; readonly code: string; readonly text: string };

export type MarketDataMessage =
  | BookMessage
  | TradeMessage
  | QuoteMessage
  | TickerMessage
  | LiquidationMessage
  | CandleMessage
  | NewsMessage
  | TradingStatusMessage;
export type MarketMessage = MarketDataMessage | MarketControlMessage;

/** What a feed may carry of a symbol. `candles`: of one minute. */
export const CHANNELS = ['book', 'trades', 'quotes', 'ticker', 'liquidations', 'candles', 'news', 'status'] as const;
export type Channel = (typeof CHANNELS)[number];

/** A subscription in Millrace's own words; each venue maps it to its topic or stream. */
export interface Subscription {
  readonly channel: Channel;
  readonly symbol: string;
}
