import fc from 'fast-check';

const TIME = 1_723_161_256_298;
export const symbol = fc.oneof(
  { weight: 15, arbitrary: fc.constantFrom('BTCUSDT', 'ETHUSDT', '1000PEPEUSDT') },
  { weight: 1, arbitrary: fc.constantFrom('XRPUSDT', '币安人生USDT', 'BTC"\\') },
);
/** Decimals as a market writes them. */
export const common = fc
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
export const decimal = fc.oneof({ weight: 200, arbitrary: common }, { weight: 1, arbitrary: strange });
export const whole = fc.oneof(
  { weight: 150, arbitrary: fc.nat() },
  { weight: 10, arbitrary: fc.maxSafeNat() },
  { weight: 1, arbitrary: fc.constantFrom(2 ** 53, 1e21, 1.5, -1, 0, 8.64e15, 8.64e15 + 1) },
);
export const time = fc.oneof(
  { weight: 100, arbitrary: fc.integer({ min: TIME, max: TIME + 1e9 }) },
  { weight: 1, arbitrary: whole },
);
export const level = fc.tuple(decimal, decimal);
export const levels = fc.array(level, { maxLength: 5 });
export const id = fc.oneof(
  { weight: 20, arbitrary: fc.uuid() },
  { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 8 }) },
);

export type Fields = Record<string, unknown>;

/** The newer fields that the venue documents, at some place of the event. */
export function withExtras(event: Fields, extras: readonly (readonly [number, string, unknown])[]): Fields {
  const entries = Object.entries(event);
  for (const [place, key, value] of extras) entries.splice(1 + (place % entries.length), 0, [key, value]);
  return Object.fromEntries(entries);
}
