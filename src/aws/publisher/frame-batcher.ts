import { MillraceError } from '#core/errors.ts';
import type { MonoNanos } from '#core/time/clock.ts';
import { encodeMarketRecord, type MarketRecordHeader, type RecordOrigin } from '../market-record.ts';
import { FrameContent } from './frame-content.ts';
import type { StreamSettings } from './publisher-core.ts';
import type { StreamRecord } from './put-records.ts';
import { RecordDispatcher } from './record-dispatcher.ts';
import type { SharedCounters } from './shared-counters.ts';
import { distance, type RingConsumer } from './shared-ring.ts';

/** What the records of a connection say of it. */
export interface ConnectionOrigin extends RecordOrigin {
  readonly anchor: MarketRecordHeader['anchor'];
  /** Its records go round so many partition keys, one after the other: 1 is the connection's name alone. Absent: 1. */
  readonly partitionKeys?: number;
}

/** A sealed batch. While it holds, the ring keeps its frames for a successor of this thread. */
interface FrameRecord extends StreamRecord {
  readonly slot: number;
  readonly count: number;
  readonly position: number;
  readonly lastSequence: number;
  readonly openedAtMs: number;
  holds: boolean;
}

interface OpenBatch {
  readonly content: FrameContent;
  firstSequence: number;
  /** Where its first frame lies in the ring. */
  position: number;
  openedAtMs: number;
  /** It has frames that a predecessor of this thread may have sent. */
  isUncertain: boolean;
}

/** A batch is sealed at this many frames or bytes, before they are compressed. */
const MAX_FRAMES = 2_000;
const MAX_BYTES = 900_000;
/** A frame waits no longer than this for its batch to be sealed, unless an earlier record of its connection is still on its way. */
const FLUSH_MS = 90;
/** Frames taken from the ring in one turn, so that answers of the stream are not kept waiting. */
const FRAMES_PER_TURN = 5_000;

export interface FrameBatcherOptions {
  readonly ring: RingConsumer;
  readonly stream: StreamSettings;
  readonly counters: SharedCounters;
  readonly nowMs: () => number;
}

/**
 * Market frames from the ring to the stream: one batch at a time for each connection, many to a record. The ring is the only buffer that grows: a
 * frame's place is given up when the stream has it. While the stream is down the ring fills; past three quarters the oldest batches are shed and counted (R9).
 */
export class FrameBatcher {
  readonly #options: FrameBatcherOptions;
  readonly dispatcher: RecordDispatcher<FrameRecord>;
  readonly #origins = new Map<number, ConnectionOrigin>();
  readonly #open = new Map<number, OpenBatch>();
  /** Contents that were sealed, for the next batches. */
  readonly #spare: FrameContent[] = [];
  readonly #sealed = new Set<FrameRecord>();
  /** Whose turn it is among the partition keys of a connection, by slot. */
  readonly #turns = new Map<number, number>();
  #nextFlushMs = 0;
  /** Until it has read what a predecessor of this thread had read. */
  #isInheriting: boolean;

  constructor(options: FrameBatcherOptions) {
    this.#options = options;
    this.#isInheriting = options.ring.position !== options.ring.inheritedUntil;
    this.dispatcher = new RecordDispatcher<FrameRecord>({
      ...options.stream,
      onAcknowledged: (record) => this.#onAcknowledged(record),
    });
  }

  addConnection(slot: number, origin: ConnectionOrigin): void {
    this.#origins.set(slot, origin);
  }

  oldestAgeMs(): number {
    let oldest = Number.POSITIVE_INFINITY;
    for (const batch of this.#open.values()) oldest = Math.min(oldest, batch.openedAtMs);
    for (const record of this.#sealed) oldest = Math.min(oldest, record.openedAtMs);
    return oldest === Number.POSITIVE_INFINITY ? 0 : this.#options.nowMs() - oldest;
  }

  turn(): void {
    this.#takeIn();
    const now = this.#options.nowMs();
    const isFlush = now >= this.#nextFlushMs;
    if (isFlush) this.#nextFlushMs = now + FLUSH_MS;
    for (const [slot, batch] of this.#open) {
      const isDue = isFlush || now - batch.openedAtMs >= FLUSH_MS;
      // What would only queue behind an earlier record goes on filling instead.
      if (isDue && this.dispatcher.isIdle(this.#keyOf(slot))) this.#seal(slot, batch);
    }
    this.#shedOldest();
    this.dispatcher.send();
    this.#free();
  }

  #takeIn(): void {
    const { ring, counters, nowMs } = this.#options;
    for (let taken = 0; taken < FRAMES_PER_TURN; taken += 1) {
      const entry = ring.peek();
      // A connection that is not known yet is about to be: its message is on its way.
      if (entry === null || !this.#origins.has(entry.tag)) return;
      if (entry.position === ring.inheritedUntil) this.#isInheriting = false;
      const { tag: slot, a: receivedAt, b: inputNumber, c: sequence, length } = entry;
      // A predecessor of this thread has settled it.
      const isSettled = sequence <= counters.of(slot, 'settledThrough');
      if (!isSettled) {
        let batch = this.#open.get(slot);
        if (batch !== undefined && this.#mustSealBefore(batch, sequence, length)) {
          this.#seal(slot, batch);
          batch = undefined;
        }
        if (batch === undefined) {
          const content = this.#spare.pop() ?? new FrameContent();
          const { position } = entry;
          batch = { content, firstSequence: sequence, position, openedAtMs: nowMs(), isUncertain: false };
          this.#open.set(slot, batch);
        }
        if (this.#isInheriting) batch.isUncertain = true;
        batch.content.addFrom(receivedAt as MonoNanos, inputNumber, entry);
      }
      ring.advance();
    }
  }

  /** Also where a frame is missing, since a record's frames follow on one another. */
  #mustSealBefore(batch: OpenBatch, sequence: number, length: number): boolean {
    const { content, firstSequence } = batch;
    return (
      content.count >= MAX_FRAMES || content.length + length > MAX_BYTES || sequence !== firstSequence + content.count
    );
  }

  #keyOf(slot: number): string {
    return this.#originOf(slot).connection;
  }

  #originOf(slot: number): ConnectionOrigin {
    const origin = this.#origins.get(slot);
    if (origin === undefined) throw new MillraceError('fatal', 'CONNECTION_UNKNOWN', `slot=${slot}`);
    return origin;
  }

  #seal(slot: number, batch: OpenBatch): FrameRecord | null {
    const { content, firstSequence, position, openedAtMs, isUncertain } = batch;
    const { count, firstReceivedAt, firstInputNumber } = content;
    const origin = this.#originOf(slot);
    this.#open.delete(slot);
    try {
      const header = { ...origin, firstSequence, count, firstReceivedAt, firstInputNumber };
      const record: FrameRecord = {
        key: origin.connection,
        partitionKey: this.#nextPartitionKey(slot, origin),
        data: encodeMarketRecord(header, content.bytes()),
        slot,
        count,
        position,
        lastSequence: firstSequence + count - 1,
        openedAtMs,
        holds: true,
      };
      this.#sealed.add(record);
      this.dispatcher.enqueue(record, isUncertain);
      return record;
    } catch (error) {
      if (!(error instanceof MillraceError) || error.code !== 'RECORD_TOO_LARGE') throw error;
      // Its place in the sequence is settled by whatever comes after it.
      this.#options.counters.addTo(slot, 'shedOversize', count);
      return null;
    } finally {
      content.clear();
      this.#spare.push(content);
    }
  }

  #nextPartitionKey(slot: number, { connection, partitionKeys = 1 }: ConnectionOrigin): string {
    if (partitionKeys <= 1) return connection;
    const turn = this.#turns.get(slot) ?? 0;
    this.#turns.set(slot, (turn + 1) % partitionKeys);
    return `${connection}#${turn}`;
  }

  #onAcknowledged(record: FrameRecord): void {
    const { counters } = this.#options;
    this.#sealed.delete(record);
    counters.addTo(record.slot, 'published', record.count);
    if (!record.holds) counters.addTo(record.slot, 'detached', -record.count);
    this.#settle(record);
  }

  #settle(record: FrameRecord): void {
    const { counters } = this.#options;
    if (record.lastSequence > counters.of(record.slot, 'settledThrough'))
      counters.setOf(record.slot, 'settledThrough', record.lastSequence);
  }

  /** Gives the oldest frames up while the ring is nearly full of frames that have been read but are not on the stream. */
  #shedOldest(): void {
    const { ring, counters } = this.#options;
    for (;;) {
      this.#free();
      const isPressed = ring.used > ring.capacity * 0.75 && ring.used - ring.unread > ring.capacity * 0.125;
      if (!isPressed) return;
      const record = this.#oldestHolder();
      if (record === null) return;
      if (this.dispatcher.evict(record)) {
        this.#sealed.delete(record);
        counters.addTo(record.slot, 'shedOutage', record.count);
      } else {
        // The stream may have it: it stays in memory and is sent until that is known, at most one of a connection.
        record.holds = false;
        counters.addTo(record.slot, 'detached', record.count);
      }
      this.#settle(record);
    }
  }

  #oldestHolder(): FrameRecord | null {
    for (;;) {
      const origin = this.#options.ring.freed;
      let oldest: FrameRecord | null = null;
      for (const record of this.#sealed) {
        if (record.holds && (oldest === null || distance(origin, record.position) < distance(origin, oldest.position)))
          oldest = record;
      }
      let oldestOpen: [number, OpenBatch] | null = null;
      for (const each of this.#open) {
        if (oldestOpen === null || distance(origin, each[1].position) < distance(origin, oldestOpen[1].position))
          oldestOpen = each;
      }
      if (oldestOpen === null) return oldest;
      if (oldest !== null && distance(origin, oldest.position) < distance(origin, oldestOpen[1].position))
        return oldest;
      const sealed = this.#seal(...oldestOpen);
      if (sealed !== null) return sealed;
    }
  }

  #free(): void {
    const { ring } = this.#options;
    const origin = ring.freed;
    let first = ring.position;
    for (const batch of this.#open.values())
      if (distance(origin, batch.position) < distance(origin, first)) first = batch.position;
    for (const record of this.#sealed)
      if (record.holds && distance(origin, record.position) < distance(origin, first)) first = record.position;
    ring.free(first);
  }
}
