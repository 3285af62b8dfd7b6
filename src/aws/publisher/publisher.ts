import { accessSync, constants, mkdirSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { MillraceError, messageOf } from '#core/errors.ts';
import type {
  FrameAccount,
  FrameSink,
  MarketConnection,
  Publisher,
  PublisherMetrics,
  ShedReason,
} from '#core/events/publisher-port.ts';
import { encodeTradingEvent, type TradingEvent } from '#core/events/trading-event.ts';
import type { Clock, MonoNanos } from '#core/time/clock.ts';
import { EventOutbox } from './event-outbox.ts';
import type { ConnectionOrigin } from './frame-batcher.ts';
import { PublisherThread } from './publisher-thread.ts';
import { allocateCounters, MAX_CONNECTIONS, SharedCounters, sharedMonotonicMs } from './shared-counters.ts';
import { allocateRing, RingProducer } from './shared-ring.ts';
import type { BackoffRule } from './stream-circuit.ts';

export interface PublisherOptions {
  /** Name of the engine: part of every frame's identity. */
  readonly engine: string;
  readonly marketStream: string;
  readonly tradingStream: string;
  /** A folder for the journal; the engine's part of it is made. Throws `JOURNAL_UNUSABLE` if it cannot be written to. */
  readonly journalFolder: string;
  readonly clock: Clock;
  readonly log: (level: 'info' | 'warn' | 'error', text: string, fields?: Readonly<Record<string, unknown>>) => void;
  /** Bytes of market frames that may wait for the stream, a power of two: at 10,000 frames of 300 bytes a second, 32 MiB are 10 s. */
  readonly marketBufferBytes?: number;
  /** Bytes of trading events between the threads, a power of two. */
  readonly tradingBufferBytes?: number;
  /** Partition keys of a connection whose frames may be read apart; 1, as of all others, where it is absent. */
  readonly keysPerConnection?: number;
  readonly journalMaxBytes?: number;
  /** Entries are blocked after this long without an acknowledged trading event while one is pending, ms. */
  readonly silenceMs?: number;
  /** Between the tries of what a stream did not take, with full jitter. */
  readonly backoff?: BackoffRule;
  /** The file that the publishing thread runs; by default the sibling of this one, bundled or not. */
  readonly workerUrl?: URL;
}

/** Largest trading event: Kinesis takes records of 1 MB with their key. */
const MAX_EVENT_BYTES = 1_000_000;
const FLUSH_POLL_MS = 5;

/**
 * The publisher of an engine. The main thread copies a frame once, into shared memory, and never waits; a thread of its own batches, compresses, sends and retries
 * (`docs/formats.md`). What happens when something is full: see `FrameBatcher` and `EventQueue`.
 */
export function createPublisher(options: PublisherOptions): Publisher {
  return new ThreadedPublisher(options);
}

interface Connection {
  readonly slot: number;
  readonly connection: MarketConnection;
  sequence: number;
  received: number;
  bytes: number;
  /** What this thread shed, or found lost; the publishing thread counts its own. */
  readonly shed: { ringFull: number; oversize: number; workerLost: number; closed: number };
  ended: boolean;
}

class ThreadedPublisher implements Publisher {
  readonly #options: PublisherOptions;
  readonly #counters: SharedCounters;
  readonly #market: RingProducer;
  readonly #trading: RingProducer;
  readonly #outbox: EventOutbox;
  readonly #thread: PublisherThread;
  readonly #connections = new Map<string, Connection>();
  readonly #startedAt: number;
  readonly #encoder = new TextEncoder();
  /** Events handed over; each has its number. */
  #events = 0;
  #lostEvents = 0;
  #pendingSinceMs = sharedMonotonicMs();
  #closed = false;

  constructor(options: PublisherOptions) {
    this.#options = options;
    this.#startedAt = Math.max(0, Math.round(options.clock.epochMs()));
    const folder = journalFolder(options);
    const marketRing = allocateRing(options.marketBufferBytes ?? 32 * 1024 * 1024);
    const tradingRing = allocateRing(options.tradingBufferBytes ?? 8 * 1024 * 1024);
    const counters = allocateCounters();
    this.#counters = new SharedCounters(counters);
    // Until the thread has looked into the journal, there may be something in it.
    this.#counters.set('eventsOutstanding', 1);
    this.#counters.set('eventsSettledThrough', -1);
    this.#market = new RingProducer(marketRing);
    this.#trading = new RingProducer(tradingRing);
    this.#outbox = new EventOutbox(this.#trading);
    this.#thread = new PublisherThread({
      ...(options.workerUrl === undefined ? {} : { workerUrl: options.workerUrl }),
      data: {
        marketRing,
        tradingRing,
        counters,
        marketStream: options.marketStream,
        tradingStream: options.tradingStream,
        journal: { folder, maxBytes: options.journalMaxBytes ?? 256 * 1024 * 1024 },
        backoff: options.backoff ?? { baseMs: 100, capMs: 5_000 },
      },
      beat: () => this.#counters.get('beat'),
      log: options.log,
      onLost: () => this.#countLost(),
    });
  }

  open(connection: MarketConnection): FrameSink {
    const key = `${connection.epoch} ${connection.connection}`;
    let opened = this.#connections.get(key);
    if (opened === undefined) {
      const slot = this.#connections.size;
      if (slot === MAX_CONNECTIONS)
        throw new MillraceError('fatal', 'CONNECTIONS_EXHAUSTED', `max=${MAX_CONNECTIONS} in the life of an engine`);
      opened = {
        slot,
        connection,
        sequence: 0,
        received: 0,
        bytes: 0,
        shed: { ringFull: 0, oversize: 0, workerLost: 0, closed: 0 },
        ended: false,
      };
      this.#connections.set(key, opened);
      this.#thread.addConnection(slot, this.#originOf(connection));
    }
    // The same connection under the same epoch goes on counting: no identity comes twice.
    opened.ended = false;
    return this.#sinkOf(opened, connection);
  }

  #originOf(connection: MarketConnection): ConnectionOrigin {
    const { clock, engine } = this.#options;
    const { mono, epoch } = connection.anchor ?? { mono: clock.monoNanos(), epoch: clock.epochMs() };
    return {
      venue: connection.venue,
      engine,
      startedAt: this.#startedAt,
      connection: connection.connection,
      epoch: connection.epoch,
      partitionKeys: connection.readApart === true ? (this.#options.keysPerConnection ?? 1) : 1,
      anchor: { mono: Math.round(mono) as MonoNanos, epoch },
    };
  }

  #sinkOf(state: Connection, connection: MarketConnection): FrameSink {
    const ring = this.#market;
    return {
      connection,
      frame: (bytes, receivedAt, inputNumber) => {
        state.received += 1;
        state.bytes += bytes.length;
        state.sequence += 1;
        if (this.#closed || state.ended) state.shed.closed += 1;
        else if (ring.write(state.slot, Math.round(receivedAt), inputNumber, state.sequence, bytes)) return true;
        else if (bytes.length > ring.maxEntryBytes) state.shed.oversize += 1;
        else state.shed.ringFull += 1;
        return false;
      },
      end: () => {
        state.ended = true;
      },
    };
  }

  event(event: TradingEvent): void {
    const payload = encodeTradingEvent(event);
    if (payload.length > MAX_EVENT_BYTES)
      throw new MillraceError('fatal', 'EVENT_TOO_LARGE', `id=${event.id} bytes=${payload.length}`);
    if (this.#closed) {
      this.#lose(event.id);
      return;
    }
    if (!this.#isPending()) this.#pendingSinceMs = sharedMonotonicMs();
    const key = this.#encoder.encode(event.unit);
    const content = new Uint8Array(key.length + payload.length);
    content.set(key);
    content.set(payload, key.length);
    this.#events += 1;
    if (!this.#outbox.put(this.#events, key.length, content)) this.#lose(event.id);
  }

  entriesBlocked(): string | null {
    if (this.#closed) return 'PUBLISHER_CLOSED: nothing is published any more';
    if (this.#lostEvents > 0) return `EVENTS_LOST: count=${this.#lostEvents}`;
    if (this.#outbox.waiting > 0) return `EVENTS_BACKLOG: count=${this.#outbox.waiting}`;
    if (this.#counters.get('journalFull') === 1) return 'JOURNAL_FULL: trading events cannot be written to disk';
    if (!this.#isPending()) return null;
    const since = Math.max(this.#counters.get('eventAcknowledgedAtMs'), this.#pendingSinceMs);
    const silentMs = sharedMonotonicMs() - since;
    if (silentMs < (this.#options.silenceMs ?? 2_000)) return null;
    return `TRADING_STREAM_SILENT: ms=${silentMs} circuit=${this.metrics().circuit}`;
  }

  beats(): number {
    return this.#counters.get('beat');
  }

  accounts(): readonly FrameAccount[] {
    return [...this.#connections.values()].map((state) => this.#accountOf(state));
  }

  metrics(): PublisherMetrics {
    const get = (name: Parameters<SharedCounters['get']>[0]) => this.#counters.get(name);
    return {
      recordsSent: get('recordsSent'),
      bytesSent: get('bytesSent'),
      retriedEntries: get('retriedEntries'),
      circuit: (['closed', 'halfOpen', 'open'] as const)[get('circuit')] ?? 'open',
      journalBytes: get('journalBytes'),
      lagMs: get('lagMs'),
      hottestKeyPercent: get('hottestKeyPercent'),
      workerRestarts: this.#thread.restarts,
    };
  }

  async flush(timeoutMs: number): Promise<void> {
    const end = sharedMonotonicMs() + timeoutMs;
    const lastEvent = this.#events;
    const lastFrames = [...this.#connections.values()].map((state) => ({ state, sequence: state.sequence }));
    for (;;) {
      // What is handed over from now on is not waited for.
      const hasEvents = this.#isPending() && this.#counters.get('eventsSettledThrough') < lastEvent;
      const behind = lastFrames.filter(({ state, sequence }) => !this.#isSettled(state, sequence));
      if (!hasEvents && behind.length === 0) return;
      if (sharedMonotonicMs() >= end) {
        const frames = behind.reduce((sum, { state }) => sum + this.#unsettled(state), 0);
        throw new MillraceError(
          'retryable',
          'PUBLISHER_NOT_FLUSHED',
          `frames=${frames} events=${hasEvents ? 'pending' : 'none'} afterMs=${timeoutMs}`,
        );
      }
      await sleep(FLUSH_POLL_MS);
    }
  }

  async close(timeoutMs: number): Promise<void> {
    if (this.#closed) return;
    try {
      await this.flush(timeoutMs);
    } finally {
      this.#closed = true;
      await this.#thread.close();
      for (const state of this.#connections.values()) {
        state.shed.closed += this.#unsettled(state);
      }
      this.#lostEvents += this.#outbox.close();
    }
  }

  /** Whether any event is somewhere between here and the stream. */
  #isPending(): boolean {
    return this.#outbox.waiting > 0 || this.#trading.unread > 0 || this.#counters.get('eventsOutstanding') !== 0;
  }

  /** Whether every frame up to `sequence` is published or shed. */
  #isSettled(state: Connection, sequence: number): boolean {
    if (this.#unsettled(state) === 0) return true;
    // Detached frames are passed over by the mark, and not settled yet.
    return (
      this.#counters.of(state.slot, 'detached') === 0 && this.#counters.of(state.slot, 'settledThrough') >= sequence
    );
  }

  #unsettled(state: Connection): number {
    const { received, published, shed } = this.#accountOf(state);
    return received - published - shed;
  }

  #accountOf(state: Connection): FrameAccount {
    const { slot, connection, received, bytes } = state;
    const shedBy: Record<ShedReason, number> = {
      ...state.shed,
      outage: this.#counters.of(slot, 'shedOutage'),
      oversize: state.shed.oversize + this.#counters.of(slot, 'shedOversize'),
    };
    return {
      connection: connection.connection,
      venue: connection.venue,
      epoch: connection.epoch,
      received,
      published: this.#counters.of(slot, 'published'),
      shed: Object.values(shedBy).reduce((sum, count) => sum + count, 0),
      shedBy,
      bytes,
      // Detached frames are passed over by the mark, and not settled yet.
      ...(this.#counters.of(slot, 'detached') === 0
        ? { settledThrough: this.#counters.of(slot, 'settledThrough') }
        : {}),
    };
  }

  /** The thread died: frames that only its memory held are lost, the others are still in the ring. */
  #countLost(): void {
    for (const state of this.#connections.values()) {
      state.shed.workerLost += this.#counters.of(state.slot, 'detached');
      this.#counters.setOf(state.slot, 'detached', 0);
    }
  }

  #lose(id: string): void {
    this.#lostEvents += 1;
    this.#options.log('error', 'trading event lost', { id, closed: this.#closed, lost: this.#lostEvents });
  }
}

/** Engines that share a folder have each a part of it. */
function journalFolder(options: PublisherOptions): string {
  const folder = path.resolve(options.journalFolder, options.engine.replaceAll(/[^A-Za-z0-9._-]/g, '_'));
  try {
    mkdirSync(folder, { recursive: true });
    accessSync(folder, constants.R_OK | constants.W_OK);
  } catch (error) {
    throw new MillraceError('configuration', 'JOURNAL_UNUSABLE', `folder=${folder} ${messageOf(error)}`, {
      cause: error,
    });
  }
  return folder;
}
