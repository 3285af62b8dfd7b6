import { type ParsedTradingEvent, parseTradingEvent } from './trading-event.ts';

/** Events that a writer puts into one record of the `trading` stream. */
export const MAX_RECORD_EVENTS = 32;
/** A record that holds several events is not longer. */
export const MAX_JOINED_BYTES = 128 * 1024;
/** A reader takes more, so that a writer's bound may grow; what has more lines than this is none of ours. */
const MAX_LINES_READ = 1_024;

const LINE_END = 0x0a;

/** One event of a record, or a record of which nothing can be read. */
export interface TradingRecordPart {
  /** Its own bytes, without what ends the line. */
  readonly bytes: Uint8Array;
  /** Its place in the record, from 0; null where it is the whole record. */
  readonly line: number | null;
  readonly parsed: ParsedTradingEvent;
}

/** Events of one unit as one record, in their order: a line each, none of which has a line end inside since JSON writes it as an escape. */
export function joinTradingEvents(events: readonly Uint8Array[]): Uint8Array {
  const record = new Uint8Array(events.reduce((sum, event) => sum + event.length + 1, -1));
  let end = 0;
  for (const event of events) {
    if (end > 0) {
      record[end] = LINE_END;
      end += 1;
    }
    record.set(event, end);
    end += event.length;
  }
  return record;
}

/**
 * Reads a record of the `trading` stream, in order. A line that is no event is malformed by itself, and the others are not touched by it. A record in which no line is
 * an event is none of ours: one part, malformed, whole. Never throws.
 */
export function parseTradingRecord(record: Uint8Array): readonly TradingRecordPart[] {
  const lines = linesOf(record);
  if (lines.length === 1) return [{ bytes: record, line: null, parsed: parseTradingEvent(record) }];
  if (lines.length > MAX_LINES_READ) return [foreign(record, `more than ${MAX_LINES_READ} lines`)];
  const parts = lines.map((bytes, line) => ({ bytes, line, parsed: parseTradingEvent(bytes) }));
  if (parts.some(({ parsed }) => parsed.kind !== 'malformed')) return parts;
  return [foreign(record, `none of ${parts.length} lines is an event`)];
}

function foreign(record: Uint8Array, reason: string): TradingRecordPart {
  return { bytes: record, line: null, parsed: { kind: 'malformed', reason } };
}

function linesOf(record: Uint8Array): Uint8Array[] {
  const lines: Uint8Array[] = [];
  let start = 0;
  while (lines.length <= MAX_LINES_READ) {
    const end = record.indexOf(LINE_END, start);
    if (end === -1) break;
    lines.push(record.subarray(start, end));
    start = end + 1;
  }
  lines.push(record.subarray(start));
  return lines;
}
