import type { AccountRef } from '#core/control/unit.ts';
import type { BookSync } from '#core/market/book-sync.ts';
import type { Instrument, InstrumentKind, VenueId } from '#core/market/instrument.ts';
import type { BookMessage, Channel, MarketMessage, Subscription } from '#core/market/market-message.ts';
import type { ScannedMessage } from '#core/market/scanned-message.ts';
import type { OrderType, TimeInForce } from '#core/orders/order.ts';
import type {
  AccountStream,
  AccountStreamListener,
  ConnectionStatus,
  OrderEntry,
  VenueQueries,
} from '#core/orders/venue-ports.ts';
import type { Clock, EpochMs, Random, Timers } from '#core/time/clock.ts';
import type { Connect } from './connection/transport.ts';

/** Base addresses of a venue in one mode; no trailing slash. What paths follow is the venue's own business. */
export interface VenueEndpoints {
  /** Public market streams. */
  readonly market: string;
  /** Private account stream. */
  readonly account: string;
  /** Websocket order entry. */
  readonly orders: string;
  readonly rest: string;
}

/** API key and secret of one account. Never logged; `toJSON` of whatever holds it must not show it. */
export interface Credentials {
  readonly key: string;
  readonly secret: string;
}

/** What every connection of a venue runs with. */
export interface VenueRuntime {
  readonly endpoints: VenueEndpoints;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly connect: Connect;
  readonly fetch: typeof globalThis.fetch;
  readonly log: VenueLog;
  /** Keys for market data that is given only to those who log in (Deribit's `raw`, Alpaca); null or absent: none are known. */
  readonly marketCredentials?: () => Credentials | null;
}

export type VenueLog = (
  level: 'debug' | 'info' | 'warn' | 'error',
  text: string,
  fields?: Readonly<Record<string, unknown>>,
) => void;

export interface AccountRuntime extends VenueRuntime {
  readonly account: AccountRef;
  /** The keys in force now; asked anew for each signature, so that a rotation needs no restart. Null: none are known, the account is degraded. */
  readonly credentials: () => Credentials | null;
  /** The venue's instruments, as far as they are known. Spot venues tell a holding by its currency, and need them to say of which symbol it is. */
  readonly instruments?: () => ReadonlyMap<string, Instrument>;
}

/** One websocket of market data and what it carries. */
export interface SocketPlan {
  /** `public`, `market`: unique within the venue's plan. */
  readonly name: string;
  readonly url: string;
  readonly subscriptions: readonly Subscription[];
}

/** Who takes hot messages in numbers: of these instruments, at their scales. */
export interface ScanTarget {
  readonly instruments: ReadonlyMap<string, Instrument>;
  readonly emit: (message: ScannedMessage) => void;
}

/** A request and the id under which its answer comes back. */
export interface VenueRequest {
  readonly requestId: string;
  readonly text: string;
  /** What of the wished subscriptions it is about, where that is not all of them: the venue's list is compared with this. */
  readonly covers?: readonly Subscription[];
}

/** What a venue allows of market-data connections; null: not limited by the venue. */
export interface MarketDataLimits {
  /** Client messages a second on one connection, pings and pongs included. */
  readonly messagesPerSecond: number | null;
  readonly subscriptionsPerRequest: number | null;
  readonly subscriptionsPerConnection: number | null;
  /** New connections in a window, by address. */
  readonly connections: { readonly count: number; readonly windowMs: number } | null;
  /** The venue cuts a connection of this age. */
  readonly connectionLifeMs: number | null;
  /** False: one connection at a time (Alpaca); a change hands over, and never overlaps. */
  readonly overlap: boolean;
}

/** How a venue's market-data sockets are spoken to. Stateless but for decoders that must remember (tickers). */
export interface MarketDataProtocol {
  plan(endpoints: VenueEndpoints, subscriptions: readonly Subscription[]): readonly SocketPlan[];
  /**
   * Request texts, split so that the venue's limits on arguments are kept. Each carries a request id of its own derived from `requestId`. None: there is nothing to
   * ask. `loggedIn`: the connection's opening has logged in, for venues that give more to those (Deribit's `raw`).
   */
  subscribe(requestId: string, subscriptions: readonly Subscription[], loggedIn?: boolean): readonly VenueRequest[];
  unsubscribe(requestId: string, subscriptions: readonly Subscription[], loggedIn?: boolean): readonly VenueRequest[];
  readonly limits: MarketDataLimits;
  /**
   * Requests that a fresh socket begins with, one after the other, each answered (a `subscribed` message with its id) before the next and before any subscription:
   * logging in, asking for heartbeats. Absent: none. With `credentials` null it logs in to nothing.
   */
  opening?(requestId: string, credentials: Credentials | null, clock: Clock): readonly VenueRequest[];
  /** A frame as it may be kept and passed on: without what a login's answer gives to the client alone. Absent: every frame may be. */
  publishable?(frame: Buffer): Buffer;
  /** True: where the venue refuses the login, market data goes on without it (Deribit gives it to all, less finely). */
  readonly loginOptional?: boolean;
  /** What to send and how often, or null where the venue pings. `onMessage` sees the answers as `pong`. */
  readonly heartbeat: { readonly intervalMs: number; message(): string } | null;
  /** Milliseconds without any frame after which a channel counts as silent (R10). */
  silenceMs(subscription: Subscription): number;
  /**
   * Decodes one frame and hands over what it says, in order. Unknown channels and fields are not errors (`{type:'other'}` is not emitted).
   * Throws `FRAME_INVALID` (class validation) for a frame that cannot be read.
   * With `scans`, hot frames of its instruments in the plain form that the venue writes are read from their bytes and handed to it instead; they say the same,
   * and a frame goes wholly one way or the other.
   */
  createDecoder(scans?: ScanTarget): (frame: Buffer, emit: (message: MarketMessage) => void) => void;
  /** Fetches a whole book where the venue's sync rule needs one by REST. */
  readonly fetchBook: ((runtime: VenueRuntime, symbol: string) => Promise<BookMessage>) | null;
}

/** A long-lived connection that keeps itself up. */
export interface Managed {
  start(): void;
  stop(): Promise<void>;
  status(): ConnectionStatus;
  /** A number that moves while it works, null while it is to wait (H13); absent: nobody can tell. */
  beats?(): number | null;
}

/** What a venue supports, as its client has it: `docs/venues.md` is made from it, and the contract suite holds it to it. */
export interface VenueSupport {
  /** As people call it. */
  readonly name: string;
  readonly modes: readonly AccountRef['mode'][];
  readonly instruments: readonly InstrumentKind[];
  readonly channels: readonly Channel[];
  readonly orderTypes: readonly OrderType[];
  readonly timesInForce: readonly TimeInForce[];
  /** What of a working order can be changed in place. */
  readonly amend: 'priceAndSize' | 'sizeDown' | 'none';
  readonly reduceOnly: boolean;
  readonly orderEntry: 'websocket' | 'rest';
  readonly accountStream: 'websocket';
  /** The venue cancels working orders by itself when the connection or its owner goes. */
  readonly deadMan: 'cancelOnDisconnect' | 'countdown' | 'none';
  /** Whether a signed order says until when it may be executed, so that a lease's end fences it at the venue. */
  readonly orderValidity: 'window' | 'validUntil' | 'none';
  /** What a newcomer would trip over; one sentence each. */
  readonly notes: readonly string[];
}

/** Whether the venue as a whole trades now. */
export interface MarketStatus {
  readonly state: 'open' | 'closed' | 'maintenance';
  readonly reason: string;
  /** When that is said to change; null: not said. */
  readonly nextChange: EpochMs | null;
}

/** Everything Millrace knows of a venue: one folder, the same file names in each. */
export interface Venue {
  readonly id: VenueId;
  readonly supports: VenueSupport;
  endpoints(mode: AccountRef['mode']): VenueEndpoints;
  readonly marketData: MarketDataProtocol;
  createBookSync(instrument: Instrument): BookSync;
  createAccountStream(runtime: AccountRuntime, listener: AccountStreamListener): AccountStream;
  createOrderEntry(runtime: AccountRuntime, onStatus: (status: ConnectionStatus) => void): OrderEntry & Managed;
  createQueries(runtime: AccountRuntime): VenueQueries;
  /** Public REST: instruments without keys. */
  fetchInstruments(runtime: VenueRuntime): Promise<readonly Instrument[]>;
  /** Public REST: whether the venue trades. */
  fetchMarketStatus(runtime: VenueRuntime): Promise<MarketStatus>;
}
