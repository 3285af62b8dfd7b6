import { MillraceError, messageOf } from '#core/errors.ts';
import type { Instrument, VenueId } from '#core/market/instrument.ts';
import { createFrameInterpreter, type DepthSnapshot } from './frame-interpreter.ts';
import type { MarketSource, SourceChange, SourceStep } from './market-source.ts';
import { type RecordedFrame, readFrames, type SkippedLines, skipLine } from './recorded-frames.ts';
import type { RecordedLine } from './recording-lines.ts';
import type { FrameContent } from './venue-frame.ts';

export interface RecordedMarketOptions {
  readonly venue: VenueId;
  /** Paths; `.gz` too. Frames of several files are merged by their times. */
  readonly files: readonly string[];
  /** Frames of other symbols are left out and counted. Prices and sizes must fit them: see `inspectRecording`. */
  readonly instruments: readonly Instrument[];
}

/** A source that plays a recording. */
export interface RecordedMarket extends MarketSource {
  readonly origin: 'recorded';
  /** Recorded time of the first frame, epoch ms: offset 0. */
  readonly firstTimeMs: number;
  stats(): RecordedMarketStats;
}

export interface RecordedMarketStats {
  /** Frames handed on so far. */
  readonly frames: number;
  /** Frames of symbols that are none of the instruments, and acknowledgements. */
  readonly otherSymbols: number;
  readonly control: number;
  /** REST answers: they make the book, and are not handed on. */
  readonly snapshots: number;
  /** Lines that could not be read, and frames whose numbers could not (these are handed on), with the first few reasons. */
  readonly skipped: { readonly count: number; readonly examples: readonly string[] };
  /** Breaks in the sequence of the recorded diffs. */
  readonly gaps: number;
}

/** How far ahead the first book snapshots are looked for. */
const LOOK_AHEAD_FRAMES = 5_000;

type Diff = Extract<FrameContent, { kind: 'book' }>;

/**
 * Plays recorded frames of one venue in their order and at their distance in time, and tells the exchange what they say, so that the matching engine
 * sees the market that the clients see.
 *
 * Diffs that were recorded before the book's first snapshot (Binance) have a book too: the snapshot is looked for ahead, and the book begins with it
 * under the number that the first diff follows. Each level that a diff before the snapshot names is then as that diff says; a level that only a later one
 * names stands as the snapshot has it until then, and goes when it would cross. So at every position the book, its number and the frames that follow agree.
 *
 * Throws `RECORDING_MISSING`, `RECORDING_UNREADABLE`, `RECORDING_EMPTY` (no frame of these instruments) when it is made; `RECORDING_SCALE` then or
 * while it plays, if a price or size does not fit its instrument.
 */
export function createRecordedMarket(options: RecordedMarketOptions): RecordedMarket {
  const { files, venue } = options;
  const symbols = new Set(options.instruments.map((each) => each.symbol));
  const skipped: SkippedLines = { count: 0, examples: [] };
  const frames = readFrames(files, venue, skipped);
  const ahead: RecordedFrame[] = [];
  const seeds = lookAhead(frames, ahead, symbols);
  const firstFrame = ahead.find(({ frame }) => frame.kind === 'frame' && symbols.has(frame.symbol));
  if (firstFrame === undefined) {
    const detail = `files=${files.join(',')} venue=${venue} symbols=${[...symbols].join(',')} unread=${skipped.count} ${skipped.examples[0] ?? ''}`;
    throw new MillraceError('configuration', 'RECORDING_EMPTY', detail.trim());
  }
  const firstTimeMs = firstFrame.timeMs;
  const offsetOf = (epochMs: number): number => epochMs - firstTimeMs;
  const interpreter = createFrameInterpreter({ instruments: options.instruments, offsetOf, atGap: 'applies' });
  const counts = { frames: 0, otherSymbols: 0, control: 0, snapshots: 0 };
  const usedForSeed = new Set([...seeds.values()].map((seed) => seed.snapshot));
  let lastOffset = 0;
  let ended = false;
  let position = 0;
  let pending: SourceStep | null = seedStep();

  function seedStep(): SourceStep | null {
    const changes: SourceChange[] = [];
    for (const [symbol, { snapshot, sequence }] of seeds) {
      try {
        changes.push(...interpreter.seed(symbol, snapshot, sequence));
      } catch (error) {
        throw unfitting(`files=${files.join(',')} symbol=${symbol}`, error);
      }
    }
    return changes.length === 0 ? read() : { offsetMs: 0, frame: null, changes };
  }

  function nextFrame(): RecordedFrame | null {
    const known = ahead[position];
    if (known !== undefined) {
      position += 1;
      if (position === ahead.length) {
        ahead.length = 0;
        position = 0;
      }
      return known;
    }
    const { value, done } = frames.next();
    return done === true ? null : value;
  }

  /** The next step, or the end, told once. */
  function read(): SourceStep | null {
    for (let next = nextFrame(); next !== null; next = nextFrame()) {
      const step = stepOf(next);
      if (step !== null) return step;
    }
    if (ended) return null;
    ended = true;
    return { offsetMs: lastOffset, frame: null, changes: [{ kind: 'end' }] };
  }

  function stepOf({ frame, line, timeMs }: RecordedFrame): SourceStep | null {
    lastOffset = Math.max(lastOffset, offsetOf(timeMs));
    if (frame.kind === 'control') {
      counts.control += 1;
      return null;
    }
    if (frame.kind === 'depthSnapshot') {
      counts.snapshots += 1;
      if (usedForSeed.has(frame)) return null;
      const symbol = symbolOfAnswer(line.url, symbols);
      const changes = symbol === null ? [] : told(line, skipped, () => interpreter.mend(symbol, frame));
      return changes.length === 0 ? null : { offsetMs: lastOffset, frame: null, changes };
    }
    if (!symbols.has(frame.symbol)) {
      counts.otherSymbols += 1;
      return null;
    }
    counts.frames += 1;
    const { symbol, channel, stream, content } = frame;
    const changes = content === null ? [] : told(line, skipped, () => interpreter.interpret(symbol, content));
    return { offsetMs: lastOffset, frame: { symbol, channel, stream, frame: line.frame }, changes };
  }

  return {
    origin: 'recorded',
    firstTimeMs,
    next(untilMs) {
      if (pending === null || pending.offsetMs > untilMs) return null;
      const step = pending;
      pending = read();
      return step;
    },
    nextDueMs: () => pending?.offsetMs ?? null,
    stats: () => ({ ...counts, skipped: { ...skipped, examples: [...skipped.examples] }, gaps: interpreter.gaps }),
  };
}

/** What the frame tells. One whose numbers are none tells nothing, and is counted; one that does not fit the instrument is an error. */
function told(line: RecordedLine, skipped: SkippedLines, run: () => SourceChange[]): SourceChange[] {
  const { file, lineNumber } = line;
  try {
    return run();
  } catch (error) {
    if (error instanceof MillraceError && error.code === 'DECIMAL_SYNTAX') {
      skipLine(skipped, file, lineNumber, error.message);
      return [];
    }
    throw unfitting(`file=${file} line=${lineNumber}`, error);
  }
}

function unfitting(where: string, error: unknown): MillraceError {
  const detail = `${where} reason=${messageOf(error)} the instrument's scales are too coarse`;
  return new MillraceError('configuration', 'RECORDING_SCALE', detail, { cause: error });
}

interface Seed {
  /** Null: the recording has no snapshot near its beginning; the book grows from nothing. */
  readonly snapshot: DepthSnapshot | null;
  readonly sequence: number;
}

/**
 * Reads ahead until every symbol has its snapshot and its first diff, or the look-ahead is used up, and says how each of their books begins.
 * What was read is left in `ahead`.
 */
function lookAhead(
  frames: Iterator<RecordedFrame>,
  ahead: RecordedFrame[],
  symbols: ReadonlySet<string>,
): ReadonlyMap<string, Seed> {
  const diffs = new Map<string, Diff[]>();
  const snapshots = new Map<string, DepthSnapshot>();
  let found = false;
  while (!found || ahead.length < LOOK_AHEAD_FRAMES) {
    const { value, done } = frames.next();
    if (done === true) break;
    ahead.push(value);
    const { frame, line } = value;
    found ||= frame.kind === 'frame' && symbols.has(frame.symbol);
    if (frame.kind === 'depthSnapshot') {
      const symbol = symbolOfAnswer(line.url, symbols) ?? symbolBySequence(frame, diffs);
      if (symbol !== null && !snapshots.has(symbol)) snapshots.set(symbol, frame);
    } else if (frame.kind === 'frame' && symbols.has(frame.symbol) && frame.content?.kind === 'book') {
      // Books with snapshots in their own stream (Bybit) need no seed.
      if (frame.content.depth !== Number.POSITIVE_INFINITY) break;
      const seen = diffs.get(frame.symbol);
      if (seen === undefined) diffs.set(frame.symbol, [frame.content]);
      else seen.push(frame.content);
    }
    if (found && snapshots.size === symbols.size && [...snapshots.keys()].every((symbol) => diffs.has(symbol))) break;
  }
  const seeds = new Map<string, Seed>();
  for (const symbol of new Set([...diffs.keys(), ...snapshots.keys()])) {
    const snapshot = snapshots.get(symbol) ?? null;
    const first = diffs.get(symbol)?.[0];
    const before = first === undefined ? null : (first.previous ?? first.first - 1);
    // A snapshot older than the first diff is simply where the book begins.
    const sequence = Math.min(before ?? Number.POSITIVE_INFINITY, snapshot?.sequence ?? Number.POSITIVE_INFINITY);
    seeds.set(symbol, { snapshot, sequence });
  }
  return seeds;
}

/** The answer's address names the symbol; where there is none, a recording of one symbol can mean no other. */
function symbolOfAnswer(url: string | null, symbols: ReadonlySet<string>): string | null {
  const named = url === null ? null : new URLSearchParams(url.split('?')[1] ?? '').get('symbol');
  if (named !== null) return symbols.has(named.toUpperCase()) ? named.toUpperCase() : null;
  const [only] = symbols;
  return symbols.size === 1 ? (only ?? null) : null;
}

/** The symbol whose diffs reach over the snapshot's number. */
function symbolBySequence(snapshot: DepthSnapshot, diffs: ReadonlyMap<string, readonly Diff[]>): string | null {
  for (const [symbol, seen] of diffs) {
    if (seen.some((diff) => diff.first <= snapshot.sequence && snapshot.sequence <= diff.last)) return symbol;
  }
  return null;
}
