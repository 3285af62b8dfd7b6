import type { Instrument } from '#core/market/instrument.ts';
import type { SimulatedBook } from '../exchange/simulated-exchange.ts';
import { priceOf, sizeOf } from './deribit-rows.ts';
import { notificationText } from './deribit-rpc.ts';

type Side = readonly (readonly [number, number])[];

/** One `book.{instrument}.{interval}` channel, the same for all who listen: each change names the change before it. */
export interface BookChannel {
  readonly name: string;
  readonly symbol: string;
  /** The book as last published, or null while there is none. `fresh`: nobody listened before, so it starts from the book of now. */
  snapshot(fresh: boolean): string | null;
  onChange(time: number): void;
  close(): void;
}

/** Milliseconds by interval ("Subscriptions"): changes within one are sent together. */
const INTERVAL_MS: Readonly<Record<string, number>> = { raw: 0, '100ms': 100, agg2: 1_000 };

export function createBookChannel(options: {
  readonly name: string;
  readonly interval: string;
  readonly instrument: Instrument;
  readonly book: () => SimulatedBook;
  readonly now: () => number;
  readonly send: (frame: string) => void;
}): BookChannel {
  const { name, instrument } = options;
  const intervalMs = INTERVAL_MS[options.interval] ?? 100;
  let published: SimulatedBook | null = null;
  let publishedTime = 0;
  let changeId = 1;
  let lastChange = Number.NEGATIVE_INFINITY;
  let trailing: NodeJS.Timeout | null = null;

  function publish(time: number): void {
    if (trailing !== null) clearTimeout(trailing);
    trailing = null;
    const book = options.book();
    if (published === null) return;
    const bids = changesOf(published.bids, book.bids, instrument);
    const asks = changesOf(published.asks, book.asks, instrument);
    if (bids.length === 0 && asks.length === 0) return;
    const before = changeId;
    // The number rises, by how much is nobody's business.
    changeId = Math.max(book.sequence, changeId + 1);
    published = book;
    publishedTime = time;
    lastChange = time;
    options.send(
      notificationText(name, {
        type: 'change',
        timestamp: Math.floor(time),
        prev_change_id: before,
        instrument_name: instrument.symbol,
        change_id: changeId,
        bids,
        asks,
      }),
    );
  }

  return {
    name,
    symbol: instrument.symbol,
    snapshot(fresh) {
      if (fresh || published === null) {
        published = options.book();
        publishedTime = options.now();
        changeId = Math.max(published.sequence, changeId + 1);
      }
      return notificationText(name, {
        type: 'snapshot',
        timestamp: Math.floor(publishedTime),
        instrument_name: instrument.symbol,
        change_id: changeId,
        ...bookSides(published, instrument),
      });
    },
    onChange(time) {
      if (time - lastChange >= intervalMs || time < lastChange) publish(time);
      else trailing ??= setTimeout(() => publish(time), intervalMs);
    },
    close() {
      if (trailing !== null) clearTimeout(trailing);
      trailing = null;
    },
  };
}

/** Both sides of a whole book as the venue writes them. */
export function bookSides(book: { readonly bids: Side; readonly asks: Side }, instrument: Instrument) {
  const side = (levels: Side): unknown[] =>
    levels.map(([price, size]) => ['new', priceOf(instrument, price), sizeOf(instrument, size)]);
  return { bids: side(book.bids), asks: side(book.asks) };
}

/** What turns one side into the other. */
function changesOf(before: Side, after: Side, instrument: Instrument): unknown[] {
  const old = new Map(before);
  const changes: unknown[] = [];
  for (const [price, size] of after) {
    const known = old.get(price);
    if (known !== size) {
      changes.push([known === undefined ? 'new' : 'change', priceOf(instrument, price), sizeOf(instrument, size)]);
    }
    old.delete(price);
  }
  for (const price of old.keys()) changes.push(['delete', priceOf(instrument, price), 0]);
  return changes;
}
