import { describe, expect, test } from 'vitest';
import type { MarketMessage, Subscription } from '#core/market/market-message.ts';
import type { EpochMs } from '#core/time/clock.ts';
import { systemClock } from '#core/time/system-clock.ts';
import { alpacaEndpoints } from '#venues/alpaca/endpoints.ts';
import { readAssets } from '#venues/alpaca/instruments.ts';
import { alpacaMarketData } from '#venues/alpaca/market-data.ts';
import { readClock } from '#venues/alpaca/market-status.ts';
import { authHeaders } from '#venues/alpaca/signing.ts';
import { formatTimestamp, parseTimestamp } from '#venues/alpaca/timestamps.ts';
import { AAPL } from '../support/alpaca-world.ts';
import { createReader, FRAME_INVALID } from '../support/decoding.ts';
import { hasSharedData, sharedRows } from '../support/shared-data.ts';

const read = (frame: unknown) => createReader(alpacaMarketData)(frame);
const QUOTE = `{"T":"q","S":"AAPL","bx":"U","bp":87.660,"bs":1,"ax":"Q","ap":87.68,"as":4,"t":"2021-02-22T15:51:45.335689322Z","c":["R"],"z":"C"}`;
const AT = Date.UTC(2021, 1, 22, 15, 51, 45, 335);
const DOCS = 'alpaca/fixtures/docs_examples.jsonl';

describe('times of Alpaca', () => {
  test('nanoseconds are cut to the millisecond that they lie in, at any offset', () => {
    expect(parseTimestamp('2021-02-22T15:51:45.335999999Z')).toBe(AT);
    expect(parseTimestamp('2022-04-28T14:07:04.451420928-04:00')).toBe(Date.UTC(2022, 3, 28, 18, 7, 4, 451));
    expect(parseTimestamp('2024-02-29T00:00:00Z')).toBe(Date.UTC(2024, 1, 29));
    expect(parseTimestamp('2016-12-31T23:59:60.5Z')).toBe(Date.UTC(2017, 0, 1, 0, 0, 0, 500));
    expect(formatTimestamp(AT as EpochMs)).toBe('2021-02-22T15:51:45.335Z');
  });

  test.each([
    '2023-02-29T00:00:00Z',
    '2021-13-01T00:00:00Z',
    '2021-02-22T24:00:00Z',
    '2021-02-22T15:51:45',
    '2021-02-22T15:51:45.Z',
    '2021-02-22T15:51:45.1234567891Z',
    '1969-12-31T23:59:59Z',
    '2021-2-22T15:51:45Z',
    '',
  ])('%s is none', (text) => {
    expect(parseTimestamp(text)).toBeNull();
  });

  test('agree with the calendar on every day of 1970 to 2100', () => {
    for (let day = 1; day < 47_482; day += 1) {
      const midnight = day * 86_400_000;
      const text = `${new Date(midnight).toISOString().slice(0, 10)}T00:00:00Z`;
      if (parseTimestamp(text) !== midnight) expect(text).toBe(midnight);
    }
  });
});

describe('decoding market data of Alpaca', () => {
  test('a quote is a book of one level, numbered by symbol, and a quote; the digits of the frame are kept', () => {
    const decode = createReader(alpacaMarketData);
    expect(decode(`[${QUOTE}]`)).toEqual([
      {
        type: 'book',
        symbol: 'AAPL',
        isSnapshot: true,
        bids: [['87.660', '1']],
        asks: [['87.68', '4']],
        firstSequence: 1,
        lastSequence: 1,
        previousSequence: null,
        exchangeTime: AT,
      },
      {
        type: 'quote',
        symbol: 'AAPL',
        bidPrice: '87.660',
        bidSize: '1',
        askPrice: '87.68',
        askSize: '4',
        sequence: 1,
        exchangeTime: AT,
      },
    ]);
    expect(decode(`[${QUOTE.replace('AAPL', 'MSFT')},${QUOTE}]`)).toMatchObject([
      { symbol: 'MSFT', lastSequence: 1 },
      { type: 'quote' },
      { symbol: 'AAPL', lastSequence: 2 },
      { type: 'quote' },
    ]);
  });

  test('a quote without an offer is a book without that side, and no quote', () => {
    expect(read(`[${QUOTE.replace('"ap":87.68,"as":4', '"ap":0,"as":0')}]`)).toMatchObject([
      { type: 'book', bids: [['87.660', '1']], asks: [] },
    ]);
  });

  test('the taker of a trade is inferred from the quote in force, then from the last change of price', () => {
    const trade = (price: string, id = 1): string =>
      `[{"T":"t","i":${id},"S":"AAPL","x":"D","p":${price},"s":10,"t":"2021-02-22T15:51:46Z","c":["@"," "],"z":"C"}]`;
    const decode = createReader(alpacaMarketData);
    const sideOf = (price: string): unknown =>
      (decode(trade(price))[0] as Extract<MarketMessage, { type: 'trade' }>).side;
    expect([sideOf('100'), sideOf('101'), sideOf('101'), sideOf('100.5'), sideOf('100.5')]).toEqual([
      'buy',
      'buy',
      'buy',
      'sell',
      'sell',
    ]);
    decode(`[${QUOTE}]`);
    expect([sideOf('87.68'), sideOf('87.66'), sideOf('87.67'), sideOf('87.670001')]).toEqual([
      'buy',
      'sell',
      'buy',
      'buy',
    ]);
    // Trade ids are kept digit by digit, also beyond what a double can hold.
    expect(decode(trade('87.67').replace('"i":1,', '"i":92233720368547758071,'))).toMatchObject([
      { id: '92233720368547758071' },
    ]);
  });

  test('bars, statuses and news', () => {
    expect(
      read([{ T: 'b', S: 'SPY', o: 388.985, h: 389.13, l: 388.975, c: 389.12, v: 49_378, t: '2021-02-22T19:15:00Z' }]),
    ).toEqual([
      {
        type: 'candle',
        symbol: 'SPY',
        intervalMs: 60_000,
        openTime: Date.UTC(2021, 1, 22, 19, 15),
        open: '388.985',
        high: '389.13',
        low: '388.975',
        close: '389.12',
        volume: '49378',
        closed: true,
        exchangeTime: Date.UTC(2021, 1, 22, 19, 16),
      },
    ]);
    const halt = { T: 's', S: 'AAPL', sc: 'H', sm: 'Trading Halt', rc: 'T12', rm: 'why', t: '2021-02-22T19:15:00Z' };
    expect(read([halt])).toMatchObject([{ type: 'tradingStatus', trading: false, reason: 'Trading Halt: why' }]);
    expect(read([{ ...halt, sc: 'T', sm: 'Trading Resumption', rm: '' }])).toMatchObject([{ trading: true }]);
    expect(read([{ ...halt, sc: 'Q', sm: 'Quotation Resumption' }])).toMatchObject([{ trading: false }]);
    expect(read([{ ...halt, sc: 'Z', sm: 'Trading Halted' }])).toMatchObject([{ trading: false }]);
    // It forbids some orders, and stops no trading.
    expect(read([{ ...halt, sc: 'E', sm: 'Short Sale Restriction In Effect' }])).toEqual([]);
  });

  test.each([
    ['not JSON', '[{'],
    ['no list', '{"T":"q"}'],
    ['a list of what is no message', '[1]'],
    ['a price that is none', `[${QUOTE.replace('87.68', '-1')}]`],
    ['a price in powers', `[${QUOTE.replace('87.68', '1e3')}]`],
    ['a time that is none', `[${QUOTE.replace('-22T', '-30T')}]`],
  ])('%s is refused, and nothing of the frame is told', (_what, frame) => {
    const decode = alpacaMarketData.createDecoder();
    const told: MarketMessage[] = [];
    expect(() => decode(Buffer.from(frame), (message) => told.push(message))).toThrow(
      expect.objectContaining(FRAME_INVALID),
    );
    expect(told).toEqual([]);
  });

  test.skipIf(!hasSharedData(DOCS))('every documented message of the two streams is read', () => {
    const bodies = sharedRows(DOCS).map((row) => (row as { readonly body: unknown }).body);
    const messages = bodies.flatMap((body) => (Array.isArray(body) ? body : [body])).filter(isStreamed);
    const kinds = messages.flatMap((message) => read([message]).map(({ type }) => type));
    expect(new Set(kinds)).toEqual(
      new Set([
        'book',
        'quote',
        'trade',
        'candle',
        'tradingStatus',
        'news',
        'subscribed',
        'subscriptionState',
        'venueError',
        'notice',
      ]),
    );
    expect(messages.length).toBeGreaterThan(40);
  });
});

function isStreamed(body: unknown): boolean {
  return typeof body === 'object' && body !== null && 'T' in body && typeof body.T === 'string' && !('ev' in body);
}

describe('control messages of Alpaca', () => {
  test('the greeting says nothing, the login is answered, the list of subscriptions is whole', () => {
    expect(read([{ T: 'success', msg: 'connected' }])).toEqual([]);
    expect(read([{ T: 'success', msg: 'authenticated' }])).toEqual([
      { type: 'subscribed', requestId: 'auth', ok: true },
    ]);
    expect(read([{ T: 'subscription', trades: ['A'], quotes: ['A', 'B'], bars: [], news: ['*'] }])).toEqual([
      {
        type: 'subscriptionState',
        subscriptions: [
          { channel: 'trades', symbol: 'A' },
          { channel: 'book', symbol: 'A' },
          { channel: 'quotes', symbol: 'A' },
          { channel: 'book', symbol: 'B' },
          { channel: 'quotes', symbol: 'B' },
          { channel: 'news', symbol: '*' },
        ],
      },
    ]);
  });

  test.each([
    [402, 'subscribed'],
    [404, 'subscribed'],
    [408, 'subscribed'],
    [400, 'subscriptionState'],
    [401, 'subscriptionState'],
    [405, 'subscriptionState'],
    [409, 'subscriptionState'],
    [410, 'subscriptionState'],
  ])('error %i answers what is open', (code, type) => {
    const said = read([{ T: 'error', code, msg: 'text' }]);
    expect(said.map((each) => each.type)).toEqual([type, 'venueError']);
    expect(said[0]).toMatchObject(
      type === 'subscribed' ? { ok: false, reason: `${code} text` } : { refused: `${code} text` },
    );
  });

  test('406 says that the key is held, 403 nothing, 407 and 500 are told', () => {
    expect(read([{ T: 'error', code: 406, msg: 'connection limit exceeded' }])).toMatchObject([
      { type: 'notice', notice: 'occupied' },
      { type: 'subscribed', ok: false },
      { type: 'venueError', code: '406' },
    ]);
    expect(read([{ T: 'error', code: 403, msg: 'already authenticated' }])).toEqual([]);
    for (const code of [407, 500]) {
      expect(read([{ T: 'error', code, msg: 'text' }])).toEqual([
        { type: 'venueError', code: String(code), text: 'text' },
      ]);
    }
  });
});

describe('requests of Alpaca', () => {
  const all = ['book', 'trades', 'quotes', 'candles', 'status', 'news'] as const;
  const subscriptions: readonly Subscription[] = all.map((channel) => ({ channel, symbol: 'AAPL' }));

  test('prices and news are two sockets, each with what it carries', () => {
    const plans = alpacaMarketData.plan(alpacaEndpoints('live'), subscriptions);
    expect(plans.map(({ name, url }) => [name, url])).toEqual([
      ['data', 'wss://stream.data.alpaca.markets/v2/iex'],
      ['news', 'wss://stream.data.alpaca.markets/v1beta1/news'],
    ]);
    expect(plans[1]?.subscriptions).toEqual([{ channel: 'news', symbol: 'AAPL' }]);
  });

  test('a book and its quotes are one list of the venue, which is left with the book', () => {
    const texts = (requests: readonly { readonly text: string }[]): unknown[] =>
      requests.map(({ text }) => JSON.parse(text));
    expect(texts(alpacaMarketData.subscribe('7', subscriptions.slice(0, 5)))).toEqual([
      { action: 'subscribe', quotes: ['AAPL'], trades: ['AAPL'], bars: ['AAPL'], statuses: ['AAPL'] },
    ]);
    expect(texts(alpacaMarketData.unsubscribe('8', [{ channel: 'book', symbol: 'AAPL' }]))).toEqual([
      { action: 'unsubscribe', quotes: ['AAPL'] },
    ]);
    expect(alpacaMarketData.unsubscribe('9', [{ channel: 'quotes', symbol: 'AAPL' }])).toEqual([]);
  });

  test('many subscriptions are split, each request with an id of its own', () => {
    const many = Array.from({ length: 1_000 }, (_, index) => ({ channel: 'trades', symbol: `S${index}` }) as const);
    const requests = alpacaMarketData.subscribe('7', many);
    expect(requests.map(({ requestId }) => requestId)).toEqual(['7-0', '7-1', '7-2']);
    expect(Math.max(...requests.map(({ text }) => text.length))).toBeLessThan(16_000);
  });

  test('a channel that the venue does not have is refused, and so is a login without keys', () => {
    expect(() => alpacaMarketData.subscribe('1', [{ channel: 'ticker', symbol: 'AAPL' }])).toThrow(
      'CHANNEL_UNSUPPORTED',
    );
    expect(() => alpacaMarketData.opening?.('1', null, systemClock)).toThrow('CREDENTIALS_MISSING');
    const keys = { key: 'k', secret: 's' };
    expect(alpacaMarketData.opening?.('1', keys, systemClock)).toEqual([
      { requestId: 'auth', text: '{"action":"auth","key":"k","secret":"s"}' },
    ]);
    expect(authHeaders(keys)).toEqual({ 'APCA-API-KEY-ID': 'k', 'APCA-API-SECRET-KEY': 's' });
  });
});

describe('instruments of Alpaca', () => {
  const asset = { class: 'us_equity', symbol: 'AAPL', status: 'active', tradable: true, fractionable: true };

  test('shares are traded whole, at cents; below a dollar at hundredths of a cent where the last price is told', () => {
    const { instruments, refused } = readAssets([
      asset,
      { ...asset, symbol: 'PENNY', last_price: '0.4' },
      { ...asset, symbol: 'GONE', status: 'inactive' },
      { ...asset, symbol: 'BTC/USD', class: 'crypto' },
      { class: 'us_equity' },
    ]);
    expect(instruments[0]).toEqual(AAPL);
    expect(instruments.slice(1)).toMatchObject([
      { symbol: 'PENNY', tickSize: 100 },
      { symbol: 'GONE', tradable: false },
    ]);
    expect(refused).toEqual([{ symbol: 'assets[4]', reason: expect.stringContaining('symbol') }]);
  });

  test('the clock says whether the market is open, and until when', () => {
    const clock = {
      timestamp: '2022-04-28T14:07:04.451420928-04:00',
      is_open: true,
      next_open: '2022-04-29T09:30:00-04:00',
      next_close: '2022-04-28T16:00:00-04:00',
    };
    expect(readClock(clock)).toMatchObject({ state: 'open', nextChange: Date.UTC(2022, 3, 28, 20) });
    expect(readClock({ ...clock, is_open: false })).toMatchObject({
      state: 'closed',
      nextChange: Date.UTC(2022, 3, 29, 13, 30),
    });
    expect(() => readClock({})).toThrow('ANSWER_INVALID');
  });
});
