import { powerOfTen } from '#core/market/scaled-decimal.ts';
import { NOT_READ } from './byte-scanner.ts';

const POINT = 46;
const ZERO = 48;
const POWERS = Float64Array.from({ length: 16 }, (_, exponent) => powerOfTen(exponent));

/** Reads decimals that stand as JSON numbers, without quotes: no sign, no exponent. */
export class NumberScanner {
  /** The number that was read last, as an integer at the scale asked for. */
  value = 0;

  /** `12.340`: whole at `scale` decimals and below 2^53, and a number by the grammar of JSON. The place after it, or `NOT_READ`. */
  decimal(bytes: Uint8Array, at: number, end: number, scale: number): number {
    let next = at;
    let value = 0;
    let left = scale;
    for (; next < end; next += 1) {
      const digit = (bytes[next] as number) - ZERO;
      if (digit >>> 0 > 9) break;
      value = value * 10 + digit;
    }
    if (next === at || (next > at + 1 && bytes[at] === ZERO)) return NOT_READ;
    if (next < end && bytes[next] === POINT) {
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
    if (next >= end || isNumberByte(bytes[next] as number)) return NOT_READ;
    if (left > 0) value *= POWERS[left] as number;
    if (value > Number.MAX_SAFE_INTEGER) return NOT_READ;
    this.value = value;
    return next;
  }
}

/** A byte with which the number would go on: digits beyond the scale, an exponent, another point. */
function isNumberByte(byte: number): boolean {
  const digit = byte - ZERO;
  return digit >>> 0 <= 9 || byte === POINT || byte === 69 || byte === 101 || byte === 43 || byte === 45;
}
