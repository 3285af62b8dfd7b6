import { join } from 'node:path';
import { Readable } from 'node:stream';
import { describe, expect, test } from 'vitest';
import type { BookMessage, QuoteMessage } from '#core/market/market-message.ts';
import { formatScaled } from '#core/market/scaled-decimal.ts';
import { RecordedDepthSnapshots } from '#research/binance-recording.ts';
import { readRecordedLines } from '#research/recorded-frames.ts';
import { BinanceUsdmBookSync } from '#venues/binance-usdm/book-sync.ts';
import { createBinanceUsdmDecoder } from '#venues/binance-usdm/market-data.ts';
import { BybitBookSync } from '#venues/bybit/book-sync.ts';
import { bybitLinear } from '#venues/bybit-linear/venue.ts';
import { bookDigest, bookTexts } from '../support/book-digest.ts';
import { runNormalize } from '../support/run-normalize.ts';
import { hasSharedData, SHARED_DATA, sharedText } from '../support/shared-data.ts';
import { compared, inTardisWords, type TardisMessage, tardisRows } from '../support/tardis-answers.ts';

const path = (file: string) => join(SHARED_DATA, file);

interface Checkpoint {
  readonly line: number;
  readonly u: number;
  readonly levels: readonly [number, number];
  readonly sha256: string;
}

const USDM = 'binance/recorded/usdm_btcusdt_20240808.raw.gz';
const USDM_BOOK = 'binance/known-answers/book_usdm_btcusdt_20240808.json';

describe.skipIf(!hasSharedData(USDM) || !hasSharedData(USDM_BOOK))('recorded Binance USD-M day', () => {
  const scales = { priceScale: 2, sizeScale: 3 };

  test('the book is the known one at every checkpoint, without a gap, and agrees with every quote of the same update', async () => {
    const { checkpoints } = JSON.parse(sharedText(USDM_BOOK)) as { checkpoints: Checkpoint[] };
    const byLine = new Map(checkpoints.map((each) => [each.line, each]));
    const sync = new BinanceUsdmBookSync('BTCUSDT', scales);
    const snapshots = new RecordedDepthSnapshots();
    const decode = createBinanceUsdmDecoder();
    const counts = { applied: 0, resyncs: 0, quotes: 0, quotesAgree: 0, checkpoints: 0 };
    /** Quotes of updates that are not applied yet, and tops of the updates that were. */
    const quotes = new Map<number, QuoteMessage>();
    const top = (): string =>
      [sync.book.bidPrice, sync.book.bidSize, sync.book.askPrice, sync.book.askSize]
        .map((value, index) => formatScaled(value, index % 2 === 0 ? scales.priceScale : scales.sizeScale))
        .join(' ');
    const onBook = (message: BookMessage): void => {
      const outcome = sync.onMessage(message);
      if (outcome.kind === 'resync') counts.resyncs += 1;
      if (outcome.kind !== 'applied') return;
      if (!message.isSnapshot) counts.applied += 1;
      const quote = quotes.get(message.lastSequence);
      if (quote === undefined) return;
      counts.quotes += 1;
      const said = [quote.bidPrice, quote.bidSize, quote.askPrice, quote.askSize].map((text) => String(Number(text)));
      if (said.join(' ') === top()) counts.quotesAgree += 1;
    };

    for await (const records of readRecordedLines(path(USDM), Readable.from([]))) {
      for (const record of records) {
        if (record.kind === 'bad') throw new Error(record.reason);
        if (RecordedDepthSnapshots.looksLike(record.frame)) {
          const snapshot = snapshots.read(record.frame, null, record.receivedAt);
          if (snapshot !== null) onBook(snapshot);
        } else {
          decode(record.frame, (message) => {
            if (message.type === 'quote' && message.sequence !== null) quotes.set(message.sequence, message);
            if (message.type !== 'book') return;
            snapshots.beforeDiff(message.symbol);
            onBook(message);
          });
        }
        const checkpoint = byLine.get(record.line);
        if (checkpoint === undefined) continue;
        counts.checkpoints += 1;
        expect(sync.book.valid).toBe(true);
        expect(sync.book.sequence).toBe(checkpoint.u);
        expect([sync.book.depth('buy'), sync.book.depth('sell')]).toEqual(checkpoint.levels);
        expect(bookDigest(sync.book, scales)).toBe(checkpoint.sha256);
      }
    }

    // The one resync is the first diff's wish for a snapshot.
    expect(counts).toMatchObject({ resyncs: 1, checkpoints: checkpoints.length });
    expect(counts.applied).toBeGreaterThan(6_500);
    expect(counts.quotes).toBeGreaterThan(200);
    expect(counts.quotesAgree).toBe(counts.quotes);
  });
});

const OB500 = 'bybit/recorded/ob500_XRPUSDT_first25.jsonl.gz';
const OB500_BOOK = 'bybit/known-answers/book_ob500_XRPUSDT.json';

describe.skipIf(!hasSharedData(OB500) || !hasSharedData(OB500_BOOK))('recorded Bybit book of 500 levels', () => {
  test('the book is the known one after every frame', async () => {
    const { states } = JSON.parse(sharedText(OB500_BOOK)) as { states: Checkpoint[] };
    const scales = { priceScale: 4, sizeScale: 0 };
    const sync = new BybitBookSync('XRPUSDT', scales);
    const decode = bybitLinear.marketData.createDecoder();
    const seen: Checkpoint[] = [];
    for await (const records of readRecordedLines(path(OB500), Readable.from([]))) {
      for (const record of records) {
        if (record.kind !== 'frame') throw new Error(`line ${record.line} is no frame`);
        decode(record.frame, (message) => {
          if (message.type === 'book') expect(sync.onMessage(message)).toEqual({ kind: 'applied' });
        });
        const { bids, asks } = bookTexts(sync.book, scales);
        seen.push({
          line: record.line,
          u: sync.book.sequence,
          levels: [bids.length, asks.length],
          sha256: bookDigest(sync.book, scales),
        });
      }
    }

    expect(seen).toEqual(states.map(({ line, u, levels, sha256 }) => ({ line, u, levels, sha256 })));
  });
});

const CRYPTOFEED = 'binance/recorded/cryptofeed_usdm_sushiusdt_akrousdt.jsonl.gz';
/** The recorded candles have no normalized form. */
const KLINES = 'end: FRAMES_OTHER: frames=30 of channels that are not normalized';

describe.skipIf(!hasSharedData(CRYPTOFEED))('recorded Binance session of two symbols', () => {
  test('both books are synced by their own snapshots, with no gap after it, and stand where the last quotes stand', async () => {
    const { code, lines, errors } = await runNormalize(['--venue', 'binance-usdm', path(CRYPTOFEED), '--books', '1']);
    const messages = lines.map((line) => JSON.parse(line));
    const states = messages.filter(({ type }) => type === 'bookState');

    expect({ code, errors }).toEqual({ code: 0, errors: [KLINES] });
    expect(states.map(({ symbol, valid }) => [symbol, valid])).toEqual([
      ['SUSHIUSDT', true],
      ['AKROUSDT', true],
    ]);
    expect(
      messages.filter(({ type, isSnapshot }) => type === 'book' && isSnapshot).map(({ symbol }) => symbol),
    ).toEqual(['SUSHIUSDT', 'AKROUSDT']);
    for (const { symbol, bids, asks } of states) {
      expect(Number(bids[0][0])).toBeLessThan(Number(asks[0][0]));
      const quote = messages.filter((each) => each.type === 'quote' && each.symbol === symbol).at(-1);
      expect(Math.abs(Number(quote.bidPrice) / Number(bids[0][0]) - 1)).toBeLessThan(0.001);
    }
  });
});

const TARDIS_BINANCE = 'binance/known-answers/tardis_binance-futures.jsonl';
const TARDIS_BYBIT = 'bybit/known-answers/tardis_bybit-v5.jsonl';
const TARDIS_BYBIT_SPOT = 'bybit/known-answers/tardis_bybit-spot.jsonl';

/**
 * Where the contract of normalized output differs from tardis on purpose. Key: row of the known answers.
 */
const DIFFERENCES: Readonly<
  Record<string, { readonly reason: string; readonly adapt: (row: TardisMessage[]) => unknown[] }>
> = {
  '1': {
    reason:
      'aggregate trades are trades of ours; tardis takes `@trade` alone, which is no official stream. This row of 2019 has no id of its own: `l`',
    adapt: () => [
      {
        type: 'trade',
        symbol: 'BTCUSDT',
        id: '181349',
        price: 10_223.74,
        amount: 0.236,
        side: 'buy',
        timestamp: '2019-09-17T04:05:03.463Z',
      },
    ],
  },
  '8': {
    reason: 'the time of a diff is when the engine made it (`T`), not when the server sent it (`E`)',
    adapt: (row) => row.map((each) => ({ ...compared(each), timestamp: '2019-11-17T00:00:21.948Z' })),
  },
};

async function normalizedRows(venue: string, file: string): Promise<Map<number, unknown[]>> {
  const rows = tardisRows(file);
  const answers = new Map<number, unknown[]>();
  let before = 0;
  // Row by row over growing input, since one process remembers what the rows before it said.
  for (const [position, row] of rows.entries()) {
    const input = rows.slice(0, position + 1).map((each) => `${JSON.stringify(each)}\n`);
    const { code, lines } = await runNormalize(['--venue', venue, '-'], input.join(''));
    expect(code).toBe(0);
    answers.set(row.index, lines.slice(before).map(inTardisWords));
    before = lines.length;
  }
  return answers;
}

describe('known answers of tardis-dev', () => {
  test.skipIf(!hasSharedData(TARDIS_BINANCE))(
    'Binance futures: every row, but for differences on purpose',
    async () => {
      const answers = await normalizedRows('binance-usdm', TARDIS_BINANCE);
      for (const { index, expected } of tardisRows(TARDIS_BINANCE)) {
        const difference = DIFFERENCES[String(index)];
        const known = difference === undefined ? expected.map(compared) : difference.adapt([...expected]);
        expect(answers.get(index), `row ${index}`).toEqual(known);
      }
    },
  );

  test.skipIf(!hasSharedData(TARDIS_BYBIT))('Bybit V5: every row', async () => {
    const answers = await normalizedRows('bybit-linear', TARDIS_BYBIT);
    for (const { index, expected } of tardisRows(TARDIS_BYBIT)) {
      expect(answers.get(index), `row ${index}`).toEqual(expected.map(compared));
    }
  });

  test.skipIf(!hasSharedData(TARDIS_BYBIT_SPOT))(
    'Bybit spot: every row, those of the stream before V5 too',
    async () => {
      const answers = await normalizedRows('bybit-spot', TARDIS_BYBIT_SPOT);
      for (const { index, expected } of tardisRows(TARDIS_BYBIT_SPOT)) {
        expect(answers.get(index), `row ${index}`).toEqual(expected.map(compared));
      }
    },
  );
});
