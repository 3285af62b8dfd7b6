import type { Instrument } from '../market/instrument.ts';
import type { EpochMs } from '../time/clock.ts';
import type {
  AccountReport,
  AdjustmentReport,
  BalanceReport,
  ClientOrderId,
  FillReport,
  OrderIntent,
  OrderReport,
  PositionReport,
} from './order.ts';

/** Requests about an order; each is answered once. */
export type OrderAction = 'place' | 'cancel' | 'amend';

/**
 * What became of one request to the venue. Exactly one answer follows each request, a timeout included.
 * `accepted` is an acknowledgement, never a fill. `unknown` may have taken effect: query before anything else.
 * `notSent` is proof that nothing left the process.
 */
export type OrderAnswer =
  | { readonly kind: 'accepted'; readonly venueOrderId: string; readonly venueTime: EpochMs | null }
  | { readonly kind: 'rejected'; readonly code: string; readonly text: string; readonly errorClass: VenueErrorClass }
  | {
      readonly kind: 'unknown';
      readonly cause: 'timeout' | 'linkLost' | 'venueUnclear';
      readonly code: string;
      readonly text: string;
    }
  | { readonly kind: 'notSent'; readonly reason: 'notReady' | 'rateLimited' | 'leaseEnds'; readonly text: string };

/**
 * Classes of a venue's errors. `retry`: not done, may be tried after the stated wait. `clock`: resynchronise, then once more. `unknown`: query first.
 * `alreadySo`: the wished state holds already, look the order up. `notFound`: no such order, never evidence alone.
 * `keys`: people must act. `reject`: never again.
 */
export type VenueErrorClass = 'retry' | 'clock' | 'unknown' | 'alreadySo' | 'notFound' | 'keys' | 'reject';

/** Order entry of one account on one venue. Every method signs and writes at once, awaits nothing, and answers later, exactly once. */
export interface OrderEntry {
  /** Null while orders can be sent, else the reason why not. */
  notReady(): string | null;
  /**
   * `validUntil`: the request must not be executable by the venue after this wall time (the lease fence); where the remaining time is too short to send, the answer is `notSent`.
   */
  place(intent: OrderIntent, instrument: Instrument, validUntil: EpochMs, answer: (answer: OrderAnswer) => void): void;
  cancel(target: OrderTarget, validUntil: EpochMs, answer: (answer: OrderAnswer) => void): void;
  /** Changes price and total size. What it did is told by reports; `accepted` says only that it was taken in. */
  amend(
    target: OrderTarget,
    change: OrderChange,
    instrument: Instrument,
    validUntil: EpochMs,
    answer: (answer: OrderAnswer) => void,
  ): void;
}

export interface OrderTarget {
  readonly symbol: string;
  readonly clientOrderId: ClientOrderId;
  readonly venueOrderId: string | null;
}

/** New price and new total size (not remainder), integers at the instrument's scales. */
export interface OrderChange {
  readonly side: OrderIntent['side'];
  readonly price: NonNullable<OrderIntent['price']>;
  readonly size: OrderIntent['size'];
}

export type OrderQueryAnswer =
  | { readonly kind: 'found'; readonly report: OrderReport }
  /** Every endpoint that could hold the order was asked and none knows it. Never a terminal state alone. */
  | { readonly kind: 'notFound' };

/** A price as the venue states it, decimal text. */
export interface PriceQuote {
  readonly price: string;
  /** How old it was by the venue's own clock, ms; absent: it does not say. */
  readonly venueAgeMs?: number;
}

/** Questions to the venue, all by REST. Each rejects with a `VenueError` whose class says what to do. */
export interface VenueQueries {
  serverTime(): Promise<EpochMs>;
  instruments(): Promise<readonly Instrument[]>;
  orderByClientId(symbol: string, clientOrderId: string): Promise<OrderQueryAnswer>;
  openOrders(symbol: string): Promise<readonly OrderReport[]>;
  /** Open orders of all these symbols by one list. Null: a list a symbol costs less. Absent: the venue has none such. */
  openOrdersOf?(symbols: readonly string[]): Promise<readonly OrderReport[]> | null;
  /** Every order, open or ended, created at or after `from`, oldest first, all pages: what a successor needs to find what its predecessor sent. */
  ordersSince(symbol: string, from: EpochMs): Promise<readonly OrderReport[]>;
  /** Fills at or after `from`, oldest first, all pages. `named`: whose order the caller knows by the venue's id, so that nothing needs to be asked to name its client's id. */
  fillsSince(symbol: string, from: EpochMs, named?: (venueOrderId: string) => boolean): Promise<readonly FillReport[]>;
  /** Fills of all these symbols by one list; absent: the venue has none such. */
  fillsOf?(symbols: readonly string[], from: EpochMs): Promise<readonly FillReport[]>;
  /** Rows with size zero may be absent: absent means flat. */
  positions(symbols: readonly string[]): Promise<readonly PositionReport[]>;
  balances(): Promise<readonly BalanceReport[]>;
  /**
   * Money that moved without an execution at or after `from`, all pages, oldest first, under the ids that the account stream tells it by, where that does. Absent: the venue has no such books for a
   * trading key.
   */
  adjustmentsSince?(from: EpochMs): Promise<readonly AdjustmentReport[]>;
  /** The best asking price of a symbol; null: there is none. Absent: fees are never taken in another currency. */
  price?(symbol: string): Promise<PriceQuote | null>;
  /** By REST, for those without a socket (confirmation, dead-man switch). */
  cancelOrder(target: OrderTarget): Promise<OrderAnswer>;
}

/** `waiting`: for the next attempt. `maintenance`: the same, or connected to a venue that does not serve, because the venue said so or answers 503. */
export type ConnectionState =
  | 'connecting'
  | 'authenticating'
  | 'subscribing'
  | 'live'
  | 'waiting'
  | 'maintenance'
  | 'closed';

/** State of a connection as people and health see it. */
export interface ConnectionStatus {
  readonly state: ConnectionState;
  /** Why it is in this state. */
  readonly reason: string;
  /** Since when, on the wall clock; absent where nothing has happened yet. */
  readonly since?: EpochMs;
}

/** The private stream of one account on one venue. It never replays: after each `live` the listener reconciles by query before trading re-opens. */
export interface AccountStream {
  status(): ConnectionStatus;
  start(): void;
  /** Ends it in order. */
  stop(): Promise<void>;
  /** A number that moves while it works, null while it is to wait (H13); absent: nobody can tell. */
  beats?(): number | null;
}

export interface AccountStreamListener {
  onReport(report: AccountReport, frame: Uint8Array): void;
  onStatus(status: ConnectionStatus): void;
}
