import type { Instrument, VenueId } from '#core/market/instrument.ts';
import { createGeneratedMarket } from '#simulation/market-sources/generated-market.ts';
import type { MarketSource, SourceChange, SourceStep } from '#simulation/market-sources/market-source.ts';
import { wordsOf } from './venue-words.ts';

export interface PacedMarketOptions {
  readonly venue: VenueId;
  readonly instruments: readonly Instrument[];
  readonly seed: number;
  /** Frames a second, evenly spaced. */
  readonly framesPerSecond: number;
  /** The venue's time at which the source begins, epoch ms: offset 0. */
  readonly startMs: number;
}

/** A market whose every change is a frame of its own, at an even pace: none waits to be sent together with the next. */
export interface PacedMarket extends MarketSource {
  /** The frames begin at `offsetMs`. */
  start(offsetMs: number): void;
  stop(): void;
}

type Framed = Extract<SourceChange, { kind: 'book' | 'trade' }>;

const LEVELS = 50;

/** Books and trades of the generated market, in the venue's words, with sequence numbers that rise without end. */
export function createPacedMarket(options: PacedMarketOptions): PacedMarket {
  const { instruments, framesPerSecond } = options;
  const market = createGeneratedMarket(instruments, options.seed, {
    eventsPerSecond: Math.max(1, framesPerSecond / instruments.length),
    levels: LEVELS,
  });
  const words = wordsOf(options.venue);
  const known = new Map(instruments.map((each) => [each.symbol, each]));
  const pending: Framed[] = [];
  let startedAt: number | null = null;
  let stopped = false;
  let made = 0;

  /** Pulled by count: the pace is the options' alone. */
  function upcoming(): Framed {
    for (;;) {
      const first = pending.shift();
      if (first !== undefined) return first;
      for (const change of market.next(Number.POSITIVE_INFINITY)?.changes ?? [])
        if (change.kind === 'book' || change.kind === 'trade') pending.push(change);
    }
  }

  function nextDueMs(): number | null {
    return startedAt === null || stopped ? null : startedAt + (made * 1_000) / framesPerSecond;
  }

  function next(untilMs: number): SourceStep | null {
    const offsetMs = nextDueMs();
    if (offsetMs === null || offsetMs > untilMs) return null;
    made += 1;
    const change = upcoming();
    const instrument = known.get(change.symbol);
    if (instrument === undefined) throw new Error(`no instrument ${change.symbol}`);
    const time = Math.floor(options.startMs + offsetMs);
    const { stream, text, sequence } =
      change.kind === 'book' ? words.book(instrument, change, time) : words.trade(instrument, change, time, made);
    const channel = change.kind === 'book' ? 'book' : 'trades';
    const numbered = change.kind === 'book' ? { ...change, sequence } : { ...change, tradeId: String(made) };
    return {
      offsetMs,
      frame: { symbol: change.symbol, channel, stream, frame: Buffer.from(text) },
      changes: [numbered],
    };
  }

  return {
    origin: 'recorded',
    next,
    nextDueMs,
    start(offsetMs) {
      startedAt ??= offsetMs;
    },
    stop() {
      stopped = true;
    },
  };
}
