import { MillraceError } from '../errors.ts';

/** A price in units of 10^-priceScale of its instrument; an integer, exact in a double. */
export type Price = number & { readonly __unit: 'price' };

/** A size in units of 10^-sizeScale of its instrument; an integer, exact in a double. Never negative. */
export type Size = number & { readonly __unit: 'size' };

/** Powers of ten that are exact in a double. */
const POWERS: readonly number[] = Array.from({ length: 16 }, (_, exponent) => 10 ** exponent);

/** 10^scale. Scales run from 0 to 15. */
export function powerOfTen(scale: number): number {
  const power = POWERS[scale];
  if (power === undefined) throw new MillraceError('validation', 'SCALE_RANGE', `scale=${scale}`);
  return power;
}

/**
 * Reads plain decimal text (`-12.340`, no exponent) as an integer at `scale` decimals.
 * Throws `DECIMAL_SYNTAX` for anything else, `DECIMAL_PRECISION` if digits other than zero lie beyond the scale,
 * `DECIMAL_RANGE` beyond 2^53 - 1. Nothing is rounded.
 */
export function parseScaled(text: string, scale: number): number {
  const length = text.length;
  let index = 0;
  let negative = false;
  if (text.charCodeAt(0) === 45) {
    negative = true;
    index = 1;
  }
  let value = 0;
  let digits = 0;
  let decimals = -1;
  for (; index < length; index += 1) {
    const code = text.charCodeAt(index);
    if (code >= 48 && code <= 57) {
      digits += 1;
      if (decimals >= 0) {
        if (decimals === scale) {
          if (code !== 48) throw new MillraceError('validation', 'DECIMAL_PRECISION', `text=${text} scale=${scale}`);
          continue;
        }
        decimals += 1;
      }
      value = value * 10 + (code - 48);
      if (value > Number.MAX_SAFE_INTEGER) throw new MillraceError('validation', 'DECIMAL_RANGE', `text=${text}`);
    } else if (code === 46 && decimals < 0 && digits > 0) {
      decimals = 0;
    } else {
      throw notDecimal(text);
    }
  }
  if (digits === 0) throw notDecimal(text);
  value *= powerOfTen(scale - Math.max(decimals, 0));
  if (value > Number.MAX_SAFE_INTEGER) throw new MillraceError('validation', 'DECIMAL_RANGE', `text=${text}`);
  return negative && value !== 0 ? -value : value;
}

/** Writes an integer at `scale` decimals as plain decimal text without trailing zeros: the form of events and ledger. */
export function formatScaled(value: number, scale: number): string {
  if (!Number.isSafeInteger(value)) throw new MillraceError('fatal', 'DECIMAL_RANGE', `value=${value}`);
  if (scale === 0) return String(value);
  const text = String(Math.abs(value)).padStart(scale + 1, '0');
  let end = text.length;
  const point = end - scale;
  while (end > point && text.charCodeAt(end - 1) === 48) end -= 1;
  const whole = text.slice(0, point);
  const unsigned = end > point ? `${whole}.${text.slice(point, end)}` : whole;
  return value < 0 ? `-${unsigned}` : unsigned;
}

/** Plain decimal text without trailing zeros or a needless sign: `0.0500` → `0.05`, `-0` → `0`. Throws `DECIMAL_SYNTAX` if it is not decimal text. */
export function canonicalDecimal(text: string): string {
  const point = decimalPoint(text);
  const signed = text.charCodeAt(0) === 45 ? 1 : 0;
  let start = signed;
  while (start < point - 1 && text.charCodeAt(start) === 48) start += 1;
  let end = text.length;
  if (point < end) {
    while (end > point && text.charCodeAt(end - 1) === 48) end -= 1;
    if (end === point + 1) end = point;
  }
  if (start === signed && end === text.length) return text === '-0' ? '0' : text;
  const unsigned = text.slice(start, end);
  return signed === 1 && unsigned !== '0' ? `-${unsigned}` : unsigned;
}

/** Decimals that plain decimal text needs: `0.0500` → 2, `7` → 0. Throws `DECIMAL_SYNTAX` if it is not decimal text. */
export function decimalsOf(text: string): number {
  const point = decimalPoint(text);
  let end = text.length;
  while (end > point && text.charCodeAt(end - 1) === 48) end -= 1;
  return Math.max(0, end - point - 1);
}

/** Where the point is, or the length if there is none. Throws `DECIMAL_SYNTAX` for what is no plain decimal text. */
function decimalPoint(text: string): number {
  const { length } = text;
  const first = text.charCodeAt(0) === 45 ? 1 : 0;
  let point = length;
  for (let index = first; index < length; index += 1) {
    const code = text.charCodeAt(index);
    if (code >= 48 && code <= 57) continue;
    if (code !== 46 || point !== length || index === first) throw notDecimal(text);
    point = index;
  }
  if (first === length) throw notDecimal(text);
  return point;
}

function notDecimal(text: string): MillraceError {
  return new MillraceError('validation', 'DECIMAL_SYNTAX', `text=${JSON.stringify(text.slice(0, 40))}`);
}
