import { setMaxListeners } from 'node:events';
import { KinesisClient } from '@aws-sdk/client-kinesis';
import { LambdaClient } from '@aws-sdk/client-lambda';
import { S3Client } from '@aws-sdk/client-s3';
import { SQSClient } from '@aws-sdk/client-sqs';
import { emulatedClientSettings } from '../aws-environment.ts';
import { type KinesisSource, kinesisSource } from './kinesis-source.ts';
import { type Mapping, readMappings } from './mapping.ts';
import type { MappingStats } from './poller-stats.ts';
import { DEFAULT_PACE, type Pace, type Source, wait } from './source.ts';
import { sqsSource } from './sqs-source.ts';

export type { MappingStats } from './poller-stats.ts';

/** Drives every mapping that the deployment declared and left to us. */
export interface EventSourcePoller {
  readonly mappings: readonly Mapping[];
  /** Per mapping: what it has done, how far behind it is. */
  stats(): readonly MappingStats[];
  /**
   * Waits until every source is caught up at the same time: each has been read and found empty since anything was last done anywhere
   * (one function's output is another's input). True when so, false at the deadline. Nothing else may write meanwhile.
   */
  drain(timeoutMs: number): Promise<boolean>;
  /** Stops at once; what was in flight is read again by a successor that starts from `checkpoints()`. Harmless twice. */
  stop(): Promise<void>;
  /** Mapping id → shard → last sequence number of the part that is done. */
  checkpoints(): Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** Rejects if the poller breaks (a fault of its own, not of what it drives); else never settles. */
  readonly broken: Promise<never>;
}

export interface PollerOptions {
  readonly endpoint: string;
  readonly pace?: Partial<Pace>;
  /** Where a predecessor stopped, from its `checkpoints()`. */
  readonly checkpoints?: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** Which mappings are driven; default all. */
  readonly drives?: (mapping: Mapping) => boolean;
}

/** A function may run for fifteen minutes. */
const INVOKE_TIMEOUT_MS = 16 * 60_000;
const DRAIN_POLL_MS = 25;

/**
 * Reads the declared mappings and begins to drive them.
 * @throws MillraceError EVENT_SOURCE_UNSUPPORTED, EVENT_SOURCE_INVALID
 */
export async function startEventSourcePoller(options: PollerOptions): Promise<EventSourcePoller> {
  const { endpoint } = options;
  const pace = { ...DEFAULT_PACE, ...options.pace };
  // Retries are the contract's business: the clients make none of their own.
  const settings = emulatedClientSettings(endpoint, { maxAttempts: 1 });
  const lambda = new LambdaClient(
    emulatedClientSettings(endpoint, { maxAttempts: 1, requestTimeoutMs: INVOKE_TIMEOUT_MS }),
  );
  const clients = {
    lambda,
    kinesis: new KinesisClient(settings),
    s3: new S3Client(settings),
    sqs: new SQSClient(settings),
  };
  const stopping = new AbortController();
  const { signal } = stopping;
  setMaxListeners(0, signal);
  const mappings = (await readMappings(lambda)).filter(options.drives ?? (() => true));
  const streams = new Map<string, KinesisSource>();
  const sources = mappings.map((mapping): Source => {
    if (mapping.kind === 'sqs') return sqsSource(mapping, clients, pace, signal);
    const source = kinesisSource(mapping, clients, pace, signal, options.checkpoints?.[mapping.id] ?? {});
    streams.set(mapping.id, source);
    return source;
  });
  let breakWith: (reason: unknown) => void = () => undefined;
  const broken = new Promise<never>((_, reject) => {
    breakWith = reject;
  });
  // Whoever does not look at it is not to be ended by it; `drain` does look.
  broken.catch(() => undefined);
  const running = sources.map(async (source) => {
    try {
      await source.run();
    } catch (thrown) {
      if (!signal.aborted) breakWith(thrown);
    }
  });

  const caughtUp = (since: number): boolean => {
    const latest = Math.max(since, ...sources.map((source) => source.busyAtMs()));
    return sources.every((source) => (source.quietSinceMs() ?? Number.NEGATIVE_INFINITY) > latest);
  };

  return {
    mappings,
    broken,
    stats: () => sources.map((source) => source.stats()),
    async drain(timeoutMs) {
      const began = performance.now();
      while (performance.now() - began < timeoutMs) {
        if (caughtUp(began)) return true;
        await Promise.race([wait(DRAIN_POLL_MS, signal), broken]);
      }
      return false;
    },
    async stop() {
      stopping.abort();
      await Promise.all(running);
      for (const client of Object.values(clients)) client.destroy();
    },
    checkpoints: () => Object.fromEntries([...streams].map(([id, source]) => [id, source.checkpoints()])),
  };
}
