import { messageOf } from '#core/errors.ts';
import { frameInvalid } from '../connection/frame-fields.ts';

/**
 * Deribit writes prices and amounts as JSON numbers. A double keeps every decimal of up to fifteen digits (its shortest text is that decimal again), and loses digits of
 * some longer ones: frames with such are read with every number as the text that stands there, without an exponent.
 */

/** Digits that a double always keeps. */
const SAFE_DIGITS = 15;
const POINT = 46;
const ZERO = 48;

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

/** Whether more digits than a double keeps stand in a row, points not counted; in whatever part of the frame. */
export function hasLongNumber(bytes: Uint8Array): boolean {
  let digits = 0;
  for (let at = 0; at < bytes.length; at += 1) {
    const byte = bytes[at] as number;
    if ((byte - ZERO) >>> 0 <= 9) {
      digits += 1;
      if (digits > SAFE_DIGITS) return true;
    } else if (byte !== POINT) digits = 0;
  }
  return false;
}

/** A number of a frame without long ones as plain decimal text; anything else as it is. Throws `FRAME_INVALID` for an exponent beyond forty. */
export function numberText(value: unknown): unknown {
  if (typeof value !== 'number') return value;
  const text = String(value);
  return text.includes('e') ? plainDecimal(text) : text;
}
