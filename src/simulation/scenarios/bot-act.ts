import type { SimulatedFill, SimulatedOrder } from '../exchange/simulated-exchange.ts';
import type { SessionKind } from '../protocol/venue-session.ts';

/**
 * What a request of a bot is about, in the words of no venue: `order` asks for one order by its id, `orders` for a list of them, `fills`, `positions` and `balances` for those,
 * `book` for a whole book by REST; `subscribeBook` asks for the stream of a book, `subscribeAccount` for that of the account.
 */
export type Asked =
  | 'place'
  | 'cancel'
  | 'amend'
  | 'order'
  | 'orders'
  | 'fills'
  | 'positions'
  | 'balances'
  | 'book'
  | 'subscribeBook'
  | 'subscribeAccount'
  | 'other';

export interface BotRequest {
  readonly kind: 'request';
  readonly asked: Asked;
  /** Every id that the request carries. */
  readonly ids: readonly string[];
  /** Names of symbols that it carries. */
  readonly symbols: readonly string[];
  readonly reduceOnly: boolean;
}

/** One thing that the venue saw of a bot or of its account, as it happened. */
export type BotAct = (
  | BotRequest
  | { readonly kind: 'connected' | 'disconnected'; readonly stream: SessionKind }
  | { readonly kind: 'refusedConnection' }
  | {
      readonly kind: 'order';
      readonly change: string;
      readonly order: SimulatedOrder;
      /** Signed position of its symbol as it was just before. */
      readonly held: number;
    }
  | { readonly kind: 'fill'; readonly fill: SimulatedFill; readonly order: SimulatedOrder }
) & {
  /** Milliseconds on a monotonic clock. */
  readonly at: number;
};

export type OrderAct = Extract<BotAct, { kind: 'order' }>;
