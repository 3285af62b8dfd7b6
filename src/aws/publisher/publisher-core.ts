import { messageOf } from '#core/errors.ts';
import { HOT_SHARE, shardShare } from '#core/events/shard-load.ts';
import type { Clock, Random, Timers } from '#core/time/clock.ts';
import { EventQueue } from './event-queue.ts';
import { type ConnectionOrigin, FrameBatcher } from './frame-batcher.ts';
import { Journal } from './journal.ts';
import { KeyLoads } from './key-loads.ts';
import type { PutRecords } from './put-records.ts';
import type { DispatcherOptions } from './record-dispatcher.ts';
import { SharedCounters } from './shared-counters.ts';
import { RingConsumer } from './shared-ring.ts';
import type { BackoffRule, CircuitState } from './stream-circuit.ts';

/** How a stream is written to. */
export type StreamSettings = Pick<
  DispatcherOptions<never>,
  'put' | 'clock' | 'timers' | 'random' | 'backoff' | 'onTrouble' | 'onTaken'
>;

export interface PublisherCoreOptions {
  readonly marketRing: SharedArrayBuffer;
  readonly tradingRing: SharedArrayBuffer;
  readonly counters: SharedArrayBuffer;
  readonly putMarket: PutRecords;
  readonly putTrading: PutRecords;
  readonly journal: { readonly folder: string; readonly maxBytes: number };
  readonly backoff: BackoffRule;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  /** Monotonic ms of the clock that the main thread reads too. */
  readonly nowMs: () => number;
  readonly log: (level: 'info' | 'warn' | 'error', text: string, fields: Readonly<Record<string, unknown>>) => void;
}

const CIRCUIT_NUMBER: Readonly<Record<CircuitState, number>> = { closed: 0, halfOpen: 1, open: 2 };
/** At most one line of trouble of a stream in this time. */
const LOG_EVERY_MS = 5_000;

/** What the publishing thread does, apart from being a thread: everything between the rings and the streams. */
export class PublisherCore {
  readonly #options: PublisherCoreOptions;
  readonly #counters: SharedCounters;
  readonly #events: EventQueue;
  readonly #frames: FrameBatcher;
  readonly #journal: Journal | null;
  readonly #told = new Map<string, { atMs: number; circuit: CircuitState }>();
  readonly #loads: Readonly<Record<'market' | 'trading', KeyLoads>>;
  readonly #hottest = { market: 0, trading: 0 };
  #beat = 0;

  constructor(options: PublisherCoreOptions) {
    this.#options = options;
    this.#loads = { market: new KeyLoads(options.nowMs()), trading: new KeyLoads(options.nowMs()) };
    this.#counters = new SharedCounters(options.counters);
    this.#journal = this.#openJournal();
    const { nowMs } = options;
    const counters = this.#counters;
    this.#events = new EventQueue({
      ring: new RingConsumer(options.tradingRing),
      journal: this.#journal,
      stream: this.#streamSettings('trading', options.putTrading),
      counters,
      nowMs,
    });
    this.#frames = new FrameBatcher({
      ring: new RingConsumer(options.marketRing),
      stream: this.#streamSettings('market', options.putMarket),
      counters,
      nowMs,
    });
  }

  addConnection(slot: number, origin: ConnectionOrigin): void {
    this.#frames.addConnection(slot, origin);
  }

  /** Takes what is in the rings, sends what is due, says how things stand. To be called every few milliseconds. */
  turn(): void {
    this.#events.turn();
    this.#frames.turn();
    const counters = this.#counters;
    const [events, frames] = [this.#events.dispatcher, this.#frames.dispatcher];
    for (const name of ['recordsSent', 'bytesSent', 'retriedEntries', 'requests'] as const)
      counters.set(name, events.counts[name] + frames.counts[name]);
    counters.set('circuit', Math.max(CIRCUIT_NUMBER[events.circuit], CIRCUIT_NUMBER[frames.circuit]));
    counters.set('lagMs', Math.max(this.#events.oldestAgeMs(), this.#frames.oldestAgeMs()));
    for (const stream of ['market', 'trading'] as const) this.#judgeKeys(stream);
    counters.set('hottestKeyPercent', Math.max(this.#hottest.market, this.#hottest.trading));
    this.#beat += 1;
    counters.set('beat', this.#beat);
  }

  /** Sends nothing more; events that the stream does not have are on disk when it returns. */
  close(): void {
    this.#events.turn();
    this.#events.cover();
    this.#events.dispatcher.stop();
    this.#frames.dispatcher.stop();
    this.#journal?.close();
  }

  #openJournal(): Journal | null {
    const { folder, maxBytes } = this.#options.journal;
    try {
      const journal = new Journal({ folder, maxBytes });
      const { outstanding, damagedBytes } = journal;
      if (outstanding > 0 || damagedBytes > 0)
        this.#options.log(damagedBytes > 0 ? 'error' : 'warn', 'journal found', { folder, outstanding, damagedBytes });
      return journal;
    } catch (error) {
      this.#counters.set('journalFull', 1);
      this.#options.log('error', 'journal unusable', { folder, reason: messageOf(error) });
      return null;
    }
  }

  #streamSettings(stream: 'market' | 'trading', put: PutRecords): StreamSettings {
    const { clock, timers, random, backoff } = this.#options;
    return {
      put,
      clock,
      timers,
      random,
      backoff,
      onTrouble: (reason, circuit) => this.#tell(stream, reason, circuit),
      onTaken: (key, bytes) => this.#loads[stream].add(key, bytes),
    };
  }

  /** A key that is nearly too much for a shard is told of before the stream refuses it. */
  #judgeKeys(stream: 'market' | 'trading'): void {
    const loads = this.#loads[stream].turn(this.#options.nowMs());
    if (loads === null) return;
    const [hottest] = loads;
    this.#hottest[stream] = hottest === undefined ? 0 : Math.round(shardShare(hottest) * 100);
    for (const load of loads) {
      if (shardShare(load) < HOT_SHARE) return;
      this.#options.log('warn', 'partition key is hot', { stream, ...load });
    }
  }

  #tell(stream: string, reason: string, circuit: CircuitState): void {
    const now = this.#options.nowMs();
    const before = this.#told.get(stream);
    const isNew = before === undefined || before.circuit !== circuit;
    if (!isNew && now - before.atMs < LOG_EVERY_MS) return;
    this.#told.set(stream, { atMs: now, circuit });
    this.#options.log(circuit === 'closed' && reason === '' ? 'info' : 'warn', 'stream', { stream, circuit, reason });
  }
}
