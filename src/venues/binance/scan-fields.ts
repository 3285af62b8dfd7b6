import { type ByteScanner, keyCode, literal, NOT_READ } from '../connection/byte-scanner.ts';

const BRACE_END = 125;
const AT = 64;
const USD_MARGINED = 1;
const DIFF = literal('@depth');

/** Keys of an event; letters mean different things in different events. */
export const KEY = {
  E: keyCode('E'),
  T: keyCode('T'),
  s: keyCode('s'),
  U: keyCode('U'),
  u: keyCode('u'),
  pu: keyCode('pu'),
  b: keyCode('b'),
  B: keyCode('B'),
  a: keyCode('a'),
  A: keyCode('A'),
  t: keyCode('t'),
  p: keyCode('p'),
  q: keyCode('q'),
  nq: keyCode('nq'),
  f: keyCode('f'),
  l: keyCode('l'),
  m: keyCode('m'),
  M: keyCode('M'),
  X: keyCode('X'),
  st: keyCode('st'),
  ps: keyCode('ps'),
} as const;

/** One bit for each field: an event must have each of its required ones exactly once, and may have each of its optional ones once. */
export const FIELD = {
  E: 1,
  T: 1 << 1,
  s: 1 << 2,
  U: 1 << 3,
  u: 1 << 4,
  pu: 1 << 5,
  b: 1 << 6,
  B: 1 << 7,
  a: 1 << 8,
  A: 1 << 9,
  t: 1 << 10,
  p: 1 << 11,
  q: 1 << 12,
  nq: 1 << 13,
  f: 1 << 14,
  l: 1 << 15,
  m: 1 << 16,
  M: 1 << 17,
  X: 1 << 18,
  st: 1 << 19,
  ps: 1 << 20,
} as const;

/** Which fields an event has on one market. */
export interface EventFields {
  readonly required: number;
  readonly optional: number;
}

/** Whether what was seen is the event, whole. */
export function isWhole(seen: number, { required, optional }: EventFields): boolean {
  return (seen & required) === required && (seen & ~(required | optional)) === 0;
}

/** The event and its envelope end here, and so does the frame. */
export function isLast(bytes: Uint8Array, at: number, end: number): boolean {
  return at + 2 === end && bytes[at] === BRACE_END && bytes[at + 1] === BRACE_END;
}

/** `st`: 2 is coin-margined, which the parser leaves out. */
export function usdMargined(scanner: ByteScanner, bytes: Uint8Array, at: number, end: number): number {
  const next = scanner.count(bytes, at, end);
  return scanner.value === USD_MARGINED ? next : NOT_READ;
}

/** `btcusdt@depth`, `btcusdt@depth@100ms`, but neither `btcusdt@depth20` nor `btcusdt@rpiDepth`; the name stands from `from` to `to`. */
export function isDiffStreamAt(scanner: ByteScanner, bytes: Uint8Array, from: number, to: number): boolean {
  const name = bytes.indexOf(AT, from);
  if (name <= from || name >= to) return false;
  const at = scanner.matches(bytes, name, to, DIFF);
  return at === to || (at > 0 && bytes[at] === AT);
}
