import { MillraceError } from '#core/errors.ts';
import type { LevelText } from '#core/market/market-message.ts';

/** A JSON object whose fields have not been looked at yet. */
export type Fields = Readonly<Record<string, unknown>>;

/** Throws `FRAME_SYNTAX` for what is no JSON object. */
export function parseObject(bytes: Uint8Array): Fields {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new MillraceError('validation', 'FRAME_SYNTAX', `frame=${JSON.stringify(text.slice(0, 60))}`, {
      cause: error,
    });
  }
  if (!isFields(value))
    throw new MillraceError('validation', 'FRAME_SYNTAX', `frame=${JSON.stringify(text.slice(0, 60))}`);
  return value;
}

export function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function unfit(name: string, value: unknown): MillraceError {
  return new MillraceError('validation', 'FRAME_FIELD', `field=${name} type=${typeof value}`);
}

/** Throws `FRAME_FIELD`, as do the others, if the field is not there or of another type. */
export function textField(fields: Fields, name: string): string {
  const value = fields[name];
  if (typeof value === 'string') return value;
  throw unfit(name, value);
}

export function optionalText(fields: Fields, name: string): string | null {
  const value = fields[name];
  return typeof value === 'string' && value !== '' ? value : null;
}

export function numberField(fields: Fields, name: string): number {
  const value = fields[name];
  if (typeof value === 'number' && Number.isFinite(value)) return value;
  throw unfit(name, value);
}

export function optionalNumber(fields: Fields, name: string): number | null {
  const value = Number(fields[name] ?? Number.NaN);
  return Number.isFinite(value) ? value : null;
}

/** A number or text as text: ids. */
export function idField(fields: Fields, name: string): string {
  const value = fields[name];
  if (typeof value === 'string' || typeof value === 'number') return String(value);
  throw unfit(name, value);
}

export function levelsField(fields: Fields, name: string): readonly LevelText[] {
  const value = fields[name];
  if (Array.isArray(value) && value.every(isLevel)) return value;
  throw unfit(name, value);
}

function isLevel(value: unknown): value is LevelText {
  return Array.isArray(value) && typeof value[0] === 'string' && typeof value[1] === 'string';
}
