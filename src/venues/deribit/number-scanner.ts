import { powerOfTen } from '#core/market/scaled-decimal.ts';
import { NOT_READ } from '../connection/byte-scanner.ts';

/**
 * Reading of bare JSON numbers and of keys of any length from bytes, under the rules of `connection/byte-scanner.ts`: where it begins and where the frame ends
 * go in, the place after comes out, or -1 for anything but the plain form; nothing past `end` is looked at.
 */

const QUOTE = 34;
const MINUS = 45;
const POINT = 46;
const ZERO = 48;
const COLON = 58;
const BACKSLASH = 92;
const DELETE = 127;
const UPPER_E = 69;
const LOWER_E = 101;
const PLUS = 43;
const MAX_KEY = 32;
const POWERS = Float64Array.from({ length: 16 }, (_, exponent) => powerOfTen(exponent));

/** The bytes of a key, and the hash under which `NumberScanner.key` gives it. */
export interface ScanKey {
  readonly bytes: Uint8Array;
  readonly hash: number;
}

export function scanKey(name: string): ScanKey {
  const bytes = Uint8Array.from(Buffer.from(name));
  return { bytes, hash: hashOf(bytes, 0, bytes.length) };
}

export function hashOf(bytes: Uint8Array, from: number, to: number): number {
  let hash = 0;
  for (let at = from; at < to; at += 1) hash = (Math.imul(hash, 31) + (bytes[at] ?? 0)) | 0;
  return hash;
}

export class NumberScanner {
  /** The number that was read last. */
  value = 0;
  /** Hash of the key that was read last, and where it stands. */
  hash = 0;
  from = 0;
  to = 0;

  /** `"key":` of plain characters. */
  key(bytes: Uint8Array, at: number, end: number): number {
    if (at >= end || bytes[at] !== QUOTE) return NOT_READ;
    let hash = 0;
    let next = at + 1;
    const last = Math.min(end, next + MAX_KEY + 1);
    for (; next < last; next += 1) {
      const byte = bytes[next] as number;
      if (byte === QUOTE) break;
      if (byte <= 32 || byte >= DELETE || byte === BACKSLASH) return NOT_READ;
      hash = (Math.imul(hash, 31) + byte) | 0;
    }
    if (next + 1 >= end || bytes[next] !== QUOTE || bytes[next + 1] !== COLON) return NOT_READ;
    this.hash = hash;
    this.from = at + 1;
    this.to = next;
    return next + 2;
  }

  /** Whether the key that was read last is this one: equal hashes may be an accident. */
  isKey(bytes: Uint8Array, key: ScanKey): boolean {
    const { length } = key.bytes;
    if (this.to - this.from !== length) return false;
    for (let index = 0; index < length; index += 1) if (bytes[this.from + index] !== key.bytes[index]) return false;
    return true;
  }

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
