import {
  GetRecordsCommand,
  type GetRecordsCommandOutput,
  GetShardIteratorCommand,
  type KinesisClient,
} from '@aws-sdk/client-kinesis';
import type { LambdaClient } from '@aws-sdk/client-lambda';
import { PutObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import { messageOf } from '#core/errors.ts';
import { type Checkpoint, checkpointFrom } from './checkpoint.ts';
import { failureObject } from './failure-record.ts';
import { type InvocationContext, invokeFunction } from './function-invoker.ts';
import { kinesisEvent, type StreamRecord, streamRecord } from './kinesis-event.ts';
import type { StreamMapping } from './mapping.ts';
import { type DiscardCondition, failedIdentifiers } from './mapping-contract.ts';
import type { MappingCounters } from './poller-stats.ts';
import { backOff, type Pace, READ_BACK_OFF_CAP_MS, wait } from './source.ts';
import { type LanePorts, laneOf, StreamLane } from './stream-lane.ts';

export interface StreamClients {
  readonly kinesis: KinesisClient;
  readonly lambda: LambdaClient;
  readonly s3: S3Client;
}

/** What is read ahead of the function before reading pauses (R9). */
const MAXIMUM_OUTSTANDING = 20_000;
const MAXIMUM_OUTSTANDING_BYTES = 64 * 1024 * 1024;
const MAXIMUM_READ = 10_000;
const DELIVERY_ATTEMPTS = 5;

/** One shard for one mapping: reads, invokes lane by lane, keeps the checkpoint. */
export class KinesisShard {
  readonly shardId: string;
  readonly #mapping: StreamMapping;
  readonly #clients: StreamClients;
  readonly #counters: MappingCounters;
  readonly #pace: Pace;
  readonly #signal: AbortSignal;
  readonly #checkpoint: Checkpoint;
  readonly #lanes: readonly StreamLane<StreamRecord>[];
  readonly #outstanding = new Map<string, StreamRecord>();
  #outstandingBytes = 0;
  #lastRead: string | null;
  #millisBehind = 0;
  #quietSince: number | null = null;
  #busyAt = performance.now();
  /** The service says that the shard takes no more records. */
  #closed = false;
  #finished = false;

  constructor(
    shardId: string,
    mapping: StreamMapping,
    clients: StreamClients,
    counters: MappingCounters,
    pace: Pace,
    signal: AbortSignal,
    startAfter: string | null,
  ) {
    this.shardId = shardId;
    this.#mapping = mapping;
    this.#clients = clients;
    this.#counters = counters;
    this.#pace = pace;
    this.#signal = signal;
    this.#checkpoint = checkpointFrom(startAfter);
    this.#lastRead = startAfter;
    this.#lanes = Array.from({ length: mapping.parallelization }, () => new StreamLane(mapping, this.#lanePorts()));
  }

  /** Reads and invokes until the shard is closed and done, or the poller stops. */
  async run(): Promise<void> {
    const lanes = this.#lanes.map((lane) => lane.run());
    await Promise.all([this.#read(), ...lanes]);
    this.#finished = true;
  }

  /** Closed and every record done: its children may begin. */
  finished(): boolean {
    return this.#finished;
  }

  /** Told from the list of shards: no more records will come after those that are there. */
  markClosed(): void {
    this.#closed = true;
  }

  position(): string | null {
    return this.#checkpoint.position();
  }

  recordsBehind(): number {
    return this.#checkpoint.outstanding();
  }

  /** Age of the oldest record that is not done, else how far the service says the reader is behind, ms. */
  msBehind(nowMs: number): number {
    const [oldest] = this.#outstanding.values();
    return oldest === undefined ? this.#millisBehind : Math.max(0, nowMs - oldest.arrivedAtMs);
  }

  quietSinceMs(): number | null {
    return this.#finished ? Number.POSITIVE_INFINITY : this.#quietSince;
  }

  busyAtMs(): number {
    return this.#busyAt;
  }

  async #read(): Promise<void> {
    let iterator: string | null = null;
    let faults = 0;
    for (;;) {
      if (this.#outstanding.size >= MAXIMUM_OUTSTANDING || this.#outstandingBytes >= MAXIMUM_OUTSTANDING_BYTES) {
        await wait(this.#pace.idleMs, this.#signal);
        continue;
      }
      const beganAt = performance.now();
      try {
        iterator ??= await this.#iterator();
        const answer: GetRecordsCommandOutput = await this.#clients.kinesis.send(
          new GetRecordsCommand({ ShardIterator: iterator, Limit: MAXIMUM_READ, StreamARN: this.#mapping.sourceArn }),
          { abortSignal: this.#signal },
        );
        faults = 0;
        iterator = answer.NextShardIterator ?? null;
        this.#millisBehind = answer.MillisBehindLatest ?? 0;
        const records = (answer.Records ?? []).map((record) => streamRecord(record, Date.now()));
        this.#admit(records);
        const caughtUp = records.length === 0 && this.#millisBehind === 0;
        if (caughtUp && this.#checkpoint.outstanding() === 0) this.#quietSince = beganAt;
        if (iterator === null || (caughtUp && this.#closed)) {
          for (const lane of this.#lanes) lane.close();
          return;
        }
        if (records.length === 0) await wait(this.#pace.idleMs, this.#signal);
      } catch (thrown) {
        this.#signal.throwIfAborted();
        // Whatever it was (an expired iterator, throttling, the stream away for a while): read on from the last record read.
        this.#counters.readFaults += 1;
        this.#counters.lastError = messageOf(thrown);
        iterator = null;
        faults += 1;
        await wait(Math.min(READ_BACK_OFF_CAP_MS, backOff(this.#pace, faults)), this.#signal);
      }
    }
  }

  async #iterator(): Promise<string> {
    const { start, sourceArn } = this.#mapping;
    const answer = await this.#clients.kinesis.send(
      new GetShardIteratorCommand({
        StreamARN: sourceArn,
        ShardId: this.shardId,
        ...(this.#lastRead !== null
          ? { ShardIteratorType: 'AFTER_SEQUENCE_NUMBER', StartingSequenceNumber: this.#lastRead }
          : start.type === 'AT_TIMESTAMP'
            ? { ShardIteratorType: 'AT_TIMESTAMP', Timestamp: start.at }
            : { ShardIteratorType: start.type }),
      }),
      { abortSignal: this.#signal },
    );
    if (answer.ShardIterator === undefined) throw new Error(`no iterator for ${this.shardId}`);
    return answer.ShardIterator;
  }

  #admit(records: readonly StreamRecord[]): void {
    const last = records.at(-1);
    if (last === undefined) return;
    this.#quietSince = null;
    this.#busyAt = performance.now();
    this.#lastRead = last.sequenceNumber;
    this.#counters.read += records.length;
    const byLane = this.#lanes.map((): StreamRecord[] => []);
    for (const record of records) {
      this.#checkpoint.admit(record.sequenceNumber);
      this.#outstanding.set(record.sequenceNumber, record);
      this.#outstandingBytes += record.payloadBytes;
      byLane[laneOf(record.partitionKey, this.#lanes.length)]?.push(record);
    }
    for (const [index, lane] of this.#lanes.entries()) lane.push(byLane[index] ?? []);
  }

  #lanePorts(): LanePorts<StreamRecord> {
    let context: InvocationContext | null = null;
    let discarded = 0;
    return {
      invoke: async (records) => {
        const event = kinesisEvent(this.#mapping, this.shardId, records);
        const { functionArn, reportsItemFailures } = this.#mapping;
        const invocation = await invokeFunction(this.#clients.lambda, functionArn, event, this.#counters, this.#signal);
        context = invocation.context ?? context;
        const { outcome } = invocation;
        if (reportsItemFailures && outcome.kind === 'returned' && failedIdentifiers(outcome.response)?.length !== 0)
          this.#counters.partialFailures += 1;
        return outcome;
      },
      discard: async (records, condition, invocations) => {
        await this.#discard(records, condition, invocations, invocations === 0 ? null : context);
        discarded += records.length;
      },
      resolved: (records) => {
        for (const { sequenceNumber, payloadBytes } of records) {
          this.#checkpoint.resolve(sequenceNumber);
          this.#outstanding.delete(sequenceNumber);
          this.#outstandingBytes -= payloadBytes;
        }
        this.#counters.succeeded += records.length - discarded;
        discarded = 0;
        this.#busyAt = performance.now();
      },
      nowMs: () => Date.now(),
      wait: (ms) => wait(ms, this.#signal),
      backOffMs: (attempt) => backOff(this.#pace, attempt),
    };
  }

  /** Hands records to the on-failure destination. As with the service, a destination that stays unreachable does not stop the shard. */
  async #discard(
    records: readonly StreamRecord[],
    condition: DiscardCondition,
    invocations: number,
    context: InvocationContext | null,
  ): Promise<void> {
    const mapping = this.#mapping;
    if (mapping.failureBucket === null) {
      this.#counters.lost += records.length;
      return;
    }
    const event = kinesisEvent(mapping, this.shardId, records);
    const { shardId } = this;
    const { key, body } = failureObject({
      mapping,
      shardId,
      records,
      condition,
      invocations,
      context,
      event,
      atMs: Date.now(),
    });
    for (let attempt = 1; ; attempt += 1) {
      try {
        await this.#clients.s3.send(
          new PutObjectCommand({
            Bucket: mapping.failureBucket,
            Key: key,
            Body: body,
            ContentType: 'application/json',
          }),
          { abortSignal: this.#signal },
        );
        this.#counters.discarded += records.length;
        return;
      } catch (thrown) {
        this.#signal.throwIfAborted();
        this.#counters.lastError = messageOf(thrown);
        if (attempt === DELIVERY_ATTEMPTS) {
          this.#counters.lost += records.length;
          return;
        }
        await wait(backOff(this.#pace, attempt), this.#signal);
      }
    }
  }
}
