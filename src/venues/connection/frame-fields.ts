import { MillraceError, messageOf } from '#core/errors.ts';
import type { LevelText } from '#core/market/market-message.ts';
import { canonicalDecimal } from '#core/market/scaled-decimal.ts';
import type { EpochMs } from '#core/time/clock.ts';

/**
 * Hand-checked reading of hot frames: `JSON.parse` once, then each field that is used is checked for what it must be, and nothing is copied.
 * Every check throws `FRAME_INVALID` (class validation) with the field's name.
 */

/** Last instant that a JavaScript date can hold, ms. */
const LAST_EPOCH_MS = 8.64e15;

export function frameInvalid(detail: string, cause?: unknown): MillraceError {
  return new MillraceError('validation', 'FRAME_INVALID', detail, cause === undefined ? undefined : { cause });
}

/** The frame's JSON value. */
export function parseFrame(frame: Buffer): unknown {
  try {
    return JSON.parse(frame.toString());
  } catch (error) {
    throw frameInvalid(`not JSON, ${frame.length} bytes: ${messageOf(error)}`, error);
  }
}

export function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function requireText(value: unknown, field: string): string {
  if (typeof value === 'string' && value.length > 0) return value;
  throw frameInvalid(`${field} is not text`);
}

/** Plain decimal text, not negative, as it stands in the frame. */
export function requireDecimal(value: unknown, field: string): string {
  if (typeof value !== 'string' || value.length === 0) throw frameInvalid(`${field} is not decimal text`);
  let point = false;
  for (let index = 0; index < value.length; index += 1) {
    const code = value.charCodeAt(index);
    if (code >= 48 && code <= 57) continue;
    if (code !== 46 || point || index === 0) throw frameInvalid(`${field} is not decimal text`);
    point = true;
  }
  return value;
}

/** A whole number from 0 to 2^53 - 1: sequences and ids. */
export function requireCount(value: unknown, field: string): number {
  if (typeof value === 'number' && value >= 0 && Number.isSafeInteger(value)) return value;
  throw frameInvalid(`${field} is not a whole number`);
}

/** Milliseconds since the epoch. */
export function requireTime(value: unknown, field: string): EpochMs {
  if (typeof value === 'number' && value > 0 && value <= LAST_EPOCH_MS && Number.isInteger(value)) {
    return value as EpochMs;
  }
  throw frameInvalid(`${field} is not a time`);
}

/** Levels as they stand in the frame; whether their texts are decimals is found when they are written into a book. */
export function requireLevels(value: unknown, field: string): readonly LevelText[] {
  if (!Array.isArray(value)) throw frameInvalid(`${field} is not a list of levels`);
  for (let index = 0; index < value.length; index += 1) {
    const level: unknown = value[index];
    if (!Array.isArray(level) || level.length < 2 || typeof level[0] !== 'string' || typeof level[1] !== 'string') {
      throw frameInvalid(`${field}[${index}] is not a level`);
    }
  }
  return value;
}

/** A decimal that may be signed, absent or empty (null). */
export function optionalDecimal(value: unknown, field: string): string | null {
  if (value === undefined || value === null || value === '') return null;
  if (typeof value !== 'string') throw frameInvalid(`${field} is not decimal text`);
  try {
    return canonicalDecimal(value);
  } catch (error) {
    throw frameInvalid(`${field} is not decimal text`, error);
  }
}
