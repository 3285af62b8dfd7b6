import { messageOf } from '#core/errors.ts';
import { frameInvalid } from '../connection/frame-fields.ts';

/**
 * Deribit writes prices and amounts as JSON numbers. A double would lose digits of some of them, so every number is kept as the decimal text that stands in
 * the frame, without an exponent.
 */

/** Larger exponents are no price, size or time of this venue. */
const MAX_EXPONENT = 40;
const NUMBER = /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/;

/** A JSON value whose numbers are plain decimal texts. Throws `FRAME_INVALID` (class validation) for what is no JSON or holds an absurd exponent. */
export function parseNumbersAsText(text: string): unknown {
  try {
    return JSON.parse(text, numberToText);
  } catch (error) {
    if (error instanceof SyntaxError)
      throw frameInvalid(`not JSON, ${text.length} characters: ${messageOf(error)}`, error);
    throw error;
  }
}

function numberToText(_key: string, value: unknown, context?: { readonly source?: string }): unknown {
  if (typeof value !== 'number') return value;
  const source = context?.source ?? String(value);
  return /[eE]/.test(source) ? plainDecimal(source) : source;
}

/** `-8.477e-05` as `-0.00008477`. Throws `FRAME_INVALID` for what is no JSON number, or one with an exponent beyond forty. */
export function plainDecimal(text: string): string {
  const parts = NUMBER.exec(text);
  const exponent = Number(parts?.[4] ?? 0);
  if (parts === null || Math.abs(exponent) > MAX_EXPONENT) throw frameInvalid(`number ${text.slice(0, 40)}`);
  const [, sign = '', whole = '', fraction = ''] = parts;
  const digits = whole + fraction;
  const point = whole.length + exponent;
  if (point <= 0) return `${sign}0.${'0'.repeat(-point)}${digits}`;
  if (point >= digits.length) return `${sign}${trimmed(digits + '0'.repeat(point - digits.length))}`;
  return `${sign}${trimmed(digits.slice(0, point))}.${digits.slice(point)}`;
}

/** No zeros in front of the first digit. */
function trimmed(digits: string): string {
  return digits.replace(/^0+(?=\d)/, '');
}
