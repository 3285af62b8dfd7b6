import fc from 'fast-check';

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
/** One way in which a frame can be harmed. */
export const damage = fc.oneof(
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

/** The frame, harmed. */
export function damaged(text: string, { at, ...each }: Damage): Buffer {
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
