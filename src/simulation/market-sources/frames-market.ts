import type { Instrument, VenueId } from '#core/market/instrument.ts';
import { createFrameInterpreter } from './frame-interpreter.ts';
import type { MarketSource, SourceStep } from './market-source.ts';
import { FRAME_PARSERS, splitFrame } from './venue-frame-parser.ts';

export interface FramesMarketOptions {
  readonly venue: VenueId;
  /** Frames of other symbols are left out and counted. */
  readonly instruments: readonly Instrument[];
  /** The venue's time at which the source begins, epoch ms: offset 0. */
  readonly startMs: number;
  /** A symbol's book is not whole: a REST snapshot is wanted (Binance), or a new subscription (Bybit). Told once until it is whole again. */
  readonly onBookBroken?: (symbol: string) => void;
}

/** A source that live frames are pushed into: paper trading on a real market. */
export interface FramesMarket extends MarketSource {
  readonly origin: 'recorded';
  /**
   * One frame, as received now. Throws `FRAME_SYNTAX`, `FRAME_FIELD`, `DECIMAL_SYNTAX` or `DECIMAL_PRECISION` for a frame that cannot be read or does not fit
   * the instrument: the market is as it was then.
   */
  push(frame: Uint8Array, offsetMs: number): void;
  /** The answer of the venue's REST depth request (Binance), as received now. Throws as `push` does. */
  pushSnapshot(symbol: string, answer: Uint8Array, offsetMs: number): void;
  /** No more frames will come. */
  end(): void;
  stats(): FramesMarketStats;
}

export interface FramesMarketStats {
  readonly frames: number;
  readonly otherSymbols: number;
  readonly control: number;
  readonly gaps: number;
  /** Diffs dropped while a book waited for its snapshot. */
  readonly droppedDiffs: number;
}

/**
 * A market of live frames: handed on as they are, and told to the exchange by the same rules as recorded ones, but that a broken book waits for its
 * snapshot. Each frame is due at once.
 */
export function createFramesMarket(options: FramesMarketOptions): FramesMarket {
  const symbols = new Set(options.instruments.map((each) => each.symbol));
  const parse = FRAME_PARSERS[options.venue];
  const interpreter = createFrameInterpreter({
    instruments: options.instruments,
    offsetOf: (epochMs) => epochMs - options.startMs,
    atGap: 'waits',
  });
  const queue: SourceStep[] = [];
  const broken = new Set<string>();
  const counts = { frames: 0, otherSymbols: 0, control: 0 };
  let lastOffset = 0;
  let ended = false;

  function add(step: Omit<SourceStep, 'offsetMs'>, offsetMs: number): void {
    lastOffset = Math.max(lastOffset, offsetMs);
    queue.push({ offsetMs: lastOffset, ...step });
  }

  function watch(symbol: string): void {
    if (interpreter.isWhole(symbol)) broken.delete(symbol);
    else if (!broken.has(symbol)) {
      broken.add(symbol);
      options.onBookBroken?.(symbol);
    }
  }

  function pushOne(bytes: Uint8Array, offsetMs: number): void {
    const frame = parse(bytes);
    if (frame.kind !== 'frame') {
      counts.control += 1;
      return;
    }
    if (!symbols.has(frame.symbol)) {
      counts.otherSymbols += 1;
      return;
    }
    const { symbol, channel, stream, content } = frame;
    const changes = content === null ? [] : interpreter.interpret(symbol, content);
    counts.frames += 1;
    // Kept until it is due: a transport may use the bytes again.
    add({ frame: { symbol, channel, stream, frame: new Uint8Array(bytes) }, changes }, offsetMs);
    if (content?.kind === 'book') watch(symbol);
  }

  return {
    origin: 'recorded',
    push(bytes, offsetMs) {
      for (const part of splitFrame(options.venue, bytes)) pushOne(part, offsetMs);
    },
    pushSnapshot(symbol, answer, offsetMs) {
      const snapshot = parse(answer);
      if (snapshot.kind !== 'depthSnapshot') {
        counts.control += 1;
        return;
      }
      const changes = interpreter.mend(symbol, snapshot);
      if (changes.length > 0) add({ frame: null, changes }, offsetMs);
      // A snapshot that does not reach the held diffs: another one is wanted.
      broken.delete(symbol);
      watch(symbol);
    },
    end() {
      if (ended) return;
      ended = true;
      add({ frame: null, changes: [{ kind: 'end' }] }, lastOffset);
    },
    next(untilMs) {
      const first = queue[0];
      if (first === undefined || first.offsetMs > untilMs) return null;
      queue.shift();
      return first;
    },
    nextDueMs: () => queue[0]?.offsetMs ?? null,
    stats: () => ({ ...counts, gaps: interpreter.gaps, droppedDiffs: interpreter.dropped }),
  };
}
