import { parentPort, workerData } from 'node:worker_threads';
import { MillraceError } from '#core/errors.ts';
import { systemClock, systemTimers } from '#core/time/system-clock.ts';
import { createKinesisClient } from '../clients.ts';
import type { ConnectionOrigin } from './frame-batcher.ts';
import { PublisherCore } from './publisher-core.ts';
import { kinesisPutRecords } from './put-records.ts';
import { sharedMonotonicMs } from './shared-counters.ts';
import type { BackoffRule } from './stream-circuit.ts';

/** What the thread is started with. */
export interface PublisherWorkerData {
  readonly marketRing: SharedArrayBuffer;
  readonly tradingRing: SharedArrayBuffer;
  readonly counters: SharedArrayBuffer;
  readonly marketStream: string;
  readonly tradingStream: string;
  readonly journal: { readonly folder: string; readonly maxBytes: number };
  readonly backoff: BackoffRule;
  readonly connections: readonly (readonly [slot: number, origin: ConnectionOrigin])[];
}

export type MessageToWorker =
  | { readonly kind: 'connection'; readonly slot: number; readonly origin: ConnectionOrigin }
  | { readonly kind: 'close' };

export interface MessageFromWorker {
  readonly kind: 'log';
  readonly level: 'info' | 'warn' | 'error';
  readonly text: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

/** How often the rings are looked into: an event waits half of it on average. */
const TURN_MS = 5;
const REQUEST_TIMEOUT_MS = 5_000;

function run(port: NonNullable<typeof parentPort>, data: PublisherWorkerData): void {
  // The SDK's own tries are off: the dispatcher knows what failed and sends only that.
  const kinesis = createKinesisClient({ maxAttempts: 1, requestTimeoutMs: REQUEST_TIMEOUT_MS });
  const core = new PublisherCore({
    marketRing: data.marketRing,
    tradingRing: data.tradingRing,
    counters: data.counters,
    putMarket: kinesisPutRecords(kinesis, data.marketStream),
    putTrading: kinesisPutRecords(kinesis, data.tradingStream),
    journal: data.journal,
    backoff: data.backoff,
    clock: systemClock,
    timers: systemTimers,
    random: { next: Math.random },
    nowMs: sharedMonotonicMs,
    log: (level, text, fields) => port.postMessage({ kind: 'log', level, text, fields } satisfies MessageFromWorker),
  });
  for (const [slot, origin] of data.connections) core.addConnection(slot, origin);
  const interval = setInterval(() => core.turn(), TURN_MS);
  port.on('message', (message: MessageToWorker) => {
    if (message.kind === 'connection') {
      core.addConnection(message.slot, message.origin);
      return;
    }
    clearInterval(interval);
    core.close();
    kinesis.destroy();
    port.close();
  });
}

if (parentPort === null)
  throw new MillraceError('fatal', 'NOT_A_WORKER', 'publisher-worker is started by the publisher');
run(parentPort, workerData as PublisherWorkerData);
