import { join } from 'node:path';
import { Readable } from 'node:stream';
import { isDeepStrictEqual } from 'node:util';
import { describe, expect, test } from 'vitest';
import type { BookScales } from '#core/market/book-writer.ts';
import type { Instrument, VenueId } from '#core/market/instrument.ts';
import type { BookChange, ScannedMessage } from '#core/market/scanned-message.ts';
import { RecordedDepthSnapshots } from '#research/binance-recording.ts';
import { type RecordedLine, readRecordedLines } from '#research/recorded-frames.ts';
import { venues } from '#venues/venues.ts';
import { bookTexts } from '../support/book-digest.ts';
import { createSpeaker, scaledInstrument } from '../support/scanned-text.ts';
import { hasSharedData, SHARED_DATA, sharedRows } from '../support/shared-data.ts';

function instrumentsOf(venue: VenueId, scales: Readonly<Record<string, BookScales>>): ReadonlyMap<string, Instrument> {
  return new Map(Object.entries(scales).map(([symbol, each]) => [symbol, scaledInstrument(symbol, each, venue)]));
}

/** Frames and REST answers of a recording in their order. */
async function recorded(file: string): Promise<readonly Exclude<RecordedLine, { kind: 'bad' }>[]> {
  const lines: Exclude<RecordedLine, { kind: 'bad' }>[] = [];
  for await (const batch of readRecordedLines(join(SHARED_DATA, file), Readable.from([]))) {
    for (const line of batch) {
      if (line.kind === 'bad') throw new Error(line.reason);
      lines.push(line);
    }
  }
  return lines;
}

const framesOf = (lines: Awaited<ReturnType<typeof recorded>>) => lines.map(({ frame }) => frame);

/** Both ways of reading say the same of each frame; gives how many were read without the parser. */
function requireSame(
  venue: VenueId,
  frames: readonly Buffer[],
  instruments: ReadonlyMap<string, Instrument>,
): readonly Buffer[] {
  const parser = createSpeaker(venues[venue].marketData, null);
  const scanner = createSpeaker(venues[venue].marketData, instruments);
  return frames.filter((frame) => {
    const { messages, refusal } = parser(frame);
    const said = scanner(frame);
    const same = { messages: said.messages, refusal: said.refusal };
    if (!isDeepStrictEqual(same, { messages, refusal })) expect(same).toEqual({ messages, refusal });
    return said.scanned;
  });
}

/** Books kept from scanned and from parsed frames are equal price by price after each frame whose number `isLookedAt`. */
function requireSameBooks(
  venue: VenueId,
  lines: Awaited<ReturnType<typeof recorded>>,
  instruments: ReadonlyMap<string, Instrument>,
  isLookedAt: (index: number) => boolean,
): { readonly looks: number; readonly outcomes: Readonly<Record<string, number>> } {
  const { marketData, createBookSync } = venues[venue];
  const syncs = [...instruments.values()].map((instrument) => ({
    instrument,
    parsed: createBookSync(instrument),
    scanned: createBookSync(instrument),
  }));
  const said = { parsed: [] as string[], scanned: [] as string[] };
  const apply = (way: 'parsed' | 'scanned', change: BookChange): void => {
    const sync = syncs.find(({ instrument }) => instrument.symbol === change.symbol);
    if (sync === undefined) throw new Error(`no book of ${change.symbol}`);
    said[way].push(sync[way].onMessage(change).kind);
  };
  const parse = marketData.createDecoder();
  const onScanned = (message: ScannedMessage): void => {
    if (message.type === 'scannedBook') apply('scanned', message);
  };
  const scan = marketData.createDecoder({ instruments, emit: onScanned });
  const snapshots = new RecordedDepthSnapshots();
  let looks = 0;
  lines.forEach((line, index) => {
    const { frame } = line;
    if (venue.startsWith('binance-') && RecordedDepthSnapshots.looksLike(frame)) {
      const snapshot = snapshots.read(frame, line.kind === 'rest' ? line.url : null, line.receivedAt);
      if (snapshot !== null) for (const way of ['parsed', 'scanned'] as const) apply(way, snapshot);
    } else {
      parse(frame, (message) => {
        if (message.type !== 'book') return;
        if (venue.startsWith('binance-')) snapshots.beforeDiff(message.symbol);
        apply('parsed', message);
      });
      scan(frame, (message) => {
        if (message.type === 'book') apply('scanned', message);
      });
    }
    if (!isLookedAt(index)) return;
    looks += 1;
    for (const { instrument, parsed, scanned } of syncs) {
      expect([scanned.book.valid, scanned.book.sequence]).toEqual([parsed.book.valid, parsed.book.sequence]);
      expect(bookTexts(scanned.book, instrument)).toEqual(bookTexts(parsed.book, instrument));
    }
  });
  expect(said.scanned).toEqual(said.parsed);
  expect(syncs.every(({ scanned }) => scanned.book.valid && scanned.book.depth('buy') > 0)).toBe(true);
  const outcomes = Object.fromEntries(
    [...new Set(said.scanned)].map((kind) => [kind, said.scanned.filter((each) => each === kind).length]),
  );
  return { looks, outcomes };
}

const USDM = 'binance/recorded/usdm_btcusdt_20240808.raw.gz';

describe.skipIf(!hasSharedData(USDM))('recorded Binance USD-M day', () => {
  const instruments = instrumentsOf('binance-usdm', { BTCUSDT: { priceScale: 2, sizeScale: 3 } });

  test('every frame of a stream is scanned and says what the parser says; the books are equal price by price', async () => {
    const lines = await recorded(USDM);
    const frames = framesOf(lines);
    const hot = frames.filter((frame) => frame.includes('"stream"'));

    const scanned = requireSame('binance-usdm', frames, instruments);
    const books = requireSameBooks('binance-usdm', lines, instruments, (index) => index % 1_000 === 0);

    expect(hot.length).toBeGreaterThan(90_000);
    // Those made outside the book are the parser's to leave out.
    const left = hot.filter((frame) => !frame.includes('"X":"INSURANCE_FUND"') && !frame.includes('"X":"ADL"'));
    expect(left.length - scanned.length).toBe(0);
    expect(books.looks).toBeGreaterThan(90);
    expect(books.outcomes.applied).toBeGreaterThan(6_500);
  }, 20_000);

  test('with scales too coarse for it every frame is still read, by the parser, and says the same', async () => {
    const coarse = instrumentsOf('binance-usdm', { BTCUSDT: { priceScale: 0, sizeScale: 0 } });
    const frames = framesOf(await recorded(USDM)).slice(0, 5_000);

    expect(requireSame('binance-usdm', frames, coarse).length).toBeLessThan(500);
  });
});

const CRYPTOFEED = 'binance/recorded/cryptofeed_usdm_sushiusdt_akrousdt.jsonl.gz';

describe.skipIf(!hasSharedData(CRYPTOFEED))('recorded Binance session of two symbols', () => {
  test('every book, quote and trade is scanned and says what the parser says; the books are equal price by price', async () => {
    const instruments = instrumentsOf('binance-usdm', {
      SUSHIUSDT: { priceScale: 4, sizeScale: 0 },
      AKROUSDT: { priceScale: 5, sizeScale: 0 },
    });
    const lines = await recorded(CRYPTOFEED);
    const frames = framesOf(lines);
    const hot = frames.filter((frame) => /"e":"(depthUpdate|bookTicker|aggTrade)"/.test(frame.toString()));

    expect(requireSame('binance-usdm', frames, instruments)).toEqual(hot);
    expect(hot.length).toBeGreaterThan(500);
    const books = requireSameBooks('binance-usdm', lines, instruments, (index) => index % 20 === 0);
    expect(books.outcomes.applied).toBeGreaterThan(200);
  });
});

const SPOT = 'binance/recorded/spot_btcusdt_20240808.raw.gz';

describe.skipIf(!hasSharedData(SPOT))('recorded Binance spot day', () => {
  test('every frame of a stream is scanned and says what the parser says; the books are equal price by price', async () => {
    const instruments = instrumentsOf('binance-spot', { BTCUSDT: { priceScale: 2, sizeScale: 8 } });
    const lines = await recorded(SPOT);
    const frames = framesOf(lines);
    const hot = frames.filter((frame) => frame.includes('"stream"'));

    expect(requireSame('binance-spot', frames, instruments)).toHaveLength(hot.length);
    expect(hot.length).toBeGreaterThan(41_000);
    const books = requireSameBooks('binance-spot', lines, instruments, (index) => index % 1_000 === 0);
    expect(books.outcomes.applied).toBeGreaterThan(3_000);
  }, 20_000);
});

const OB500 = 'bybit/recorded/ob500_XRPUSDT_first25.jsonl.gz';

describe.skipIf(!hasSharedData(OB500))('recorded Bybit book of 500 levels', () => {
  test('every frame is scanned and says what the parser says; the books are equal price by price after each', async () => {
    const instruments = instrumentsOf('bybit-linear', { XRPUSDT: { priceScale: 4, sizeScale: 0 } });
    const lines = await recorded(OB500);

    expect(requireSame('bybit-linear', framesOf(lines), instruments)).toHaveLength(lines.length);
    const books = requireSameBooks('bybit-linear', lines, instruments, () => true);
    expect(books).toEqual({ looks: lines.length, outcomes: { applied: lines.length } });
  });
});

const FIXTURES = ['bybit/fixtures/v5_docs_examples.jsonl', 'bybit/fixtures/nautilus.jsonl'];
const BINANCE_FIXTURES = ['binance/fixtures/nautilus.jsonl', 'binance/fixtures/official_connector_mocks.jsonl'];
const TARDIS = ['binance/known-answers/tardis_binance-futures.jsonl', 'bybit/known-answers/tardis_bybit-v5.jsonl'];

/** Whatever a fixture holds that may be a frame, as compact JSON. */
function fixtureFrames(file: string): readonly Buffer[] {
  return (sharedRows(file) as { readonly body?: unknown; readonly raw?: unknown }[]).flatMap(({ body, raw }) => {
    const value = body ?? raw;
    if (value === undefined) return [];
    return [Buffer.from(typeof value === 'string' ? value : JSON.stringify(value))];
  });
}

describe.each([
  ['bybit-linear', [...FIXTURES, TARDIS[1]]],
  ['bybit-spot', [...FIXTURES, 'bybit/known-answers/tardis_bybit-spot.jsonl']],
  ['binance-usdm', [...BINANCE_FIXTURES, TARDIS[0]]],
  ['binance-spot', [...BINANCE_FIXTURES, 'binance/known-answers/tardis_binance.jsonl']],
] as const)('published examples of %s', (venue, files) => {
  test.skipIf(!files.every((file) => file !== undefined && hasSharedData(file)))(
    'each says what the parser says, or is refused alike',
    () => {
      const scales = { priceScale: 8, sizeScale: 6 };
      const instruments = instrumentsOf(venue, {
        BTCUSDT: scales,
        ETHUSDT: scales,
        BTCUSD: scales,
        SOLUSDT: scales,
        BNBUSDT: scales,
      });
      const frames = files.flatMap((file) => (file === undefined ? [] : fixtureFrames(file)));

      const scanned = requireSame(venue, frames, instruments);

      expect(frames.length).toBeGreaterThan(8);
      expect(scanned.length).toBeGreaterThan(0);
    },
  );
});
