import type { Side } from '../market/market-message.ts';
import type { OrderBook } from '../market/order-book.ts';
import type { Price, Size } from '../market/scaled-decimal.ts';
import type { MonoNanos } from '../time/clock.ts';

/** What a strategy wishes; one object per strategy, written anew at each call, so that a tick allocates nothing. */
export interface Signal {
  /** Null: nothing. */
  side: Side | null;
  /** `take`: immediate or cancel at the touch. `rest`: post-only at the own touch. */
  style: 'take' | 'rest';
  price: Price;
  size: Size;
  /** How far the signal goes beyond what opens; 1: just so far. */
  strength: number;
}

/** An open position, as the exit rules see it. */
export interface OpenPosition {
  readonly size: number;
  readonly entryPrice: number;
  readonly openedAt: MonoNanos;
}

/** Why a position should be closed now. */
export type ExitCall = 'stopLoss' | 'holdTime' | null;

/** A strategy: three questions, each answered synchronously from a valid book and the strategy's own state. It has no outside effect. */
export interface Strategy {
  /** One change of the book. Fills in and returns its signal. */
  onBook(book: OrderBook, now: MonoNanos): Signal;
  /** Whether protection must close the position at the market. */
  exitCall(position: OpenPosition, book: OrderBook, now: MonoNanos): ExitCall;
  /** Price at which the take-profit order should rest for this position. */
  takeProfitPrice(position: OpenPosition): Price;
  /** Trigger price of a stop that rests at the venue for this position; 0: there is none. */
  stopLossPrice(position: OpenPosition): Price;
  /** Where a resting entry at `price` should rest now; `price` itself: where it is. */
  restingPrice(side: Side, price: Price, book: OrderBook): Price;
  /** Forget the past: the book was invalid, or the symbol changed. */
  reset(): void;
}
