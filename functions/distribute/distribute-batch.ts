import type { Log } from '#aws/log.ts';
import type { MarketStore } from '#aws/market-store.ts';
import type { ReceivedRecord } from '#aws/market-stream.ts';
import type { PlacedMessage } from '#aws/ordered-stream-processor.ts';
import { MillraceError, messageOf } from '#core/errors.ts';
import { byCandle, CANDLE_INTERVALS, type CandleInterval } from '#core/market/candles.ts';
import { type ConnectionDecoders, digestRecords } from './market-digest.ts';

export interface DistributeParts {
  readonly decoders: ConnectionDecoders;
  readonly store: MarketStore;
  readonly log: Log;
  readonly count: (name: string) => void;
}

const INTERVALS = Object.keys(CANDLE_INTERVALS) as readonly CandleInterval[];
/** Writes at a time. */
const CONCURRENCY = 8;

/**
 * Folds a batch into candles and latest prices. Returns the batch's first sequence number if a write failed: all of it may come again, since every
 * write is applied once. A write that can never succeed is logged and counted, and does not hold the others up.
 */
export async function distributeBatch(
  messages: readonly PlacedMessage<ReceivedRecord>[],
  parts: DistributeParts,
): Promise<string | null> {
  const { store, log, count, decoders } = parts;
  const digest = digestRecords(
    messages.map(({ message }) => message.record),
    decoders,
  );
  for (const frame of digest.undecodable) {
    count('FrameUndecodable');
    log('warn', 'frame undecodable', { ...frame });
  }
  const writes: (() => Promise<void>)[] = [];
  for (const { venue, symbol, batch } of digest.trades)
    for (const interval of INTERVALS)
      for (const [start, part] of byCandle(batch, interval))
        writes.push(async () => {
          const isNew = await store.addTrades(venue, symbol, interval, start, part);
          count(isNew ? 'CandleWritten' : 'CandleHadAll');
        });
  for (const { venue, symbol, part, content, precedence } of digest.latest)
    writes.push(async () => {
      const isNew = await store.keepLatest(venue, symbol, part, { content, precedence });
      count(isNew ? 'LatestWritten' : 'LatestSuperseded');
    });
  const failed = await carryOut(writes, (error) => {
    const isHopeless = error instanceof MillraceError && ['validation', 'fatal'].includes(error.class);
    log('error', 'write failed', { reason: messageOf(error), retried: !isHopeless });
    count(isHopeless ? 'WriteRefused' : 'WriteFailed');
    return !isHopeless;
  });
  return failed ? (messages[0]?.place.sequenceNumber ?? null) : null;
}

/** Runs everything, a few at a time; true if any failed in a way that `mustRetry`. */
async function carryOut(
  writes: readonly (() => Promise<void>)[],
  mustRetry: (error: unknown) => boolean,
): Promise<boolean> {
  const left = writes.values();
  let failed = false;
  const worker = async () => {
    for (const write of left) {
      try {
        await write();
      } catch (error) {
        if (mustRetry(error)) failed = true;
      }
    }
  };
  await Promise.all(Array.from({ length: CONCURRENCY }, worker));
  return failed;
}
