import type { AccountRef } from '#core/control/unit.ts';
import type { BookSync } from '#core/market/book-sync.ts';
import type { Instrument, VenueId } from '#core/market/instrument.ts';
import type { BookMessage, MarketMessage, Subscription } from '#core/market/market-message.ts';
import type { ScannedMessage } from '#core/market/scanned-message.ts';
import type {
  AccountStream,
  AccountStreamListener,
  ConnectionStatus,
  OrderEntry,
  VenueQueries,
} from '#core/orders/venue-ports.ts';
import type { Clock, Random, Timers } from '#core/time/clock.ts';
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

/** How a venue's market-data sockets are spoken to. Stateless but for decoders that must remember (tickers). */
export interface MarketDataProtocol {
  plan(endpoints: VenueEndpoints, subscriptions: readonly Subscription[]): readonly SocketPlan[];
  /** Request texts, split so that the venue's limits on arguments are kept. Each carries a request id of its own derived from `requestId`. */
  subscribe(
    requestId: string,
    subscriptions: readonly Subscription[],
  ): readonly { readonly requestId: string; readonly text: string }[];
  unsubscribe(
    requestId: string,
    subscriptions: readonly Subscription[],
  ): readonly { readonly requestId: string; readonly text: string }[];
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
}

/** Everything Millrace knows of a venue: one folder, the same file names in each. */
export interface Venue {
  readonly id: VenueId;
  endpoints(mode: AccountRef['mode']): VenueEndpoints;
  readonly marketData: MarketDataProtocol;
  createBookSync(instrument: Instrument): BookSync;
  createAccountStream(runtime: AccountRuntime, listener: AccountStreamListener): AccountStream;
  createOrderEntry(runtime: AccountRuntime, onStatus: (status: ConnectionStatus) => void): OrderEntry & Managed;
  createQueries(runtime: AccountRuntime): VenueQueries;
  /** Public REST: instruments without keys. */
  fetchInstruments(runtime: VenueRuntime): Promise<readonly Instrument[]>;
}
