import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createMarketReader } from '#aws/market-reader.ts';
import type { MarketRecord } from '#aws/market-record.ts';
import { createMarketStore } from '#aws/market-store.ts';
import { parseMarketRecord } from '#aws/market-stream.ts';
import { createBatchProcessor } from '#aws/ordered-stream-processor.ts';
import type { VenueId } from '#core/market/instrument.ts';
import type { MarketMessage } from '#core/market/market-message.ts';
import type { EpochMs } from '#core/time/clock.ts';
import { distributeBatch } from '#functions/distribute/distribute-batch.ts';
import { ConnectionDecoders } from '#functions/distribute/market-digest.ts';
import { builtInInstruments } from '#simulation/market-sources/built-in-instruments.ts';
import { venues } from '#venues/venues.ts';
import { createPacedMarket } from '../../bench/soak/paced-market.ts';
import { createFakeDynamoDb } from '../support/fake-dynamodb.ts';
import { buildKinesisEvent } from '../support/kinesis-event-builder.ts';
import { buildRecord, encodeRecord } from '../support/market-record-builder.ts';
import { createMemoryQuarantine } from '../support/memory-quarantine.ts';

const MINUTE = 1_700_000_040_000 as EpochMs;
const TABLE = 'ledger';
const SYMBOL = 'BTCUSDT';
const SPREAD: readonly VenueId[] = ['binance-usdm', 'binance-spot', 'bybit-linear', 'bybit-spot'];

/** Books and trades of a venue as its connection has them, from a minute's beginning on. */
function framesOf(venue: VenueId, count: number, seed: number): readonly Buffer[] {
  const instruments = builtInInstruments(venue).filter(({ symbol }) => symbol === SYMBOL);
  const market = createPacedMarket({ venue, instruments, seed, framesPerSecond: 20, startMs: MINUTE });
  market.start(0);
  return Array.from({ length: count }, () => {
    const frame = market.next(Number.POSITIVE_INFINITY)?.frame;
    if (frame === undefined || frame === null) throw new Error('the market ended');
    return Buffer.from(frame.frame);
  });
}

function recordsOf(venue: VenueId, frames: readonly Buffer[], lengths: readonly number[]): MarketRecord[] {
  const records: MarketRecord[] = [];
  for (let first = 0; first < frames.length; ) {
    const length = lengths[records.length % lengths.length] ?? 1;
    const texts = frames.slice(first, first + length).map((bytes) => ({ text: bytes }));
    records.push(buildRecord(texts, { venue, firstSequence: first + 1 }));
    first += length;
  }
  return records;
}

/** One table, and a Lambda for each shard with a memory of its own. */
function createWorld(venue: VenueId, shards: number) {
  const db = createFakeDynamoDb();
  const store = createMarketStore(db.client, TABLE);
  const log = () => undefined;
  const count = () => undefined;
  const processors = Array.from({ length: shards }, () => {
    const decoders = new ConnectionDecoders(venues);
    return createBatchProcessor({
      consumer: 'distribute',
      parse: parseMarketRecord,
      quarantine: createMemoryQuarantine(),
      log,
      handle: (messages) => distributeBatch(messages, { decoders, store, log, count }),
    });
  });
  const reader = createMarketReader(db.client, TABLE);
  return {
    deliver: async (shard: number, records: readonly MarketRecord[]) =>
      processors[shard]?.(buildKinesisEvent(records.map(encodeRecord))),
    async said() {
      const candles = await Promise.all(
        (['1s', '1m'] as const).map((interval) =>
          reader.candles(venue, SYMBOL, interval, MINUTE, (MINUTE + 60_000) as EpochMs),
        ),
      );
      // Which frames were looked through is the table's own affair: what had no trade of the candle need not be noted.
      return {
        candles: candles.flat().map(({ applied: _, ...told }) => told),
        latest: await reader.latest(venue, SYMBOL),
      };
    },
  };
}

describe('records of one connection in several shards', () => {
  test('T2, T4: candles, latest trade and place in the book are as from one shard, whichever shard is ahead and whatever comes again', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...SPREAD),
        fc.integer({ min: 2, max: 4 }),
        fc.integer({ min: 1, max: 60 }),
        fc.nat(),
        fc.array(fc.integer({ min: 1, max: 7 }), { minLength: 1, maxLength: 5 }),
        // Which shard is read next, how much of it, and whether the same comes again.
        fc.array(fc.tuple(fc.nat(3), fc.integer({ min: 1, max: 4 }), fc.boolean()), { maxLength: 25 }),
        async (venue, keys, count, seed, lengths, reads) => {
          const records = recordsOf(venue, framesOf(venue, count, seed), lengths);
          const alone = createWorld(venue, 1);
          await alone.deliver(0, records);

          const spread = createWorld(venue, keys);
          const left = Array.from({ length: keys }, (_, key) => records.filter((_, index) => index % keys === key));
          const everything = left.map((_, shard) => [shard, records.length, false] as const);
          for (const [at, most, again] of [...reads, ...everything]) {
            const shard = at % keys;
            const batch = left[shard]?.slice(0, most) ?? [];
            if (batch.length === 0) continue;
            await spread.deliver(shard, batch);
            // A batch that is not confirmed comes again from the same checkpoint.
            if (!again) left[shard]?.splice(0, batch.length);
          }

          expect(await spread.said()).toEqual(await alone.said());
        },
      ),
      { numRuns: 40 },
    );
  }, 20_000);

  test.each(SPREAD)('%s: frames of books and trades say the same to a reader that has no other frame', (venue) => {
    const told = (frames: readonly Buffer[], decoderFor: () => ReturnType<typeof newDecoder>) =>
      frames.flatMap((frame) => {
        const messages: unknown[] = [];
        decoderFor()(frame, (message: MarketMessage) => messages.push(message));
        return messages;
      });
    const newDecoder = () => venues[venue].marketData.createDecoder();
    const frames = framesOf(venue, 200, 7);
    const one = newDecoder();
    const together = told(frames, () => one);
    expect(new Set(together.map((each) => (each as MarketMessage).type))).toEqual(new Set(['book', 'trade']));
    expect(told(frames, newDecoder)).toEqual(together);
  });
});
