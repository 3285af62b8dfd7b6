import { powerOfTen } from '#core/market/scaled-decimal.ts';
import { NOT_READ } from '../connection/byte-scanner.ts';

/**
 * Reading of bare JSON numbers and of keys of any length from bytes, under the rules of `connection/byte-scanner.ts`: where it begins and where the frame ends
 * go in, the place after comes out, or -1 for anything but the plain form; nothing past `end` is looked at.
 */

const MINUS = 45;
const POINT = 46;
const ZERO = 48;
const UPPER_E = 69;
const LOWER_E = 101;
const PLUS = 43;
const POWERS = Float64Array.from({ length: 16 }, (_, exponent) => powerOfTen(exponent));

/** No key has been read in this object. */
const NO_KEY = -1;

export function hashOf(bytes: Uint8Array, from: number, to: number): number {
  let hash = 0;
  for (let at = from; at < to; at += 1) hash = (Math.imul(hash, 31) + (bytes[at] ?? 0)) | 0;
  return hash;
}

/**
 * The keys that one kind of object may have, in any order. The key that followed the last one when such an object was read before is looked for first: venues
 * write the same order again and again, so most keys are compared once, byte by byte, and none is searched.
 */
export class KeyScanner {
  /** The key that was read last, as its place among the names. */
  id = NO_KEY;
  /** `"name":` of each. */
  readonly #written: readonly Uint8Array[];
  /** What came after each key; the first place is for the beginning of the object. */
  readonly #after: Uint8Array;

  constructor(names: readonly string[]) {
    this.#written = names.map((name) => Uint8Array.from(Buffer.from(`"${name}":`)));
    this.#after = Uint8Array.from({ length: names.length + 1 }, (_, place) => place % names.length);
  }

  /** Before the first key of an object. */
  begin(): void {
    this.id = NO_KEY;
  }

  /** `"key":`, one of the names. */
  next(bytes: Uint8Array, at: number, end: number): number {
    const guess = this.#after[this.id + 1] as number;
    const guessed = matches(bytes, at, end, this.#written[guess] as Uint8Array);
    if (guessed < 0) return this.#find(bytes, at, end);
    this.id = guess;
    return guessed;
  }

  #find(bytes: Uint8Array, at: number, end: number): number {
    for (let id = 0; id < this.#written.length; id += 1) {
      const found = matches(bytes, at, end, this.#written[id] as Uint8Array);
      if (found < 0) continue;
      this.#after[this.id + 1] = id;
      this.id = id;
      return found;
    }
    return NOT_READ;
  }
}

function matches(bytes: Uint8Array, at: number, end: number, expected: Uint8Array): number {
  const { length } = expected;
  if (at + length > end) return NOT_READ;
  for (let index = 0; index < length; index += 1) if (bytes[at + index] !== expected[index]) return NOT_READ;
  return at + length;
}

export class NumberScanner {
  /** The number that was read last. */
  value = 0;

  /** `12.340`: not negative, no exponent, whole at `scale` decimals and below 2^53; `value` is the integer at that scale. */
  decimal(bytes: Uint8Array, at: number, end: number, scale: number): number {
    let next = at;
    let value = 0;
    let left = scale;
    for (; next < end; next += 1) {
      const digit = (bytes[next] as number) - ZERO;
      if (digit >>> 0 > 9) break;
      value = value * 10 + digit;
    }
    const whole = next - at;
    // JSON has no number that begins with a needless zero.
    if (whole === 0 || (whole > 1 && bytes[at] === ZERO)) return NOT_READ;
    if (next < end && bytes[next] === POINT) {
      const point = next;
      next += 1;
      for (; next < end && left > 0; next += 1) {
        const digit = (bytes[next] as number) - ZERO;
        if (digit >>> 0 > 9) break;
        value = value * 10 + digit;
        left -= 1;
      }
      // Zeros beyond the scale say nothing; another digit there is not for us.
      while (next < end && bytes[next] === ZERO) next += 1;
      if (next === point + 1) return NOT_READ;
    }
    if (next >= end || !endsNumber(bytes[next] as number)) return NOT_READ;
    if (left > 0) value *= POWERS[left] as number;
    if (value > Number.MAX_SAFE_INTEGER) return NOT_READ;
    this.value = value;
    return next;
  }

  /** Any JSON number, or null: read over. */
  anyNumber(bytes: Uint8Array, at: number, end: number): number {
    let next = at < end && bytes[at] === MINUS ? at + 1 : at;
    const first = next;
    next = digitsEnd(bytes, next, end);
    if (next === first || (next - first > 1 && bytes[first] === ZERO)) return NOT_READ;
    if (next < end && bytes[next] === POINT) {
      const fraction = next + 1;
      next = digitsEnd(bytes, fraction, end);
      if (next === fraction) return NOT_READ;
    }
    if (next < end && (bytes[next] === LOWER_E || bytes[next] === UPPER_E)) {
      let exponent = next + 1;
      if (exponent < end && (bytes[exponent] === PLUS || bytes[exponent] === MINUS)) exponent += 1;
      next = digitsEnd(bytes, exponent, end);
      // A long exponent is refused by the parser.
      if (next === exponent || next - exponent > 1 + Number(bytes[exponent] === ZERO)) return NOT_READ;
    }
    return next < end && endsNumber(bytes[next] as number) ? next : NOT_READ;
  }
}

function digitsEnd(bytes: Uint8Array, at: number, end: number): number {
  let next = at;
  while (next < end && ((bytes[next] as number) - ZERO) >>> 0 <= 9) next += 1;
  return next;
}

/** What may follow a number in the plain form: comma, bracket or brace. */
function endsNumber(byte: number): boolean {
  return byte === 44 || byte === 93 || byte === 125;
}
