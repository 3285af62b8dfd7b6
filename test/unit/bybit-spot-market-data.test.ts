import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { CHANNELS } from '#core/market/market-message.ts';
import { systemClock, systemTimers } from '#core/time/system-clock.ts';
import { readInstrumentsPage } from '#venues/bybit/instruments-list.ts';
import { bybitLinear } from '#venues/bybit-linear/venue.ts';
import { fetchInstruments, readInstrument } from '#venues/bybit-spot/instruments.ts';
import { bybitSpotMarketData } from '#venues/bybit-spot/market-data.ts';
import { bybitSpot } from '#venues/bybit-spot/venue.ts';
import type { VenueRuntime } from '#venues/venue.ts';
import { createReader, FRAME_INVALID } from '../support/decoding.ts';
import { hasSharedData, sharedRows } from '../support/shared-data.ts';

const TIME = 1_680_652_847_526;
const read = (frame: unknown) => createReader(bybitSpotMarketData)(frame);

/** A runtime whose REST answers one after the other. */
function runtimeAnswering(...bodies: unknown[]) {
  const urls: string[] = [];
  const logged: Readonly<Record<string, unknown>>[] = [];
  const runtime: VenueRuntime = {
    endpoints: { market: '', account: '', orders: '', rest: 'https://rest.invalid' },
    // A clock of its own: the address's budget is kept by it.
    clock: { ...systemClock },
    timers: systemTimers,
    random: { next: () => 0.5 },
    connect: () => {
      throw new Error('no socket here');
    },
    fetch: async (input) => {
      urls.push(String(input));
      const body = bodies.shift();
      return body instanceof Response ? body : new Response(JSON.stringify(body));
    },
    log: (level, text, fields) => logged.push({ level, text, ...fields }),
  };
  return { runtime, urls, logged };
}

const ROW = {
  symbol: 'BTCUSDT',
  baseCoin: 'BTC',
  quoteCoin: 'USDT',
  innovation: '0',
  status: 'Trading',
  lotSizeFilter: {
    basePrecision: '0.000001',
    quotePrecision: '0.0000001',
    minOrderQty: '0.000011',
    maxOrderQty: '83',
    minOrderAmt: '5',
    maxOrderAmt: '8000000',
    maxLimitOrderQty: '83',
    maxMarketOrderQty: '41.5',
  },
  priceFilter: { tickSize: '0.1' },
};

describe('Bybit spot market data', () => {
  it('each channel that is supported has its topic, ten to a request; the others are refused', () => {
    const { channels } = bybitSpot.supports;
    const asked = channels.map((channel) => ({ channel, symbol: 'BTCUSDT' }));
    const [request] = bybitSpotMarketData.subscribe('7', asked);
    expect(JSON.parse(request?.text ?? '')).toEqual({
      req_id: '7-0',
      op: 'subscribe',
      args: [
        'orderbook.50.BTCUSDT',
        'publicTrade.BTCUSDT',
        'orderbook.1.BTCUSDT',
        'tickers.BTCUSDT',
        'kline.1.BTCUSDT',
      ],
    });
    const many = Array.from({ length: 23 }, (_, index) => ({ channel: 'book' as const, symbol: `A${index}` }));
    const sizes = bybitSpotMarketData
      .subscribe('8', many)
      .map(({ text }) => z.object({ args: z.array(z.string()) }).parse(JSON.parse(text)).args.length);
    expect(sizes).toEqual([10, 10, 3]);
    for (const channel of CHANNELS.filter((each) => !channels.includes(each))) {
      expect(() => bybitSpotMarketData.subscribe('9', [{ channel, symbol: 'A' }])).toThrow(/CHANNEL_UNSUPPORTED/);
    }
    const endpoints = bybitSpot.endpoints('live');
    expect(bybitSpotMarketData.plan(endpoints, asked)).toMatchObject([
      { url: 'wss://stream.bybit.com/v5/public/spot', subscriptions: asked },
    ]);
  });

  it('a ticker is a last price alone: no mark, no funding, and no index that is in another currency', () => {
    const data = { symbol: 'BTCUSDT', lastPrice: '21109.77', usdIndexPrice: '21120.2400136', volume24h: '6780.866843' };
    expect(read({ topic: 'tickers.BTCUSDT', ts: TIME, type: 'snapshot', cs: 2, data })).toEqual([
      {
        type: 'ticker',
        symbol: 'BTCUSDT',
        lastPrice: '21109.77',
        markPrice: null,
        indexPrice: null,
        fundingRate: null,
        nextFundingTime: null,
        openInterest: null,
        exchangeTime: TIME,
      },
    ]);
  });

  it('a candle is told while it grows and once more when it is final, of both categories alike', () => {
    const row = {
      start: TIME,
      end: TIME + 59_999,
      interval: '1',
      open: '16649.5',
      close: '16677',
      high: '16677',
      low: '16608',
      volume: '2.081',
      turnover: '34666.4005',
      confirm: false,
      timestamp: TIME + 8_882,
    };
    const frame = { topic: 'kline.1.BTCUSDT', data: [row, { ...row, confirm: true }], ts: TIME, type: 'snapshot' };
    const candle = {
      type: 'candle',
      symbol: 'BTCUSDT',
      intervalMs: 60_000,
      openTime: TIME,
      open: '16649.5',
      high: '16677',
      low: '16608',
      close: '16677',
      volume: '2.081',
      closed: false,
      exchangeTime: TIME + 8_882,
    };
    expect(read(frame)).toEqual([candle, { ...candle, closed: true }]);
    expect(createReader(bybitLinear.marketData)(frame)).toEqual([candle, { ...candle, closed: true }]);
    expect(() => read({ ...frame, data: [{ ...row, confirm: 'no' }] })).toThrow(expect.objectContaining(FRAME_INVALID));
    expect(() => read({ ...frame, data: [{ ...row, open: 1 }] })).toThrow(expect.objectContaining(FRAME_INVALID));
  });

  it('the stream before V5 is read from recordings, by this category alone, and damaged frames of it are refused', () => {
    const trade = {
      topic: 'trade',
      params: { symbol: 'ETHUSDT' },
      data: { v: '2280', t: TIME, p: '1678.54', q: '1.4', m: false },
    };
    expect(read(trade)).toEqual([
      { type: 'trade', symbol: 'ETHUSDT', id: '2280', price: '1678.54', size: '1.4', side: 'sell', exchangeTime: TIME },
    ]);
    expect(createReader(bybitLinear.marketData)(trade)).toEqual([]);
    expect(read({ topic: 'depth', event: 'sub', params: { symbol: 'A' }, code: '0', msg: 'Success' })).toEqual([]);
    expect(() => read({ ...trade, params: {} })).toThrow(expect.objectContaining(FRAME_INVALID));
    expect(() => read({ ...trade, data: { ...trade.data, m: 'yes' } })).toThrow(expect.objectContaining(FRAME_INVALID));
    const depth = { topic: 'depth', params: { symbol: 'A' }, data: { t: TIME, v: 'x_1', b: [], a: [] } };
    expect(() => read(depth)).toThrow(expect.objectContaining(FRAME_INVALID));
  });

  it('a liquidation of the former topic is that of the position’s holder: the taker was on the other side', () => {
    const data = { symbol: 'BTCUSDT', side: 'Buy', price: '25', size: '0.1', updatedTime: TIME };
    const frame = { topic: 'liquidation.BTCUSDT', type: 'snapshot', ts: TIME, data };
    expect(createReader(bybitLinear.marketData)(frame)).toMatchObject([
      { type: 'liquidation', side: 'sell', size: '0.1' },
    ]);
    expect(() => createReader(bybitLinear.marketData)({ ...frame, data: [] })).toThrow(
      expect.objectContaining(FRAME_INVALID),
    );
  });
});

describe('Bybit spot instruments', () => {
  it('sizes are in the asset’s decimals with the order precision as the lot; a row that cannot be read is left out', async () => {
    const { runtime, urls, logged } = runtimeAnswering({
      retCode: 0,
      retMsg: 'OK',
      result: { category: 'spot', list: [ROW, { ...ROW, symbol: 'BAD', priceFilter: {} }] },
    });
    expect(await fetchInstruments(runtime)).toEqual([
      {
        venue: 'bybit-spot',
        symbol: 'BTCUSDT',
        kind: 'spot',
        baseCurrency: 'BTC',
        quoteCurrency: 'USDT',
        settlementCurrency: 'USDT',
        priceScale: 1,
        sizeScale: 8,
        tickSize: 1,
        lotSize: 100,
        minSize: 1_100,
        maxSize: 4_150_000_000,
        minNotional: 5,
        multiplier: 1,
        tradable: true,
      },
    ]);
    expect(urls).toEqual(['https://rest.invalid/v5/market/instruments-info?category=spot&limit=1000']);
    expect(logged).toMatchObject([{ text: 'instrument left out', venue: 'bybit-spot', symbol: 'BAD' }]);
  });

  it('an asset that is traded by the billion keeps as many decimals as stay exact', () => {
    const lotSizeFilter = {
      basePrecision: '0.1',
      minOrderQty: '10.5',
      maxOrderQty: '46000000000',
      minOrderAmt: '1',
    };
    const row = { ...ROW, symbol: 'PEPEUSDT', lotSizeFilter, priceFilter: { tickSize: '0.0000000001' } };
    const instrument = readInstrument(row);
    expect(instrument).toMatchObject({ priceScale: 10, sizeScale: 4, lotSize: 1_000, minSize: 105_000 });
    expect(instrument.maxSize * 16).toBeLessThan(Number.MAX_SAFE_INTEGER);
    const without = { ...row, lotSizeFilter: { ...lotSizeFilter, minOrderQty: '' } };
    expect(readInstrument(without)).toMatchObject({ minSize: 1_000 });
  });

  const FIXTURES = ['bybit/fixtures/v5_docs_examples.jsonl', 'bybit/fixtures/nautilus.jsonl'];
  it.skipIf(!FIXTURES.every(hasSharedData))('the venue’s own examples are read', () => {
    const answers = FIXTURES.flatMap((file) => sharedRows(file) as { source: string; body: unknown }[]).filter(
      ({ source }) => /market\/instrument\.mdx$|instruments_spot/.test(source),
    );
    const body = z.looseObject({ result: z.unknown() });
    const pages = answers.map((each) => readInstrumentsPage(body.parse(each.body).result, readInstrument));
    expect(
      pages.flatMap(({ instruments }) => instruments.map((each) => [each.symbol, each.lotSize, each.tickSize])),
    ).toEqual(
      expect.arrayContaining([
        ['BTCUSDT', 100, 1],
        ['AAPLUSDT', 10_000, 1],
      ]),
    );
  });
});

describe('G8: whether Bybit trades', () => {
  const announced = (change: Record<string, unknown>) => ({
    id: 'x',
    title: 'upgrade',
    state: 'ongoing',
    begin: '1751596902000',
    end: '1751597011000',
    href: '',
    serviceTypes: [2, 3],
    product: [1, 2],
    uidSuffix: [],
    maintainType: 1,
    env: 1,
    ...change,
  });
  const answer = (...list: unknown[]) => ({ retCode: 0, retMsg: '', result: { list } });
  const ask = (...bodies: unknown[]) => bybitSpot.fetchMarketStatus?.(runtimeAnswering(...bodies).runtime);

  it('what is announced for this category’s trading and goes on is maintenance until it ends', async () => {
    const longer = announced({ title: 'network', end: '1751597999000' });
    expect(await ask(answer(announced({}), longer))).toEqual({
      state: 'maintenance',
      reason: 'upgrade; network',
      nextChange: 1_751_597_999_000,
    });
  });

  it.each([
    ['that is over', announced({ state: 'completed' })],
    ['that was called off', announced({ state: 'canceled' })],
    ['of contracts alone', announced({ product: [1] })],
    ['of market data alone', announced({ serviceTypes: [5] })],
    ['of the demo', announced({ env: 2 })],
  ])('one %s leaves it open', async (_, each) => {
    expect(await ask(answer(each))).toEqual({ state: 'open', reason: '', nextChange: null });
  });

  it('the next one that is scheduled is told while it is open', async () => {
    const later = announced({ state: 'scheduled', title: 'later', begin: '1751600000000' });
    const sooner = announced({ state: 'scheduled', title: 'sooner' });
    expect(await ask(answer(later, sooner))).toEqual({
      state: 'open',
      reason: 'announced: sooner',
      nextChange: 1_751_596_902_000,
    });
  });

  it('no service is maintenance; no announcements and a clock that answers is open; anything else is an error', async () => {
    expect(await ask(new Response('', { status: 503 }))).toMatchObject({ state: 'maintenance', reason: 'HTTP_503' });
    const time = { retCode: 0, retMsg: 'OK', result: { timeNano: '1688639403423213947' } };
    expect(await ask(new Response('', { status: 404 }), time)).toMatchObject({ state: 'open' });
    await expect(ask(new Response('', { status: 403 }))).rejects.toMatchObject({
      name: 'VenueError',
      venueClass: 'retry',
    });
    await expect(ask(answer({ title: 1 }))).rejects.toMatchObject({ venueCode: 'ANSWER_INVALID' });
  });
});
