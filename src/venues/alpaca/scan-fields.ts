import { DAY_MS } from '#core/calendar/civil-date.ts';
import { NOT_READ } from '../connection/byte-scanner.ts';
import { daysOfMonth, daysSinceEpoch } from './timestamps.ts';

const QUOTE = 34;
const COMMA = 44;
const DASH = 45;
const POINT = 46;
const ZERO = 48;
const COLON = 58;
const BRACKET = 91;
const BACKSLASH = 92;
const BRACKET_END = 93;
const LETTER_T = 84;
const LETTER_Z = 90;
const DELETE = 127;
/** `"YYYY-MM-DDTHH:MM:SS` with its opening quote. */
const SECONDS_LENGTH = 20;
const MAX_DECIMALS = 9;

/** Reads the fields that only this venue's frames have. */
export class AlpacaFieldScanner {
  /** The time that was read last, epoch ms. */
  time = 0;
  /** The day whose midnight is known: quotes of a day need it again and again. */
  #day = -1;
  #midnight = 0;

  /** `"2021-02-22T15:51:45.335689322Z"`: UTC, up to nine decimals, the millisecond that it lies in. Seconds above 59 are the parser's. */
  timestamp(bytes: Uint8Array, at: number, end: number): number {
    if (at + SECONDS_LENGTH + 1 >= end || bytes[at] !== QUOTE) return NOT_READ;
    const year = digits(bytes, at + 1, 4);
    const month = digits(bytes, at + 6, 2);
    const day = digits(bytes, at + 9, 2);
    const hour = digits(bytes, at + 12, 2);
    const minute = digits(bytes, at + 15, 2);
    const second = digits(bytes, at + 18, 2);
    if (year < 1970 || month < 1 || month > 12 || day < 1 || hour < 0 || minute < 0 || second < 0) return NOT_READ;
    if (hour > 23 || minute > 59 || second > 59 || day > daysOfMonth(year, month)) return NOT_READ;
    if (bytes[at + 5] !== DASH || bytes[at + 8] !== DASH || bytes[at + 11] !== LETTER_T) return NOT_READ;
    if (bytes[at + 14] !== COLON || bytes[at + 17] !== COLON) return NOT_READ;
    let next = at + SECONDS_LENGTH;
    let milliseconds = 0;
    if (bytes[next] === POINT) {
      const first = next + 1;
      for (next = first; next < end && next - first < MAX_DECIMALS; next += 1) {
        const digit = (bytes[next] as number) - ZERO;
        if (digit >>> 0 > 9) break;
        if (next - first < 3) milliseconds = milliseconds * 10 + digit;
      }
      if (next === first) return NOT_READ;
      for (let decimals = next - first; decimals < 3; decimals += 1) milliseconds *= 10;
    }
    if (next + 1 >= end || bytes[next] !== LETTER_Z || bytes[next + 1] !== QUOTE) return NOT_READ;
    const key = (year * 13 + month) * 32 + day;
    if (key !== this.#day) {
      this.#day = key;
      this.#midnight = daysSinceEpoch(year, month, day) * DAY_MS;
    }
    this.time = this.#midnight + (hour * 3_600 + minute * 60 + second) * 1_000 + milliseconds;
    return this.time > 0 ? next + 2 : NOT_READ;
  }

  /** `["@"," "]`: a list of plain texts, spaces in them allowed; what they say is not asked. */
  texts(bytes: Uint8Array, at: number, end: number): number {
    if (at + 1 >= end || bytes[at] !== BRACKET) return NOT_READ;
    if (bytes[at + 1] === BRACKET_END) return at + 2;
    let next = at + 1;
    for (;;) {
      next = this.text(bytes, next, end);
      if (next < 0 || next >= end) return NOT_READ;
      if (bytes[next] === BRACKET_END) return next + 1;
      if (bytes[next] !== COMMA) return NOT_READ;
      next += 1;
    }
  }

  /** `"N"`: a plain text, spaces in it allowed. */
  text(bytes: Uint8Array, at: number, end: number): number {
    if (at >= end || bytes[at] !== QUOTE) return NOT_READ;
    for (let next = at + 1; next < end; next += 1) {
      const byte = bytes[next] as number;
      if (byte === QUOTE) return next + 1;
      if (byte < 32 || byte >= DELETE || byte === BACKSLASH) return NOT_READ;
    }
    return NOT_READ;
  }
}

/** So many digits as a number, or -1. The caller has seen that they lie before the end. */
function digits(bytes: Uint8Array, at: number, count: number): number {
  let value = 0;
  for (let index = at; index < at + count; index += 1) {
    const digit = (bytes[index] as number) - ZERO;
    if (digit >>> 0 > 9) return -1;
    value = value * 10 + digit;
  }
  return value;
}
