import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Instrument } from '#core/market/instrument.ts';
import type { EpochMs } from '#core/time/clock.ts';
import { createSimulatedExchange } from '#simulation/exchange/create-simulated-exchange.ts';
import type { SimulatedExchange, SimulatedMarketEvent } from '#simulation/exchange/simulated-exchange.ts';
import { inspectRecording } from '#simulation/market-sources/instruments-of-recording.ts';
import { createRecordedMarket, type RecordedMarket } from '#simulation/market-sources/recorded-market.ts';
import { CLOCK_START, price, size } from '../support/scripted-market.ts';

type Levels = readonly (readonly [string, string])[];

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'recording-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

const START_MS = 1_723_161_255_030;

/** `<ns> <frame>` lines, one each 100 ms. */
function record(name: string, frames: readonly (object | string)[]): string {
  const lines = frames.map((frame, index) => {
    const text = typeof frame === 'string' ? frame : JSON.stringify(frame);
    return `${START_MS + index * 100}314667 ${text}\n`;
  });
  const file = join(folder, name);
  writeFileSync(file, name.endsWith('.gz') ? gzipSync(lines.join('')) : lines.join(''));
  return file;
}

function diff(first: number, last: number, previous: number, b: Levels, a: Levels): object {
  const data = { e: 'depthUpdate', E: START_MS, T: START_MS, s: 'COINUSDT', U: first, u: last, pu: previous, b, a };
  return { stream: 'coinusdt@depth@0ms', data };
}

function trade(id: number, p: string, q: string, m: boolean): object {
  return { stream: 'coinusdt@trade', data: { e: 'trade', E: START_MS, T: START_MS, s: 'COINUSDT', t: id, p, q, m } };
}

function snapshot(lastUpdateId: number, bids: Levels, asks: Levels): object {
  return { lastUpdateId, E: START_MS, T: START_MS, bids, asks };
}

interface Replay {
  readonly source: RecordedMarket;
  readonly exchange: SimulatedExchange;
  readonly instrument: Instrument;
  readonly events: SimulatedMarketEvent[];
}

function replay(...files: readonly string[]): Replay {
  const { venue, instruments } = inspectRecording(files);
  const source = createRecordedMarket({ venue, files, instruments });
  const exchange = createSimulatedExchange({ instruments, source, clockStart: CLOCK_START });
  const events: SimulatedMarketEvent[] = [];
  exchange.listen({ onMarket: (event) => events.push(event), onAccount: () => undefined });
  const [instrument] = instruments;
  if (instrument === undefined) throw new Error('no instrument');
  return { source, exchange, instrument, events };
}

const FRAMES = [
  diff(11, 15, 9, [['99.0', '1.0']], [['101.0', '0.0']]),
  trade(1, '100.0', '0.5', true),
  diff(17, 20, 15, [['100.0', '3.0']], [['100.5', '0.0']]),
  snapshot(
    22,
    [
      ['100.0', '3.0'],
      ['99.5', '2.0'],
      ['99.0', '1.0'],
    ],
    [
      ['101.5', '5.0'],
      ['102.0', '1.0'],
    ],
  ),
  diff(21, 25, 20, [['99.5', '2.0']], [['101.5', '4.0']]),
  trade(2, '101.5', '0.5', false),
] as const;

describe('a recording with its snapshot in the middle', () => {
  it('has a book under the right number at every position, never crossed', () => {
    const { exchange, events } = replay(record('a.raw', FRAMES));
    const states: string[] = [];
    exchange.listen({
      onMarket(event) {
        if (event.kind !== 'raw') return;
        const { sequence, bids, asks } = exchange.book('COINUSDT', 1);
        states.push(`${event.channel} ${sequence} ${bids[0]}/${asks[0]}`);
      },
      onAccount: () => undefined,
    });
    exchange.advanceTo((CLOCK_START + 10_000) as EpochMs);
    expect(states).toEqual([
      'book 15 1000,30/1015,50',
      'trades 15 1000,30/1015,50',
      'book 20 1000,30/1015,50',
      'book 25 1000,30/1015,40',
      'trades 25 1000,30/1015,40',
    ]);
    expect(events.at(-1)).toEqual({ kind: 'end' });
  });

  it('joins the first diff by the number before it, for clients that come at once', () => {
    const { exchange } = replay(record('b.raw', FRAMES.slice(0, 4)));
    const before: number[] = [];
    exchange.listen({
      onMarket(event) {
        if (event.kind === 'bookChange') before.push(event.sequence);
      },
      onAccount: () => undefined,
    });
    exchange.advanceTo(CLOCK_START);
    expect(before[0]).toBe(9);
  });

  it('leaves out levels that a later diff brings when they would cross', () => {
    const file = record('c.raw', [
      diff(11, 15, 9, [], [['99.5', '1.0']]),
      snapshot(22, [['100.0', '3.0']], [['101.0', '5.0']]),
    ]);
    const { exchange } = replay(file);
    exchange.advanceTo((CLOCK_START + 50) as EpochMs);
    expect(exchange.book('COINUSDT', 5)).toMatchObject({
      bids: [],
      asks: [
        [995, 10],
        [1010, 50],
      ],
      sequence: 15,
    });
  });
});

describe('what is handed on', () => {
  it('is each frame as recorded, in order, at its distance in time, and the end once', () => {
    const file = record('d.raw.gz', FRAMES);
    const { exchange, events, source } = replay(file);
    for (let ms = 0; ms <= 2_000; ms += 7) exchange.advanceTo((CLOCK_START + ms) as EpochMs);
    const raw = events.filter((event) => event.kind === 'raw');
    const sent = FRAMES.filter((frame) => 'stream' in frame);
    expect(raw.map((event) => Buffer.from(event.frame).toString())).toEqual(sent.map((frame) => JSON.stringify(frame)));
    expect(raw.map((event) => Math.round(event.time - CLOCK_START))).toEqual([0, 100, 200, 400, 500]);
    expect(raw.map((event) => event.stream)).toEqual(sent.map((frame) => frame.stream));
    expect(events.filter((event) => event.kind === 'end')).toHaveLength(1);
    expect(source.stats()).toEqual({
      frames: 5,
      otherSymbols: 0,
      control: 0,
      snapshots: 1,
      skipped: { count: 0, examples: [] },
      gaps: 0,
    });
    expect(source.nextDueMs()).toBeNull();
  });

  it('comes before the changes that it tells of', () => {
    const { exchange, events } = replay(record('e.raw', FRAMES));
    exchange.advanceTo((CLOCK_START + 450) as EpochMs);
    expect(events.map((event) => event.kind)).toEqual([
      'bookChange',
      'raw',
      'raw',
      'trade',
      'raw',
      'raw',
      'bookChange',
    ]);
  });

  it('is matched with account orders', () => {
    const { exchange } = replay(record('f.raw', FRAMES));
    exchange.openAccount('me', new Map([['USDT', '10000']]), 5);
    exchange.advanceTo((CLOCK_START + 450) as EpochMs);
    const outcome = exchange.place('me', {
      clientOrderId: null,
      symbol: 'COINUSDT',
      side: 'sell',
      type: 'limit',
      timeInForce: 'gtc',
      price: price(1010),
      triggerPrice: null,
      size: size(7),
      reduceOnly: false,
    });
    expect(outcome.kind).toBe('accepted');
    exchange.advanceTo((CLOCK_START + 1_000) as EpochMs);
    expect(exchange.fills('me', null)).toMatchObject([{ price: 1010, size: 5, liquidity: 'maker' }]);
  });
});

describe('formats', () => {
  it('are told apart line by line: nanoseconds, wrapped JSON, bare Bybit frames', () => {
    const wrapped = [
      { dir: 'open', url: 'wss://somewhere', t: '1626992740.17' },
      { dir: 'out', raw: '{"method":"SUBSCRIBE"}', t: '1626992740.18' },
      { dir: 'in', raw: JSON.stringify(FRAMES[0]), t: '1626992741.06' },
      {
        dir: 'http',
        url: 'https://x/fapi/v1/depth?symbol=COINUSDT&limit=1000',
        t: '1626992741.3',
        raw: JSON.stringify(FRAMES[3]),
      },
      { dir: 'in', raw: '{"result":null,"id":1}', t: '1626992741.4' },
      { dir: 'in', raw: JSON.stringify(FRAMES[2]), t: '1626992741.56' },
    ];
    const file = join(folder, 'wrapped.jsonl');
    writeFileSync(file, wrapped.map((row) => `${JSON.stringify(row)}\r\n`).join(''));
    const { exchange, events, source } = replay(file);
    exchange.advanceTo((CLOCK_START + 10_000) as EpochMs);
    expect(events.flatMap((event) => (event.kind === 'raw' ? [Math.round(event.time - CLOCK_START)] : []))).toEqual([
      0, 500,
    ]);
    expect(source.stats()).toMatchObject({ frames: 2, control: 1, snapshots: 1, gaps: 0 });

    const book = (type: string, ts: number, u: number, b: Levels, a: Levels) =>
      JSON.stringify({ topic: 'orderbook.50.XRPUSDT', type, ts, data: { s: 'XRPUSDT', b, a, u, seq: u }, cts: ts });
    const bare = join(folder, 'bybit.jsonl');
    const rows = [
      book('snapshot', 1_000, 7, [['1.9531', '6203']], [['1.9532', '100']]),
      book(
        'delta',
        1_040,
        8,
        [
          ['1.9531', '0'],
          ['1.9530', '5'],
        ],
        [],
      ),
      book('delta', 1_080, 10, [['1.9529', '6']], []),
    ];
    writeFileSync(bare, rows.join('\n'));
    const bybit = replay(bare);
    bybit.exchange.advanceTo((CLOCK_START + 100) as EpochMs);
    expect(bybit.instrument).toMatchObject({ venue: 'bybit-linear', priceScale: 4, sizeScale: 0, tickSize: 1 });
    expect(bybit.exchange.book('XRPUSDT', 5)).toMatchObject({
      bids: [
        [19530, 5],
        [19529, 6],
      ],
      asks: [[19532, 100]],
      sequence: 10,
    });
    expect(bybit.source.stats().gaps).toBe(1);
  });

  it('of Bybit spot are told from those of contracts by the order of their fields, and its tickers by what they hold', () => {
    const data = { s: 'XRPUSDT', b: [['1.95', '9.01']], a: [['1.96', '9.02']], u: 7, seq: 7 };
    const quotes = { topic: 'orderbook.1.XRPUSDT', ts: START_MS, type: 'snapshot', data };
    const book = { topic: 'orderbook.50.XRPUSDT', ts: START_MS, type: 'snapshot', data };
    const trade = { i: '22900', T: START_MS, p: '1.96', v: '0.5', S: 'Buy', s: 'XRPUSDT', BT: false };
    const trades = { topic: 'publicTrade.XRPUSDT', ts: START_MS, type: 'snapshot', data: [trade] };
    const spot = inspectRecording([record('spot.raw', [quotes, book, trades])]);
    expect(spot).toMatchObject({ venue: 'bybit-spot', frames: 3 });
    // Fees in the asset need more decimals than orders do.
    expect(spot.instruments).toMatchObject([
      { venue: 'bybit-spot', kind: 'spot', symbol: 'XRPUSDT', baseCurrency: 'XRP', sizeScale: 6, lotSize: 10_000 },
    ]);
    const ticker = (fields: object) => ({ topic: 'tickers.XRPUSDT', type: 'snapshot', ts: START_MS, data: fields });
    const venueBy = (fields: object): string =>
      inspectRecording([record('ticker.raw', [quotes, ticker({ symbol: 'XRPUSDT', lastPrice: '1.9', ...fields })])])
        .venue;
    expect(venueBy({ usdIndexPrice: '1.9' })).toBe('bybit-spot');
    expect(venueBy({ markPrice: '1.9' })).toBe('bybit-linear');
    // What does not tell is taken for contracts.
    expect(inspectRecording([record('quotes.raw', [quotes])]).venue).toBe('bybit-linear');
  });

  it('of Bybit trades and tickers move the market', () => {
    const file = record('bybit.raw', [
      {
        topic: 'orderbook.50.XRPUSDT',
        type: 'snapshot',
        ts: START_MS,
        data: { s: 'XRPUSDT', b: [['1.95', '9']], a: [['1.96', '9']], u: 7, seq: 7 },
      },
      {
        topic: 'publicTrade.XRPUSDT',
        type: 'snapshot',
        ts: START_MS,
        data: [
          { T: START_MS, s: 'XRPUSDT', S: 'Sell', v: '3', p: '1.95', i: 'x1' },
          { T: START_MS, s: 'XRPUSDT', S: 'Buy', v: '1', p: '1.96', i: 'x2' },
        ],
      },
      {
        topic: 'tickers.XRPUSDT',
        type: 'delta',
        ts: START_MS,
        data: {
          symbol: 'XRPUSDT',
          markPrice: '1.957',
          fundingRate: '-0.000125',
          nextFundingTime: String(START_MS + 60_000),
        },
      },
    ]);
    const { exchange, events } = replay(file);
    exchange.advanceTo((CLOCK_START + 1_000) as EpochMs);
    expect(
      events.flatMap((event) => (event.kind === 'trade' ? [[event.tradeId, event.takerSide, event.size]] : [])),
    ).toEqual([
      ['x1', 'sell', 3],
      ['x2', 'buy', 1],
    ]);
    const ticker = exchange.ticker('XRPUSDT');
    expect(ticker).toMatchObject({ lastPrice: 196, markPrice: 196, fundingRate: '-0.000125' });
    expect(ticker.nextFundingTime - CLOCK_START).toBeCloseTo(60_000, 0);
  });
});

describe('gaps', () => {
  it('are counted, and mended by the next snapshot', () => {
    const file = record('gap.raw', [
      snapshot(10, [['100.0', '3.0']], [['101.0', '5.0']]),
      diff(11, 15, 10, [['100.0', '2.0']], []),
      diff(21, 25, 20, [['99.5', '1.0']], []),
      snapshot(
        24,
        [
          ['100.0', '1.0'],
          ['99.5', '4.0'],
        ],
        [['101.5', '5.0']],
      ),
      diff(26, 30, 25, [['99.0', '1.0']], []),
    ]);
    const { exchange, source } = replay(file);
    exchange.advanceTo((CLOCK_START + 150) as EpochMs);
    expect(exchange.book('COINUSDT', 5)).toMatchObject({
      bids: [
        [1000, 20],
        [995, 10],
      ],
      asks: [[1010, 50]],
      sequence: 25,
    });
    exchange.advanceTo((CLOCK_START + 1_000) as EpochMs);
    expect(exchange.book('COINUSDT', 5)).toMatchObject({
      bids: [
        [1000, 10],
        [995, 10],
        [990, 10],
      ],
      asks: [[1015, 50]],
      sequence: 30,
    });
    expect(source.stats().gaps).toBe(1);
  });

  it('do not count the same volume twice where trades are recorded singly and aggregated', () => {
    const aggregate = {
      stream: 'coinusdt@aggTrade',
      data: { e: 'aggTrade', E: START_MS, s: 'COINUSDT', a: 9, p: '100.0', q: '0.5', f: 1, l: 1, T: START_MS, m: true },
    };
    const { exchange, events } = replay(record('both.raw', [FRAMES[0], FRAMES[1], aggregate, FRAMES[3]]));
    exchange.advanceTo((CLOCK_START + 1_000) as EpochMs);
    expect(events.filter((event) => event.kind === 'trade')).toHaveLength(1);
    expect(events.filter((event) => event.kind === 'raw')).toHaveLength(3);
  });
});

describe('several files', () => {
  it('are merged by their times', () => {
    const first = record('one.raw', [FRAMES[0], FRAMES[2], FRAMES[4]]);
    const second = record('two.raw', [FRAMES[3], FRAMES[1], FRAMES[5]]);
    const { exchange, events } = replay(first, second);
    exchange.advanceTo((CLOCK_START + 1_000) as EpochMs);
    expect(events.flatMap((event) => (event.kind === 'raw' ? [event.channel] : []))).toEqual([
      'book',
      'book',
      'trades',
      'book',
      'trades',
    ]);
  });
});

describe('bad input', () => {
  it('is one clear error: no file, no gzip, nothing of a known venue, two venues', () => {
    expect(() => inspectRecording([join(folder, 'absent.gz')])).toThrow(/RECORDING_MISSING: file=.*absent.gz/);
    const broken = join(folder, 'broken.gz');
    writeFileSync(broken, gzipSync('x'.repeat(10_000)).subarray(0, 20));
    expect(() => inspectRecording([broken])).toThrow(/RECORDING_UNREADABLE/);
    const foreign = join(folder, 'foreign.txt');
    writeFileSync(foreign, 'hello\nworld\n');
    expect(() => inspectRecording([foreign])).toThrow(/RECORDING_VENUE/);
    const bybit = record('v.raw', [{ topic: 'publicTrade.XRPUSDT', ts: 1, data: [] }]);
    expect(() => inspectRecording([record('w.raw', FRAMES), bybit])).toThrow(/RECORDING_VENUE/);
    expect(() => inspectRecording([bybit])).toThrow(/RECORDING_EMPTY/);
  });

  it('R3: frames of spot, which are much like those of futures, are not taken for them', () => {
    const spot = record('spot.raw', [
      {
        stream: 'btcusdt@depth@100ms',
        data: { e: 'depthUpdate', E: 1, s: 'BTCUSDT', U: 1, u: 2, b: [['1', '1']], a: [] },
      },
      {
        stream: 'btcusdt@trade',
        data: { e: 'trade', E: 1, T: 1, s: 'BTCUSDT', t: 1, p: '1', q: '1', m: false, M: true },
      },
    ]);
    const { venue, instruments } = inspectRecording([spot]);
    expect(venue).toBe('binance-spot');
    expect(() => createRecordedMarket({ venue: 'binance-usdm', files: [spot], instruments })).toThrow(
      /RECORDING_EMPTY/,
    );
  });

  it('in single lines is counted with its reason, and the rest goes on', () => {
    const file = record('bad.raw', [
      FRAMES[0],
      '{"stream":"coinusdt@depth@0ms","da',
      { data: { e: 'trade', s: 'COINUSDT' } },
      FRAMES[2],
      FRAMES[3],
    ]);
    const { exchange, source, events } = replay(file);
    exchange.advanceTo((CLOCK_START + 1_000) as EpochMs);
    const { skipped, frames } = source.stats();
    expect([skipped.count, frames]).toEqual([2, 2]);
    expect(skipped.examples[0]).toMatch(/bad\.raw:2 FRAME_SYNTAX/);
    expect(events.at(-1)).toEqual({ kind: 'end' });
  });

  it('of numbers that do not fit the instrument ends the replay with the line', () => {
    const file = record('scale.raw', FRAMES);
    const { venue, instruments } = inspectRecording([file]);
    const coarse = instruments.map((each) => ({ ...each, priceScale: 0 }));
    expect(() => createRecordedMarket({ venue, files: [file], instruments: coarse })).toThrow(/RECORDING_SCALE/);
    const trades = record('trades.raw', [trade(1, '100.0', '0.5', true), trade(2, '100.5', '0.5', true)]);
    const source = createRecordedMarket({ venue, files: [trades], instruments: coarse });
    expect(() => [source.next(1_000), source.next(1_000)]).toThrow(/RECORDING_SCALE: file=.*trades\.raw line=2/);
  });
});
