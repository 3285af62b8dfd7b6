import type { VenueId } from '../market/instrument.ts';
import type { EpochMs, MonoNanos } from '../time/clock.ts';
import type { TradingEvent } from './trading-event.ts';

/** Identity of one market connection for the record header: (engine, epoch, connection) with the frame's sequence is the identity of a frame. */
export interface MarketConnection {
  readonly venue: VenueId | 'engine';
  /** Unique within the engine's life: `binance-usdm/public/3`. */
  readonly connection: string;
  /** Fencing number of the feed's lease. */
  readonly epoch: number;
  /** One reading of both clocks, to be carried by the connection's records; taken at `open` where it is absent. */
  readonly anchor?: { readonly mono: MonoNanos; readonly epoch: EpochMs };
  /** None of its frames needs another to be understood: its records may lie in several shards (`src/core/market/read-apart.ts`). Absent: they may not. */
  readonly readApart?: boolean;
}

/**
 * Why a frame was shed. `ringFull`: the publishing thread is stuck. `outage`: the stream is down or too slow, the oldest went first. `oversize`: no record can
 * hold it. `workerLost`: it was in the memory of a publishing thread that died. `closed`: the publisher was closed before the stream had it.
 */
export const SHED_REASONS = ['ringFull', 'outage', 'oversize', 'workerLost', 'closed'] as const;
export type ShedReason = (typeof SHED_REASONS)[number];

/** Conservation counters of one connection (M8): on one closed in order, received = published + shed. */
export interface FrameAccount {
  readonly connection: string;
  readonly venue: VenueId | 'engine';
  /** Of the lease under which it was opened: a connection's name may come again under a later one, with an account of its own. */
  readonly epoch: number;
  readonly received: number;
  readonly published: number;
  readonly shed: number;
  /** `shed` by reason (H5, R12). */
  readonly shedBy: Readonly<Record<ShedReason, number>>;
  readonly bytes: number;
  /** Every frame up to this sequence number is published or shed; absent while that cannot be said. */
  readonly settledThrough?: number;
}

/** Takes bytes and events from the hot path: never waits, never throws for an outage. */
export interface Publisher {
  open(connection: MarketConnection): FrameSink;
  /** Trading events are never shed: kept in memory, then on disk, until the stream has them; order per unit is kept. */
  event(event: TradingEvent): void;
  /** Null while entries may go on; else why not (trading stream absent for 2 s and more, journal full, …). */
  entriesBlocked(): string | null;
  accounts(): readonly FrameAccount[];
  metrics(): PublisherMetrics;
  /** A number that moves while the publishing thread works (H13); absent: there is none. */
  beats?(): number;
  /** Resolves when everything handed over so far is on the streams, or rejects after `timeoutMs` with what is left. */
  flush(timeoutMs: number): Promise<void>;
  close(timeoutMs: number): Promise<void>;
}

export interface FrameSink {
  readonly connection: MarketConnection;
  /** Copies one frame. False: shed (counted). `inputNumber` is the engine-wide number of this input. */
  frame(bytes: Uint8Array, receivedAt: MonoNanos, inputNumber: number): boolean;
  /** The connection ended in order, or was torn; its account is closed with it. */
  end(how: 'inOrder' | 'torn'): void;
}

export interface PublisherMetrics {
  readonly recordsSent: number;
  readonly bytesSent: number;
  readonly retriedEntries: number;
  readonly circuit: 'closed' | 'open' | 'halfOpen';
  readonly journalBytes: number;
  /** Age of the oldest thing that is not yet on its stream, ms. */
  readonly lagMs: number;
  /** Of what one shard takes, what the hottest partition key brought lately, percent: at 100 its records are refused, however many shards there are. */
  readonly hottestKeyPercent: number;
  /** How often the publishing thread died and was started again. */
  readonly workerRestarts: number;
}
