import { describe, expect, test } from 'vitest';
import { createMarketReader } from '#aws/market-reader.ts';
import type { MarketRecord } from '#aws/market-record.ts';
import { createMarketStore } from '#aws/market-store.ts';
import { parseMarketRecord } from '#aws/market-stream.ts';
import { createBatchProcessor } from '#aws/ordered-stream-processor.ts';
import { MillraceError } from '#core/errors.ts';
import { VENUES, type VenueId } from '#core/market/instrument.ts';
import type { MarketMessage } from '#core/market/market-message.ts';
import type { EpochMs } from '#core/time/clock.ts';
import { distributeBatch } from '#functions/distribute/distribute-batch.ts';
import { ConnectionDecoders } from '#functions/distribute/market-digest.ts';
import { createFakeDynamoDb } from '../support/fake-dynamodb.ts';
import { buildKinesisEvent } from '../support/kinesis-event-builder.ts';
import { buildRecord, encodeRecord } from '../support/market-record-builder.ts';
import { createMemoryQuarantine } from '../support/memory-quarantine.ts';

const MINUTE = 1_700_000_040_000 as EpochMs;
const TABLE = 'ledger';

/** A venue whose frames are the messages themselves, as JSON: distribution does not depend on a venue's words. */
const plainVenue = {
  marketData: {
    createDecoder: () => (frame: Buffer, emit: (message: MarketMessage) => void) => {
      const text = frame.toString();
      if (!text.startsWith('[')) throw new MillraceError('validation', 'FRAME_INVALID', text);
      for (const message of JSON.parse(text) as MarketMessage[]) emit(message);
    },
  },
};

/** Every venue speaks plainly here. */
const plainVenues = Object.fromEntries(VENUES.map((venue) => [venue, plainVenue])) as Record<
  VenueId,
  typeof plainVenue
>;

function world() {
  const db = createFakeDynamoDb();
  const counts = new Map<string, number>();
  const count = (name: string) => void counts.set(name, (counts.get(name) ?? 0) + 1);
  const parts = {
    decoders: new ConnectionDecoders(plainVenues),
    store: createMarketStore(db.client, TABLE),
    log: () => undefined,
    count,
  };
  const processor = createBatchProcessor({
    consumer: 'distribute',
    parse: parseMarketRecord,
    quarantine: createMemoryQuarantine(),
    log: () => undefined,
    handle: (messages) => distributeBatch(messages, parts),
  });
  return {
    db,
    counts,
    reader: createMarketReader(db.client, TABLE),
    deliver: (records: readonly MarketRecord[]) => processor(buildKinesisEvent(records.map(encodeRecord))),
  };
}

function trade(number: number, price: string): MarketMessage {
  const exchangeTime = (MINUTE + number * 100) as EpochMs;
  return { type: 'trade', symbol: 'BTCUSDT', id: String(number), price, size: '0.5', side: 'buy', exchangeTime };
}

function record(first: number, frames: readonly (readonly MarketMessage[])[]): MarketRecord {
  return buildRecord(
    frames.map((messages) => JSON.stringify(messages)),
    { firstSequence: first },
  );
}

/** Frames 1 to 20, a trade each, ten to a record. */
const TRADES = [1, 11].map((first) =>
  record(
    first,
    Array.from({ length: 10 }, (_, index) => [trade(first + index, String(100 + ((first + index) % 7)))]),
  ),
);

describe('distribute', () => {
  test('T1, T2: trades become candles of a second and of a minute, exact and by the time of the venue', async () => {
    const { reader, deliver } = world();
    expect(await deliver(TRADES)).toEqual({ batchItemFailures: [] });
    const minutes = await reader.candles('binance-usdm', 'BTCUSDT', '1m', MINUTE, (MINUTE + 60_000) as EpochMs);
    expect(minutes).toMatchObject([
      {
        start: MINUTE,
        open: { price: '101' },
        high: '106',
        low: '100',
        close: { price: '106' },
        volume: '10',
        trades: 20,
      },
    ]);
    const seconds = await reader.candles('binance-usdm', 'BTCUSDT', '1s', MINUTE, (MINUTE + 5_000) as EpochMs);
    expect(seconds.map(({ start, trades }) => [start - MINUTE, trades])).toEqual([
      [0, 9],
      [1_000, 10],
      [2_000, 1],
    ]);
  });

  test('T4: batches that come again, overlap or come in another order change nothing', async () => {
    const one = world();
    await one.deliver(TRADES);
    const other = world();
    const [first, second] = TRADES;
    if (first === undefined || second === undefined) throw new Error('two records');
    for (const batch of [[second], [second, first], [first], TRADES]) await other.deliver(batch);
    const candles = async ({ reader }: ReturnType<typeof world>) =>
      reader.candles('binance-usdm', 'BTCUSDT', '1m', MINUTE, MINUTE);
    expect(await candles(other)).toEqual(await candles(one));
    expect(await other.reader.latest('binance-usdm', 'BTCUSDT')).toEqual(
      await one.reader.latest('binance-usdm', 'BTCUSDT'),
    );
  });

  test('T4: an answer of the table that is lost leads to no second count', async () => {
    const { db, reader, deliver } = world();
    let requests = 0;
    db.fault = () => {
      requests += 1;
      return requests % 3 === 0 ? 'lostAnswer' : 'none';
    };
    for (let tries = 0; tries < 20; tries += 1) {
      const { batchItemFailures } = await deliver(TRADES);
      if (batchItemFailures.length === 0) break;
      expect(batchItemFailures).toEqual([{ itemIdentifier: '1000' }]);
    }
    db.fault = () => 'none';
    expect(await deliver(TRADES)).toEqual({ batchItemFailures: [] });
    expect(await reader.candles('binance-usdm', 'BTCUSDT', '1m', MINUTE, MINUTE)).toMatchObject([
      { trades: 20, volume: '10' },
    ]);
  });

  test('T2: the latest trade, quote, ticker and place in the book are kept by the time of the venue', async () => {
    const { reader, deliver } = world();
    const quote = (time: number, bidPrice: string): MarketMessage => ({
      type: 'quote',
      symbol: 'BTCUSDT',
      bidPrice,
      bidSize: '1',
      askPrice: '102',
      askSize: '2',
      sequence: null,
      exchangeTime: (MINUTE + time) as EpochMs,
    });
    const book = (lastSequence: number): MarketMessage => ({
      type: 'book',
      symbol: 'BTCUSDT',
      isSnapshot: false,
      bids: [],
      asks: [],
      firstSequence: lastSequence,
      lastSequence,
      previousSequence: null,
      exchangeTime: (MINUTE + lastSequence) as EpochMs,
    });
    await deliver([record(1, [[quote(500, '101')], [quote(400, '99'), book(41)], [book(42)]])]);
    await deliver([record(4, [[quote(450, '98')], [trade(1, '100')]])]);
    expect(await reader.latest('binance-usdm', 'BTCUSDT')).toMatchObject({
      trade: { price: '100', id: '1' },
      quote: { bidPrice: '101' },
      ticker: null,
      book: { lastSequence: 42 },
    });
    expect(await reader.lastBookSequence('binance-usdm', 'BTCUSDT')).toBe('42');
    expect(await reader.lastBookSequence('binance-usdm', 'ETHUSDT')).toBeNull();
  });

  test('H5: a frame that its venue cannot read is counted, and the others go on', async () => {
    const { counts, reader, deliver } = world();
    const broken = buildRecord(['garbage', JSON.stringify([trade(1, '100')])]);
    expect(await deliver([broken])).toEqual({ batchItemFailures: [] });
    expect(counts.get('FrameUndecodable')).toBe(1);
    expect((await reader.latest('binance-usdm', 'BTCUSDT')).trade).not.toBeNull();
  });

  test('a value that is no decimal spoils its own candle only, and is counted', async () => {
    const { counts, reader, deliver } = world();
    const eth: MarketMessage = { ...trade(2, '10'), type: 'trade', symbol: 'ETHUSDT' } as MarketMessage;
    expect(await deliver([record(1, [[trade(1, 'much')], [eth]])])).toEqual({ batchItemFailures: [] });
    expect(counts.get('WriteRefused')).toBe(2);
    expect(await reader.candles('binance-usdm', 'ETHUSDT', '1m', MINUTE, MINUTE)).toHaveLength(1);
  });

  test("the engine's input log is routed nowhere", async () => {
    const { db, deliver } = world();
    await deliver([buildRecord(['{"n":1}'], { venue: 'engine' })]);
    expect(db.requests).toEqual([]);
  });

  test('R9: a table that is out of reach makes the batch come again', async () => {
    const { db, deliver } = world();
    db.fault = () => 'throttled';
    expect(await deliver(TRADES)).toEqual({ batchItemFailures: [{ itemIdentifier: '1000' }] });
  });
});
