import { EXPECTED_LOAD } from '#core/events/load-forecast.ts';

/**
 * What one part of the pipeline was measured to cost, each with where the figure stands or how it is measured again. Plans are made of these and of nothing else;
 * two cores of an AMD EPYC, Node 24.21, busy with other work: a quieter or newer machine does better.
 */
export const MEASURED = {
  /** Messages a second that one engine took for minutes without shedding, memory flat (`docs/performance.md`, "Soak"). */
  engineRate: 10_000,
  /** CPU for a message at 10,000 a second over loopback, ns: socket, bytes → book → decision, each message written apart (`npm run bench -- loopback`: 9,700 and 11,100 at a load average of 11). */
  engineNs: 11_000,
  /** CPU of the publishing thread for a frame, ns: compressed record, signing, HTTP (`npm run bench -- publish`). */
  publishNs: 2_400,
  /** Bytes of a frame as received, and what of them reaches the stream (zstd, a thousand frames a record; `npm run bench -- publish`: 38 and 56). */
  frameBytes: 280,
  streamBytes: EXPECTED_LOAD.bytesPerMessage,
  /** Messages a second of one symbol on all its channels: an assumption to plan with, not a measurement; the busiest symbols have more, most have far fewer. */
  symbolRate: EXPECTED_LOAD.messagesPerSymbol,
  /** Records a second that an engine writes for its connections: one for each connection and 100 ms at most. */
  recordsPerConnection: EXPECTED_LOAD.recordsPerConnection,
  /** Symbols of one connection: an assumption well inside the venues' limits of subscriptions. */
  symbolsPerConnection: 50,
} as const;

/** The service's limits, with where they are written. */
export const LIMITS = {
  /** Bytes and records that a shard takes in a second (Kinesis, PutRecords API reference). */
  shardBytes: 1_048_576,
  shardRecords: 1_000,
  /** Part of a limit that is planned with: bursts and uneven keys need the rest. */
  headroom: 0.5,
} as const;
