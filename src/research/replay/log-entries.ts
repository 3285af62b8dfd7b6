import { z } from 'zod';
import { wallTimeOf } from '#aws/market-record.ts';
import { MillraceError } from '#core/errors.ts';
import type { InputLine } from '#core/input-log/input-log.ts';
import type { Now } from '#core/lanes/now.ts';
import type { BookChange } from '#core/market/scanned-message.ts';
import type { MonoNanos } from '#core/time/clock.ts';
import { type LoggedConnection, type LoggedRun, readRecord } from './log-files.ts';

/** A frame, a line, or what is missing, in the order in which the engine took them. */
export type LogEntry =
  | {
      readonly kind: 'frame';
      readonly n: number;
      readonly connection: string;
      readonly lease: number;
      /** The clock readings that lanes were told with it. */
      readonly now: Now;
      readonly bytes: Uint8Array;
    }
  | { readonly kind: 'line'; readonly n: number; readonly line: InputLine }
  /** A message of a book that came in no frame: simulated worlds have such. */
  | {
      readonly kind: 'message';
      readonly n: number;
      readonly feed: string;
      readonly now: Now;
      readonly message: BookChange;
    }
  /** Inputs from `n` to `until` are missing. `connections`: those whose frames they are; null: it cannot be told, or lines are among them. */
  | {
      readonly kind: 'hole';
      readonly n: number;
      readonly until: number;
      readonly connections: readonly string[] | null;
    };

const envelope = z.looseObject({
  n: z.number(),
  part: z.number().optional(),
  mono: z.number(),
  epoch: z.number(),
  kind: z.string(),
  unit: z.string(),
  lane: z.string().nullable(),
  lease: z.number().optional(),
  instance: z.number().optional(),
});

/** Reads one line of an input log. What its record's checksum vouches for is as it was written; the envelope is looked at all the same. Throws `INPUT_LINE_INVALID`. */
export function parseLine(text: string): InputLine {
  const parsed = envelope.safeParse(JSON.parse(text));
  if (!parsed.success) throw new MillraceError('validation', 'INPUT_LINE_INVALID', text.slice(0, 200));
  return parsed.data as unknown as InputLine;
}

/** Walks a connection's frames, each once, whatever was sent or delivered again. */
class Cursor {
  readonly isLog: boolean;
  readonly #frames: Generator<LogEntry & { readonly sequence: number }>;
  head: (LogEntry & { readonly sequence: number }) | null;
  /** Frames missing right before the head. */
  missing = 0;
  readonly connection: string;
  #last = 0;

  constructor(connection: LoggedConnection) {
    this.isLog = connection.isLog;
    this.connection = connection.connection;
    this.#frames = framesOf(connection);
    this.head = this.#next();
  }

  take(): LogEntry | null {
    const { head } = this;
    this.head = this.#next();
    return head;
  }

  #next(): (LogEntry & { readonly sequence: number }) | null {
    for (;;) {
      const { value, done } = this.#frames.next();
      if (done === true || value === undefined) return null;
      if (value.sequence <= this.#last) continue;
      this.missing = value.sequence - this.#last - 1;
      this.#last = value.sequence;
      return value;
    }
  }
}

function* framesOf({
  isLog,
  connection,
  epoch,
  places,
}: LoggedConnection): Generator<LogEntry & { readonly sequence: number }> {
  const decoder = new TextDecoder();
  for (const place of places) {
    const record = readRecord(place);
    for (const { sequence, receivedAt, inputNumber: n, bytes } of record.frames) {
      if (isLog) yield { kind: 'line', n, line: parseLine(decoder.decode(bytes)), sequence };
      else {
        const now = { mono: receivedAt as MonoNanos, epoch: wallTimeOf(record, receivedAt) };
        yield { kind: 'frame', n, connection, lease: epoch, now, bytes, sequence };
      }
    }
  }
}

/** All that an engine took, in its order, with what is missing told where it is missing. */
export function* entriesOf(run: LoggedRun): Generator<LogEntry> {
  const cursors = run.connections.map((each) => new Cursor(each));
  let last = 0;
  for (;;) {
    const next = firstOf(cursors);
    if (next === null) return;
    const { head } = next;
    if (head === null) return;
    // Lines that take no number leave a hole in the sequence alone.
    if (head.n > last + 1 || (next.isLog && next.missing > 0)) {
      yield {
        kind: 'hole',
        n: last + 1,
        until: Math.max(last, head.n - 1),
        connections: suspects(cursors, head.n, head.n - 1 - last),
      };
      next.missing = 0;
    }
    last = Math.max(last, head.n);
    const entry = next.take();
    if (entry !== null) yield entry;
  }
}

/** By number; a frame before the lines of its number. */
function firstOf(cursors: readonly Cursor[]): Cursor | null {
  let first: Cursor | null = null;
  for (const cursor of cursors) {
    if (cursor.head === null) continue;
    const than = first?.head;
    if (
      than === undefined ||
      than === null ||
      cursor.head.n < than.n ||
      (cursor.head.n === than.n && first?.isLog === true)
    )
      first = cursor;
  }
  return first;
}

/** The connections whose frames `missing` inputs before number `n` are, if that is certain and no lines are among them. */
function suspects(cursors: readonly Cursor[], n: number, missing: number): readonly string[] | null {
  const lacking = cursors.filter((each) => each.missing > 0 && each.head !== null && each.head.n >= n);
  const known = lacking.reduce((sum, each) => sum + each.missing, 0);
  if (missing === 0 || known < missing || lacking.some((each) => each.isLog)) return null;
  return lacking.map((each) => each.connection);
}
