import type { Instrument, VenueId } from '#core/market/instrument.ts';
import { formatScaled } from '#core/market/scaled-decimal.ts';
import { createGeneratedMarket } from '#simulation/market-sources/generated-market.ts';
import type { MarketSource, SourceChange, SourceLevel, SourceStep } from '#simulation/market-sources/market-source.ts';

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
type BookChange = Extract<Framed, { kind: 'book' }>;
type Trade = Extract<Framed, { kind: 'trade' }>;

const LEVELS = 50;

/** Books and trades of the generated market, in the venue's words, with sequence numbers that rise without end. */
export function createPacedMarket(options: PacedMarketOptions): PacedMarket {
  const { instruments, framesPerSecond } = options;
  const market = createGeneratedMarket(instruments, options.seed, {
    eventsPerSecond: Math.max(1, framesPerSecond / instruments.length),
    levels: LEVELS,
  });
  const words = options.venue === 'binance-usdm' ? binanceWords() : bybitWords();
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

interface Said {
  readonly stream: string;
  readonly text: string;
  readonly sequence: number;
}

/** How a venue writes its frames. */
interface VenueWords {
  book(instrument: Instrument, change: BookChange, time: number): Said;
  trade(instrument: Instrument, change: Trade, time: number, id: number): Said;
}

/** Binance USD-M: combined frames; each diff names the one before it. */
function binanceWords(): VenueWords {
  const last = new Map<string, number>();
  return {
    book(instrument, change, time) {
      const previous = last.get(change.symbol) ?? 1_000_000;
      const sequence = previous + 1 + change.bids.length + change.asks.length;
      last.set(change.symbol, sequence);
      const stream = `${change.symbol.toLowerCase()}@depth@100ms`;
      const data = {
        e: 'depthUpdate',
        E: time,
        T: time,
        s: change.symbol,
        U: previous + 1,
        u: sequence,
        pu: previous,
        b: levels(instrument, change.bids),
        a: levels(instrument, change.asks),
      };
      return { stream, sequence, text: JSON.stringify({ stream, data }) };
    },
    trade(instrument, change, time, id) {
      const stream = `${change.symbol.toLowerCase()}@aggTrade`;
      const [p, q] = [price(instrument, change.price), size(instrument, change.size)];
      const m = change.takerSide === 'sell';
      const data = { e: 'aggTrade', E: time, a: id, s: change.symbol, p, q, f: id, l: id, T: time, m };
      return { stream, sequence: id, text: JSON.stringify({ stream, data }) };
    },
  };
}

/** Bybit linear: a book begins with a snapshot; `u` rises by one. */
function bybitWords(): VenueWords {
  const last = new Map<string, number>();
  return {
    book(instrument, change, time) {
      const sequence = (last.get(change.symbol) ?? 1_000) + 1;
      last.set(change.symbol, sequence);
      const topic = `orderbook.50.${change.symbol}`;
      const b = levels(instrument, change.bids);
      const a = levels(instrument, change.asks);
      const data = { s: change.symbol, b, a, u: sequence, seq: sequence * 7 };
      const type = change.isSnapshot ? 'snapshot' : 'delta';
      return { stream: topic, sequence, text: JSON.stringify({ topic, type, ts: time, data, cts: time }) };
    },
    trade(instrument, change, time, id) {
      const topic = `publicTrade.${change.symbol}`;
      const trade = {
        T: time,
        s: change.symbol,
        S: change.takerSide === 'buy' ? 'Buy' : 'Sell',
        v: size(instrument, change.size),
        p: price(instrument, change.price),
        L: 'PlusTick',
        i: `soak-${id}`,
        BT: false,
        RPI: false,
        seq: id,
      };
      const text = JSON.stringify({ topic, type: 'snapshot', ts: time, data: [trade] });
      return { stream: topic, sequence: id, text };
    },
  };
}

const price = ({ priceScale }: Instrument, value: number) => formatScaled(value, priceScale);
const size = ({ sizeScale }: Instrument, value: number) => formatScaled(value, sizeScale);

function levels(instrument: Instrument, side: readonly SourceLevel[]): [string, string][] {
  return side.map(([at, amount]) => [price(instrument, at), size(instrument, amount)]);
}
