import fc from 'fast-check';
import { decimal, type Fields, levels, symbol, time, whole, withExtras } from './plain-fields.ts';

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

export const binanceFrame = fc
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
export const binanceSpotFrame = fc
  .tuple(binanceSpotEvents, fc.constantFrom('@depth', '@depth@100ms', '@depth', '@depth20', '@bookTicker'))
  .map(([data, name]): Fields => ({ stream: `btcusdt${name}`, data }));
