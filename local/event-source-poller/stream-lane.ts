import { MillraceError } from '#core/errors.ts';
import {
  type DiscardCondition,
  expire,
  type InvocationOutcome,
  type RetryRules,
  resolve,
  type Segment,
  type SequencedRecord,
} from './mapping-contract.ts';

/** The rules by which batches are made. */
export interface BatchRules extends RetryRules {
  readonly batchSize: number;
  /** How long to gather records before an invocation, ms. */
  readonly batchWindowMs: number;
}

/** A record with the size it takes in an invocation's payload. */
export interface SizedRecord extends SequencedRecord {
  readonly payloadBytes: number;
}

/** What a lane needs of the world. */
export interface LanePorts<R extends SizedRecord> {
  readonly invoke: (records: readonly R[]) => Promise<InvocationOutcome>;
  /** Delivers what is given up. Rejects only when it must not go on. */
  readonly discard: (records: readonly R[], condition: DiscardCondition, invocations: number) => Promise<void>;
  /** Told of every record that is done, in order, once. */
  readonly resolved: (records: readonly R[]) => void;
  readonly nowMs: () => number;
  /** Waits; rejects when the poller is stopped. */
  readonly wait: (ms: number) => Promise<void>;
  readonly backOffMs: (attempt: number) => number;
}

/** The largest payload of a synchronous invocation is 6 MB; what stands around the records is small. */
export const MAXIMUM_PAYLOAD_BYTES = 5_900_000;

/**
 * One line of batches of a shard, one invocation at a time: with a parallelisation factor of n a shard has n lanes, and all records of
 * a partition key go through the same one, so that order per key is kept.
 */
export class StreamLane<R extends SizedRecord> {
  readonly #rules: BatchRules;
  readonly #ports: LanePorts<R>;
  #waiting: R[] = [];
  #wake: (() => void) | null = null;
  #closed = false;

  constructor(rules: BatchRules, ports: LanePorts<R>) {
    this.#rules = rules;
    this.#ports = ports;
  }

  /** Adds records in the shard's order. */
  push(records: readonly R[]): void {
    this.#waiting.push(...records);
    this.#wake?.();
  }

  /** No further records come: batches are not held back for their window any more. */
  close(): void {
    this.#closed = true;
    this.#wake?.();
  }

  /** Arrival of the oldest record that no batch has taken yet, epoch ms. */
  oldestWaitingMs(): number | null {
    return this.#waiting[0]?.arrivedAtMs ?? null;
  }

  /** Works until it is closed and empty, or `wait` rejects. */
  async run(): Promise<void> {
    for (;;) {
      const batch = await this.#nextBatch();
      if (batch === null) return;
      await this.#finish(batch);
    }
  }

  async #nextBatch(): Promise<readonly R[] | null> {
    while (this.#waiting.length === 0) {
      if (this.#closed) return null;
      await this.#change();
    }
    if (this.#rules.batchWindowMs > 0) {
      const over = this.#ports.wait(this.#rules.batchWindowMs).then(() => true);
      while (!this.#closed && !this.#full()) {
        if (await Promise.race([this.#change().then(() => false), over])) break;
      }
    }
    return this.#waiting.splice(0, this.#batchLength());
  }

  #change(): Promise<void> {
    return new Promise((wake) => {
      this.#wake = () => {
        this.#wake = null;
        wake();
      };
    });
  }

  #full(): boolean {
    return this.#waiting.length >= this.#rules.batchSize || this.#batchLength() < this.#waiting.length;
  }

  /** How many of the waiting records fit into one invocation; at least one. */
  #batchLength(): number {
    let bytes = 0;
    let length = 0;
    for (const record of this.#waiting) {
      bytes += record.payloadBytes;
      if (length > 0 && (length >= this.#rules.batchSize || bytes > MAXIMUM_PAYLOAD_BYTES)) break;
      length += 1;
    }
    return length;
  }

  /** Invokes until every record of the batch is done. */
  async #finish(batch: readonly R[]): Promise<void> {
    const { invoke, discard, resolved, nowMs, wait, backOffMs } = this.#ports;
    let segments: readonly Segment<R>[] = [{ records: batch, retries: 0, invocations: 0 }];
    let attempt = 0;
    for (;;) {
      const [segment, ...rest] = segments;
      if (segment === undefined) return;
      const { expired, live } = expire(this.#rules, segment, nowMs());
      if (expired.length > 0) {
        await discard(expired, 'RecordAgeExceeded', segment.invocations);
        resolved(expired);
      }
      if (live === null) {
        segments = rest;
        continue;
      }
      const resolution = resolve(this.#rules, live, await invoke(live.records));
      if (resolution.succeeded.length > 0) resolved(resolution.succeeded);
      if (resolution.discarded.length > 0) {
        await discard(resolution.discarded, 'RetryAttemptsExhausted', live.invocations + 1);
        resolved(resolution.discarded);
      }
      segments = [...resolution.next, ...rest];
      attempt = resolution.succeeded.length + resolution.discarded.length > 0 ? 0 : attempt + 1;
      if (resolution.backOff) await wait(backOffMs(attempt));
    }
  }
}

/** The lane of a partition key, stable for all time. */
export function laneOf(partitionKey: string, lanes: number): number {
  if (!Number.isInteger(lanes) || lanes < 1)
    throw new MillraceError('configuration', 'PARALLELIZATION_INVALID', `factor=${lanes}`);
  // FNV-1a, 32 bit.
  let hash = 0x811c9dc5;
  for (let index = 0; index < partitionKey.length; index += 1)
    hash = Math.imul(hash ^ partitionKey.charCodeAt(index), 0x01000193) >>> 0;
  return hash % lanes;
}
