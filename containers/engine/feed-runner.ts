import type { HeldLease } from '#core/control/control-ports.ts';
import type { UnitRef } from '#core/control/unit.ts';
import { MillraceError, messageOf } from '#core/errors.ts';
import type { FrameAccount, Publisher } from '#core/events/publisher-port.ts';
import type { InputLog } from '#core/input-log/input-log.ts';
import type { EventNote } from '#core/lanes/lane-effects.ts';
import type { Now } from '#core/lanes/now.ts';
import type { BookSync, BookSyncOutcome } from '#core/market/book-sync.ts';
import type { Instrument } from '#core/market/instrument.ts';
import type { Subscription } from '#core/market/market-message.ts';
import type { OrderBook } from '#core/market/order-book.ts';
import type { BookChange } from '#core/market/scanned-message.ts';
import type { ConnectionStatus } from '#core/orders/venue-ports.ts';
import type { Clock, EpochMs, MonoNanos, Timers } from '#core/time/clock.ts';
import type { Venue, VenueRuntime } from '#venues/venue.ts';
import { type BookStatus, bookStatus } from './book-status.ts';
import type { EngineMetrics } from './engine-metrics.ts';
import type { FeedLine, FeedLineCounts, FeedLineListener } from './feed-line.ts';
import { FeedLines } from './feed-lines.ts';
import { FeedLog } from './feed-log.ts';
import type { FeedMessage, FeedSocket } from './feed-socket.ts';
import { FeedSubscriptions } from './feed-subscriptions.ts';
import { FeedUpkeep, type VenueClockStatus } from './feed-upkeep.ts';
import { CONNECTION_BEAT, type SupervisedPart } from './supervisor.ts';
import { type EventOrigin, UnitEvents } from './unit-events.ts';

/** Who hears of a book: called directly from the socket's frame, in order (H1). */
export type BookListener = (
  symbol: string,
  book: OrderBook,
  receivedAt: MonoNanos,
  exchangeTime: EpochMs,
  now: Now,
) => void;

export interface FeedRunnerOptions {
  /** Of the feed; a part of its connections' names. */
  readonly name: string;
  readonly venue: Venue;
  readonly symbols: readonly string[];
  readonly channels: readonly Subscription['channel'][];
  /** Symbols of which only what scanners hear is carried until a lane asks for one; absent: none. */
  readonly watched?: ReadonlySet<string>;
  readonly instruments: ReadonlyMap<string, Instrument>;
  readonly runtime: VenueRuntime;
  readonly publisher: Publisher;
  readonly inputLog: InputLog;
  readonly metrics: EngineMetrics;
  readonly origin: EventOrigin;
  /** Under whose name the feed's events go: no account of a tenant. */
  readonly feedUnit: UnitRef;
  /** Last sequence of a symbol's book that any engine published, or null. */
  readonly lastPublished: (symbol: string) => Promise<string | null>;
  readonly onBook: BookListener;
  /** Hot: what came that is no book. Absent: nobody hears it. */
  readonly onOther?: (message: FeedMessage, receivedAt: MonoNanos) => void;
  readonly clock: Clock;
  readonly timers: Timers;
}

export interface FeedStatus {
  /** Its name in the configuration: that of the venue unless the venue has several. */
  readonly feed: string;
  readonly venue: string;
  readonly connections: readonly {
    readonly name: string;
    readonly status: ConnectionStatus;
    readonly frames: number;
    readonly counts: ReturnType<FeedLine['connectionCounts']>;
    /** Changes of socket, and what was dropped of two sockets by reason. */
    readonly overlap: FeedLineCounts;
  }[];
  readonly books: readonly BookStatus[];
  readonly badFrames: number;
  /** Venue time minus wall time, ms, null until it is known; `alarm`: they are too far apart (F27). */
  readonly venueClock: VenueClockStatus;
}

interface SymbolBook {
  readonly sync: BookSync;
  readonly symbol: string;
  messages: number;
  gaps: number;
  /** What is missing, once the book has been lost; told when it is whole again. */
  gap: { reason: string; lastSequence: string | null } | null;
}

const SNAPSHOT_RETRY_MS = 1_000;
/** How long the last frames may take to their stream. */
const FLUSH_MS = 10_000;

/**
 * The market data of one venue under one lease: sockets, decoding, books. A frame is published, decoded, applied and handed to the lanes in one synchronous call:
 * no promise, timer or queue lies between (H1).
 */
export class FeedRunner implements FeedLineListener {
  readonly #options: FeedRunnerOptions;
  readonly #books = new Map<string, SymbolBook>();
  readonly #events: UnitEvents;
  readonly #log: FeedLog;
  readonly #lines: FeedLines;
  readonly #subscriptions: FeedSubscriptions;
  readonly #upkeep: FeedUpkeep;
  #stopped = false;

  constructor(options: FeedRunnerOptions, lease: HeldLease, tookOverFrom: string | null) {
    this.#options = options;
    this.#events = new UnitEvents(options.publisher, options.feedUnit, lease.epoch, options.origin);
    this.#log = new FeedLog(options, lease.epoch);
    this.#log.feed({ change: 'began', venue: options.venue.id });
    this.#upkeep = new FeedUpkeep(options, this.#events, () => this.#accounts());
    const gap = tookOverFrom === null ? null : { reason: `taken over from ${tookOverFrom}`, lastSequence: null };
    const { symbols, channels, watched } = options;
    this.#subscriptions = new FeedSubscriptions(this.#content(symbols, channels, watched), () => this.#lines, {
      addBook: (symbol) => this.#addBook(symbol, null),
      removeBook: (symbol) => this.#removeBook(symbol),
    });
    for (const symbol of this.#subscriptions.whole()) this.#addBook(symbol, gap === null ? null : { ...gap });
    const begin = this.#subscriptions.wanted();
    this.#lines = new FeedLines({ ...options, engine: options.origin.engine }, lease.epoch, this, begin);
    if (tookOverFrom !== null) void this.#findLastPublished();
  }

  start(): void {
    this.#lines.start();
    this.#upkeep.start();
  }

  /** Closes the sockets in order: what was on its way still arrives and is published. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#upkeep.stop();
    await this.#lines.stop();
    await this.#options.publisher.flush(FLUSH_MS).catch((error: unknown) => {
      this.#options.runtime.log('error', 'frames left unpublished', {
        venue: this.#options.venue.id,
        reason: messageOf(error),
      });
    });
    for (const account of this.#accounts()) {
      const { connection, received, published, shed } = account;
      this.#events.emit(
        { type: 'feed.closed', body: { connection, how: 'inOrder', received, published, shed } },
        null,
        this.#options.clock.epochMs(),
      );
    }
  }

  /**
   * Changes what the feed carries, with the venue's acknowledgements awaited: first what is new, then what goes. Rejects when the venue refuses; what was
   * carried before goes on.
   */
  reconfigure(
    symbols: readonly string[],
    channels: readonly Subscription['channel'][],
    watched?: ReadonlySet<string>,
  ): Promise<void> {
    return this.#subscriptions.change(this.#content(symbols, channels, watched));
  }

  /** See `LaneFeed`. */
  carry(symbol: string, holder: string): Promise<void> {
    return this.#subscriptions.carry(symbol, holder);
  }

  release(symbol: string, holder: string): Promise<void> {
    return this.#subscriptions.release(symbol, holder);
  }

  /** Its books are nobody's any more: whoever gave them to lanes says so. */
  gone(): void {
    this.#log.feed({ change: 'gone' });
  }

  /** Frame accounts of every connection that this feed has had. */
  #accounts(): readonly FrameAccount[] {
    return this.#options.publisher.accounts().filter((account) => this.#lines.owns(account));
  }

  /** Its lines, as they are supervised. */
  parts(): readonly SupervisedPart[] {
    return this.#lines.all.map((line) => ({
      name: `feed/${this.#options.name}/${line.plan.name}`,
      ...CONNECTION_BEAT,
      beats: () => line.beats(),
      restart: (reason) => line.renew(reason),
      tell: (note) => this.tell(note),
    }));
  }

  tell(note: EventNote): void {
    this.#events.emit(note, null, this.#options.clock.epochMs());
  }

  book(symbol: string): OrderBook | null {
    return this.#books.get(symbol)?.sync.book ?? null;
  }

  status(): FeedStatus {
    return {
      feed: this.#options.name,
      venue: this.#options.venue.id,
      connections: this.#lines.all.map((line) => ({
        name: line.plan.name,
        status: line.current.connection.status(),
        frames: line.frames(),
        counts: line.connectionCounts(),
        overlap: line.counts,
      })),
      books: [...this.#books.values()].map((book) =>
        bookStatus(book.sync.book, this.#options.instruments.get(book.symbol), book),
      ),
      badFrames: this.#options.metrics.badFrames,
      venueClock: this.#upkeep.clockStatus(),
    };
  }

  /** Hot: one market-data message of a line. */
  onMessage(socket: FeedSocket, message: FeedMessage, receivedAt: MonoNanos): void {
    if (message.type === 'scannedBook' || message.type === 'book') this.#onBook(socket, message, receivedAt);
    else this.#options.onOther?.(message, receivedAt);
  }

  bookSequence(symbol: string): number | null {
    const book = this.#books.get(symbol)?.sync.book;
    return book?.valid === true ? book.sequence : null;
  }

  /** No live socket carries them: books are not to be quoted, and what they miss is declared when they are whole again. */
  onLost(subscriptions: readonly Subscription[], reason: string): void {
    for (const { channel, symbol } of subscriptions) {
      const book = this.#books.get(symbol);
      if (channel === 'book' && book !== undefined) this.#lose(book, reason);
    }
  }

  onResubscribe(subscription: Subscription, reason: string): void {
    const book = this.#books.get(subscription.symbol);
    if (subscription.channel === 'book' && book !== undefined) this.#lose(book, reason);
  }

  /** Channels and symbols that the venue has not are left out, and said: what is delisted must not keep the others from being carried. */
  #content(
    symbols: readonly string[],
    channels: readonly Subscription['channel'][],
    watched: ReadonlySet<string> = new Set(),
  ) {
    const { venue, runtime } = this.#options;
    for (const channel of channels) {
      if (!venue.supports.channels.includes(channel))
        runtime.log('error', 'subscription refused', {
          venue: venue.id,
          channel,
          reason: 'the venue has no such channel',
        });
    }
    for (const symbol of symbols) if (!this.#options.instruments.has(symbol)) this.#tellUnknown(symbol);
    return {
      symbols: symbols.filter((symbol) => this.#options.instruments.has(symbol)),
      channels: channels.filter((channel) => venue.supports.channels.includes(channel)),
      watched,
    };
  }

  #tellUnknown(symbol: string): void {
    const { venue, runtime, name } = this.#options;
    runtime.log('error', 'symbol refused', { venue: venue.id, symbol, reason: 'the venue has no such instrument' });
    const text = `feed ${name} carries nothing of ${symbol}: ${venue.id} has no such instrument, or what it says of it cannot be read`;
    this.tell({
      type: 'alert',
      body: { severity: 'critical', code: 'SYMBOL_UNKNOWN', text, dedupeKey: `${name}/${symbol}` },
    });
  }

  #addBook(symbol: string, gap: SymbolBook['gap']): void {
    const { venue, instruments } = this.#options;
    const instrument = instruments.get(symbol);
    if (instrument === undefined) {
      throw new MillraceError('configuration', 'INSTRUMENT_UNKNOWN', `venue=${venue.id} symbol=${symbol}`);
    }
    this.#log.book({ change: 'added', instrument });
    this.#books.set(symbol, { sync: venue.createBookSync(instrument), symbol, messages: 0, gaps: 0, gap });
  }

  #removeBook(symbol: string): void {
    if (this.#books.delete(symbol)) this.#log.book({ change: 'removed', symbol });
  }

  #lose(book: SymbolBook, reason: string): void {
    const { sync } = book;
    if (sync.book.valid) {
      book.gaps += 1;
      book.gap = { reason, lastSequence: String(sync.book.sequence) };
    }
    this.#log.book({ change: 'lost', symbol: book.symbol, reason });
    sync.invalidate(reason);
  }

  #onBook(socket: FeedSocket, message: BookChange, receivedAt: MonoNanos): void {
    const book = this.#books.get(message.symbol);
    if (book === undefined) {
      // Of a symbol that no lane has any more, or not yet: it reaches nobody (G5).
      this.#options.metrics.drop('bookNotCarried');
      return;
    }
    book.messages += 1;
    const { sync } = book;
    const lastSequence = sync.book.valid ? sync.book.sequence : null;
    const outcome = this.#sync(book, message, lastSequence);
    if (outcome.kind === 'resync') {
      if (lastSequence !== null) {
        book.gaps += 1;
        book.gap = { reason: outcome.reason, lastSequence: String(lastSequence) };
      }
      if (outcome.need === 'restSnapshot') void this.#fetchBook(socket, book);
      else socket.connection.resubscribe({ channel: 'book', symbol: message.symbol }, outcome.reason);
    } else if (outcome.kind === 'applied') {
      this.#told(socket, book, receivedAt, message.exchangeTime);
    }
  }

  /** A level that cannot be represented makes the book invalid: the hole that this leaves is declared like any other. */
  #sync(book: SymbolBook, message: BookChange, lastSequence: number | null): BookSyncOutcome {
    try {
      return book.sync.onMessage(message);
    } catch (error) {
      if (lastSequence !== null) {
        book.gaps += 1;
        book.gap = { reason: messageOf(error), lastSequence: String(lastSequence) };
      }
      throw error;
    }
  }

  #told(socket: FeedSocket, book: SymbolBook, receivedAt: MonoNanos, exchangeTime: EpochMs): void {
    const { sync, symbol } = book;
    if (sync.book.valid && book.gap !== null) this.#declareGap(socket, book);
    this.#options.onBook(symbol, sync.book, receivedAt, exchangeTime, socket.anchored(receivedAt));
  }

  #declareGap(socket: FeedSocket, book: SymbolBook): void {
    if (book.gap === null) return;
    const { reason, lastSequence } = book.gap;
    book.gap = null;
    socket.connection.synced({ channel: 'book', symbol: book.symbol });
    const body = {
      connection: socket.recordedAs,
      symbol: book.symbol,
      reason,
      lastSequence,
      firstSequence: String(book.sync.book.sequence),
    };
    this.#events.emit({ type: 'feed.gap', body }, null, this.#options.clock.epochMs());
  }

  /** Fetches the whole book by REST until it fits what the stream has said; one fetch at a time for each resync that the book sync asked for. */
  async #fetchBook(socket: FeedSocket, book: SymbolBook): Promise<void> {
    const { venue, runtime, timers } = this.#options;
    // One of a symbol that was given back is nobody's, even if the symbol is carried again.
    const isWanted = () => !this.#stopped && this.#books.get(book.symbol) === book;
    while (isWanted() && venue.marketData.fetchBook !== null) {
      try {
        const snapshot = await venue.marketData.fetchBook(runtime, book.symbol);
        if (!isWanted()) return;
        const receivedAt = this.#options.clock.monoNanos();
        this.#log.book({ change: 'snapshot', message: snapshot }, socket.anchored(receivedAt));
        const outcome = book.sync.onMessage(snapshot);
        if (outcome.kind !== 'resync') {
          if (outcome.kind === 'applied') this.#told(socket, book, receivedAt, snapshot.exchangeTime);
          return;
        }
      } catch (error) {
        runtime.log('warn', 'book snapshot failed', { venue: venue.id, symbol: book.symbol, reason: messageOf(error) });
      }
      await new Promise<void>((resolve) => timers.after(SNAPSHOT_RETRY_MS, resolve));
    }
  }

  /** The predecessor's side of the gap: what the pipeline has seen of each book. */
  async #findLastPublished(): Promise<void> {
    for (const book of this.#books.values()) {
      try {
        const lastSequence = await this.#options.lastPublished(book.symbol);
        if (book.gap !== null && book.gap.lastSequence === null) book.gap.lastSequence = lastSequence;
      } catch (error) {
        this.#options.runtime.log('warn', 'last published sequence unknown', {
          symbol: book.symbol,
          reason: messageOf(error),
        });
      }
    }
  }
}
