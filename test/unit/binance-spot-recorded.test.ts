import { join } from 'node:path';
import { Readable } from 'node:stream';
import { describe, expect, test } from 'vitest';
import type { BookMessage } from '#core/market/market-message.ts';
import { formatScaled } from '#core/market/scaled-decimal.ts';
import type { EpochMs } from '#core/time/clock.ts';
import { RecordedDepthSnapshots } from '#research/binance-recording.ts';
import { readRecordedLines } from '#research/recorded-frames.ts';
import { createSimulatedExchange } from '#simulation/exchange/create-simulated-exchange.ts';
import { inspectRecording } from '#simulation/market-sources/instruments-of-recording.ts';
import { createRecordedMarket } from '#simulation/market-sources/recorded-market.ts';
import { BinanceSpotBookSync } from '#venues/binance-spot/book-sync.ts';
import { createBinanceSpotDecoder } from '#venues/binance-spot/market-data.ts';
import { bookDigest } from '../support/book-digest.ts';
import { runNormalize } from '../support/run-normalize.ts';
import { CLOCK_START } from '../support/scripted-market.ts';
import { hasSharedData, SHARED_DATA, sharedText } from '../support/shared-data.ts';
import { compared, inTardisWords, type TardisMessage, tardisRows } from '../support/tardis-answers.ts';

const path = (file: string) => join(SHARED_DATA, file);
const DAYS = ['binance/recorded/spot_btcusdt_20240808.raw.gz', 'binance/recorded/spot_btcusdt_20240809.raw.gz'];
const BOOK = 'binance/known-answers/book_spot_btcusdt_20240808_09.json';
const CRYPTOFEED = 'binance/recorded/cryptofeed_spot_nknusdt_blzeth.jsonl.gz';
const TARDIS = 'binance/known-answers/tardis_binance.jsonl';

interface Checkpoint {
  readonly line: number;
  readonly u: number;
  readonly levels: readonly [number, number];
  readonly sha256: string;
  readonly bids: readonly (readonly [string, string])[];
}

interface KnownBook {
  readonly checkpoints: readonly Checkpoint[];
  readonly final: Omit<Checkpoint, 'line'>;
}

describe.skipIf(![...DAYS, BOOK].every((file) => hasSharedData(file)))('recorded Binance spot days', () => {
  test('the book is the known one at every checkpoint, without a gap, over both files', async () => {
    const { checkpoints, final } = JSON.parse(sharedText(BOOK)) as KnownBook;
    const byLine = new Map(checkpoints.map((each) => [each.line, each]));
    const scales = { priceScale: 2, sizeScale: 8 };
    const sync = new BinanceSpotBookSync('BTCUSDT', scales);
    const snapshots = new RecordedDepthSnapshots();
    const decode = createBinanceSpotDecoder();
    const counts = { resync: 0, applied: 0, ignored: 0, buffered: 0 };
    const onBook = (message: BookMessage): void => {
      counts[sync.onMessage(message).kind] += 1;
    };
    let line = 0;
    for (const file of DAYS) {
      for await (const records of readRecordedLines(path(file), Readable.from([]))) {
        for (const record of records) {
          line += 1;
          if (record.kind === 'bad') throw new Error(record.reason);
          if (RecordedDepthSnapshots.looksLike(record.frame)) {
            const snapshot = snapshots.read(record.frame, null, record.receivedAt);
            if (snapshot !== null) onBook(snapshot);
          } else {
            decode(record.frame, (message) => {
              if (message.type !== 'book') return;
              snapshots.beforeDiff(message.symbol);
              onBook(message);
            });
          }
          const checkpoint = byLine.get(line);
          if (checkpoint === undefined) continue;
          byLine.delete(line);
          expect([sync.book.valid, sync.book.sequence]).toEqual([true, checkpoint.u]);
          expect([sync.book.depth('buy'), sync.book.depth('sell')]).toEqual(checkpoint.levels);
          expect(bookDigest(sync.book, scales)).toBe(checkpoint.sha256);
        }
      }
    }

    expect(byLine.size).toBe(0);
    expect(bookDigest(sync.book, scales)).toBe(final.sha256);
    // The one resync is the first diff's wish for a snapshot.
    expect(counts.resync).toBe(1);
    expect(counts.applied).toBeGreaterThan(6_400);
  }, 20_000);

  test('the recordings are told from those of futures, follow one another, and play without a gap', () => {
    const { checkpoints, final } = JSON.parse(sharedText(BOOK)) as KnownBook;
    const files = DAYS.map(path);
    const { venue, instruments, channels, skipped } = inspectRecording(files);

    expect(venue).toBe('binance-spot');
    expect(skipped.count).toBe(0);
    expect([...channels].sort()).toEqual(['book', 'quotes', 'trades']);
    expect(instruments).toMatchObject([
      { symbol: 'BTCUSDT', kind: 'spot', baseCurrency: 'BTC', quoteCurrency: 'USDT', priceScale: 2, sizeScale: 8 },
    ]);
    const source = createRecordedMarket({ venue, files, instruments });
    const exchange = createSimulatedExchange({ instruments, source, clockStart: CLOCK_START });
    const states = new Map([...checkpoints, final].map((state) => [state.u, state]));
    let seen = 0;
    let crossed = 0;
    exchange.listen({
      onAccount: () => undefined,
      onMarket(event) {
        if (event.kind !== 'raw' || event.channel !== 'book') return;
        const book = exchange.book('BTCUSDT', 5);
        if ((book.bids[0]?.[0] ?? 0) >= (book.asks[0]?.[0] ?? Number.POSITIVE_INFINITY)) crossed += 1;
        const known = states.get(book.sequence);
        if (known === undefined) return;
        seen += 1;
        expect(book.bids.map(([price, size]) => [formatScaled(price, 2), formatScaled(size, 8)])).toEqual(
          known.bids.slice(0, 5).map(([price, size]) => [String(Number(price)), String(Number(size))]),
        );
      },
    });
    exchange.advanceTo((CLOCK_START + 3_600_000) as EpochMs);

    expect(source.stats()).toMatchObject({ gaps: 0, snapshots: 1, control: 0, otherSymbols: 0 });
    expect(seen).toBe(states.size);
    expect(crossed).toBe(0);
  }, 20_000);

  test('normalize tells the final book', async () => {
    const { final } = JSON.parse(sharedText(BOOK)) as KnownBook;
    const { code, lines, errors } = await runNormalize(['--venue', 'binance-spot', ...DAYS.map(path), '--books', '5']);
    expect({ code, errors }).toEqual({ code: 0, errors: [] });
    expect(JSON.parse(lines.at(-1) ?? '')).toMatchObject({
      type: 'bookState',
      valid: true,
      sequence: final.u,
      bids: final.bids.slice(0, 5).map(([price, size]) => [String(Number(price)), String(Number(size))]),
    });
  }, 20_000);
});

describe.skipIf(!hasSharedData(CRYPTOFEED))('recorded Binance spot session of two symbols', () => {
  test('both books are synced by their own snapshots and stand where the last quotes stand', async () => {
    const facts = inspectRecording([path(CRYPTOFEED)]);
    expect(facts.venue).toBe('binance-spot');
    expect(facts.instruments.map(({ symbol, kind }) => [symbol, kind])).toEqual([
      ['NKNUSDT', 'spot'],
      ['BLZETH', 'spot'],
    ]);
    expect(facts.instruments[1]).toMatchObject({ baseCurrency: 'BLZ', quoteCurrency: 'ETH' });

    // The whole book holds prices of a finer tick than any frame after it.
    const { venue, instruments } = facts;
    const source = createRecordedMarket({ venue, files: [path(CRYPTOFEED)], instruments });
    createSimulatedExchange({ instruments, source, clockStart: CLOCK_START }).advanceTo(
      (CLOCK_START + 3_600_000) as EpochMs,
    );
    expect(source.stats()).toMatchObject({ gaps: 0 });

    const { code, lines } = await runNormalize(['--venue', 'binance-spot', path(CRYPTOFEED), '--books', '1']);
    const messages = lines.map((line) => JSON.parse(line));
    expect(code).toBe(0);
    const states = messages.filter(({ type }) => type === 'bookState');
    expect(states.map(({ symbol, valid }) => [symbol, valid])).toEqual([
      ['NKNUSDT', true],
      ['BLZETH', true],
    ]);
    for (const { symbol, bids, asks } of states) {
      expect(Number(bids[0][0])).toBeLessThan(Number(asks[0][0]));
      const quote = messages.filter((each) => each.type === 'quote' && each.symbol === symbol).at(-1);
      if (quote !== undefined) expect(Math.abs(Number(quote.bidPrice) / Number(bids[0][0]) - 1)).toBeLessThan(0.01);
    }
  });
});

/** Where the contract of normalized output differs from tardis on purpose. Key: row of the known answers. */
const DIFFERENCES: Readonly<
  Record<string, { readonly reason: string; readonly adapt: (row: readonly TardisMessage[]) => unknown[] }>
> = {
  '3': {
    reason: 'a quote of spot has no time: it carries that of the newest event before it, tardis the time of receipt',
    adapt: (row) => row.map((each) => ({ ...compared(each), timestamp: '2019-09-01T00:00:01.038Z' })),
  },
  '4': {
    reason: 'the last price of the day is a ticker of ours; tardis has tickers of derivatives alone',
    adapt: () => [
      {
        type: 'derivative_ticker',
        symbol: 'DOGEBNB',
        lastPrice: 0.0001436,
        openInterest: null,
        fundingRate: null,
        fundingTimestamp: null,
        predictedFundingRate: null,
        indexPrice: null,
        markPrice: null,
        timestamp: '2019-09-30T01:00:59.092Z',
      },
    ],
  },
};

describe('known answers of tardis-dev', () => {
  test.skipIf(!hasSharedData(TARDIS))('Binance spot: every row, but for differences on purpose', async () => {
    const rows = tardisRows(TARDIS);
    let before = 0;
    // Row by row over growing input, since one process remembers what the rows before it said.
    for (const [position, { index, expected }] of rows.entries()) {
      const input = rows.slice(0, position + 1).map((each) => `${JSON.stringify(each)}\n`);
      const { code, lines } = await runNormalize(['--venue', 'binance-spot', '-'], input.join(''));
      expect(code).toBe(0);
      const known = DIFFERENCES[String(index)]?.adapt(expected) ?? expected.map(compared);
      expect(lines.slice(before).map(inTardisWords), `row ${index}`).toEqual(known);
      before = lines.length;
    }
    expect(rows.length).toBeGreaterThan(4);
  });
});
