import { writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { EpochMs } from '#core/time/clock.ts';
import { inspectRecording } from '#simulation/market-sources/instruments-of-recording.ts';
import { diff, FRAMES, type Levels, pathOf, record, replay, START_MS, snapshot } from '../support/recording-builder.ts';
import { CLOCK_START, price, size } from '../support/scripted-market.ts';

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
    const file = pathOf('wrapped.jsonl');
    writeFileSync(file, wrapped.map((row) => `${JSON.stringify(row)}\r\n`).join(''));
    const { exchange, events, source } = replay(file);
    exchange.advanceTo((CLOCK_START + 10_000) as EpochMs);
    expect(events.flatMap((event) => (event.kind === 'raw' ? [Math.round(event.time - CLOCK_START)] : []))).toEqual([
      0, 500,
    ]);
    expect(source.stats()).toMatchObject({ frames: 2, control: 1, snapshots: 1, gaps: 0 });

    const book = (type: string, ts: number, u: number, b: Levels, a: Levels) =>
      JSON.stringify({ topic: 'orderbook.50.XRPUSDT', type, ts, data: { s: 'XRPUSDT', b, a, u, seq: u }, cts: ts });
    const bare = pathOf('bybit.jsonl');
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
