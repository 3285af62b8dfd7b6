import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import type { Channel } from '#core/market/market-message.ts';
import { readExchangeInfo } from '#venues/binance-spot/instruments.ts';
import { binanceSpotMarketData } from '#venues/binance-spot/market-data.ts';
import { binanceSpot } from '#venues/binance-spot/venue.ts';
import { createReader, FRAME_INVALID } from '../support/decoding.ts';
import { hasSharedData, SHARED_DATA, sharedRows } from '../support/shared-data.ts';

const TIME = 1_723_161_255_208;
const read = (value: unknown) => createReader(binanceSpotMarketData)(value);
const combined = (stream: string, data: unknown) => ({ stream, data });
const DEPTH = { e: 'depthUpdate', E: TIME, s: 'BTCUSDT', U: 5, u: 9, b: [['1.00', '2.0']], a: [] };
const QUOTE = { u: 9, s: 'BTCUSDT', b: '1.0', B: '2', a: '1.1', A: '3' };

describe('Binance spot market data', () => {
  test('one address carries all channels, as streams in lower case', () => {
    const channels: readonly Channel[] = ['book', 'quotes', 'trades', 'ticker', 'candles'];
    const subscriptions = channels.map((channel) => ({ channel, symbol: 'BTCUSDT' }));
    const plans = binanceSpotMarketData.plan(binanceSpot.endpoints('live'), subscriptions);
    expect(plans).toEqual([{ name: 'public', url: 'wss://stream.binance.com:9443/stream', subscriptions }]);
    const [request] = binanceSpotMarketData.subscribe('7', subscriptions);
    expect(JSON.parse(request?.text ?? '')).toEqual({
      method: 'SUBSCRIBE',
      id: 7_000,
      params: ['btcusdt@depth@100ms', 'btcusdt@bookTicker', 'btcusdt@trade', 'btcusdt@ticker', 'btcusdt@kline_1m'],
    });
  });

  test.each(['liquidations', 'news', 'status'] as const)(
    'C2: %s are not carried, and asking for them says so',
    (channel) => {
      expect(() => binanceSpotMarketData.plan(binanceSpot.endpoints('live'), [{ channel, symbol: 'BTCUSDT' }])).toThrow(
        `CHANNEL_UNSUPPORTED: venue=binance-spot channel=${channel}`,
      );
    },
  );

  test('no connection is asked to carry more than 1,024 streams, and no request more than 200', () => {
    const many = Array.from({ length: 1_500 }, (_, index) => ({ channel: 'book' as const, symbol: `S${index}USDT` }));
    const plans = binanceSpotMarketData.plan(binanceSpot.endpoints('live'), many);
    expect(plans.map((each) => [each.name, each.subscriptions.length])).toEqual([
      ['public', 1_024],
      ['public-2', 476],
    ]);
    const requests = binanceSpotMarketData.subscribe('1', plans[0]?.subscriptions ?? []);
    expect(requests.map((each) => JSON.parse(each.text).params.length)).toEqual([200, 200, 200, 200, 200, 24]);
  });

  test('a diff has no number of the one before it, and the time of the event', () => {
    expect(read(combined('btcusdt@depth@100ms', DEPTH))).toEqual([
      {
        type: 'book',
        symbol: 'BTCUSDT',
        isSnapshot: false,
        bids: [['1.00', '2.0']],
        asks: [],
        firstSequence: 5,
        lastSequence: 9,
        previousSequence: null,
        exchangeTime: TIME,
      },
    ]);
    expect(read(combined('btcusdt@depth20', { lastUpdateId: 5, bids: [], asks: [] }))).toEqual([]);
  });

  test('H10: a quote, which has no time, carries that of the newest event before it', () => {
    const reader = createReader(binanceSpotMarketData);
    expect(reader(combined('btcusdt@bookTicker', QUOTE))).toMatchObject([
      { type: 'quote', sequence: 9, exchangeTime: 0 },
    ]);
    reader(combined('btcusdt@depth@100ms', DEPTH));
    expect(reader(combined('btcusdt@bookTicker', QUOTE))).toMatchObject([{ exchangeTime: TIME }]);
    expect(reader(QUOTE)).toMatchObject([{ type: 'quote', bidPrice: '1.0', askSize: '3', exchangeTime: TIME }]);
  });

  test('trades are single ones, told by the taker’s side; candles say whether they are over', () => {
    const trade = { e: 'trade', E: TIME, s: 'BTCUSDT', t: 7, p: '1.5', q: '2', T: TIME - 1, m: true, M: true };
    expect(read(trade)).toEqual([
      { type: 'trade', symbol: 'BTCUSDT', id: '7', price: '1.5', size: '2', side: 'sell', exchangeTime: TIME - 1 },
    ]);
    const k = { t: TIME - 8, T: TIME, s: 'BTCUSDT', i: '1m', o: '1', c: '2', h: '3', l: '0.5', v: '10', x: true };
    expect(read({ e: 'kline', E: TIME, s: 'BTCUSDT', k })).toEqual([
      {
        type: 'candle',
        symbol: 'BTCUSDT',
        intervalMs: 60_000,
        openTime: TIME - 8,
        open: '1',
        high: '3',
        low: '0.5',
        close: '2',
        volume: '10',
        closed: true,
        exchangeTime: TIME,
      },
    ]);
    expect(read({ e: 'kline', E: TIME, s: 'BTCUSDT', k: { ...k, i: '1h' } })).toEqual([]);
  });

  test('F16: a restart is announced, wrapped or not', () => {
    const shutdown = [{ type: 'notice', notice: 'shutdown', text: 'serverShutdown' }];
    expect(read({ e: 'serverShutdown', E: TIME })).toEqual(shutdown);
    expect(read(combined('!serverShutdown', { e: 'serverShutdown', E: TIME }))).toEqual(shutdown);
  });

  test.each([
    ['a diff whose numbers run backwards', { ...DEPTH, U: 10 }],
    ['a diff without a time', { ...DEPTH, E: undefined }],
    ['a quote whose price is none', { ...QUOTE, b: '-1' }],
    ['a quote of no symbol', { ...QUOTE, s: 5 }],
    ['a candle that does not say whether it is over', { e: 'kline', E: TIME, s: 'B', k: { i: '1m', x: 'no' } }],
    ['data that is no object', combined('btcusdt@trade', 5)],
    ['nothing known', { hello: 1 }],
  ])('%s is refused', (_what, value) => {
    expect(() => read(value)).toThrow(expect.objectContaining(FRAME_INVALID));
  });

  const MOCKS = 'binance/fixtures/official_connector_mocks.jsonl';
  const DOCS = 'binance/fixtures/spot_docs_examples.jsonl';
  test.skipIf(!hasSharedData(MOCKS) || !hasSharedData(DOCS))('published stream shapes are read or passed over', () => {
    const rows = [
      ...(sharedRows(MOCKS) as { source: string; method: string; body: unknown }[])
        .filter(({ source }) => source.includes('spot') && source.includes('websocket-streams'))
        .map(({ method, body }) => [method, body] as const),
      ...(sharedRows(DOCS) as { source: string; heading: string; body: unknown }[])
        .filter(({ source, heading }) => source.endsWith('web-socket-streams.md') && /Stream|Shutdown/.test(heading))
        .map(({ heading, body }) => [heading, body] as const),
    ];
    const said = new Map<string, string>();
    for (const [name, body] of rows) {
      try {
        const [first] = read(body);
        if (first !== undefined) said.set(name, first.type);
      } catch (error) {
        // Examples that leave fields out are refused; nothing else may happen to them.
        expect(error).toEqual(expect.objectContaining(FRAME_INVALID));
      }
    }
    expect(Object.fromEntries(said)).toMatchObject({
      'Aggregate Trade Streams': 'trade',
      'Trade Streams': 'trade',
      'Kline/Candlestick Streams for UTC': 'candle',
      'Individual Symbol Ticker Streams': 'ticker',
      'Individual Symbol Book Ticker Streams': 'quote',
      'Diff. Depth Stream': 'book',
      'Server Shutdown': 'notice',
    });
  });
});

describe('instruments of spot', () => {
  const symbol = {
    symbol: 'BTCUSDT',
    status: 'TRADING',
    baseAsset: 'BTC',
    baseAssetPrecision: 8,
    quoteAsset: 'USDT',
    filters: [
      { filterType: 'PRICE_FILTER', minPrice: '0.01000000', maxPrice: '1000000.00000000', tickSize: '0.01000000' },
      { filterType: 'LOT_SIZE', minQty: '0.00001000', maxQty: '9000.00000000', stepSize: '0.00001000' },
      { filterType: 'MARKET_LOT_SIZE', minQty: '0.00000000', maxQty: '117.36000000', stepSize: '0.00000000' },
      { filterType: 'NOTIONAL', minNotional: '5.00000000' },
    ],
  };

  test('sizes are in the asset’s decimals, prices in those of the tick; zeros of market orders say nothing', () => {
    expect(readExchangeInfo({ symbols: [symbol] })).toEqual({
      refused: [],
      instruments: [
        {
          venue: 'binance-spot',
          symbol: 'BTCUSDT',
          kind: 'spot',
          baseCurrency: 'BTC',
          quoteCurrency: 'USDT',
          settlementCurrency: 'USDT',
          priceScale: 2,
          sizeScale: 8,
          tickSize: 1,
          lotSize: 1_000,
          minSize: 1_000,
          maxSize: 11_736_000_000,
          minNotional: 5,
          multiplier: 1,
          tradable: true,
        },
      ],
    });
  });

  test('prices of a finer tick, which stay in a book after the tick was made coarser, can be read', () => {
    const { instruments } = readExchangeInfo({ symbols: [{ ...symbol, quotePrecision: 8 }] });
    expect(instruments).toMatchObject([{ priceScale: 4, tickSize: 100 }]);
  });

  test('R3: one that cannot be read is left out with its reason, the others stay', () => {
    const { instruments, refused } = readExchangeInfo({
      symbols: [{ ...symbol, symbol: 'BAD', filters: [] }, 5, { ...symbol, status: 'BREAK' }],
    });
    expect(refused).toEqual([
      { symbol: 'BAD', reason: expect.stringContaining('PRICE_FILTER.tickSize is missing') },
      { symbol: 'symbols[1]', reason: expect.any(String) },
    ]);
    expect(instruments).toMatchObject([{ symbol: 'BTCUSDT', tradable: false }]);
    expect(() => readExchangeInfo({})).toThrow(/no list of symbols/);
  });

  const REST = 'binance/rest/exchangeInfo_spot.jsonl.gz';
  test.skipIf(!hasSharedData(REST))('every symbol of a recorded list is read', () => {
    const row = JSON.parse(gunzipSync(readFileSync(join(SHARED_DATA, REST))).toString());
    const { instruments, refused } = readExchangeInfo(JSON.parse(row.raw));
    expect(refused).toEqual([]);
    expect(instruments.length).toBeGreaterThan(1_500);
    expect(instruments.find((each) => each.symbol === 'BTCUSDT')).toMatchObject({
      kind: 'spot',
      priceScale: 4,
      tickSize: 100,
      sizeScale: 8,
      minNotional: 10,
    });
    for (const { tickSize, lotSize, maxSize } of instruments) {
      expect(Math.min(tickSize, lotSize, maxSize)).toBeGreaterThan(0);
      expect(Number.isSafeInteger(maxSize)).toBe(true);
    }
  });
});
