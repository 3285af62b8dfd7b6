import { messageOf } from '#core/errors.ts';
import type { VenueId } from '#core/market/instrument.ts';
import { type RecordedLine, readRecording } from './recording-lines.ts';
import type { VenueFrame } from './venue-frame.ts';
import { FRAME_PARSERS, splitFrame } from './venue-frame-parser.ts';

/** A frame of a recording that could be read. */
export interface RecordedFrame {
  readonly line: RecordedLine;
  /** Epoch ms; never less than that of the frame before. */
  readonly timeMs: number;
  readonly frame: VenueFrame;
}

/** Why lines were left out, and how many: `file:line reason` of the first few. */
export interface SkippedLines {
  count: number;
  readonly examples: string[];
}

const MAX_EXAMPLES = 10;

export function skipLine(skipped: SkippedLines, file: string, lineNumber: number, reason: string): void {
  skipped.count += 1;
  if (skipped.examples.length < MAX_EXAMPLES) skipped.examples.push(`${file}:${lineNumber} ${reason}`);
}

/** The frames of several recordings of one venue in the order of their times; lines that cannot be read are left out and counted. */
export function* readFrames(files: readonly string[], venue: VenueId, skipped: SkippedLines): Generator<RecordedFrame> {
  const heads = files.map((file) => {
    const frames = framesOf(file, venue, skipped);
    return { frames, next: frames.next() };
  });
  for (;;) {
    let first: (typeof heads)[number] | null = null;
    let firstTime = Number.POSITIVE_INFINITY;
    for (const head of heads) {
      if (head.next.done !== true && head.next.value.timeMs < firstTime) {
        first = head;
        firstTime = head.next.value.timeMs;
      }
    }
    if (first === null || first.next.done === true) return;
    yield first.next.value;
    first.next = first.frames.next();
  }
}

/** The lines with frames that speak of several symbols taken apart. */
function* partsOf(lines: Iterable<RecordedLine>, venue: VenueId): Generator<RecordedLine> {
  for (const line of lines) for (const frame of splitFrame(venue, line.frame)) yield { ...line, frame };
}

function* framesOf(file: string, venue: VenueId, skipped: SkippedLines): Generator<RecordedFrame, undefined> {
  const skip = (lineNumber: number, reason: string): void => skipLine(skipped, file, lineNumber, reason);
  const parse = FRAME_PARSERS[venue];
  let latest = Number.NEGATIVE_INFINITY;
  for (const line of partsOf(readRecording(file, skip), venue)) {
    let frame: VenueFrame;
    try {
      frame = parse(line.frame);
    } catch (error) {
      skip(line.lineNumber, messageOf(error));
      continue;
    }
    const stated = line.timeMs ?? (frame.kind === 'frame' ? frame.venueTimeMs : null);
    if (stated !== null) latest = Math.max(latest, stated);
    else if (latest === Number.NEGATIVE_INFINITY) {
      skip(line.lineNumber, 'no time');
      continue;
    }
    yield { line, timeMs: latest, frame };
  }
}
