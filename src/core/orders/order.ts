import type { VenueId } from '../market/instrument.ts';
import type { Side } from '../market/market-message.ts';
import type { Price, Size } from '../market/scaled-decimal.ts';
import type { EpochMs } from '../time/clock.ts';

/** Our own id of an order: deterministic, never used twice, at most 36 characters of `[0-9A-Za-z-]`, safe for every venue and as an execution name. */
export type ClientOrderId = string & { readonly __id: 'client-order' };

/** The last two wait at the venue until the mark or last price reaches `triggerPrice`, then go as market orders. */
export type OrderType = 'limit' | 'market' | 'stopMarket' | 'takeProfitMarket';
/** `postOnly` is a limit order that may never take. Market orders are `ioc`. */
export type TimeInForce = 'gtc' | 'ioc' | 'fok' | 'postOnly';

/** What a lane decided to send, complete: nothing is added to it later. Prices and sizes are integers at the instrument's scales. */
export interface OrderIntent {
  readonly clientOrderId: ClientOrderId;
  readonly venue: VenueId;
  readonly symbol: string;
  readonly side: Side;
  readonly type: OrderType;
  readonly timeInForce: TimeInForce;
  /** Null for all but a limit order. */
  readonly price: Price | null;
  /** Only of `stopMarket` and `takeProfitMarket`, which need it. */
  readonly triggerPrice?: Price;
  readonly size: Size;
  readonly reduceOnly: boolean;
  /** Why: `entry`, `takeProfit`, `stopLoss`, `flatten`. */
  readonly purpose: OrderPurpose;
}
export type OrderPurpose = 'entry' | 'takeProfit' | 'stopLoss' | 'flatten';

/** Who said it and by which id: what makes a terminal state a fact (M1). */
export type Evidence =
  | { readonly kind: 'accountStream'; readonly venueOrderId: string; readonly venueTime: EpochMs }
  | { readonly kind: 'answer'; readonly code: string; readonly text: string }
  | { readonly kind: 'query'; readonly venueOrderId: string; readonly venueTime: EpochMs }
  | { readonly kind: 'fills'; readonly fillIds: readonly string[] }
  /** Order, fill and position queries agree and are complete for the window: the only proof that an order never lived. */
  | {
      readonly kind: 'agreedAbsence';
      readonly queriedAt: EpochMs;
      readonly windowFrom: EpochMs;
      readonly position: string;
    }
  /** It was proven not to have left the process. */
  | { readonly kind: 'notSent'; readonly reason: string }
  | { readonly kind: 'person'; readonly who: string; readonly note: string };

/** The venue's own order status in Millrace's words, from the account stream or a query. */
export interface OrderReport {
  readonly kind: 'orderReport';
  readonly source: 'accountStream' | 'query' | 'answer';
  readonly symbol: string;
  /** As the venue returned it: null for an order nobody here placed. */
  readonly clientOrderId: string | null;
  readonly venueOrderId: string;
  readonly status: 'accepted' | 'partiallyFilled' | 'filled' | 'canceled' | 'rejected' | 'expired';
  readonly side: Side;
  /** Decimal text, as the venue states them. */
  readonly price: string | null;
  readonly size: string;
  readonly cumulativeSize: string;
  readonly reduceOnly: boolean;
  /** Told where the venue's report says it; absent: `limit` with a price, else `market`. */
  readonly orderType?: OrderType;
  /** Of stop orders, decimal text. */
  readonly triggerPrice?: string;
  /** The venue's reason for a rejection, cancellation or expiry, or ''. */
  readonly reason: string;
  readonly venueTime: EpochMs;
}

/** One execution as the venue reports it; `fillId` is unique per venue and symbol and is the key under which it counts once. */
export interface FillReport {
  readonly kind: 'fill';
  readonly source: 'accountStream' | 'query';
  readonly symbol: string;
  readonly fillId: string;
  readonly clientOrderId: string | null;
  readonly venueOrderId: string;
  readonly side: Side;
  readonly price: string;
  readonly size: string;
  /** Positive: paid. Decimal text in `feeCurrency`. */
  readonly fee: string;
  readonly feeCurrency: string;
  readonly liquidity: 'maker' | 'taker';
  /** `trade` but for what the venue did by itself. */
  readonly cause: 'trade' | 'liquidation' | 'adl' | 'settlement';
  readonly venueTime: EpochMs;
}

/**
 * The position as the venue states it; `size` signed decimal text (negative = short, '0' = flat). One-way mode only. Of spot it is the whole balance of the base asset, what working orders
 * lock included, and the entry price '0': what of it a lane may call its own is not the venue's to say.
 */
export interface PositionReport {
  readonly kind: 'position';
  readonly source: 'accountStream' | 'query';
  readonly symbol: string;
  readonly size: string;
  readonly entryPrice: string;
  readonly venueTime: EpochMs;
}

export interface BalanceReport {
  readonly kind: 'balance';
  readonly currency: string;
  readonly walletBalance: string;
  readonly availableBalance: string | null;
  readonly venueTime: EpochMs;
}

/** A change of balance that no fill made. */
export interface AdjustmentReport {
  readonly kind: 'adjustment';
  readonly reason: 'funding' | 'settlement' | 'transfer';
  readonly id: string;
  readonly symbol: string | null;
  readonly currency: string;
  readonly amount: string;
  /** What of the amount no fill has told as profit, where that is not all of it: a settlement that pays out a session's profit with its funding. Decimal text. */
  readonly profit?: string;
  /** The venue's stream gives it no id: where the venue's books can be asked, it is booked from there. */
  readonly unnamed?: true;
  readonly venueTime: EpochMs;
}

export type AccountReport = OrderReport | FillReport | PositionReport | BalanceReport | AdjustmentReport;
