/** Numbers that the publishing thread writes and the main thread reads; whole numbers from 0 to 2^53 - 1. */
const GLOBAL = [
  /** Moves on with each turn of the publishing thread. */
  'beat',
  /** 1 while trading events are in the thread's hands (memory or journal) and not on the stream. */
  'eventsOutstanding',
  /** Every event up to this number of the engine's count is on the stream; -1 while there are older ones, of an earlier run or in the journal. */
  'eventsSettledThrough',
  /** When the stream last took a trading event, ms of the monotonic clock that all threads share. */
  'eventAcknowledgedAtMs',
  'recordsSent',
  'bytesSent',
  'retriedEntries',
  'requests',
  /** Of both streams the worse: 0 closed, 1 half open, 2 open. */
  'circuit',
  'journalBytes',
  /** 1 when the journal could not take an event. */
  'journalFull',
  /** Bytes of the journal that could not be read back; their files are kept. */
  'journalDamagedBytes',
  /** Age of the oldest thing that is not on its stream, ms. */
  'lagMs',
  /** Of what one shard takes, what the hottest partition key of either stream brought in the last 10 s, percent. */
  'hottestKeyPercent',
] as const;
export type GlobalCounter = (typeof GLOBAL)[number];

const CONNECTION = [
  'published',
  'shedOutage',
  'shedOversize',
  /** Frames in memory whose place in the ring was given up while it was open whether the stream has them: they are lost if the thread dies. */
  'detached',
  /** Every frame up to this sequence number is published, shed or detached. */
  'settledThrough',
] as const;
export type ConnectionCounter = (typeof CONNECTION)[number];

/** Connections that one engine may open in its life, a lease's epochs counted apart. */
export const MAX_CONNECTIONS = 16_384;

export function allocateCounters(): SharedArrayBuffer {
  return new SharedArrayBuffer(8 * (GLOBAL.length + MAX_CONNECTIONS * CONNECTION.length));
}

const GLOBAL_INDEX = new Map(GLOBAL.map((name, index) => [name, index]));
const CONNECTION_INDEX = new Map(CONNECTION.map((name, index) => [name, index]));

/** Named access to the shared numbers. Each has one writer, so that reading and adding need no lock. */
export class SharedCounters {
  readonly #values: BigInt64Array;

  constructor(memory: SharedArrayBuffer) {
    this.#values = new BigInt64Array(memory);
  }

  get(name: GlobalCounter): number {
    return Number(Atomics.load(this.#values, GLOBAL_INDEX.get(name) ?? 0));
  }

  set(name: GlobalCounter, value: number): void {
    Atomics.store(this.#values, GLOBAL_INDEX.get(name) ?? 0, BigInt(Math.round(value)));
  }

  of(slot: number, name: ConnectionCounter): number {
    return Number(Atomics.load(this.#values, this.#place(slot, name)));
  }

  setOf(slot: number, name: ConnectionCounter, value: number): void {
    Atomics.store(this.#values, this.#place(slot, name), BigInt(value));
  }

  addTo(slot: number, name: ConnectionCounter, change: number): void {
    Atomics.add(this.#values, this.#place(slot, name), BigInt(change));
  }

  #place(slot: number, name: ConnectionCounter): number {
    return GLOBAL.length + slot * CONNECTION.length + (CONNECTION_INDEX.get(name) ?? 0);
  }
}

/** Milliseconds of the machine's monotonic clock: the same on every thread, unlike `performance.now`. */
export function sharedMonotonicMs(): number {
  return Number(process.hrtime.bigint() / 1_000_000n);
}
