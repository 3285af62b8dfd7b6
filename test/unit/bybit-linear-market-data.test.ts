import { describe, expect, test } from 'vitest';
import type { Subscription } from '#core/market/market-message.ts';
import { systemClock, systemTimers } from '#core/time/system-clock.ts';
import { readInstrumentsPage } from '#venues/bybit/instruments-list.ts';
import { fetchInstruments, readInstrument } from '#venues/bybit-linear/instruments.ts';
import { bybitLinearMarketData } from '#venues/bybit-linear/market-data.ts';
import { bybitLinear } from '#venues/bybit-linear/venue.ts';
import type { VenueRuntime } from '#venues/venue.ts';
import { createReader, FRAME_INVALID } from '../support/decoding.ts';
import { hasSharedData, sharedRows } from '../support/shared-data.ts';

const TIME = 1_687_940_967_466;
const DATA = { s: 'BTCUSDT', b: [['30247.20', '30.028']], a: [['30248.70', '0']], u: 177_400_507, seq: 66_544_703_342 };
const BOOK = { topic: 'orderbook.50.BTCUSDT', type: 'delta', ts: TIME, data: DATA, cts: TIME - 2 };
const TRADE = { T: TIME, s: 'BTCUSDT', S: 'Buy', v: '0.001', p: '16578.50', L: 'PlusTick', i: 'id-1', BT: false };
const TRADES = { topic: 'publicTrade.BTCUSDT', type: 'snapshot', ts: TIME + 1, data: [TRADE] };
const TICKER = {
  topic: 'tickers.BTCUSDT',
  type: 'snapshot',
  data: {
    symbol: 'BTCUSDT',
    lastPrice: '17216.00',
    markPrice: '17217.33',
    indexPrice: '17227.36',
    openInterest: '68744.761',
    nextFundingTime: '1673280000000',
    fundingRate: '-0.000212',
  },
  cs: 24_987_956_059,
  ts: TIME,
};

const read = (frame: unknown) => createReader(bybitLinearMarketData)(frame);
const best = (type: string, u: number, b: unknown, a: unknown) => ({
  topic: 'orderbook.1.BTCUSDT',
  ts: TIME,
  type,
  data: { s: 'BTCUSDT', b, a, u, seq: u * 7 },
  cts: TIME - 2,
});

function subscriptions(symbols: number): Subscription[] {
  const channels = ['book', 'trades', 'quotes', 'ticker', 'liquidations'] as const;
  return Array.from({ length: symbols }, (_, index) => `SYM${index}USDT`).flatMap((symbol) =>
    channels.map((channel) => ({ channel, symbol })),
  );
}

function runtimeAnswering(...bodies: unknown[]): { runtime: VenueRuntime; urls: string[]; logged: unknown[] } {
  const urls: string[] = [];
  const logged: unknown[] = [];
  const runtime: VenueRuntime = {
    endpoints: { market: '', account: '', orders: '', rest: 'https://rest.invalid' },
    clock: systemClock,
    timers: systemTimers,
    random: { next: () => 0.5 },
    connect: () => {
      throw new Error('no socket is opened here');
    },
    fetch: async (input) => {
      urls.push(String(input));
      const body = bodies.shift();
      return body instanceof Response ? body : Response.json(body);
    },
    log: (_level, text, fields) => logged.push({ text, ...fields }),
  };
  return { runtime, urls, logged };
}

const ROW = {
  symbol: 'BTCUSDT',
  contractType: 'LinearPerpetual',
  status: 'Trading',
  baseCoin: 'BTC',
  quoteCoin: 'USDT',
  settleCoin: 'USDT',
  priceScale: '2',
  priceFilter: { minPrice: '0.10', maxPrice: '1999999.80', tickSize: '0.10' },
  lotSizeFilter: {
    maxOrderQty: '1190.000',
    minOrderQty: '0.001',
    qtyStep: '0.001',
    maxMktOrderQty: '500.000',
    minNotionalValue: '5',
  },
};

describe('Bybit linear market data', () => {
  test('a book frame is read whatever the order of its fields, at the time of the matching engine', () => {
    const expected = {
      type: 'book',
      symbol: 'BTCUSDT',
      isSnapshot: false,
      bids: [['30247.20', '30.028']],
      asks: [['30248.70', '0']],
      firstSequence: 177_400_507,
      lastSequence: 177_400_507,
      previousSequence: null,
      exchangeTime: TIME - 2,
    };

    expect(read(BOOK)).toEqual([expected]);
    expect(read({ cts: TIME - 2, data: DATA, ts: TIME, type: 'delta', topic: BOOK.topic })).toEqual([expected]);
    expect(read({ ...BOOK, cts: undefined })).toMatchObject([{ exchangeTime: TIME }]);
    expect(read({ ...BOOK, type: 'snapshot' })).toMatchObject([{ isSnapshot: true }]);
  });

  test('of a symbol whose book comes in several depths the first is taken', () => {
    const reader = createReader(bybitLinearMarketData);
    expect(reader({ ...BOOK, topic: 'orderbook.500.BTCUSDT' })).toHaveLength(1);
    expect(reader(BOOK)).toEqual([]);
    expect(reader({ ...BOOK, topic: 'orderbook.500.BTCUSDT' })).toHaveLength(1);
  });

  test.each(['orderbook.rpi.BTCUSDT', 'orderbook.full.BTCUSDT'])('%s has levels of another meaning', (topic) => {
    expect(read({ ...BOOK, topic })).toEqual([]);
  });

  test('level 1 gives quotes, from snapshots and from deltas that name one side', () => {
    const reader = createReader(bybitLinearMarketData);
    const quote = { type: 'quote', symbol: 'BTCUSDT', sequence: null, exchangeTime: TIME - 2 };

    expect(reader(best('snapshot', 5, [['100.0', '1']], [['100.5', '2']]))).toEqual([
      { ...quote, bidPrice: '100.0', bidSize: '1', askPrice: '100.5', askSize: '2' },
    ]);
    expect(reader(best('delta', 6, [['100.1', '3']], []))).toMatchObject([{ bidPrice: '100.1', askPrice: '100.5' }]);
    expect(
      reader(
        best(
          'delta',
          7,
          [],
          [
            ['100.5', '0'],
            ['100.6', '4'],
          ],
        ),
      ),
    ).toMatchObject([{ bidPrice: '100.1', askPrice: '100.6', askSize: '4' }]);
  });

  test('level 1: after a hole, and while a side is empty or unknown, there is no quote', () => {
    const reader = createReader(bybitLinearMarketData);
    expect(reader(best('delta', 5, [['100.0', '1']], []))).toEqual([]);
    expect(reader(best('snapshot', 6, [['100.0', '1']], [['100.5', '2']]))).toHaveLength(1);
    expect(reader(best('delta', 8, [['99.0', '1']], []))).toEqual([]);
    expect(reader(best('delta', 9, [], [['100.7', '2']]))).toMatchObject([{ bidPrice: '99.0', askPrice: '100.7' }]);
    expect(reader(best('delta', 10, [['99.0', '0']], []))).toEqual([]);
  });

  test('level 1: the repetition after three quiet seconds is a quote like any other', () => {
    const reader = createReader(bybitLinearMarketData);
    const frame = best('snapshot', 5, [['100.0', '1']], [['100.5', '2']]);

    expect(reader(frame)).toEqual(reader(frame));
  });

  test('each trade of a frame is told in order', () => {
    const data = [TRADE, { ...TRADE, i: 'id-2', S: 'Sell' }];

    expect(read({ ...TRADES, data })).toEqual([
      {
        type: 'trade',
        symbol: 'BTCUSDT',
        id: 'id-1',
        price: '16578.50',
        size: '0.001',
        side: 'buy',
        exchangeTime: TIME,
      },
      {
        type: 'trade',
        symbol: 'BTCUSDT',
        id: 'id-2',
        price: '16578.50',
        size: '0.001',
        side: 'sell',
        exchangeTime: TIME,
      },
    ]);
  });

  test('a ticker delta changes what it names; one that changes nothing is not told', () => {
    const reader = createReader(bybitLinearMarketData);

    expect(reader(TICKER)).toMatchObject([
      { lastPrice: '17216', nextFundingTime: 1_673_280_000_000, exchangeTime: TIME },
    ]);
    const delta = (data: object) => ({ ...TICKER, type: 'delta', ts: TIME + 9, data: { symbol: 'BTCUSDT', ...data } });
    expect(reader(delta({ markPrice: '17218' }))).toMatchObject([
      { lastPrice: '17216', markPrice: '17218', fundingRate: '-0.000212', exchangeTime: TIME + 9 },
    ]);
    expect(reader(delta({ markPrice: '17218.000', bid1Price: '1' }))).toEqual([]);
  });

  test('a contract without funding has none', () => {
    const data = { symbol: 'BTC-27MAR26', lastPrice: '1', fundingRate: '', nextFundingTime: '0' };

    expect(read({ ...TICKER, data })).toMatchObject([{ fundingRate: null, nextFundingTime: null, markPrice: null }]);
  });

  test('a liquidation names the side of the position: the taker’s is the other', () => {
    const row = { T: TIME, s: 'ROSEUSDT', S: 'Sell', v: '20000', p: '0.04499' };

    expect(read({ topic: 'allLiquidation.ROSEUSDT', type: 'snapshot', ts: TIME, data: [row] })).toEqual([
      {
        type: 'liquidation',
        symbol: 'ROSEUSDT',
        id: null,
        price: '0.04499',
        size: '20000',
        side: 'buy',
        exchangeTime: TIME,
      },
    ]);
  });

  test.each([
    { success: true, ret_msg: 'pong', conn_id: 'c', req_id: '', op: 'ping' },
    { success: true, ret_msg: 'pong', conn_id: 'c', op: 'ping' },
    { op: 'pong', args: ['1'], conn_id: 'c' },
    { retCode: 0, retMsg: 'OK', op: 'pong', data: ['1'], connId: 'c' },
  ])('R10: pong variant %j', (frame) => {
    expect(read(frame)).toEqual([{ type: 'pong' }]);
  });

  test('acknowledgements are tied to their request', () => {
    expect(read({ success: true, ret_msg: '', conn_id: 'c', req_id: '7-0', op: 'subscribe' })).toEqual([
      { type: 'subscribed', requestId: '7-0', ok: true },
    ]);
    expect(read({ success: false, ret_msg: 'Invalid topic: x', req_id: '7-0', op: 'subscribe' })).toEqual([
      { type: 'subscribed', requestId: '7-0', ok: false, reason: 'Invalid topic: x' },
    ]);
    const command = { success: true, conn_id: 'c', req_id: '7-1', type: 'COMMAND_RESP', data: { failTopics: ['a.b'] } };
    expect(read(command)).toEqual([{ type: 'subscribed', requestId: '7-1', ok: false, reason: 'topics refused: a.b' }]);
    expect(read({ success: false, ret_msg: 'error:handler not found', conn_id: 'c', op: 'subscribe' })).toEqual([
      { type: 'venueError', code: 'subscribe', text: 'error:handler not found' },
    ]);
  });

  test('unknown topics say nothing and are no errors', () => {
    expect(read({ topic: 'kline.D.BTCUSDT', type: 'snapshot', ts: TIME, data: [{}] })).toEqual([]);
    expect(read({ topic: 'priceLimit.BTCUSDT', data: { symbol: 'BTCUSDT' }, ts: TIME })).toEqual([]);
    expect(read({ topic: 'somethingNew', data: 1 })).toEqual([]);
    expect(read({ ...BOOK, extra: { deep: true } })).toHaveLength(1);
  });

  test.each([
    ['cut short', JSON.stringify(BOOK).slice(0, -9)],
    ['empty', ''],
    ['a list', '[]'],
    ['a text', '"x"'],
    ['not ours', { jsonrpc: '2.0', id: 1, result: [] }],
    ['data missing', { ...BOOK, data: undefined }],
    ['type unknown', { ...BOOK, type: 'update' }],
    ['u a text', { ...BOOK, data: { ...DATA, u: '1' } }],
    ['levels missing', { ...BOOK, data: { ...DATA, b: undefined } }],
    ['a level of numbers', { ...BOOK, data: { ...DATA, a: [[1, 2]] } }],
    ['time a text', { ...BOOK, cts: 'now' }],
    ['level 1 not decimal', best('snapshot', 1, [['a', '1']], [])],
    ['trades an object', { ...TRADES, data: TRADE }],
    ['a trade that is null', { ...TRADES, data: [null] }],
    ['a trade of no side', { ...TRADES, data: [TRADE, { ...TRADE, S: 'None' }] }],
    ['a trade with a number', { ...TRADES, data: [{ ...TRADE, p: 1 }] }],
    ['a ticker without symbol', { ...TICKER, data: { lastPrice: '1' } }],
    ['a ticker not decimal', { ...TICKER, data: { symbol: 'A', lastPrice: '1,5' } }],
    ['a funding time not of time', { ...TICKER, data: { symbol: 'A', nextFundingTime: 'soon' } }],
    ['an answer of wrong type', { op: 'subscribe', success: 'yes' }],
  ])('a frame that is %s is refused as a whole', (_, frame) => {
    expect(() => read(frame)).toThrow(expect.objectContaining(FRAME_INVALID));
  });

  test('one socket carries all topics, up to 21,000 characters of them', () => {
    const endpoints = bybitLinear.endpoints('live');
    expect(bybitLinearMarketData.plan(endpoints, subscriptions(2))).toMatchObject([
      { name: 'public', url: 'wss://stream.bybit.com/v5/public/linear' },
    ]);

    const wanted = subscriptions(600);
    const plan = bybitLinearMarketData.plan(endpoints, wanted);
    expect(plan.length).toBeGreaterThan(1);
    expect(plan.flatMap(({ subscriptions: of }) => of)).toEqual(wanted);
    for (const { subscriptions: of } of plan) {
      const topics = bybitLinearMarketData
        .subscribe('1', of)
        .flatMap(({ text }) => (JSON.parse(text) as { args: string[] }).args);
      expect(JSON.stringify(topics).length).toBeLessThanOrEqual(21_002);
    }
  });

  test('requests: ten topics at most, each with its own id', () => {
    const requests = bybitLinearMarketData.subscribe('7', subscriptions(5));

    expect(requests.map(({ requestId }) => requestId)).toEqual(['7-0', '7-1', '7-2']);
    expect(requests.map(({ text }) => (JSON.parse(text) as { args: string[] }).args.length)).toEqual([10, 10, 5]);
    expect(bybitLinearMarketData.unsubscribe('8', [{ channel: 'quotes', symbol: 'BTCUSDT' }])).toEqual([
      { requestId: '8-0', text: '{"req_id":"8-0","op":"unsubscribe","args":["orderbook.1.BTCUSDT"]}' },
    ]);
  });

  test('R10: the venue is pinged every 20 s by a message of its own', () => {
    expect(bybitLinearMarketData.heartbeat?.intervalMs).toBe(20_000);
    expect(JSON.parse(bybitLinearMarketData.heartbeat?.message() ?? '')).toEqual({ op: 'ping' });
  });

  test('instruments are read page by page; one that cannot be read is logged and left out', async () => {
    const page = (list: unknown[], nextPageCursor: string) => ({
      retCode: 0,
      retMsg: 'OK',
      result: { list, nextPageCursor },
    });
    const { runtime, urls, logged } = runtimeAnswering(
      page([ROW, { symbol: 'BAD' }], 'a%3Db'),
      page([{ ...ROW, symbol: 'ETHUSDT', status: 'PreLaunch', priceScale: undefined }], ''),
    );

    const instruments = await fetchInstruments(runtime);

    expect(instruments).toEqual([
      {
        venue: 'bybit-linear',
        symbol: 'BTCUSDT',
        kind: 'linear',
        baseCurrency: 'BTC',
        quoteCurrency: 'USDT',
        settlementCurrency: 'USDT',
        priceScale: 2,
        sizeScale: 3,
        tickSize: 10,
        lotSize: 1,
        minSize: 1,
        maxSize: 500_000,
        minNotional: 5,
        multiplier: 1,
        tradable: true,
      },
      expect.objectContaining({ symbol: 'ETHUSDT', priceScale: 1, tickSize: 1, tradable: false }),
    ]);
    expect(urls).toEqual([
      'https://rest.invalid/v5/market/instruments-info?category=linear&limit=1000',
      'https://rest.invalid/v5/market/instruments-info?category=linear&limit=1000&cursor=a%3Db',
    ]);
    expect(logged).toMatchObject([{ text: 'instrument left out', symbol: 'BAD' }]);
  });

  test.each([
    ['refused', { retCode: 10006, retMsg: 'Too many visits!' }, '10006'],
    ['of another shape', { hello: 1 }, 'ANSWER_INVALID'],
    ['without a list', { retCode: 0, retMsg: 'OK', result: {} }, 'ANSWER_INVALID'],
    ['not JSON', new Response('<html>'), 'ANSWER_INVALID'],
    ['unavailable', new Response('down', { status: 503 }), 'HTTP_503'],
  ])('an answer that is %s is one typed error', async (_, body, venueCode) => {
    await expect(fetchInstruments(runtimeAnswering(body).runtime)).rejects.toMatchObject({
      name: 'VenueError',
      venueCode,
    });
  });

  test('a tick of zero is no instrument', () => {
    const row = { ...ROW, priceFilter: { tickSize: '0' } };

    expect(readInstrumentsPage({ list: [row] }, readInstrument)).toMatchObject({
      instruments: [],
      refused: [{ symbol: 'BTCUSDT' }],
    });
  });

  const FIXTURES = 'bybit/fixtures/nautilus.jsonl';
  test.skipIf(!hasSharedData(FIXTURES))('fixtures of other topics are passed over, tickers are read', () => {
    const rows = (sharedRows(FIXTURES) as { name: string; body: unknown }[]).filter(({ name }) =>
      name.startsWith('ws_'),
    );
    const said = Object.fromEntries(
      rows
        .filter(({ body }) => typeof body === 'object' && body !== null && 'topic' in body)
        .map(({ name, body }) => [name, read(body).map(({ type }) => type)]),
    );

    expect(said).toMatchObject({ ws_kline: ['candle'], ws_ticker_linear: ['ticker'] });
  });
});
