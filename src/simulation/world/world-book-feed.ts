import type { BookSync } from '#core/market/book-sync.ts';
import type { BookScales } from '#core/market/book-writer.ts';
import type { ScannedBook, ScannedLevels } from '#core/market/scanned-message.ts';
import type { EpochMs } from '#core/time/clock.ts';
import type { SimulatedBook } from '../exchange/simulated-exchange.ts';
import type { WorldProcess } from './world-process.ts';
import { latencyMs, venueNow, type WorldVenue } from './world-venue.ts';

const SNAPSHOT_LEVELS = 200;

/**
 * The public books of one process: a snapshot with the subscription, every change after it, in order. A lost change breaks the sequence; the sync asks for a new
 * subscription, and gets one.
 */
export class WorldBookFeed {
  readonly #venue: WorldVenue;
  readonly #process: WorldProcess;
  readonly #syncs: ReadonlyMap<string, BookSync>;
  readonly #onBook: (symbol: string, sync: BookSync, exchangeTime: EpochMs) => void;
  readonly #onMessage: (message: ScannedBook) => void;
  readonly #unlisten: () => void;
  readonly #subscribed = new Set<string>();
  #arrivesAtMs = 0;
  #stalledUntilMs = 0;

  constructor(
    venue: WorldVenue,
    process: WorldProcess,
    syncs: ReadonlyMap<string, BookSync>,
    onBook: (symbol: string, sync: BookSync, exchangeTime: EpochMs) => void,
    onMessage: (message: ScannedBook) => void = () => undefined,
  ) {
    this.#venue = venue;
    this.#process = process;
    this.#syncs = syncs;
    this.#onBook = onBook;
    this.#onMessage = onMessage;
    this.#unlisten = venue.exchange.listen({
      onMarket: (event) => {
        if (event.kind !== 'bookChange' || !this.#subscribed.has(event.symbol)) return;
        if (venue.dice.chance(venue.shares.bookLost)) {
          venue.watch.trace(() => `${process.name} loses book change ${event.sequence} of ${event.symbol}`);
        } else this.#send(event, false, event.time);
      },
      onAccount: () => undefined,
    });
    for (const symbol of syncs.keys()) this.#subscribe(symbol);
  }

  /** Nothing arrives for so long; then all of it does, late. */
  stall(ms: number): void {
    this.#stalledUntilMs = this.#venue.time.nowMs + ms;
  }

  abandon(): void {
    this.#unlisten();
  }

  #subscribe(symbol: string): void {
    const { time, dice, exchange } = this.#venue;
    time.after(latencyMs(dice), () => {
      const now = venueNow(this.#venue);
      this.#subscribed.add(symbol);
      this.#send(exchange.book(symbol, SNAPSHOT_LEVELS), true, now);
    });
  }

  #send(book: Omit<SimulatedBook, 'symbol'> & { readonly symbol: string }, isSnapshot: boolean, at: EpochMs): void {
    const { time, dice, instruments } = this.#venue;
    const sync = this.#syncs.get(book.symbol);
    const scales: BookScales | undefined = instruments.get(book.symbol);
    if (sync === undefined || scales === undefined) return;
    const message: ScannedBook = {
      type: 'scannedBook',
      symbol: book.symbol,
      isSnapshot,
      bids: levelsOf(book.bids),
      asks: levelsOf(book.asks),
      firstSequence: book.sequence,
      lastSequence: book.sequence,
      previousSequence: null,
      exchangeTime: at,
      priceScale: scales.priceScale,
      sizeScale: scales.sizeScale,
    };
    this.#arrivesAtMs = Math.max(this.#arrivesAtMs, this.#stalledUntilMs, time.nowMs + latencyMs(dice));
    this.#process.deliver(this.#arrivesAtMs - time.nowMs, () => {
      this.#onMessage(message);
      const outcome = sync.onMessage(message);
      if (outcome.kind === 'resync') this.#subscribe(book.symbol);
      // As an engine's feed does it: a book that is not whole is told to nobody.
      if (outcome.kind === 'applied') this.#onBook(book.symbol, sync, at);
    });
  }
}

function levelsOf(levels: readonly (readonly [number, number])[]): ScannedLevels {
  return {
    prices: Float64Array.from(levels, ([price]) => price),
    sizes: Float64Array.from(levels, ([, size]) => size),
    count: levels.length,
  };
}
