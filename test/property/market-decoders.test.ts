import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { MillraceError } from '#core/errors.ts';
import { VENUES, type VenueId } from '#core/market/instrument.ts';
import { venues } from '#venues/venues.ts';

const TIME = 1_723_161_256_298;
const LEVELS = [
  ['100.10', '2.5'],
  ['100.00', '0.000'],
];

const notification = (channel: string, data: unknown) => ({
  jsonrpc: '2.0',
  method: 'subscription',
  params: { channel, data },
});

const FRAMES: Readonly<Record<VenueId, readonly unknown[]>> = {
  alpaca: [
    [
      { T: 'q', S: 'AAPL', bx: 'U', bp: 87.66, bs: 1, ax: 'Q', ap: 87.68, as: 4, t: '2021-02-22T15:51:45.335689322Z' },
      { T: 't', S: 'AAPL', i: 96_921, x: 'D', p: 126.55, s: 1, t: '2021-02-22T15:51:44.208Z', c: ['@', 'I'], z: 'C' },
    ],
    [{ T: 'b', S: 'SPY', o: 388.985, h: 389.13, l: 388.975, c: 389.12, v: 49_378, t: '2021-02-22T19:15:00Z' }],
    [{ T: 's', S: 'AAPL', sc: 'H', sm: 'Trading Halt', rc: 'T12', rm: 'Halted', t: '2021-02-22T19:15:00Z', z: 'C' }],
    [
      {
        T: 'n',
        id: 24_918_784,
        headline: 'h',
        summary: 's',
        created_at: '2022-01-05T22:00:37Z',
        updated_at: '2022-01-05T22:00:38Z',
        url: 'https://a.invalid',
        symbols: ['AAPL'],
        source: 'b',
      },
    ],
    [{ T: 'subscription', trades: ['AAPL'], quotes: ['AAPL'], bars: [], news: ['*'] }],
    [{ T: 'success', msg: 'authenticated' }],
    [{ T: 'error', code: 406, msg: 'connection limit exceeded' }],
  ],
  'binance-usdm': [
    {
      stream: 'btcusdt@depth@100ms',
      data: { e: 'depthUpdate', E: TIME, T: TIME, s: 'BTCUSDT', U: 5, u: 9, pu: 4, b: LEVELS, a: LEVELS },
    },
    { e: 'aggTrade', E: TIME, s: 'BTCUSDT', a: 7, p: '61800.30', q: '0.006', f: 1, l: 2, T: TIME, m: false },
    { e: 'bookTicker', u: 42, s: 'BTCUSDT', b: '1.0', B: '2', a: '1.1', A: '3', T: TIME, E: TIME },
    { e: 'markPriceUpdate', E: TIME, s: 'BTCUSDT', p: '10.50', i: '10.40', r: '0.0001', T: TIME },
    { e: 'forceOrder', E: TIME, o: { s: 'BTCUSDT', S: 'SELL', ap: '9911.5', X: 'FILLED', z: '0.014', T: TIME } },
    { result: null, id: 4 },
  ],
  'binance-spot': [
    {
      stream: 'btcusdt@depth@100ms',
      data: { e: 'depthUpdate', E: TIME, s: 'BTCUSDT', U: 5, u: 9, b: LEVELS, a: LEVELS },
    },
    { e: 'trade', E: TIME, s: 'BTCUSDT', t: 7, p: '61800.30000000', q: '0.00600000', T: TIME, m: false, M: true },
    { e: 'aggTrade', E: TIME, s: 'BTCUSDT', a: 7, p: '61800.3', q: '0.006', f: 1, l: 2, T: TIME, m: false, M: true },
    { u: 42, s: 'BTCUSDT', b: '1.0', B: '2', a: '1.1', A: '3' },
    { e: '24hrTicker', E: TIME, s: 'BTCUSDT', c: '10.50' },
    {
      e: 'kline',
      E: TIME,
      s: 'BTCUSDT',
      k: { t: TIME, i: '1m', o: '1', h: '2', l: '1', c: '2', v: '3', x: true },
    },
    { result: null, id: 4 },
  ],
  'bybit-linear': [
    {
      topic: 'orderbook.50.BTCUSDT',
      type: 'delta',
      ts: TIME,
      data: { s: 'BTCUSDT', b: LEVELS, a: LEVELS, u: 7, seq: 9 },
    },
    { topic: 'orderbook.1.BTCUSDT', ts: TIME, type: 'snapshot', data: { s: 'BTCUSDT', b: LEVELS, a: LEVELS, u: 7 } },
    {
      topic: 'publicTrade.BTCUSDT',
      type: 'snapshot',
      ts: TIME,
      data: [{ T: TIME, s: 'BTCUSDT', S: 'Buy', v: '0.001', p: '16578.50', i: 'id-1' }],
    },
    {
      topic: 'tickers.BTCUSDT',
      type: 'delta',
      data: { symbol: 'BTCUSDT', lastPrice: '1.5', nextFundingTime: '1' },
      ts: TIME,
    },
    { topic: 'allLiquidation.A', type: 'snapshot', ts: TIME, data: [{ T: TIME, s: 'A', S: 'Sell', v: '2', p: '3' }] },
    {
      topic: 'kline.1.A',
      data: [
        {
          start: TIME,
          end: TIME + 59_999,
          interval: '1',
          open: '1.5',
          close: '2',
          high: '2',
          low: '1',
          volume: '3',
          turnover: '5',
          confirm: false,
          timestamp: TIME,
        },
      ],
      ts: TIME,
      type: 'snapshot',
    },
    { success: true, ret_msg: '', conn_id: 'c', req_id: '7-0', op: 'subscribe' },
  ],
  'bybit-spot': [
    { topic: 'orderbook.50.A', ts: TIME, type: 'delta', data: { s: 'A', b: LEVELS, a: LEVELS, u: 7, seq: 9 } },
    { topic: 'orderbook.1.A', ts: TIME, type: 'snapshot', data: { s: 'A', b: LEVELS, a: LEVELS, u: 7 } },
    {
      topic: 'publicTrade.A',
      ts: TIME,
      type: 'snapshot',
      data: [{ i: '2290000000050703789', T: TIME, p: '28165.38', v: '0.041732', S: 'Sell', s: 'A', BT: false }],
    },
    { topic: 'depth', params: { symbol: 'A' }, data: { s: 'A', t: TIME, v: '13_2_8', b: LEVELS, a: LEVELS } },
    { topic: 'trade', params: { symbol: 'A' }, data: { v: '228', t: TIME, p: '1678.54', q: '1.4', m: true } },
    { topic: 'tickers.A', ts: TIME, type: 'snapshot', cs: 2, data: { symbol: 'A', lastPrice: '1.5' } },
    { success: true, ret_msg: 'subscribe', conn_id: 'c', req_id: '7-0', op: 'subscribe' },
  ],
  deribit: [
    notification('book.A-PERPETUAL.raw', {
      type: 'change',
      timestamp: TIME,
      prev_change_id: 5,
      instrument_name: 'A-PERPETUAL',
      change_id: 9,
      bids: [
        ['new', 100.5, 20],
        ['delete', 99.5, 0],
      ],
      asks: [['change', 101, 30.5]],
    }),
    notification('trades.A-PERPETUAL.raw', [
      {
        trade_seq: 4,
        trade_id: '403691824',
        timestamp: TIME,
        price: 92294.5,
        amount: 10,
        direction: 'sell',
        instrument_name: 'A-PERPETUAL',
        liquidation: 'MT',
      },
    ]),
    notification('quote.A-PERPETUAL', {
      timestamp: TIME,
      instrument_name: 'A-PERPETUAL',
      best_bid_price: 1.5,
      best_bid_amount: 20,
      best_ask_price: null,
      best_ask_amount: 0,
    }),
    notification('ticker.A-PERPETUAL.100ms', {
      timestamp: TIME,
      instrument_name: 'A-PERPETUAL',
      last_price: 1.5,
      mark_price: 1.25,
      index_price: 1.5e-7,
      current_funding: -8.477e-5,
      open_interest: 3,
    }),
    notification('chart.trades.A-PERPETUAL.1', {
      tick: TIME,
      open: 1,
      high: 2,
      low: 1,
      close: 1.5,
      volume: 0.1,
      cost: 10,
    }),
    notification('platform_state', { maintenance: true }),
    notification('platform_state', { price_index: 'btc_usd', locked: true }),
    notification('instrument.state.future.A', { timestamp: TIME, instrument_name: 'A-PERPETUAL', state: 'started' }),
    { jsonrpc: '2.0', method: 'heartbeat', params: { type: 'test_request' } },
    { jsonrpc: '2.0', id: '7-0-subscribe-1.abc', result: ['book.A-PERPETUAL.raw'], usIn: 1, usOut: 2 },
    { jsonrpc: '2.0', id: '7-0', error: { code: 10028, message: 'too_many_requests', data: { reason: 'x' } } },
  ],
};

const damage = fc.oneof(
  fc.record({ kind: fc.constant('cut' as const), at: fc.nat() }),
  fc.record({ kind: fc.constant('flip' as const), at: fc.nat(), bit: fc.nat({ max: 7 }) }),
  fc.record({ kind: fc.constant('splice' as const), at: fc.nat(), bytes: fc.uint8Array({ maxLength: 6 }) }),
);

function damaged(frame: Buffer, damages: readonly (typeof damage extends fc.Arbitrary<infer D> ? D : never)[]): Buffer {
  let bytes = Buffer.from(frame);
  for (const each of damages) {
    if (bytes.length === 0) return bytes;
    const at = each.at % bytes.length;
    if (each.kind === 'cut') bytes = bytes.subarray(0, at);
    else if (each.kind === 'flip') bytes[at] = (bytes[at] ?? 0) ^ (1 << each.bit);
    else bytes = Buffer.concat([bytes.subarray(0, at), each.bytes, bytes.subarray(at)]);
  }
  return bytes;
}

/** Any JSON value in the place of any value of the frame. */
function replaced(value: unknown, place: number, by: unknown): unknown {
  let left = place;
  const walk = (node: unknown): unknown => {
    if (left === 0) {
      left = -1;
      return by;
    }
    left -= 1;
    if (Array.isArray(node)) return node.map(walk);
    if (typeof node === 'object' && node !== null) {
      return Object.fromEntries(Object.entries(node).map(([key, child]) => [key, walk(child)]));
    }
    return node;
  };
  return walk(value);
}

/** Decodes; true if it said something or nothing, false if it refused. Anything else is thrown on. */
function survives(venue: VenueId, frame: Buffer): boolean {
  try {
    venues[venue].marketData.createDecoder()(frame, () => undefined);
    return true;
  } catch (error) {
    if (error instanceof MillraceError && error.code === 'FRAME_INVALID' && error.class === 'validation') return false;
    throw error;
  }
}

describe.each(VENUES)('%s decoder', (venue) => {
  const frames = FRAMES[venue].map((frame) => Buffer.from(JSON.stringify(frame)));

  test('reads each of the whole frames, and refuses each that is cut', () => {
    for (const frame of frames) {
      expect(survives(venue, frame)).toBe(true);
      for (let length = 0; length < frame.length; length += 1) {
        expect(survives(venue, frame.subarray(0, length))).toBe(false);
      }
    }
  });

  test('says something or refuses with FRAME_INVALID, whatever the bytes are', () => {
    fc.assert(
      fc.property(fc.constantFrom(...frames), fc.array(damage, { minLength: 1, maxLength: 4 }), (frame, damages) => {
        survives(venue, damaged(frame, damages));
      }),
      { numRuns: 1_000 },
    );
    fc.assert(fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => void survives(venue, Buffer.from(bytes))));
  });

  test('says something or refuses with FRAME_INVALID, whatever JSON stands in any place', () => {
    fc.assert(
      fc.property(fc.constantFrom(...FRAMES[venue]), fc.nat({ max: 30 }), fc.jsonValue(), (frame, place, value) => {
        survives(venue, Buffer.from(JSON.stringify(replaced(frame, place, value)) ?? ''));
      }),
      { numRuns: 1_000 },
    );
  });
});
