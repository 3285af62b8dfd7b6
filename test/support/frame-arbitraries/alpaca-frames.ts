import fc from 'fast-check';
import { common, type Fields, symbol, time, whole } from './plain-fields.ts';

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
export const alpacaFrame = fc.array(alpacaMessage, { minLength: 1, maxLength: 4 });
