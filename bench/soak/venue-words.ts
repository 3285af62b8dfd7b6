import type { Instrument, VenueId } from '#core/market/instrument.ts';
import { formatScaled } from '#core/market/scaled-decimal.ts';
import type { SourceChange, SourceLevel } from '#simulation/market-sources/market-source.ts';

type BookChange = Extract<SourceChange, { kind: 'book' }>;
type Trade = Extract<SourceChange, { kind: 'trade' }>;

export interface Said {
  readonly stream: string;
  readonly text: string;
  readonly sequence: number;
}

/** How a venue writes its frames; sequence numbers rise without end. */
export interface VenueWords {
  book(instrument: Instrument, change: BookChange, time: number): Said;
  trade(instrument: Instrument, change: Trade, time: number, id: number): Said;
}

const WORDS: Partial<Readonly<Record<VenueId, () => VenueWords>>> = {
  'binance-usdm': () => binanceWords(true),
  'binance-spot': () => binanceWords(false),
  'bybit-linear': bybitWords,
  'bybit-spot': bybitWords,
};

/** Venues that a soak can have: those whose words are known here. */
export function isSoakVenue(venue: VenueId): boolean {
  return venue in WORDS;
}

export function wordsOf(venue: VenueId): VenueWords {
  const words = WORDS[venue];
  if (words === undefined) throw new Error(`no words of ${venue} for a soak`);
  return words();
}

/** Binance: combined frames. Of futures each diff names the one before it, and trades are aggregated. */
function binanceWords(futures: boolean): VenueWords {
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
        ...(futures ? { T: time } : {}),
        s: change.symbol,
        U: previous + 1,
        u: sequence,
        ...(futures ? { pu: previous } : {}),
        b: levels(instrument, change.bids),
        a: levels(instrument, change.asks),
      };
      return { stream, sequence, text: JSON.stringify({ stream, data }) };
    },
    trade(instrument, change, time, id) {
      const [p, q] = [price(instrument, change.price), size(instrument, change.size)];
      const m = change.takerSide === 'sell';
      const [s, E, T] = [change.symbol, time, time];
      const stream = `${change.symbol.toLowerCase()}@${futures ? 'aggTrade' : 'trade'}`;
      const data = futures
        ? { e: 'aggTrade', E, a: id, s, p, q, f: id, l: id, T, m }
        : { e: 'trade', E, s, t: id, p, q, T, m, M: true };
      return { stream, sequence: id, text: JSON.stringify({ stream, data }) };
    },
  };
}

/** Bybit: a book begins with a snapshot; `u` rises by one. */
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
