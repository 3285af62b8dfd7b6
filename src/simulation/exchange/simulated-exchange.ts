import type { Instrument } from '#core/market/instrument.ts';
import type { Channel, Side } from '#core/market/market-message.ts';
import type { Price, Size } from '#core/market/scaled-decimal.ts';
import type { OrderType, TimeInForce } from '#core/orders/order.ts';
import type { EpochMs } from '#core/time/clock.ts';

/**
 * The venue behind the simulated protocol servers, paper mode and the backtester: one matching engine in venue-neutral words.
 * All calls are synchronous; what they cause is told to the listener before they return, in order.
 */
export interface SimulatedExchange {
  /** `recorded`: market data goes to clients as the recorded frames that `raw` events carry, and in no other form. */
  readonly origin: 'generated' | 'recorded';
  readonly instruments: readonly Instrument[];
  /** Opens an account with its balances by currency (decimal text): what contracts settle in, and what spot pays with. */
  openAccount(accountId: string, balances: ReadonlyMap<string, string>, leverage: number): void;
  place(accountId: string, order: SimulatedOrderRequest): PlaceOutcome;
  cancel(accountId: string, target: SimulatedTarget): CancelOutcome;
  amend(accountId: string, target: SimulatedTarget, price: Price | null, size: Size | null): AmendOutcome;
  order(accountId: string, target: SimulatedTarget): SimulatedOrder | null;
  openOrders(accountId: string, symbol: string | null): readonly SimulatedOrder[];
  /** All orders of the account ever, newest last. */
  orders(accountId: string, symbol: string | null): readonly SimulatedOrder[];
  fills(accountId: string, symbol: string | null): readonly SimulatedFill[];
  /** Of contracts and equities; what spot has bought are balances. */
  positions(accountId: string): readonly SimulatedPosition[];
  balances(accountId: string): readonly SimulatedBalance[];
  /**
   * Whole visible book, best first, own resting orders of accounts included. Of a recorded or live market it is what the frames so far have said,
   * and nothing else, so that it agrees with the frames that are passed on.
   */
  book(symbol: string, depth: number): SimulatedBook;
  ticker(symbol: string): SimulatedTicker;
  listen(listener: SimulatedExchangeListener): () => void;
  /** Whether orders are matched now: false while the venue's session is closed. */
  marketOpen(): boolean;
  /**
   * Opens or closes the session of all symbols. While it is closed what is placed waits and nothing trades, triggers or is liquidated; what waits is carried out when it opens, oldest
   * first. Whether a closed venue takes an order at all is its server's business.
   */
  setMarketOpen(open: boolean): void;
  /** Pays in, or out where the amount is negative (decimal text): a transfer from outside. Throws `BALANCE_NEGATIVE` where there is less than that. */
  transfer(accountId: string, currency: string, amount: string): void;
  /** Moves the market to venue time `now`: the data source feeds what is due, working orders are matched, funding and liquidation happen. */
  advanceTo(now: EpochMs): void;
  now(): EpochMs;
}

export interface SimulatedOrderRequest {
  readonly clientOrderId: string | null;
  readonly symbol: string;
  readonly side: Side;
  readonly type: OrderType | 'stopMarket' | 'takeProfitMarket';
  readonly timeInForce: TimeInForce;
  readonly price: Price | null;
  readonly triggerPrice: Price | null;
  readonly size: Size;
  readonly reduceOnly: boolean;
}

/** By the venue's id or by the client's; the venue's id wins. */
export interface SimulatedTarget {
  readonly orderId: string | null;
  readonly clientOrderId: string | null;
}

/** Why the exchange refuses (`insufficientMargin` is also said where spot funds do not suffice); each protocol server maps it to the venue's own code. */
export type RefusalReason =
  | 'unknownSymbol'
  | 'priceTick'
  | 'priceBand'
  | 'sizeLot'
  | 'sizeTooSmall'
  | 'sizeTooLarge'
  | 'notionalTooSmall'
  | 'insufficientMargin'
  | 'reduceOnlyRejected'
  | 'duplicateClientOrderId'
  | 'wouldTriggerImmediately'
  | 'tooManyOrders'
  | 'unknownOrder'
  | 'orderNotOpen'
  | 'notModified'
  | 'maintenance';

export type PlaceOutcome =
  | { readonly kind: 'accepted'; readonly order: SimulatedOrder }
  | { readonly kind: 'refused'; readonly reason: RefusalReason };
export type CancelOutcome =
  | { readonly kind: 'canceled'; readonly order: SimulatedOrder }
  | { readonly kind: 'refused'; readonly reason: RefusalReason };
export type AmendOutcome =
  | { readonly kind: 'amended'; readonly order: SimulatedOrder }
  | { readonly kind: 'refused'; readonly reason: RefusalReason };

export type SimulatedOrderStatus = 'untriggered' | 'open' | 'partiallyFilled' | 'filled' | 'canceled' | 'expired';

export interface SimulatedOrder extends SimulatedOrderRequest {
  /** Decimal digits, unique within the exchange. */
  readonly orderId: string;
  readonly accountId: string;
  readonly status: SimulatedOrderStatus;
  /** Why it was canceled or expired: `user`, `postOnlyWouldTake`, `iocRemainder`, `fokUnfilled`, `reduceOnly`, `liquidation`, `noLiquidity`, `selfTrade`, `insufficientMargin`, or ''. */
  readonly endReason: string;
  readonly cumulativeSize: Size;
  /** Sum of price × size over fills, in price units × size units; may exceed 2^53. */
  readonly cumulativeCost: bigint;
  readonly createdAt: EpochMs;
  readonly updatedAt: EpochMs;
}

export interface SimulatedFill {
  /** Decimal digits, unique and rising within the exchange. */
  readonly fillId: string;
  readonly orderId: string;
  readonly clientOrderId: string | null;
  readonly accountId: string;
  readonly symbol: string;
  readonly side: Side;
  readonly price: Price;
  readonly size: Size;
  /** Decimal text; positive = paid. In the settlement currency; of spot in the asset received: base of a buy, quote of a sell. */
  readonly fee: string;
  readonly feeCurrency: string;
  readonly liquidity: 'maker' | 'taker';
  readonly cause: 'trade' | 'liquidation' | 'adl' | 'settlement';
  /** Profit realised by it in the settlement currency, decimal text; '0' for spot. */
  readonly realizedProfit: string;
  readonly time: EpochMs;
}

export interface SimulatedPosition {
  readonly symbol: string;
  /** Signed: negative = short. */
  readonly size: number;
  /** Average entry price as decimal text; '0' when flat. */
  readonly entryPrice: string;
  readonly markPrice: Price;
  readonly unrealizedProfit: string;
  readonly liquidationPrice: string | null;
  readonly leverage: number;
}

export interface SimulatedBalance {
  readonly currency: string;
  /** All of it, what spot orders lock included. */
  readonly walletBalance: string;
  readonly availableBalance: string;
}

export interface SimulatedBook {
  readonly symbol: string;
  readonly bids: readonly (readonly [Price, Size])[];
  readonly asks: readonly (readonly [Price, Size])[];
  /**
   * Rises by one with each book change of this symbol. Of a recorded or live market it is the venue's own number of the last change applied
   * (Binance `u`, so the snapshot's `lastUpdateId`; Bybit `u`), which the next frame follows; 0 while none is known.
   */
  readonly sequence: number;
}

export interface SimulatedTicker {
  readonly symbol: string;
  readonly lastPrice: Price;
  readonly markPrice: Price;
  readonly indexPrice: Price;
  readonly fundingRate: string;
  readonly nextFundingTime: EpochMs;
  readonly openInterest: string;
}

/** What the exchange tells as it happens. `raw`: a recorded frame passed on as it is, for replay: the server sends exactly these bytes. */
export type SimulatedMarketEvent =
  | {
      readonly kind: 'bookChange';
      readonly symbol: string;
      readonly bids: readonly (readonly [Price, Size])[];
      readonly asks: readonly (readonly [Price, Size])[];
      readonly sequence: number;
      readonly time: EpochMs;
    }
  | {
      readonly kind: 'trade';
      readonly symbol: string;
      readonly tradeId: string;
      readonly price: Price;
      readonly size: Size;
      readonly takerSide: Side;
      readonly time: EpochMs;
    }
  | { readonly kind: 'ticker'; readonly ticker: SimulatedTicker; readonly time: EpochMs }
  | {
      readonly kind: 'raw';
      readonly symbol: string;
      readonly channel: Channel | 'other';
      readonly stream: string;
      readonly frame: Uint8Array;
      readonly time: EpochMs;
    }
  | { readonly kind: 'end' };

export type SimulatedAccountEvent =
  | {
      readonly kind: 'order';
      readonly order: SimulatedOrder;
      readonly change: 'new' | 'trade' | 'canceled' | 'expired' | 'amended' | 'triggered';
      readonly time: EpochMs;
    }
  | { readonly kind: 'fill'; readonly fill: SimulatedFill; readonly order: SimulatedOrder; readonly time: EpochMs }
  | {
      readonly kind: 'position';
      readonly accountId: string;
      readonly position: SimulatedPosition;
      readonly reason: 'order' | 'funding' | 'liquidation';
      readonly time: EpochMs;
    }
  | {
      readonly kind: 'balance';
      readonly accountId: string;
      readonly balance: SimulatedBalance;
      readonly change: string;
      readonly reason: 'order' | 'funding' | 'deposit' | 'liquidation';
      readonly time: EpochMs;
    };

export interface SimulatedExchangeListener {
  onMarket(event: SimulatedMarketEvent): void;
  onAccount(event: SimulatedAccountEvent): void;
}
