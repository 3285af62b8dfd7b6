import { createReadStream } from 'node:fs';
import { pipeline, Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { MillraceError, messageOf } from '#core/errors.ts';
import type { EpochMs } from '#core/time/clock.ts';

/**
 * One line of a recording. `frame`: what came in on a websocket. `rest`: the body of a REST answer. `bad`: a line that is no record.
 * Lines that were sent, or say that a connection was opened, are left out.
 */
export type RecordedLine =
  | { readonly kind: 'frame'; readonly line: number; readonly frame: Buffer; readonly receivedAt: EpochMs | null }
  | {
      readonly kind: 'rest';
      readonly line: number;
      readonly frame: Buffer;
      readonly receivedAt: EpochMs | null;
      readonly url: string;
    }
  | { readonly kind: 'bad'; readonly line: number; readonly reason: string };

const NEWLINE = 10;
const SPACE = 32;
const BRACE = 123;
const BRACKET = 91;
const RAW_KEY = Buffer.from('"raw"');
const DIRECTION_KEY = Buffer.from('"dir"');
/** A longer line is no frame of any venue. */
const MAX_LINE_BYTES = 16 * 1024 * 1024;

/**
 * Reads a recording, `-` for `stdin`, in batches as it is read: lines `<receive ns> <frame>`, jsonl whose `raw` is the frame (text or object; `dir` says which
 * way it went, `url` where a REST answer is from), or jsonl of bare frames. Gzip is recognised by its first bytes. Rejects with `RECORDING_UNREADABLE`
 * (class validation) if the file cannot be read to its end; what came before has been handed over.
 */
export async function* readRecordedLines(file: string, stdin: Readable): AsyncGenerator<readonly RecordedLine[]> {
  let line = 0;
  try {
    for await (const lines of splitLines(uncompressed(file === '-' ? stdin : createReadStream(file)))) {
      const batch: RecordedLine[] = [];
      for (const bytes of lines) {
        line += 1;
        const record = bytes === null ? { kind: 'bad' as const, line, reason: 'line too long' } : readLine(bytes, line);
        if (record !== null) batch.push(record);
      }
      yield batch;
    }
  } catch (error) {
    if (error instanceof MillraceError) throw error;
    throw new MillraceError(
      'validation',
      'RECORDING_UNREADABLE',
      `file=${file} after line ${line}: ${messageOf(error)}`,
    );
  }
}

async function* uncompressed(source: Readable): AsyncGenerator<Buffer> {
  const chunks = source[Symbol.asyncIterator]();
  let head: Buffer = Buffer.alloc(0);
  while (head.length < 2) {
    const next = await chunks.next();
    if (next.done === true) break;
    head = Buffer.concat([head, bufferOf(next.value)]);
  }
  const rest = async function* (): AsyncGenerator<Buffer> {
    yield head;
    for (let next = await chunks.next(); next.done !== true; next = await chunks.next()) yield bufferOf(next.value);
  };
  if (head[0] !== 0x1f || head[1] !== 0x8b) {
    yield* rest();
    return;
  }
  const gunzip = createGunzip();
  // An error of either end is thrown where the output is read.
  pipeline(Readable.from(rest()), gunzip, () => undefined);
  for await (const chunk of gunzip) yield bufferOf(chunk);
}

function bufferOf(chunk: unknown): Buffer {
  return Buffer.isBuffer(chunk) ? chunk : Buffer.from(String(chunk));
}

/** Batches of whole lines; null for one that is too long. Lines are views of what was read, not copies, except where a line crosses two reads. */
async function* splitLines(chunks: AsyncIterable<Buffer>): AsyncGenerator<readonly (Buffer | null)[]> {
  let pieces: Buffer[] = [];
  let pending = 0;
  for await (const chunk of chunks) {
    const lines: (Buffer | null)[] = [];
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end !== -1; end = chunk.indexOf(NEWLINE, start)) {
      const tail = chunk.subarray(start, end);
      if (pending + tail.length > MAX_LINE_BYTES) lines.push(null);
      else lines.push(pieces.length === 0 ? tail : Buffer.concat([...pieces, tail]));
      pieces = [];
      pending = 0;
      start = end + 1;
    }
    if (start < chunk.length) {
      pending += chunk.length - start;
      if (pending > MAX_LINE_BYTES) pieces = [];
      else pieces.push(chunk.subarray(start));
    }
    yield lines;
  }
  if (pending > 0) yield [pending > MAX_LINE_BYTES ? null : Buffer.concat(pieces)];
}

function readLine(bytes: Buffer, line: number): RecordedLine | null {
  let text = bytes;
  while (text.length > 0 && isBlank(text[text.length - 1])) text = text.subarray(0, -1);
  if (text.length === 0) return null;
  const first = text[0] as number;
  if (first === BRACE) {
    const isRow = text.includes(RAW_KEY) || text.includes(DIRECTION_KEY);
    return isRow ? readRow(text, line) : { kind: 'frame', line, frame: text, receivedAt: null };
  }
  if (first === BRACKET) return { kind: 'frame', line, frame: text, receivedAt: null };
  const space = text.indexOf(SPACE);
  const stamp = space > 0 ? text.toString('latin1', 0, space) : '';
  if (!/^\d{1,20}$/.test(stamp)) return { kind: 'bad', line, reason: 'neither "<receive ns> <frame>" nor JSON' };
  return { kind: 'frame', line, frame: text.subarray(space + 1), receivedAt: (Number(stamp) / 1e6) as EpochMs };
}

interface RawRow {
  readonly raw?: unknown;
  readonly dir?: unknown;
  readonly url?: unknown;
  readonly t?: unknown;
  readonly localTimestamp?: unknown;
}

function readRow(text: Buffer, line: number): RecordedLine | null {
  let row: RawRow;
  try {
    row = JSON.parse(text.toString());
  } catch (error) {
    return { kind: 'bad', line, reason: `not JSON: ${messageOf(error)}` };
  }
  const { raw } = row;
  if (row.dir === 'out' || row.dir === 'open') return null;
  // A bare frame may well have the words in it.
  if (raw === undefined) return { kind: 'frame', line, frame: text, receivedAt: null };
  if (typeof raw !== 'string' && (typeof raw !== 'object' || raw === null)) {
    return { kind: 'bad', line, reason: 'raw is neither text nor an object' };
  }
  const frame = Buffer.from(typeof raw === 'string' ? raw : JSON.stringify(raw));
  const receivedAt = receiveTime(row);
  return row.dir === 'http'
    ? { kind: 'rest', line, frame, receivedAt, url: typeof row.url === 'string' ? row.url : '' }
    : { kind: 'frame', line, frame, receivedAt };
}

/** `t` in seconds, or `localTimestamp` as ISO-8601. */
function receiveTime(row: RawRow): EpochMs | null {
  const ms =
    row.t !== undefined
      ? Math.round(Number(row.t) * 1e3)
      : typeof row.localTimestamp === 'string'
        ? Date.parse(row.localTimestamp)
        : Number.NaN;
  return Number.isFinite(ms) ? (ms as EpochMs) : null;
}

function isBlank(byte: number | undefined): boolean {
  return byte === SPACE || byte === 13 || byte === 9;
}
