import { joinTradingEvents, MAX_JOINED_BYTES, MAX_RECORD_EVENTS } from '#core/events/trading-record.ts';
import type { Journal, JournalReference } from './journal.ts';
import type { StreamSettings } from './publisher-core.ts';
import type { StreamRecord } from './put-records.ts';
import { RecordDispatcher } from './record-dispatcher.ts';
import type { SharedCounters } from './shared-counters.ts';
import type { RingConsumer, RingEntry } from './shared-ring.ts';

/** An event that is in memory: on its way to the stream, held by its place in the ring or by the journal until it is there. */
interface EventRecord extends StreamRecord {
  reference: JournalReference | null;
  acknowledged: boolean;
  readonly takenAtMs: number;
  /** Number of the event in the engine's count; 0 for one that was read back from the journal. */
  readonly number: number;
}

interface Hold {
  readonly position: number;
  readonly record: EventRecord;
}

/** Events in memory at a time; the rest waits in the journal. */
const MAX_IN_MEMORY = 1_024;
const REFILL = 256;
/** Events that one write to the journal takes. */
const WRITTEN_AT_A_TIME = 64;
/** After this without an acknowledgement while something is pending, events go to disk as well. */
const JOURNAL_AFTER_MS = 500;

export interface EventQueueOptions {
  readonly ring: RingConsumer;
  /** Null: the folder cannot be used; events stay in memory and in the ring. */
  readonly journal: Journal | null;
  readonly stream: StreamSettings;
  readonly counters: SharedCounters;
  /** Wall-independent clock that the threads share, ms. */
  readonly nowMs: () => number;
}

/**
 * Trading events from the ring to the stream, in order, none ever dropped: ring → (while the stream is in trouble, the journal) → memory → stream. An
 * event's place in the ring is given up only when the stream or the disk has it.
 */
export class EventQueue {
  readonly #options: EventQueueOptions;
  readonly dispatcher: RecordDispatcher<EventRecord>;
  readonly #holds: Hold[] = [];
  /** Read from the ring, and neither in memory nor in the journal yet: there is no room in either. */
  #taken: EventRecord[] = [];
  #progressAtMs: number;
  /** Of the event that was read from the ring last. */
  #lastNumber = 0;

  constructor(options: EventQueueOptions) {
    this.#options = options;
    this.#progressAtMs = options.nowMs();
    this.dispatcher = new RecordDispatcher<EventRecord>({
      ...options.stream,
      join: { maxRecords: MAX_RECORD_EVENTS, maxBytes: MAX_JOINED_BYTES, join: joinTradingEvents },
      onAcknowledged: (record) => this.#onAcknowledged(record),
    });
  }

  /** Nothing in memory and nothing in the journal. */
  get isEmpty(): boolean {
    return (
      this.dispatcher.outstanding === 0 && this.#taken.length === 0 && (this.#options.journal?.outstanding ?? 0) === 0
    );
  }

  oldestAgeMs(): number {
    const oldest = this.dispatcher.oldest() ?? this.#taken[0];
    return oldest === undefined ? 0 : this.#options.nowMs() - oldest.takenAtMs;
  }

  turn(): void {
    const { counters, journal } = this.#options;
    if (this.isEmpty) this.#progressAtMs = this.#options.nowMs();
    const inTrouble = this.#isInTrouble();
    if (inTrouble) this.cover();
    this.#refill();
    this.#takeIn(inTrouble);
    this.dispatcher.send();
    this.#free();
    counters.set('eventsSettledThrough', this.#settledThrough());
    counters.set('eventsOutstanding', this.isEmpty ? 0 : 1);
    counters.set('journalBytes', journal?.bytes ?? 0);
    counters.set('journalDamagedBytes', journal?.damagedBytes ?? 0);
    if (journal !== null && !inTrouble && this.#taken.length === 0) counters.set('journalFull', 0);
  }

  /** Writes what is in memory alone to the journal, oldest first, as far as there is room. */
  cover(): void {
    const bare = this.dispatcher.pending().filter((record) => record.reference === null);
    for (let first = 0; first < bare.length; first += WRITTEN_AT_A_TIME) {
      if (!this.#journal(bare.slice(first, first + WRITTEN_AT_A_TIME), true)) return;
    }
  }

  /** All of them or, with false, none. Once the journal refuses, it counts as full until it takes something again or is not needed. */
  #journal(records: readonly EventRecord[], alreadyRead: boolean): boolean {
    const references = this.#options.journal?.append(records.map(entryOf), alreadyRead) ?? null;
    this.#options.counters.set('journalFull', references === null ? 1 : 0);
    records.forEach((record, index) => {
      record.reference = references?.[index] ?? null;
    });
    return references !== null;
  }

  #settledThrough(): number {
    const oldest = this.dispatcher.oldest();
    if (oldest !== null) return oldest.number - 1;
    if (this.#options.journal?.isRead === false) return -1;
    return (this.#taken[0]?.number ?? this.#lastNumber + 1) - 1;
  }

  #isInTrouble(): boolean {
    if (this.dispatcher.circuit !== 'closed') return true;
    return this.dispatcher.outstanding > 0 && this.#options.nowMs() - this.#progressAtMs > JOURNAL_AFTER_MS;
  }

  /** From the journal to memory, while there is room. */
  #refill(): void {
    const { journal, nowMs } = this.#options;
    while (journal !== null && !journal.isRead && this.dispatcher.outstanding <= MAX_IN_MEMORY - REFILL) {
      for (const { key, payload, reference } of journal.read(REFILL)) {
        const takenAtMs = nowMs();
        this.dispatcher.enqueue({ key, data: payload, reference, acknowledged: false, takenAtMs, number: 0 });
      }
    }
  }

  #takeIn(inTrouble: boolean): void {
    const { journal } = this.#options;
    for (;;) {
      if (this.#taken.length === 0) this.#take();
      if (this.#taken.length === 0) return;
      const hasRoom = this.dispatcher.outstanding + this.#taken.length <= MAX_IN_MEMORY;
      const mustWait = !hasRoom || journal?.isRead === false;
      if ((inTrouble || mustWait) && !this.#journal(this.#taken, !mustWait) && mustWait) return;
      if (!mustWait) for (const record of this.#taken) this.dispatcher.enqueue(record);
      this.#taken = [];
    }
  }

  /** Reads from the ring; the events keep their places there. */
  #take(): void {
    const { ring, counters } = this.#options;
    while (this.#taken.length < WRITTEN_AT_A_TIME) {
      const entry = ring.peek();
      if (entry === null) return;
      // Said before the ring looks empty, so that at no instant both look as if there were nothing.
      counters.set('eventsOutstanding', 1);
      const record = this.#recordOf(entry);
      this.#taken.push(record);
      this.#lastNumber = record.number;
      this.#holds.push({ position: entry.position, record });
      ring.advance();
    }
  }

  #recordOf(entry: RingEntry): EventRecord {
    // In memory of its own: a small buffer of the common pool would hold on to all of the pool for as long as the stream is down.
    const bytes = Buffer.allocUnsafeSlow(entry.length);
    entry.copyTo(bytes, 0);
    return {
      key: bytes.toString('utf8', 0, entry.tag),
      data: bytes.subarray(entry.tag),
      reference: null,
      acknowledged: false,
      takenAtMs: this.#options.nowMs(),
      number: entry.a,
    };
  }

  #onAcknowledged(record: EventRecord): void {
    record.acknowledged = true;
    this.#progressAtMs = this.#options.nowMs();
    this.#options.counters.set('eventAcknowledgedAtMs', this.#progressAtMs);
    if (record.reference !== null) this.#options.journal?.acknowledge(record.reference);
  }

  /** Frees the ring up to the first event that only the ring has. */
  #free(): void {
    const { ring } = this.#options;
    let first = this.#holds[0];
    while (first !== undefined && (first.record.acknowledged || first.record.reference !== null)) {
      this.#holds.shift();
      first = this.#holds[0];
    }
    ring.free(first?.position ?? ring.position);
  }
}

function entryOf(record: EventRecord): { key: string; payload: Uint8Array } {
  return { key: record.key, payload: record.data };
}
