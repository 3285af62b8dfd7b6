import { MillraceError, messageOf } from '#core/errors.ts';
import type { Clock, Random, Timers } from '#core/time/clock.ts';
import { type JoinedRecord, type JoinRule, nextRecord } from './joined-record.ts';
import { type PutRecords, partitionKeyOf, type RecordOutcome, type StreamRecord } from './put-records.ts';
import { type BackoffRule, type CircuitState, fullJitterMs, StreamCircuit } from './stream-circuit.ts';

/** Limits of a request that hold everywhere: the service's own are wider in some places (`docs/formats.md`). */
export const MAX_REQUEST_RECORDS = 500;
export const MAX_REQUEST_BYTES = 5 * 1024 * 1024;

export interface DispatcherOptions<R extends StreamRecord> {
  readonly put: PutRecords;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  /** The stream has the record. Called once for each, in the order of its key. */
  readonly onAcknowledged: (record: R) => void;
  /** A request failed whole, or the circuit changed. */
  readonly onTrouble?: (reason: string, circuit: CircuitState) => void;
  /** The stream took a record of so many bytes under this partition key, the key included; what was joined is one record. */
  readonly onTaken?: (key: string, bytes: number) => void;
  readonly backoff: BackoffRule;
  /** After this a request counts as failed with unknown effect, ms. */
  readonly requestTimeoutMs?: number;
  /** Requests at a time, for different keys. */
  readonly maxRequests?: number;
  /** How what waits of one key becomes one record of the stream; each by itself where this is not given. */
  readonly join?: JoinRule;
}

export interface DispatcherCounts {
  requests: number;
  recordsSent: number;
  bytesSent: number;
  /** Records of requests that failed or that the service refused one by one: each is sent again. */
  retriedEntries: number;
}

interface Waiting<R> {
  readonly record: R;
  readonly order: number;
  /** A request with it failed in a way that leaves open whether the stream has it: it is sent until that is known, never dropped. */
  uncertain: boolean;
}

interface KeyQueue<R> {
  readonly waiting: Waiting<R>[];
  /** How many of those that wait, from the first, are on their way. */
  inFlight: number;
  tries: number;
  notBeforeMs: number;
}

/** What one request carries of one key: the first that wait, as one record of the stream. */
interface Sending<R> extends JoinedRecord<Waiting<R>> {
  readonly key: string;
  readonly queue: KeyQueue<R>;
}

/**
 * Sends records to a stream: at most one record of a key in a request and one request of a key in flight, so that order per key is kept whatever fails; only what was
 * not taken is sent again, as it was. It holds what it is given until the stream has it; who calls it bounds that (`evict`).
 */
export class RecordDispatcher<R extends StreamRecord> {
  readonly #options: DispatcherOptions<R>;
  readonly #circuit: StreamCircuit;
  readonly #queues = new Map<string, KeyQueue<R>>();
  readonly #requests = new Set<AbortController>();
  readonly counts: DispatcherCounts = { requests: 0, recordsSent: 0, bytesSent: 0, retriedEntries: 0 };
  #order = 0;
  #cancelTimer: (() => void) | null = null;
  #stopped = false;
  #outstanding = 0;

  constructor(options: DispatcherOptions<R>) {
    this.#options = options;
    this.#circuit = new StreamCircuit(options.clock, options.random, options.backoff);
  }

  get circuit(): CircuitState {
    return this.#circuit.state;
  }

  /** Records that the stream has not confirmed. */
  get outstanding(): number {
    return this.#outstanding;
  }

  /** Whether nothing of this key waits or is on its way. */
  isIdle(key: string): boolean {
    return !this.#queues.has(key);
  }

  /**
   * Takes a record. It is sent with the next `send`, or by itself once there is something to wait for. `isUncertain`: it may be on the stream already, so that
   * it must not be dropped.
   */
  enqueue(record: R, isUncertain = false): void {
    let queue = this.#queues.get(record.key);
    if (queue === undefined) {
      queue = { waiting: [], inFlight: 0, tries: 0, notBeforeMs: 0 };
      this.#queues.set(record.key, queue);
    }
    this.#order += 1;
    this.#outstanding += 1;
    queue.waiting.push({ record, order: this.#order, uncertain: isUncertain });
  }

  /** Sends what may be sent now. */
  send(): void {
    if (this.#stopped) return;
    this.#cancelTimer?.();
    this.#cancelTimer = null;
    while (this.#requests.size < (this.#options.maxRequests ?? 4)) {
      const wait = this.#circuit.waitMs();
      if (wait > 0) {
        this.#sendAfter(wait);
        return;
      }
      // One request, of one record, tells whether the stream is back.
      const probing = this.#circuit.state === 'halfOpen';
      if (probing && this.#requests.size > 0) return;
      const batch = this.#nextBatch(probing ? 1 : MAX_REQUEST_RECORDS);
      if (batch.length === 0) {
        this.#sendWhenDue();
        return;
      }
      void this.#request(batch);
    }
  }

  /** Drops a record, if it is sure that the stream does not have it. False: it is on its way, or may have arrived, or is not here. */
  evict(record: R): boolean {
    const queue = this.#queues.get(record.key);
    const index = queue?.waiting.findIndex((each) => each.record === record) ?? -1;
    if (queue === undefined || index === -1) return false;
    if (queue.waiting[index]?.uncertain === true || index < queue.inFlight) return false;
    queue.waiting.splice(index, 1);
    this.#outstanding -= 1;
    this.#forget(record.key, queue);
    return true;
  }

  /** The oldest record that the stream has not confirmed. */
  oldest(): R | null {
    let oldest: Waiting<R> | null = null;
    for (const { waiting } of this.#queues.values()) {
      const first = waiting[0];
      if (first !== undefined && (oldest === null || first.order < oldest.order)) oldest = first;
    }
    return oldest?.record ?? null;
  }

  /** Everything that the stream has not confirmed, oldest first. */
  pending(): readonly R[] {
    return [...this.#queues.values()]
      .flatMap((queue) => queue.waiting)
      .sort((a, b) => a.order - b.order)
      .map((each) => each.record);
  }

  /** Sends nothing more and gives up what is on its way. */
  stop(): void {
    this.#stopped = true;
    this.#cancelTimer?.();
    for (const request of this.#requests) request.abort();
  }

  /** The first of each key that is due, within the limits of a request. Keys take turns: those served go to the back. */
  #nextBatch(maxRecords: number): Sending<R>[] {
    const now = this.#nowMs();
    const batch: Sending<R>[] = [];
    let bytes = 0;
    for (const [key, queue] of this.#queues) {
      if (queue.inFlight > 0 || queue.notBeforeMs > now) continue;
      const next = nextRecord(queue.waiting, this.#options.join);
      if (next === null) continue;
      const size = next.record.data.byteLength + Buffer.byteLength(partitionKeyOf(next.record));
      if (batch.length === maxRecords || (batch.length > 0 && bytes + size > MAX_REQUEST_BYTES)) break;
      bytes += size;
      batch.push({ key, queue, ...next });
    }
    for (const { key, queue, parts } of batch) {
      queue.inFlight = parts.length;
      this.#queues.delete(key);
      this.#queues.set(key, queue);
    }
    return batch;
  }

  async #request(batch: readonly Sending<R>[]): Promise<void> {
    const controller = new AbortController();
    this.#requests.add(controller);
    this.counts.requests += 1;
    let outcomes: readonly RecordOutcome[] | null = null;
    let failure: unknown = null;
    try {
      outcomes = await this.#put(
        batch.map(({ record }) => record),
        controller,
      );
    } catch (error) {
      failure = error;
    }
    this.#requests.delete(controller);
    if (outcomes === null) this.#failedWhole(batch, failure);
    else this.#answered(batch, outcomes);
    this.send();
  }

  /** Puts a limit of its own to the transport, which may not keep one. */
  #put(records: readonly StreamRecord[], controller: AbortController): Promise<readonly RecordOutcome[]> {
    return new Promise((resolve, reject) => {
      const cancel = this.#options.timers.after(this.#options.requestTimeoutMs ?? 10_000, () => {
        reject(new MillraceError('unknown', 'PUT_RECORDS_TIMEOUT', `records=${records.length}`));
        controller.abort();
      });
      this.#options
        .put(records, controller.signal)
        .then(resolve, reject)
        .finally(() => cancel());
    });
  }

  #answered(batch: readonly Sending<R>[], outcomes: readonly RecordOutcome[]): void {
    const refusals = new Map<string, number>();
    const taken: R[] = [];
    batch.forEach(({ key, queue, parts, record }, index) => {
      const outcome = outcomes[index];
      queue.inFlight = 0;
      if (outcome?.ok === true) {
        queue.waiting.splice(0, parts.length);
        queue.tries = 0;
        queue.notBeforeMs = 0;
        this.#outstanding -= parts.length;
        this.#forget(key, queue);
        this.counts.recordsSent += 1;
        this.counts.bytesSent += record.data.byteLength;
        const partitionKey = partitionKeyOf(record);
        this.#options.onTaken?.(partitionKey, record.data.byteLength + Buffer.byteLength(partitionKey));
        for (const each of parts) taken.push(each.record);
      } else {
        const code = outcome?.code ?? 'no outcome';
        refusals.set(code, (refusals.get(code) ?? 0) + 1);
        this.#again(queue);
      }
    });
    const before = this.#circuit.state;
    if (taken.length > 0) this.#circuit.succeeded();
    else this.#circuit.failed();
    if (refusals.size > 0 || before !== this.#circuit.state)
      this.#tell([...refusals].map(([code, count]) => `${code} × ${count}`).join(', '));
    for (const record of taken) this.#options.onAcknowledged(record);
  }

  #failedWhole(batch: readonly Sending<R>[], failure: unknown): void {
    const certain = failure instanceof MillraceError && failure.class !== 'unknown';
    for (const { queue, parts } of batch) {
      queue.inFlight = 0;
      if (!certain) for (const each of parts) each.uncertain = true;
      this.#again(queue);
    }
    this.#circuit.failed();
    this.#tell(messageOf(failure));
  }

  #again(queue: KeyQueue<R>): void {
    this.counts.retriedEntries += 1;
    queue.notBeforeMs = this.#nowMs() + fullJitterMs(this.#options.backoff, queue.tries, this.#options.random);
    queue.tries += 1;
  }

  #forget(key: string, queue: KeyQueue<R>): void {
    if (queue.waiting.length === 0 && queue.inFlight === 0) this.#queues.delete(key);
  }

  #tell(reason: string): void {
    this.#options.onTrouble?.(reason, this.#circuit.state);
  }

  #sendWhenDue(): void {
    let earliest = Number.POSITIVE_INFINITY;
    for (const queue of this.#queues.values())
      if (queue.inFlight === 0 && queue.waiting.length > 0) earliest = Math.min(earliest, queue.notBeforeMs);
    if (earliest < Number.POSITIVE_INFINITY) this.#sendAfter(Math.max(0, earliest - this.#nowMs()));
  }

  #sendAfter(ms: number): void {
    this.#cancelTimer?.();
    this.#cancelTimer = this.#options.timers.after(Math.ceil(ms), () => {
      this.#cancelTimer = null;
      this.send();
    });
  }

  #nowMs(): number {
    return this.#options.clock.monoNanos() / 1e6;
  }
}
