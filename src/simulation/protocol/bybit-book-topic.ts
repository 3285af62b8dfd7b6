import type { Instrument } from '#core/market/instrument.ts';
import { formatScaled } from '#core/market/scaled-decimal.ts';
import type { SimulatedBook } from '../exchange/simulated-exchange.ts';

/** One `orderbook.{depth}.{symbol}` stream, the same for all who listen: `u` rises by one with each frame. */
export interface BookTopic {
  readonly topic: string;
  readonly symbol: string;
  readonly depth: number;
  /** The book as last published, or null while there is none. `fresh`: nobody listened before, so it starts from the book of now. */
  snapshot(fresh: boolean): string | null;
  onChange(time: number): void;
  /** Level 1: the same snapshot again after three quiet seconds. */
  repeatIfQuiet(nowMs: number): void;
  close(): void;
}

type Side = readonly (readonly [number, number])[];

/** Push intervals (Bybit V5 documentation, "Orderbook"). Changes within one are sent together. */
const INTERVAL_MS: Readonly<Record<number, number>> = { 1: 10, 50: 20, 200: 100, 500: 100, 1000: 200 };
const QUIET_MS = 3_000;
/** `u` 1 means that the venue's service has restarted. */
const RESTARTED = 1;
const FIRST_UPDATE = 1_000;

export function createBookTopic(options: {
  readonly topic: string;
  readonly depth: number;
  /** Frames of every depth have their stamp before their type; level 1 has it in any case. */
  readonly stampFirst: boolean;
  readonly instrument: Instrument;
  readonly book: () => SimulatedBook;
  readonly now: () => number;
  /** Whether the venue's service has restarted before this change: it is then told as a whole book with update number 1. */
  readonly restarts: () => boolean;
  readonly send: (frame: string) => void;
}): BookTopic {
  const { topic, depth, instrument } = options;
  const intervalMs = INTERVAL_MS[depth] ?? 100;
  let published: SimulatedBook | null = null;
  let publishedTime = 0;
  let update = FIRST_UPDATE;
  let lastChange = Number.NEGATIVE_INFINITY;
  let sentAt = 0;
  let trailing: NodeJS.Timeout | null = null;

  function frame(type: 'snapshot' | 'delta', bids: Side, asks: Side, sequence: number, time: number): string {
    const data = { s: instrument.symbol, ...bookLevels({ bids, asks }, instrument), u: update, seq: sequence };
    const cts = Math.floor(time);
    return JSON.stringify(
      options.stampFirst || depth === 1
        ? { topic, ts: options.now(), type, data, cts }
        : { topic, type, ts: options.now(), data, cts },
    );
  }

  function publish(time: number): void {
    if (trailing !== null) clearTimeout(trailing);
    trailing = null;
    const book = options.book();
    if (book.bids.length === 0 && book.asks.length === 0 && published === null) return;
    const bids = difference(published?.bids ?? [], book.bids);
    const asks = difference(published?.asks ?? [], book.asks);
    if (bids.length === 0 && asks.length === 0) return;
    const before = published;
    published = book;
    publishedTime = time;
    lastChange = time;
    sentAt = performance.now();
    const restarted = depth > 1 && before !== null && options.restarts();
    update = restarted ? RESTARTED : update + 1;
    const whole = restarted || before === null || depth === 1;
    options.send(
      whole
        ? frame('snapshot', book.bids, book.asks, book.sequence, time)
        : frame('delta', bids, asks, book.sequence, time),
    );
  }

  return {
    topic,
    symbol: instrument.symbol,
    depth,
    snapshot(fresh) {
      if (fresh || published === null) {
        const book = options.book();
        if (book.bids.length === 0 && book.asks.length === 0) return null;
        published = book;
        publishedTime = options.now();
        update += 1;
      }
      sentAt = performance.now();
      return frame('snapshot', published.bids, published.asks, published.sequence, publishedTime);
    },
    onChange(time) {
      if (time - lastChange >= intervalMs || time < lastChange) {
        publish(time);
      } else {
        trailing ??= setTimeout(() => publish(time), intervalMs);
      }
    },
    repeatIfQuiet(nowMs) {
      if (published === null || nowMs - sentAt < QUIET_MS) return;
      sentAt = nowMs;
      options.send(frame('snapshot', published.bids, published.asks, published.sequence, publishedTime));
    },
    close() {
      if (trailing !== null) clearTimeout(trailing);
      trailing = null;
    },
  };
}

/** Both sides as the venue writes them. */
export function bookLevels(
  book: { readonly bids: Side; readonly asks: Side },
  instrument: Instrument,
): { readonly b: [string, string][]; readonly a: [string, string][] } {
  const levels = (side: Side): [string, string][] =>
    side.map(([price, size]) => [formatScaled(price, instrument.priceScale), formatScaled(size, instrument.sizeScale)]);
  return { b: levels(book.bids), a: levels(book.asks) };
}

/** What turns one side into the other: levels that are new or have another size, and with size 0 those that are gone. */
function difference(before: Side, after: Side): [number, number][] {
  const old = new Map(before);
  const changed: [number, number][] = [];
  for (const [price, size] of after) {
    if (old.get(price) !== size) changed.push([price, size]);
    old.delete(price);
  }
  for (const price of old.keys()) changed.push([price, 0]);
  return changed;
}
