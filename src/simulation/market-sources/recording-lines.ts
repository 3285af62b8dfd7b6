import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { MillraceError, messageOf } from '#core/errors.ts';

/** One recorded frame or answer, with the time it was recorded at. */
export interface RecordedLine {
  readonly file: string;
  readonly lineNumber: number;
  /** Epoch milliseconds with a fraction, by the recorder's clock; null where only the frame itself can tell. */
  readonly timeMs: number | null;
  /** Exactly as received. */
  readonly frame: Uint8Array;
  /** Of an answer to a REST request, the address; null for frames. */
  readonly url: string | null;
}

const NEWLINE = 10;
const CARRIAGE_RETURN = 13;
const OPENING_BRACE = 123;

/**
 * Reads a recording line by line: `<receive ns> <frame>`; or JSON lines, either `{dir, t, raw, url?}` whose `raw` is the frame (what the client sent
 * is left out), or the bare frame. Gzip is recognised by its content. The file is read whole, its lines one by one as they are asked for.
 * Throws `RECORDING_MISSING` and `RECORDING_UNREADABLE`; a line that cannot be read is told to `onBad` and left out.
 */
export function* readRecording(
  file: string,
  onBad: (lineNumber: number, reason: string) => void,
): Generator<RecordedLine> {
  const content = contentOf(file);
  let lineNumber = 0;
  for (let start = 0; start < content.length; ) {
    const newline = content.indexOf(NEWLINE, start);
    const next = newline < 0 ? content.length : newline;
    const end = next > start && content[next - 1] === CARRIAGE_RETURN ? next - 1 : next;
    lineNumber += 1;
    if (end > start) {
      const line = parseLine(file, lineNumber, content.subarray(start, end));
      if (typeof line === 'string') onBad(lineNumber, line);
      else if (line !== null) yield line;
    }
    start = next + 1;
  }
}

function contentOf(file: string): Buffer {
  let content: Buffer;
  try {
    content = readFileSync(file);
  } catch (error) {
    const detail = `file=${file} reason=${messageOf(error)} check the path`;
    throw new MillraceError('configuration', 'RECORDING_MISSING', detail, { cause: error });
  }
  if (content[0] !== 0x1f || content[1] !== 0x8b) return content;
  try {
    return gunzipSync(content);
  } catch (error) {
    const detail = `file=${file} reason=${messageOf(error)} the file is cut short or no gzip`;
    throw new MillraceError('configuration', 'RECORDING_UNREADABLE', detail, { cause: error });
  }
}

/** The line, null for one that carries no frame, or the reason why it cannot be read. */
function parseLine(file: string, lineNumber: number, line: Buffer): RecordedLine | string | null {
  const place = { file, lineNumber };
  if (line[0] !== OPENING_BRACE) {
    const space = line.indexOf(' ');
    const stamp = line.toString('latin1', 0, Math.max(0, space));
    if (!/^\d{16,20}$/.test(stamp)) return 'neither a time in nanoseconds nor JSON';
    const timeMs = Number(stamp.slice(0, -6)) + Number(stamp.slice(-6)) / 1e6;
    return { ...place, timeMs, frame: line.subarray(space + 1), url: null };
  }
  // Cheap test first: bare frames need no parsing here.
  if (line.indexOf('"dir"') < 0 && line.indexOf('"raw"') < 0) return { ...place, timeMs: null, frame: line, url: null };
  let row: unknown;
  try {
    row = JSON.parse(line.toString('utf8'));
  } catch (error) {
    return messageOf(error);
  }
  if (typeof row !== 'object' || row === null) return 'no JSON object';
  if ('dir' in row && row.dir !== 'in' && row.dir !== 'http') return null;
  if (!('raw' in row) || typeof row.raw !== 'string') return 'no `raw` text';
  const seconds = 't' in row ? Number(row.t) : Number.NaN;
  const url = 'url' in row && typeof row.url === 'string' ? row.url : null;
  return { ...place, timeMs: Number.isFinite(seconds) ? seconds * 1_000 : null, frame: Buffer.from(row.raw), url };
}
