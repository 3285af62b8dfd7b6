import { encodeMarketRecord, type MarketFrame, type MarketRecord } from '#aws/market-record.ts';
import { FrameContent } from '#aws/publisher/frame-content.ts';
import type { EpochMs, MonoNanos } from '#core/time/clock.ts';

/** A frame as a test writes it; numbers follow from its place where they are left out. */
export interface FrameText {
  readonly text: string | Uint8Array;
  readonly receivedAt?: number;
  readonly inputNumber?: number;
}

/** A record of one connection with frames from `firstSequence` on, 1 ms apart. */
export function buildRecord(
  frames: readonly (string | FrameText)[],
  change: Partial<Omit<MarketRecord, 'frames'>> = {},
): MarketRecord {
  const firstSequence = change.firstSequence ?? 1;
  return {
    venue: 'binance-usdm',
    engine: 'engine-a',
    startedAt: 1_700_000_000_000,
    connection: 'engine-a/binance-usdm/public',
    epoch: 3,
    anchor: { mono: 1_000_000_000 as MonoNanos, epoch: 1_700_000_001_000 as EpochMs },
    ...change,
    firstSequence,
    frames: frames.map((each, index): MarketFrame => {
      const frame = typeof each === 'string' ? { text: each } : each;
      const sequence = firstSequence + index;
      return {
        sequence,
        receivedAt: (frame.receivedAt ?? 1_000_000_000 + sequence * 1_000_000) as MonoNanos,
        inputNumber: frame.inputNumber ?? sequence * 2,
        bytes: typeof frame.text === 'string' ? Buffer.from(frame.text) : frame.text,
      };
    }),
  };
}

/** The bytes of a record, made with the code that the publisher uses. */
export function encodeRecord(record: MarketRecord): Buffer {
  const content = new FrameContent();
  for (const frame of record.frames) content.add(frame.receivedAt, frame.inputNumber, frame.bytes);
  return encodeMarketRecord(
    {
      ...record,
      count: content.count,
      firstReceivedAt: content.firstReceivedAt,
      firstInputNumber: content.firstInputNumber,
    },
    content.bytes(),
  );
}
