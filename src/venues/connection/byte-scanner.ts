import { powerOfTen } from '#core/market/scaled-decimal.ts';
import type { ScannedLevels } from '#core/market/scanned-message.ts';

/**
 * Reading of JSON from bytes for frames whose shape is known. Every reader takes where it begins and where the frame ends, and gives the place after what it
 * read, or -1 (`NOT_READ`) for anything but the plain form that venues write: then the frame is the parser's. No reader looks past `end`, and each either moves on or gives up.
 */

/** The frame does not have the plain form here. */
export const NOT_READ = -1;

const QUOTE = 34;
const COMMA = 44;
const POINT = 46;
const ZERO = 48;
const COLON = 58;
const BRACKET = 91;
const BACKSLASH = 92;
const BRACKET_END = 93;
const DELETE = 127;
/** Digits that an int32 always holds: they are added up without a double. */
const SMALL_DIGITS = 9;
/** Digits of 2^53. */
const MAX_DIGITS = 16;
const MAX_KEY = 4;
/** As in the parsed form: the last instant that a JavaScript date can hold, ms. */
const LAST_EPOCH_MS = 8.64e15;
const POWERS = Float64Array.from({ length: 16 }, (_, exponent) => powerOfTen(exponent));
const INITIAL_LEVELS = 256;
/** Letters that `asciiText` reads at a time. */
const STRIDE = 8;

/** Levels of one side, read into arrays that are used again and grow as needed. */
export class LevelArrays implements ScannedLevels {
  prices = new Float64Array(INITIAL_LEVELS);
  sizes = new Float64Array(INITIAL_LEVELS);
  count = 0;

  grow(): void {
    const prices = new Float64Array(this.prices.length * 2);
    prices.set(this.prices);
    this.prices = prices;
    const sizes = new Float64Array(this.sizes.length * 2);
    sizes.set(this.sizes);
    this.sizes = sizes;
  }
}

/** The bytes of a literal, for `matches`. */
export function literal(text: string): Uint8Array {
  return Uint8Array.from(Buffer.from(text));
}

/** A key of up to four letters as the number that `ByteScanner.key` gives. */
export function keyCode(text: string): number {
  return [...Buffer.from(text)].reduce((code, byte) => (code << 8) | byte, 0);
}

export class ByteScanner {
  /** The number, or the key's code, that was read last. */
  value = 0;
  /** Where the text that was read last begins and ends, its quotes not counted. */
  from = 0;
  to = 0;

  /** The place after `expected`, if it stands at `at`. */
  matches(bytes: Uint8Array, at: number, end: number, expected: Uint8Array): number {
    const { length } = expected;
    if (at + length > end) return NOT_READ;
    for (let index = 0; index < length; index += 1) if (bytes[at + index] !== expected[index]) return NOT_READ;
    return at + length;
  }

  /** `"key":` of one to four plain characters. */
  key(bytes: Uint8Array, at: number, end: number): number {
    if (at >= end || bytes[at] !== QUOTE) return NOT_READ;
    let code = 0;
    let next = at + 1;
    for (; next < end; next += 1) {
      const byte = bytes[next] as number;
      if (byte === QUOTE) break;
      if (!isPlain(byte) || next - at > MAX_KEY) return NOT_READ;
      code = (code << 8) | byte;
    }
    if (next + 1 >= end || bytes[next + 1] !== COLON) return NOT_READ;
    this.value = code;
    return next + 2;
  }

  /** A whole number from 0 to 2^53 - 1. */
  count(bytes: Uint8Array, at: number, end: number): number {
    const small = Math.min(end, at + SMALL_DIGITS);
    let next = at;
    let value = 0;
    for (; next < small; next += 1) {
      const digit = (bytes[next] as number) - ZERO;
      if (digit >>> 0 > 9) break;
      value = (Math.imul(value, 10) + digit) | 0;
    }
    if (next === small) {
      const last = Math.min(end, at + MAX_DIGITS + 1);
      for (; next < last; next += 1) {
        const digit = (bytes[next] as number) - ZERO;
        if (digit >>> 0 > 9) break;
        value = value * 10 + digit;
      }
    }
    const digits = next - at;
    if (digits === 0 || digits > MAX_DIGITS || value > Number.MAX_SAFE_INTEGER) return NOT_READ;
    if (digits > 1 && bytes[at] === ZERO) return NOT_READ;
    this.value = value;
    return next;
  }

  /** Milliseconds since the epoch. */
  time(bytes: Uint8Array, at: number, end: number): number {
    const next = this.count(bytes, at, end);
    return this.value > 0 && this.value <= LAST_EPOCH_MS ? next : NOT_READ;
  }

  /** `"text"` of plain characters: no escapes, nothing beyond ASCII. Its place is in `from` and `to`. */
  text(bytes: Uint8Array, at: number, end: number): number {
    if (at >= end || bytes[at] !== QUOTE) return NOT_READ;
    const next = this.plainEnd(bytes, at + 1, end);
    if (next < 0) return NOT_READ;
    this.from = at + 1;
    this.to = next;
    return next + 1;
  }

  /** Where the closing quote stands, with nothing but plain characters before it. */
  plainEnd(bytes: Uint8Array, at: number, end: number): number {
    for (let next = at; next < end; next += 1) {
      const byte = bytes[next] as number;
      if (byte === QUOTE) return next;
      if (!isPlain(byte)) return NOT_READ;
    }
    return NOT_READ;
  }

  /** `"12.340"`: plain decimal text, not negative, whole at `scale` decimals and below 2^53; `value` is the integer at that scale. */
  decimal(bytes: Uint8Array, at: number, end: number, scale: number): number {
    return at < end && bytes[at] === QUOTE ? this.#decimal(bytes, at + 1, end, scale) : NOT_READ;
  }

  /** `[["price","size"],…]`; prices above zero. */
  levels(bytes: Uint8Array, at: number, end: number, into: LevelArrays, priceScale: number, sizeScale: number): number {
    into.count = 0;
    if (at + 1 >= end || bytes[at] !== BRACKET) return NOT_READ;
    if (bytes[at + 1] === BRACKET_END) return at + 2;
    let next = at + 1;
    for (;;) {
      if (next + 2 >= end || bytes[next] !== BRACKET || bytes[next + 1] !== QUOTE) return NOT_READ;
      next = this.#decimal(bytes, next + 2, end, priceScale);
      const price = this.value;
      if (next < 0 || price === 0) return NOT_READ;
      if (next + 2 >= end || bytes[next] !== COMMA || bytes[next + 1] !== QUOTE) return NOT_READ;
      next = this.#decimal(bytes, next + 2, end, sizeScale);
      if (next < 0 || next + 1 >= end || bytes[next] !== BRACKET_END) return NOT_READ;
      if (into.count === into.prices.length) into.grow();
      into.prices[into.count] = price;
      into.sizes[into.count] = this.value;
      into.count += 1;
      const separator = bytes[next + 1];
      next += 2;
      if (separator === BRACKET_END) return next;
      if (separator !== COMMA) return NOT_READ;
    }
  }

  /** From the first digit on to after the closing quote. Zeros beyond the scale say nothing; another digit there is not for us. */
  #decimal(bytes: Uint8Array, at: number, end: number, scale: number): number {
    let next = at;
    let value = 0;
    let left = scale;
    for (; next < end; next += 1) {
      const digit = (bytes[next] as number) - ZERO;
      if (digit >>> 0 > 9) break;
      value = value * 10 + digit;
    }
    if (next === at || next >= end) return NOT_READ;
    if (bytes[next] === POINT) {
      const point = next;
      next += 1;
      for (; next < end && left > 0; next += 1) {
        const digit = (bytes[next] as number) - ZERO;
        if (digit >>> 0 > 9) break;
        value = value * 10 + digit;
        left -= 1;
      }
      while (next < end && bytes[next] === ZERO) next += 1;
      if (next === point + 1) return NOT_READ;
    }
    if (next >= end || bytes[next] !== QUOTE) return NOT_READ;
    if (left > 0) value *= POWERS[left] as number;
    if (value > Number.MAX_SAFE_INTEGER) return NOT_READ;
    this.value = value;
    return next + 1;
  }
}

/** The text of plain characters. */
export function asciiText(bytes: Uint8Array, from: number, to: number): string {
  let text = '';
  let at = from;
  // Several at a time: each piece is a text of its own before it is joined.
  for (; at + STRIDE <= to; at += STRIDE) {
    text += String.fromCharCode(
      bytes[at] as number,
      bytes[at + 1] as number,
      bytes[at + 2] as number,
      bytes[at + 3] as number,
      bytes[at + 4] as number,
      bytes[at + 5] as number,
      bytes[at + 6] as number,
      bytes[at + 7] as number,
    );
  }
  for (; at < to; at += 1) text += String.fromCharCode(bytes[at] as number);
  return text;
}

/** Printable ASCII but for space, quote (which ends a text before this is asked) and backslash. */
function isPlain(byte: number): boolean {
  return byte > 32 && byte < DELETE && byte !== BACKSLASH;
}
