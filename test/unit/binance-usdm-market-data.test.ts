import { describe, expect, test } from 'vitest';
import type { Subscription } from '#core/market/market-message.ts';
import { systemClock, systemTimers } from '#core/time/system-clock.ts';
import { binanceUsdmMarketData } from '#venues/binance-usdm/market-data.ts';
import { binanceUsdm } from '#venues/binance-usdm/venue.ts';
import type { VenueRuntime } from '#venues/venue.ts';
import { createReader, FRAME_INVALID } from '../support/decoding.ts';
import { hasSharedData, sharedRows } from '../support/shared-data.ts';

const TIME = 1_723_161_256_298;
const DEPTH = {
  e: 'depthUpdate',
  E: TIME + 1,
  T: TIME,
  s: 'BTCUSDT',
  U: 5_123_107_832_006,
  u: 5_123_107_837_557,
  pu: 5_123_107_831_937,
  b: [['58710.20', '0.014']],
  a: [['61496.50', '0.000']],
};
const TRADE = { e: 'aggTrade', E: TIME, s: 'BTCUSDT', a: 7, p: '61800.30', q: '0.006', f: 1, l: 2, T: TIME, m: false };

const read = (frame: unknown) => createReader(binanceUsdmMarketData)(frame);
const combined = (stream: string, data: unknown) => ({ stream, data });

function subscriptions(symbols: number): Subscription[] {
  const channels = ['book', 'trades', 'quotes', 'ticker', 'liquidations'] as const;
  return Array.from({ length: symbols }, (_, index) => `SYM${index}USDT`).flatMap((symbol) =>
    channels.map((channel) => ({ channel, symbol })),
  );
}

/** A runtime whose REST answers are those given, in order. */
function runtimeAnswering(...answers: (() => Response)[]): { runtime: VenueRuntime; urls: string[] } {
  const urls: string[] = [];
  const runtime: VenueRuntime = {
    endpoints: { market: 'wss://x.invalid', account: '', orders: '', rest: 'https://rest.invalid' },
    clock: systemClock,
    timers: systemTimers,
    random: { next: () => 0.5 },
    connect: () => {
      throw new Error('no socket is opened here');
    },
    fetch: async (input) => {
      urls.push(String(input));
      const answer = answers.shift();
      if (answer === undefined) throw new Error('not expected');
      return answer();
    },
    log: () => undefined,
  };
  return { runtime, urls };
}

describe('Binance USD-M market data', () => {
  test('a diff is read from combined and raw frames alike', () => {
    const expected = {
      type: 'book',
      symbol: 'BTCUSDT',
      isSnapshot: false,
      bids: [['58710.20', '0.014']],
      asks: [['61496.50', '0.000']],
      firstSequence: 5_123_107_832_006,
      lastSequence: 5_123_107_837_557,
      previousSequence: 5_123_107_831_937,
      exchangeTime: TIME,
    };

    expect(read(DEPTH)).toEqual([expected]);
    for (const stream of ['btcusdt@depth', 'btcusdt@depth@100ms', 'btcusdt@depth@0ms']) {
      expect(read(combined(stream, DEPTH))).toEqual([expected]);
    }
  });

  test.each(['btcusdt@depth20@100ms', 'btcusdt@depth5', 'btcusdt@rpiDepth@500ms'])(
    '%s has the shape of a diff and is none',
    (stream) => {
      expect(read(combined(stream, DEPTH))).toEqual([]);
    },
  );

  test('trades: the taker sold where the buyer was the maker', () => {
    expect(read(TRADE)).toEqual([
      { type: 'trade', symbol: 'BTCUSDT', id: '7', price: '61800.30', size: '0.006', side: 'buy', exchangeTime: TIME },
    ]);
    expect(read({ ...TRADE, m: true })).toMatchObject([{ side: 'sell' }]);
    expect(read({ ...TRADE, e: 'trade', t: 9, X: 'MARKET' })).toMatchObject([{ type: 'trade', id: '9' }]);
  });

  test.each(['INSURANCE_FUND', 'ADL'])('a trade of kind %s was not made in the book', (kind) => {
    expect(read({ ...TRADE, e: 'trade', t: 9, X: kind })).toEqual([]);
  });

  test('quotes carry the counter of the book', () => {
    const raw = { e: 'bookTicker', u: 42, s: 'BTCUSDT', b: '1.0', B: '2', a: '1.1', A: '3', T: TIME, E: TIME + 9 };

    expect(read(combined('btcusdt@bookTicker', raw))).toEqual([
      {
        type: 'quote',
        symbol: 'BTCUSDT',
        bidPrice: '1.0',
        bidSize: '2',
        askPrice: '1.1',
        askSize: '3',
        sequence: 42,
        exchangeTime: TIME,
      },
    ]);
  });

  test('tickers remember what is known, symbol by symbol, and speak when something changed', () => {
    const reader = createReader(binanceUsdmMarketData);
    const mark = {
      e: 'markPriceUpdate',
      E: TIME,
      s: 'BTCUSDT',
      p: '10.50',
      i: '10.40',
      r: '0.00010000',
      T: TIME + 100,
    };
    const day = { e: '24hrTicker', E: TIME + 1, s: 'BTCUSDT', c: '10.6', C: 3 };

    expect(reader(mark)).toEqual([
      {
        type: 'ticker',
        symbol: 'BTCUSDT',
        lastPrice: null,
        markPrice: '10.5',
        indexPrice: '10.4',
        fundingRate: '0.0001',
        nextFundingTime: TIME + 100,
        openInterest: null,
        exchangeTime: TIME,
      },
    ]);
    expect(reader(day)).toMatchObject([{ lastPrice: '10.6', markPrice: '10.5', exchangeTime: TIME + 1 }]);
    expect(reader({ ...day, E: TIME + 2 })).toEqual([]);
    expect(reader({ ...day, s: 'ETHUSDT' })).toMatchObject([{ symbol: 'ETHUSDT', markPrice: null }]);
    expect(reader({ symbol: 'BTCUSDT', openInterest: '77.10', time: TIME + 3 })).toMatchObject([
      { openInterest: '77.1', lastPrice: '10.6', exchangeTime: TIME + 3 },
    ]);
    expect(reader({ ...mark, r: '', T: 0, p: '10.7' })).toMatchObject([{ markPrice: '10.7', fundingRate: '0.0001' }]);
  });

  test('the all-market streams are lists; of the coin-margined contracts in them nothing is taken', () => {
    const mark = { e: 'markPriceUpdate', E: TIME, s: 'BTCUSDT', p: '10', T: 0 };

    expect(read(combined('!markPrice@arr', [mark, { ...mark, s: 'BTCUSD_PERP', st: 2 }]))).toMatchObject([
      { symbol: 'BTCUSDT' },
    ]);
    expect(read([mark])).toMatchObject([{ symbol: 'BTCUSDT' }]);
  });

  test('a liquidation is told with its average price once it is filled', () => {
    const o = {
      s: 'BTCUSDT',
      S: 'SELL',
      q: '0.02',
      p: '9910',
      ap: '9911.5',
      X: 'FILLED',
      l: '0.01',
      z: '0.014',
      T: TIME,
    };

    expect(read({ e: 'forceOrder', E: TIME + 1, o })).toEqual([
      {
        type: 'liquidation',
        symbol: 'BTCUSDT',
        id: null,
        price: '9911.5',
        size: '0.014',
        side: 'sell',
        exchangeTime: TIME,
      },
    ]);
    expect(read({ e: 'forceOrder', E: TIME + 1, o: { ...o, X: 'NEW' } })).toEqual([]);
  });

  test('answers and notices', () => {
    expect(read({ result: null, id: 4_000 })).toEqual([{ type: 'subscribed', requestId: '4000', ok: true }]);
    expect(read({ error: { code: 2, msg: 'Invalid request' }, id: 'a-1' })).toEqual([
      { type: 'subscribed', requestId: 'a-1', ok: false, reason: '2 Invalid request' },
    ]);
    expect(read({ code: 0, msg: 'Unknown property', id: 3 })).toMatchObject([{ requestId: '3', ok: false }]);
    expect(read({ error: { code: -1, msg: 'too much' } })).toEqual([
      { type: 'venueError', code: '-1', text: 'too much' },
    ]);
    const shutdown = [{ type: 'notice', notice: 'shutdown', text: 'serverShutdown' }];
    expect(read({ e: 'serverShutdown', E: TIME })).toEqual(shutdown);
    expect(read(combined('!serverShutdown', { e: 'serverShutdown', E: TIME }))).toEqual(shutdown);
  });

  test('unknown events, streams and fields say nothing and are no errors', () => {
    expect(read(combined('btcusdt@kline_5m', { e: 'kline', E: TIME, s: 'BTCUSDT', k: { i: '5m' } }))).toEqual([]);
    expect(read({ e: 'somethingNew', x: [1] })).toEqual([]);
    expect(read({ ...TRADE, nq: '1', zz: { deep: true } })).toHaveLength(1);
  });

  test.each([
    ['cut short', JSON.stringify(combined('btcusdt@depth', DEPTH)).slice(0, -20)],
    ['empty', ''],
    ['a number', '7'],
    ['null', 'null'],
    ['not ours', { jsonrpc: '2.0', method: 'subscription', params: {} }],
    ['data missing', { stream: 'btcusdt@depth' }],
    ['data a text', combined('btcusdt@depth', 'x')],
    ['symbol missing', { ...DEPTH, s: undefined }],
    ['sequence a text', { ...DEPTH, u: '5' }],
    ['sequence a fraction', { ...DEPTH, u: 5.5 }],
    ['sequence beyond 2^53', '{"e":"depthUpdate","E":1,"T":1,"s":"A","U":1,"u":9007199254740993,"pu":0,"b":[],"a":[]}'],
    ['sequence negative', { ...DEPTH, pu: -1 }],
    ['U above u', { ...DEPTH, U: 9, u: 8, pu: 7 }],
    ['levels an object', { ...DEPTH, b: {} }],
    ['a level of numbers', { ...DEPTH, b: [[1, 2]] }],
    ['a level of one', { ...DEPTH, a: [['1']] }],
    ['time missing', { ...DEPTH, T: undefined, E: undefined }],
    ['time a text', { ...DEPTH, T: '1' }],
    ['time out of range', { ...DEPTH, T: 1e17 }],
    ['price a number', { ...TRADE, p: 61800.3 }],
    ['price not decimal', { ...TRADE, p: '1e5' }],
    ['price negative', { ...TRADE, p: '-1' }],
    ['maker flag missing', { ...TRADE, m: undefined }],
    ['maker flag a text', { ...TRADE, m: 'false' }],
    ['mark price empty', { e: 'markPriceUpdate', E: TIME, s: 'A', p: '' }],
    ['liquidation without order', { e: 'forceOrder', E: TIME }],
    ['liquidation side', { e: 'forceOrder', E: TIME, o: { s: 'A', S: 'UP', ap: '1', z: '1', T: 1 } }],
    ['a list of texts', '["x"]'],
  ])('a frame that is %s is refused as a whole', (_, frame) => {
    expect(() => read(frame)).toThrow(expect.objectContaining(FRAME_INVALID));
  });

  test('books and quotes come from one address, trades and tickers from another', () => {
    const plan = binanceUsdmMarketData.plan(binanceUsdm.endpoints('live'), subscriptions(1));

    expect(plan.map(({ name, url }) => [name, url])).toEqual([
      ['public', 'wss://fstream.binance.com/public/stream'],
      ['market', 'wss://fstream.binance.com/market/stream'],
    ]);
    expect(plan.map(({ subscriptions: of }) => of.map(({ channel }) => channel))).toEqual([
      ['book', 'quotes'],
      ['trades', 'ticker', 'liquidations'],
    ]);
    expect(binanceUsdmMarketData.plan(binanceUsdm.endpoints('testnet'), subscriptions(1))).toMatchObject([
      { name: 'public', url: 'wss://stream.binancefuture.com/stream' },
    ]);
  });

  test('no connection has more than 1,024 streams, and every subscription has its place', () => {
    const wanted = subscriptions(700);
    const plan = binanceUsdmMarketData.plan(binanceUsdm.endpoints('live'), wanted);

    expect(plan.flatMap(({ subscriptions: of }) => of)).toHaveLength(wanted.length);
    expect(new Set(plan.map(({ name }) => name)).size).toBe(plan.length);
    for (const { subscriptions: of } of plan) {
      const streams = binanceUsdmMarketData
        .subscribe('1', of)
        .flatMap(({ text }) => (JSON.parse(text) as { params: string[] }).params);
      expect(streams.length).toBeLessThanOrEqual(1_024);
    }
  });

  test('requests: lower-case streams, at most 200 each, ids that are whole numbers and never the same', () => {
    const [request] = binanceUsdmMarketData.subscribe('12', [
      { channel: 'book', symbol: 'BTCUSDT' },
      { channel: 'ticker', symbol: 'BTCUSDT' },
    ]);
    expect(request).toEqual({
      requestId: '12000',
      text: '{"method":"SUBSCRIBE","params":["btcusdt@depth@100ms","btcusdt@markPrice@1s","btcusdt@ticker"],"id":12000}',
    });

    const many = binanceUsdmMarketData.unsubscribe('13', subscriptions(100));
    expect(many).toHaveLength(3);
    expect(new Set(many.map(({ requestId }) => requestId)).size).toBe(3);
    for (const { text, requestId } of many) {
      const { method, params, id } = JSON.parse(text);
      expect([method, String(id)]).toEqual(['UNSUBSCRIBE', requestId]);
      expect(params.length).toBeLessThanOrEqual(200);
    }
    expect(binanceUsdmMarketData.subscribe('name', [{ channel: 'book', symbol: 'A' }])[0]?.requestId).toBe('name-0');
  });

  test('a snapshot is fetched whole, with the sequence that joins it to the diffs', async () => {
    const { runtime, urls } = runtimeAnswering(() =>
      Response.json({ lastUpdateId: 77, E: TIME + 5, T: TIME, bids: [['1.0', '2']], asks: [] }),
    );

    expect(await binanceUsdmMarketData.fetchBook?.(runtime, 'BTCUSDT')).toEqual({
      type: 'book',
      symbol: 'BTCUSDT',
      isSnapshot: true,
      bids: [['1.0', '2']],
      asks: [],
      firstSequence: 77,
      lastSequence: 77,
      previousSequence: null,
      exchangeTime: TIME,
    });
    expect(urls).toEqual(['https://rest.invalid/fapi/v1/depth?symbol=BTCUSDT&limit=1000']);
  });

  test('F26: after a 429 nothing is sent until the stated wait is over', async () => {
    const { runtime, urls } = runtimeAnswering(() =>
      Response.json({ code: -1003, msg: 'Too many requests' }, { status: 429, headers: { 'retry-after': '30' } }),
    );
    const fetchBook = () => binanceUsdmMarketData.fetchBook?.(runtime, 'BTCUSDT');

    await expect(fetchBook()).rejects.toMatchObject({ venueClass: 'retry', venueCode: '-1003' });
    await expect(fetchBook()).rejects.toMatchObject({ venueClass: 'retry', venueCode: 'RATE_BUDGET' });
    expect(urls).toHaveLength(1);
  });

  test.each([
    ['not JSON', () => new Response('<html>')],
    ['of another shape', () => Response.json({ hello: 1 })],
    ['a list', () => Response.json([])],
    ['unavailable', () => new Response('down', { status: 503 })],
  ])('a depth answer that is %s is one typed error', async (_, answer) => {
    const { runtime } = runtimeAnswering(answer);

    await expect(binanceUsdmMarketData.fetchBook?.(runtime, 'BTCUSDT')).rejects.toMatchObject({
      name: 'VenueError',
      venueClass: 'retry',
    });
  });

  const STREAMS = 'binance/fixtures/official_connector_mocks.jsonl';
  test.skipIf(!hasSharedData(STREAMS))('the official connector’s stream shapes are read or passed over', () => {
    const rows = (sharedRows(STREAMS) as { source: string; method: string; body: unknown }[]).filter(
      ({ source }) => source.includes('usds-futures') && source.includes('websocket-streams'),
    );
    const said = new Map<string, string[]>();
    for (const { method, body } of rows) {
      // Its depth examples have levels without sizes, which no frame has.
      if (/[dD]epthStreams/.test(method)) expect(() => read(body)).toThrow(expect.objectContaining(FRAME_INVALID));
      else
        said.set(
          method,
          read(body).map(({ type }) => type),
        );
    }

    expect(rows.length).toBeGreaterThan(15);
    expect(Object.fromEntries([...said].filter(([, types]) => types.length > 0))).toEqual({
      'aggregateTradeStreams()': ['trade'],
      'allBookTickersStream()': ['quote'],
      'contractInfoStream()': ['tradingStatus'],
      'klineCandlestickStreams()': ['candle'],
      'individualSymbolBookTickerStreams()': ['quote'],
      'allMarketLiquidationOrderStreams()': ['liquidation'],
      'liquidationOrderStreams()': ['liquidation'],
      'allMarketTickersStreams()': ['ticker'],
      'individualSymbolTickerStreams()': ['ticker'],
      'markPriceStream()': ['ticker'],
      'markPriceStreamForAllMarket()': ['ticker'],
    });
  });
});
