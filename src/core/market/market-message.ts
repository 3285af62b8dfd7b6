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

/** Answers and notices of a market-data connection that are no market data. */
export type MarketControlMessage =
  | { readonly type: 'subscribed'; readonly requestId: string; readonly ok: true }
  | { readonly type: 'subscribed'; readonly requestId: string; readonly ok: false; readonly reason: string }
  | { readonly type: 'pong' }
  | { readonly type: 'notice'; readonly notice: 'shutdown' | 'maintenance'; readonly text: string }
  | { readonly type: 'venueError'; readonly code: string; readonly text: string };

export type MarketDataMessage = BookMessage | TradeMessage | QuoteMessage | TickerMessage | LiquidationMessage;
export type MarketMessage = MarketDataMessage | MarketControlMessage;

/** A subscription in Millrace's own words; each venue maps it to its topic or stream. */
export interface Subscription {
  readonly channel: 'book' | 'trades' | 'quotes' | 'ticker' | 'liquidations';
  readonly symbol: string;
}
