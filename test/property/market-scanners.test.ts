import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { VENUES, type VenueId } from '#core/market/instrument.ts';
import { AlpacaScanner } from '#venues/alpaca/market-scanner.ts';
import { QuoteMemory } from '#venues/alpaca/quote-memory.ts';
import { BinanceSpotScanner } from '#venues/binance-spot/market-scanner.ts';
import { BinanceUsdmScanner } from '#venues/binance-usdm/market-scanner.ts';
import { BookMemory } from '#venues/bybit/book-memory.ts';
import { BybitScanner } from '#venues/bybit/market-scanner.ts';
import { venues } from '#venues/venues.ts';
import { createSpeaker, scaledInstrument } from '../support/scanned-text.ts';

const TIME = 1_723_161_256_298;
const SCALES = { priceScale: 2, sizeScale: 3 };
const INSTRUMENTS = new Map(
  ['BTCUSDT', 'ETHUSDT', '1000PEPEUSDT', '币安人生USDT', 'BTC"\\'].map((name) => [
    name,
    scaledInstrument(name, name === 'ETHUSDT' ? { priceScale: 3, sizeScale: 4 } : SCALES),
  ]),
);

const symbol = fc.oneof(
  { weight: 15, arbitrary: fc.constantFrom('BTCUSDT', 'ETHUSDT', '1000PEPEUSDT') },
  { weight: 1, arbitrary: fc.constantFrom('XRPUSDT', '币安人生USDT', 'BTC"\\') },
);
const common = fc
  .tuple(fc.integer({ min: 1, max: 10_000_000 }), fc.integer({ min: 2, max: 4 }))
  .map(([value, decimals]) => (value / 100).toFixed(decimals));
const strange = fc.constantFrom(
  '0',
  '0.00',
  '1.',
  '.5',
  '',
  '-1',
  '1e3',
  '007.10',
  '0.0010000',
  '61800.301',
  '1.2.3',
  ' 1',
  '1 ',
  '١',
  'NaN',
  '9007199254740991',
  '9007199254740992',
  '90071992547409.91',
  '90071992547409.92',
  '99999999999999999999999999',
  `${'0'.repeat(400)}1`,
  `1${'0'.repeat(400)}`,
);
const decimal = fc.oneof({ weight: 200, arbitrary: common }, { weight: 1, arbitrary: strange });
const whole = fc.oneof(
  { weight: 150, arbitrary: fc.nat() },
  { weight: 10, arbitrary: fc.maxSafeNat() },
  { weight: 1, arbitrary: fc.constantFrom(2 ** 53, 1e21, 1.5, -1, 0, 8.64e15, 8.64e15 + 1) },
);
const time = fc.oneof(
  { weight: 100, arbitrary: fc.integer({ min: TIME, max: TIME + 1e9 }) },
  { weight: 1, arbitrary: whole },
);
const level = fc.tuple(decimal, decimal);
const levels = fc.array(level, { maxLength: 5 });
const id = fc.oneof(
  { weight: 20, arbitrary: fc.uuid() },
  { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 8 }) },
);

type Fields = Record<string, unknown>;

/** The newer fields that the venue documents, at some place of the event. */
function withExtras(event: Fields, extras: readonly (readonly [number, string, unknown])[]): Fields {
  const entries = Object.entries(event);
  for (const [place, key, value] of extras) entries.splice(1 + (place % entries.length), 0, [key, value]);
  return Object.fromEntries(entries);
}

const extras = fc.oneof(
  { weight: 3, arbitrary: fc.constant([]) },
  {
    weight: 3,
    arbitrary: fc.tuple(
      fc.tuple(fc.nat({ max: 9 }), fc.constant('st'), fc.constant(1)),
      fc.tuple(fc.nat({ max: 9 }), fc.constant('ps'), fc.constant('BTCUSDT')),
    ),
  },
  {
    weight: 1,
    arbitrary: fc.array(
      fc.tuple(
        fc.nat({ max: 9 }),
        fc.constantFrom('st', 'ps', 'nq', 'zz'),
        fc.constantFrom<unknown>(1, 2, 3, 'BTCUSDT', null),
      ),
      { maxLength: 2 },
    ),
  },
);

const binanceEvents = fc.oneof(
  fc.record({ E: time, T: time, s: symbol, U: whole, u: whole, pu: whole, b: levels, a: levels }).map((fields) => {
    const { U, u } = fields;
    return { kind: 'depth', data: { e: 'depthUpdate', ...fields, U: Math.min(U, u), u: Math.max(U, u) } };
  }),
  fc
    .record({ u: whole, s: symbol, b: decimal, B: decimal, a: decimal, A: decimal, T: time, E: time })
    .map((fields) => ({ kind: 'bookTicker', data: { e: 'bookTicker', ...fields } })),
  fc
    .record({ E: time, a: whole, s: symbol, p: decimal, q: decimal, f: whole, l: whole, T: time, m: fc.boolean() })
    .map((fields) => ({ kind: 'aggTrade', data: { e: 'aggTrade', ...fields } })),
  fc
    .record({
      E: time,
      T: time,
      s: symbol,
      t: whole,
      p: decimal,
      q: decimal,
      X: fc.constantFrom('MARKET', 'MARKET', 'MARKET', 'ADL', 'INSURANCE_FUND', 'NA'),
      m: fc.boolean(),
    })
    .map((fields) => ({ kind: 'trade', data: { e: 'trade', ...fields } })),
);

const binanceFrame = fc
  .tuple(
    binanceEvents,
    extras,
    fc.oneof(
      { weight: 10, arbitrary: fc.constantFrom('', '@100ms') },
      { weight: 1, arbitrary: fc.constantFrom('20', '20@100ms', '\\', '@depth', 'é') },
    ),
    fc.boolean(),
  )
  .map(([{ kind, data }, added, suffix, bare]) => {
    const event = withExtras(data, added);
    return bare && suffix === '20' ? event : { stream: `btcusdt@${kind}${suffix}`, data: event };
  });

/** Spot: no `T` and no `pu` in books, quotes without a name, `M` in trades. */
const binanceSpotEvents = fc.oneof(
  fc.record({ E: time, s: symbol, U: whole, u: whole, b: levels, a: levels }).map((fields): Fields => {
    const { U, u } = fields;
    return { e: 'depthUpdate', ...fields, U: Math.min(U, u), u: Math.max(U, u) };
  }),
  fc.record(
    { u: whole, s: symbol, b: decimal, B: decimal, a: decimal, A: decimal, T: time, E: time },
    { requiredKeys: ['u', 's', 'b', 'B', 'a', 'A'] },
  ),
  fc
    .record(
      {
        E: time,
        s: symbol,
        t: whole,
        p: decimal,
        q: decimal,
        b: whole,
        a: whole,
        T: time,
        m: fc.boolean(),
        M: fc.constantFrom<unknown>(true, true, true, false, 'yes'),
      },
      { requiredKeys: ['E', 's', 't', 'p', 'q', 'T', 'm'] },
    )
    .map((fields): Fields => ({ e: 'trade', ...fields })),
  fc
    .record({ E: time, s: symbol, a: whole, p: decimal, q: decimal, f: whole, l: whole, T: time, m: fc.boolean() })
    .map((fields): Fields => ({ e: 'aggTrade', ...fields, M: true })),
);
const binanceSpotFrame = fc
  .tuple(binanceSpotEvents, fc.constantFrom('@depth', '@depth@100ms', '@depth', '@depth20', '@bookTicker'))
  .map(([data, name]): Fields => ({ stream: `btcusdt${name}`, data }));

const bybitBook = fc
  .record({
    depth: fc.oneof(
      { weight: 20, arbitrary: fc.constantFrom('50', '50', '1') },
      { weight: 1, arbitrary: fc.constantFrom('200', 'rpi', '05', '1e1', '0', '') },
    ),
    type: fc.oneof(
      { weight: 20, arbitrary: fc.constantFrom('delta', 'snapshot') },
      { weight: 1, arbitrary: fc.constant('other') },
    ),
    ts: time,
    cts: fc.option(time, { nil: undefined }),
    data: fc.record({ s: symbol, b: levels, a: levels, u: fc.oneof(fc.nat({ max: 4 }), whole), seq: whole }),
    levelOne: fc.boolean(),
    pair: fc.tuple(level, level),
    order: fc.nat({ max: 3 }),
  })
  .map(({ depth, type, ts, cts, data, levelOne, pair: [bid, ask], order }): Fields => {
    const topic = `orderbook.${depth}.${data.s}`;
    const body = levelOne && depth === '1' ? { ...data, b: [bid], a: [ask] } : data;
    // Deep linear books have `type` first; spot and level 1 `ts`.
    if (order === 0) return { topic, ts, type, data: body, ...(cts === undefined ? {} : { cts }) };
    if (order === 1) return { topic, type, ts, ...(cts === undefined ? {} : { cts }), data: body };
    return { topic, type, ts, data: body, ...(cts === undefined ? {} : { cts }) };
  });

const bybitTrades = fc
  .record({
    ts: time,
    rows: fc.array(
      fc.record(
        {
          T: time,
          s: symbol,
          S: fc.oneof(
            { weight: 20, arbitrary: fc.constantFrom('Buy', 'Sell') },
            { weight: 1, arbitrary: fc.constant('None') },
          ),
          v: decimal,
          p: decimal,
          L: fc.constantFrom('PlusTick', 'ZeroMinusTick'),
          i: id,
          BT: fc.boolean(),
          RPI: fc.boolean(),
          seq: whole,
        },
        { requiredKeys: ['T', 's', 'S', 'v', 'p', 'i'] },
      ),
      { maxLength: 4 },
    ),
  })
  .map(({ ts, rows }): Fields => ({ topic: 'publicTrade.BTCUSDT', type: 'snapshot', ts, data: rows }));

/** Spot writes other fields of a trade first, its symbol last. */
const bybitSpotTrades = fc
  .record({
    ts: time,
    rows: fc.array(
      fc.record(
        {
          i: fc.oneof({ weight: 20, arbitrary: fc.maxSafeNat().map(String) }, { weight: 1, arbitrary: id }),
          T: time,
          p: decimal,
          v: decimal,
          S: fc.oneof(
            { weight: 20, arbitrary: fc.constantFrom('Buy', 'Sell') },
            { weight: 1, arbitrary: fc.constant('None') },
          ),
          s: symbol,
          BT: fc.boolean(),
          RPI: fc.boolean(),
          seq: whole,
        },
        { requiredKeys: ['i', 'T', 'p', 'v', 'S', 's'] },
      ),
      { maxLength: 4 },
    ),
  })
  .map(({ ts, rows }): Fields => ({ topic: 'publicTrade.BTCUSDT', ts, type: 'snapshot', data: rows }));

const deribitNumber = fc.oneof(
  { weight: 60, arbitrary: fc.integer({ min: 1, max: 1_000_000_000 }).map((units) => units / 10 ** (units % 3)) },
  { weight: 1, arbitrary: fc.constantFrom(0, -1, 1e21, 1e-7, 0.1234567891234, 2 ** 53, 9007199254740991) },
);
const deribitLevel = fc.tuple(
  fc.oneof(
    { weight: 60, arbitrary: fc.constantFrom('new', 'change', 'delete') },
    { weight: 1, arbitrary: fc.constantFrom('', 'remove', 'new ') },
  ),
  deribitNumber,
  deribitNumber,
);
const deribitLevels = fc.array(deribitLevel, { maxLength: 5 });
const deribitData = fc.oneof(
  fc
    .record({
      type: fc.oneof(
        { weight: 20, arbitrary: fc.constant('change') },
        { weight: 1, arbitrary: fc.constant('snapshot') },
      ),
      timestamp: time,
      prev_change_id: whole,
      instrument_name: symbol,
      change_id: whole,
      bids: deribitLevels,
      asks: deribitLevels,
    })
    .map((data) => ({ kind: 'book', name: data.instrument_name, suffix: '.raw', data })),
  fc
    .record({
      type: fc.constant('snapshot'),
      timestamp: time,
      instrument_name: symbol,
      change_id: whole,
      bids: deribitLevels,
      asks: deribitLevels,
    })
    .map((data) => ({ kind: 'book', name: data.instrument_name, suffix: '.100ms', data })),
  fc
    .record({
      timestamp: time,
      instrument_name: symbol,
      best_bid_price: deribitNumber,
      best_bid_amount: deribitNumber,
      best_ask_price: deribitNumber,
      best_ask_amount: deribitNumber,
    })
    .map((data) => ({ kind: 'quote', name: data.instrument_name, suffix: '', data })),
  fc
    .tuple(
      symbol,
      fc.array(
        fc.record(
          {
            trade_seq: whole,
            trade_id: id,
            timestamp: time,
            tick_direction: fc.nat({ max: 3 }),
            price: deribitNumber,
            mark_price: deribitNumber,
            index_price: deribitNumber,
            direction: fc.oneof(
              { weight: 20, arbitrary: fc.constantFrom('buy', 'sell') },
              { weight: 1, arbitrary: fc.constant('zero') },
            ),
            contracts: deribitNumber,
            amount: deribitNumber,
            liquidation: fc.constantFrom('M', 'T', 'MT'),
          },
          { requiredKeys: ['trade_seq', 'trade_id', 'timestamp', 'price', 'direction', 'amount'] },
        ),
        { minLength: 1, maxLength: 3 },
      ),
      fc.nat({ max: 3 }),
    )
    .map(([name, rows, marked]) => ({
      kind: 'trades',
      name,
      suffix: '.raw',
      data: rows.map(({ liquidation, ...row }) => ({
        ...row,
        instrument_name: name,
        ...(marked === 0 && liquidation !== undefined ? { liquidation } : {}),
      })),
    })),
);
const deribitFrame = fc
  .tuple(
    deribitData,
    fc.oneof(
      { weight: 30, arbitrary: fc.constant('') },
      { weight: 1, arbitrary: fc.constantFrom('.5.1', 'x', '.agg2') },
    ),
  )
  .map(
    ([{ kind, name, suffix, data }, odd]): Fields => ({
      jsonrpc: '2.0',
      method: 'subscription',
      params: { channel: `${kind}.${name}${suffix}${odd}`, data },
    }),
  );

const alpacaNumber = fc.oneof(
  { weight: 100, arbitrary: common.map(Number) },
  { weight: 1, arbitrary: fc.constantFrom(0, 1e-7, 1e21, -1, 0.1, 100, 90071992547409.91, 9007199254740991) },
);
const alpacaTime = fc.oneof(
  {
    weight: 60,
    arbitrary: fc.tuple(time, fc.stringMatching(/^[0-9]{1,9}$/)).map(([ms, decimals]) => {
      const date = new Date(Math.max(1, Math.min(ms, 2e12)));
      return `${date.toISOString().slice(0, 19)}.${decimals}Z`;
    }),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      '2021-02-22T15:51:44Z',
      '2021-02-30T15:51:44Z',
      '2024-02-29T23:59:60.5Z',
      '2022-04-28T14:07:04.451420928-04:00',
      '1969-12-31T23:59:59.999Z',
      '0001-01-01T00:00:00Z',
      '2021-02-22T15:51:44.Z',
      '2021-02-22T15:51:44.1234567890Z',
      '2021-02-22 15:51:44Z',
      '',
    ),
  },
);
const alpacaConditions = fc.array(fc.constantFrom('@', ' ', 'T', 'I', 'R'), { maxLength: 3 });
const alpacaMessage = fc.oneof(
  {
    weight: 20,
    arbitrary: fc
      .record({
        S: symbol,
        bp: alpacaNumber,
        bs: alpacaNumber,
        ap: alpacaNumber,
        as: alpacaNumber,
        c: alpacaConditions,
      })
      .chain((quote) => alpacaTime.map((t): Fields => ({ T: 'q', ...quote, bx: 'V', ax: 'V', t, z: 'C' }))),
  },
  {
    weight: 20,
    arbitrary: fc
      .record({ S: symbol, i: whole, x: fc.constant('D'), p: alpacaNumber, s: alpacaNumber, c: alpacaConditions })
      .chain((trade) => alpacaTime.map((t): Fields => ({ T: 't', ...trade, t, z: 'C' }))),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom<Fields>(
      { T: 'b', S: 'BTCUSDT', o: 1, h: 2, l: 1, c: 2, v: 3, t: '2021-02-22T19:15:00Z' },
      { T: 'x', S: 'BTCUSDT' },
      { T: 'success', msg: 'connected' },
    ),
  },
);
const alpacaFrame = fc.array(alpacaMessage, { minLength: 1, maxLength: 4 });

const FRAMES: Readonly<Record<VenueId, fc.Arbitrary<Fields | readonly Fields[]>>> = {
  alpaca: alpacaFrame,
  deribit: deribitFrame,
  'binance-usdm': binanceFrame,
  'binance-spot': binanceSpotFrame,
  'bybit-linear': fc.oneof({ weight: 3, arbitrary: bybitBook }, { weight: 1, arbitrary: bybitTrades }),
  'bybit-spot': fc.oneof({ weight: 1, arbitrary: bybitBook }, { weight: 1, arbitrary: bybitSpotTrades }),
};

const SNIPPETS = [
  ' ',
  '\n',
  ',',
  '"',
  '\\',
  '}',
  ']',
  '[',
  '{',
  '0',
  '9',
  '.',
  '-',
  'e5',
  '\\u0041',
  'é',
  '\u0000',
  '\ufeff',
  'null',
  ',"st":2',
  ',"s":"ETHUSDT"',
  '"u":1,',
  '99999999999999999',
  '[["1","1"]]',
  'true',
];
const damage = fc.oneof(
  fc.record({ kind: fc.constant('cut' as const), at: fc.nat() }),
  fc.record({ kind: fc.constant('drop' as const), at: fc.nat(), length: fc.integer({ min: 1, max: 4 }) }),
  fc.record({ kind: fc.constant('flip' as const), at: fc.nat(), bit: fc.nat({ max: 7 }) }),
  fc.record({
    kind: fc.constant('put' as const),
    at: fc.nat(),
    text: fc.constantFrom(...SNIPPETS),
    over: fc.nat({ max: 2 }),
  }),
  fc.record({
    kind: fc.constant('digits' as const),
    at: fc.nat(),
    text: fc.stringMatching(/^[0-9]{1,25}(\.[0-9]{0,12})?$/),
  }),
  fc.record({
    kind: fc.constant('again' as const),
    at: fc.nat(),
    text: fc.constantFrom(
      '"s":"ETHUSDT"',
      '"s":"BTCUSDT"',
      '"u":1',
      '"T":5',
      '"st":2',
      '"b":[]',
      '"type":"delta"',
      '"zz":[]',
    ),
  }),
  fc.record({ kind: fc.constant('order' as const), at: fc.nat() }),
  fc.record({ kind: fc.constant('spaces' as const), at: fc.nat() }),
);
type Damage = typeof damage extends fc.Arbitrary<infer D> ? D : never;

function damaged(text: string, { at, ...each }: Damage): Buffer {
  const bytes = Buffer.from(text);
  const place = at % bytes.length;
  const spliced = (from: number, to: number, by: string) =>
    Buffer.concat([bytes.subarray(0, from), Buffer.from(by), bytes.subarray(to)]);
  switch (each.kind) {
    case 'cut':
      // What follows the end is still in memory behind it.
      return bytes.subarray(0, place);
    case 'drop':
      return spliced(place, place + each.length, '');
    case 'flip':
      bytes[place] = (bytes[place] ?? 0) ^ (1 << each.bit);
      return bytes;
    case 'put':
      return spliced(place, place + each.over, each.text);
    case 'digits': {
      const numbers = [...text.matchAll(/\d+(\.\d*)?/g)];
      const chosen = numbers[at % numbers.length];
      return chosen === undefined
        ? bytes
        : Buffer.from(`${text.slice(0, chosen.index)}${each.text}${text.slice(chosen.index + chosen[0].length)}`);
    }
    case 'again': {
      // A key that is there twice: JSON has the last.
      const places = [...text.matchAll(/,(?="\w+":)/g)];
      const { index = 0 } = places[at % places.length] ?? {};
      return spliced(index, index, `,${each.text}`);
    }
    case 'order':
      return Buffer.from(JSON.stringify(turned(JSON.parse(text), at)));
    case 'spaces':
      return Buffer.from(JSON.stringify(JSON.parse(text), null, at % 3));
  }
}

/** The same value with the keys of its objects in another order. */
function turned(value: unknown, by: number): unknown {
  if (Array.isArray(value)) return value.map((each) => turned(each, by));
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).map(([key, each]): [string, unknown] => [key, turned(each, by)]);
  const at = by % Math.max(1, entries.length);
  return Object.fromEntries([...entries.slice(at), ...entries.slice(0, at)]);
}

describe.each(VENUES)('%s scanner', (venue) => {
  const { marketData } = venues[venue];

  /** Both ways of reading the same frames say the same of each. Returns how many were scanned. */
  function requireSame(frames: readonly Buffer[]): number {
    const parser = createSpeaker(marketData, null);
    const scanner = createSpeaker(marketData, INSTRUMENTS);
    let scanned = 0;
    for (const frame of frames) {
      const { messages, refusal } = parser(frame);
      const said = scanner(frame);
      if (said.scanned) scanned += 1;
      expect({ frame: frame.toString(), messages: said.messages, refusal: said.refusal }).toEqual({
        frame: frame.toString(),
        messages,
        refusal,
      });
    }
    return scanned;
  }

  test('says of every frame what the parser says, and reads most of them without it', () => {
    let frames = 0;
    let scanned = 0;
    fc.assert(
      fc.property(fc.array(FRAMES[venue], { minLength: 1, maxLength: 8 }), (values) => {
        frames += values.length;
        scanned += requireSame(values.map((value) => Buffer.from(JSON.stringify(value))));
      }),
      { numRuns: 600 },
    );
    expect(scanned / frames).toBeGreaterThan(0.5);
  });

  test('says what the parser says of frames cut, flipped, reordered, spaced out or with other numbers and bytes in them', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(FRAMES[venue], fc.option(damage)), { minLength: 1, maxLength: 6 }), (values) => {
        requireSame(
          values.map(([value, harm]) => {
            const text = JSON.stringify(value);
            return harm === null ? Buffer.from(text) : damaged(text, harm);
          }),
        );
      }),
      { numRuns: 1_500 },
    );
  });

  test('reads no byte behind the end of a frame, wherever it is cut', () => {
    const target = { instruments: INSTRUMENTS, emit: () => undefined };
    const scanner = scannerOf(venue, target);
    fc.assert(
      fc.property(FRAMES[venue], (value) => {
        const whole = Buffer.from(JSON.stringify(value));
        for (let length = 0; length <= whole.length; length += 1) {
          const isScanned = scanner.scan(watched(whole.subarray(0, length)));
          if (length < whole.length) expect(isScanned).toBe(false);
        }
      }),
      { numRuns: 30 },
    );
  });
});

function scannerOf(venue: VenueId, target: ConstructorParameters<typeof BinanceUsdmScanner>[0]) {
  if (venue === 'alpaca') return new AlpacaScanner(target, new QuoteMemory());
  if (venue === 'binance-usdm') return new BinanceUsdmScanner(target);
  return venue === 'binance-spot' ? new BinanceSpotScanner(target) : new BybitScanner(target, new BookMemory());
}

/** Bytes that throw when a place that they do not have is read. */
function watched(bytes: Buffer): Uint8Array {
  return new Proxy(bytes, {
    get(target, property) {
      if (typeof property === 'string' && /^-?\d+$/.test(property) && Number(property) >= target.length) {
        throw new Error(`read place ${property} of ${target.length}`);
      }
      const value: unknown = Reflect.get(target, property, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}
