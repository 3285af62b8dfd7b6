import fc from 'fast-check';
import { decimal, type Fields, id, level, levels, symbol, time, whole } from './plain-fields.ts';

export const bybitBook = fc
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

export const bybitTrades = fc
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
export const bybitSpotTrades = fc
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
