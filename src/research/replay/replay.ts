import type { RuntimeConfiguration } from '#core/config/runtime-configuration.ts';
import { messageOf } from '#core/errors.ts';
import type { FramePart } from '#core/input-log/frame-part.ts';
import type { InputLine } from '#core/input-log/input-log.ts';
import { giveLane, type LaneGiven } from '#core/input-log/lane-input.ts';
import {
  type BookLine,
  type BreakersLine,
  type EngineStart,
  type FeedChangeLine,
  feedOwner,
  type LaneLine,
  type PolicyLine,
  type SocketLine,
  type UnitLine,
} from '#core/input-log/lease-log.ts';
import { giveTrade } from '#core/lanes/give-trade.ts';
import type { Now } from '#core/lanes/now.ts';
import type { VenueId } from '#core/market/instrument.ts';
import type { TradeMessage } from '#core/market/market-message.ts';
import type { OrderBook } from '#core/market/order-book.ts';
import type { BookChange, ScannedTrade } from '#core/market/scanned-message.ts';
import type { BalanceReport } from '#core/orders/order.ts';
import type { EpochMs, MonoNanos } from '#core/time/clock.ts';
import type { Venue } from '#venues/venue.ts';
import { canonical } from './canonical.ts';
import { EffectComparison } from './effect-comparison.ts';
import { laneView } from './lane-view.ts';
import type { LogEntry } from './log-entries.ts';
import type { ReplayResult } from './replay-result.ts';
import { ReplayedFeed } from './replayed-feed.ts';
import { ReplayedFeeds } from './replayed-feeds.ts';
import { type ReplayedLane, ReplayedUnit } from './replayed-unit.ts';

/** With what a replay decides, and what it tells on the way. */
export interface ReplayOptions {
  readonly venues: Readonly<Record<VenueId, Venue>>;
  /** In force instead of the recorded one. */
  readonly configuration?: RuntimeConfiguration;
  /** Inputs between two marks of the hashes. */
  readonly markEvery?: number;
  /** Hears of every input and effect. */
  readonly trace?: (text: string) => void;
  /** Hear every book and every execution that lanes may be given. */
  readonly onBook?: (symbol: string, book: OrderBook) => void;
  readonly onTrade?: (message: TradeMessage | ScannedTrade) => void;
  /** Takes a picture of the lane before this input of a lane, counted from 1. */
  readonly viewBefore?: number;
}

const MARK_EVERY = 1_000;

/** Takes the decisions of one engine again, from its frames and its input log, and compares what comes of them with what came of them then (invariant 8). */
export class Replay {
  readonly #options: ReplayOptions;
  readonly #entries: Generator<LogEntry>;
  #peeked: LogEntry | null = null;
  readonly #comparison: EffectComparison;
  readonly #feeds = new ReplayedFeeds();
  readonly #units = new Map<string, ReplayedUnit>();
  readonly #lives: ReplayedUnit[] = [];
  readonly #holes: string[] = [];
  #start: EngineStart | null = null;
  #ended = false;
  /** The last hole in the lines: lines that came after it, and holes before it. */
  #missing: { readonly n: number; readonly holes: number; lines: number } | null = null;
  #inputs = 0;
  #frames = 0;
  #last = 0;
  /** Of the frame that is being read: its number, its clock readings, and the parts that have begun. */
  #n = 0;
  #now: Now = { mono: 0 as MonoNanos, epoch: 0 as EpochMs };
  #part = 0;
  #view: unknown = null;

  constructor(entries: Generator<LogEntry>, options: ReplayOptions) {
    this.#entries = entries;
    this.#options = options;
    this.#comparison = new EffectComparison(options.markEvery ?? MARK_EVERY, options.trace);
  }

  run(): ReplayResult {
    while (this.#comparison.difference === null) {
      const entry = this.#take();
      if (entry === null) break;
      this.#entry(entry);
    }
    const { difference, hashes } = this.#comparison;
    if (difference === null && this.#ended)
      for (const unit of this.#lives) for (const each of unit.lanes) this.#comparison.settle(unit, each);
    const tornAt = this.#ended ? null : this.#tear();
    return {
      start: this.#start,
      inputs: this.#inputs,
      frames: this.#frames,
      effects: hashes.count,
      hashes: hashes.digests(),
      marks: hashes.marks,
      windows: this.#lives.map((unit) => ({
        unit: unit.name,
        from: unit.began,
        until: unit.last,
        effects: unit.effects,
        broken: unit.broken,
      })),
      holes: this.#holes,
      tornAt,
      difference: this.#comparison.difference,
      view: this.#view,
    };
  }

  /** The log has no end. What is missing right before it was never published: nothing that was is lost by it. Number of the last input that was. */
  #tear(): number {
    if (this.#missing === null || this.#missing.lines > 0) return this.#last;
    const torn = this.#holes.splice(this.#missing.holes);
    for (const unit of this.#lives) if (unit.broken !== null && torn.includes(unit.broken)) unit.broken = null;
    return this.#missing.n - 1;
  }

  #peek(): LogEntry | null {
    this.#peeked ??= this.#entries.next().value ?? null;
    return this.#peeked;
  }

  #take(): LogEntry | null {
    const entry = this.#peek();
    this.#peeked = null;
    return entry;
  }

  #entry(entry: LogEntry): void {
    if (entry.kind === 'hole') {
      this.#hole(entry);
      return;
    }
    this.#last = entry.n;
    if (entry.kind === 'line') {
      if (this.#missing !== null) this.#missing.lines += 1;
      this.#line(entry.line);
      return;
    }
    this.#inputs += 1;
    this.#comparison.hashes.input(entry.n);
    this.#n = entry.n;
    this.#now = entry.now;
    this.#part = 0;
    if (entry.kind === 'message') {
      const feed = this.#feeds.of(entry.feed);
      if (feed !== undefined) this.#message(feed, entry.message);
      return;
    }
    this.#frames += 1;
    const feed = this.#feeds.carrier(entry.connection, entry.lease);
    if (feed === null || feed.broken) return;
    try {
      feed.frame(entry.connection, entry.bytes);
    } catch (error) {
      // What the engine could not read or take it left out as well.
      this.#options.trace?.(`${entry.n} frame of ${entry.connection} refused: ${messageOf(error)}`);
    }
  }

  /** What is missing may have been anything of the connections concerned: what hangs on them is not replayed further. */
  #hole({ n, until, connections }: Extract<LogEntry, { kind: 'hole' }>): void {
    const of = connections === null ? 'lines of the engine, or what cannot be told' : connections.join(', ');
    const reason = `inputs ${n} to ${Math.max(n, until)} are missing: ${of}`;
    if (connections === null && (this.#missing === null || this.#missing.lines > 0))
      this.#missing = { n, holes: this.#holes.length, lines: 0 };
    this.#holes.push(reason);
    for (const feed of this.#feeds.all) {
      if (connections?.some((each) => feed.carries(each)) === false) continue;
      feed.broken = true;
      for (const unit of this.#lives)
        if (connections === null || (!unit.gone && unit.feed === feed.owner)) unit.broken ??= reason;
    }
    if (connections === null) for (const unit of this.#lives) unit.broken ??= reason;
  }

  /** A message in a frame: what was recorded while it was read finds its place between its parts. */
  #message(feed: ReplayedFeed, message: FramePart): void {
    this.#nested();
    this.#part += 1;
    const next = this.#peek();
    if (next?.kind === 'line' && next.line.kind === 'drop' && next.line.part === this.#part) {
      this.#take();
      return;
    }
    if (message.type === 'trade' || message.type === 'scannedTrade') {
      this.#trade(feed, message);
      return;
    }
    const sync = feed.sync(message.symbol);
    if (sync === undefined) return;
    if (sync.onMessage(message).kind === 'applied') this.#told(feed, message);
  }

  #told(feed: ReplayedFeed, message: BookChange): void {
    const book = feed.book(message.symbol);
    if (book === null) return;
    this.#options.onBook?.(message.symbol, book);
    const { mono } = this.#now;
    for (const unit of this.#lives) {
      if (unit.gone || !unit.opened || unit.broken !== null || unit.feed !== feed.owner) continue;
      const replayed = unit.of(message.symbol);
      if (replayed === undefined) continue;
      this.#nested();
      this.#part += 1;
      const input = { kind: 'book', n: this.#n, ...this.#now, exchangeTime: message.exchangeTime };
      this.#before(unit, replayed, this.#n, input);
      replayed.lane.onBook(book, mono, message.exchangeTime, this.#now);
    }
  }

  /** An execution, in a frame: it leads to nothing by itself. */
  #trade(feed: ReplayedFeed, message: TradeMessage | ScannedTrade): void {
    this.#options.onTrade?.(message);
    for (const unit of this.#lives) {
      if (unit.gone || unit.broken !== null || unit.feed !== feed.owner) continue;
      const replayed = unit.of(message.symbol);
      if (replayed !== undefined) giveTrade(replayed.lane, message, this.#now.mono);
    }
  }

  /** Takes the lines that were recorded before the next part of the frame began. */
  #nested(): void {
    for (;;) {
      const next = this.#peek();
      if (next?.kind !== 'line' || (next.line.part ?? 0) > this.#part || this.#comparison.difference !== null) return;
      this.#take();
      this.#last = next.n;
      this.#line(next.line);
    }
  }

  #line(line: InputLine): void {
    const { kind, n } = line;
    if (kind === 'effects') {
      this.#effects(line);
      return;
    }
    if (kind === 'drop' || kind === 'scan' || kind === 'switch') return;
    this.#inputs += 1;
    this.#comparison.hashes.input(n);
    switch (kind) {
      case 'start':
        this.#start = line.body as EngineStart;
        return;
      case 'end':
        this.#ended = true;
        return;
      case 'configuration':
        this.#options.trace?.(`${n} configuration ${canonical(line.body)}`);
        return;
      case 'feed':
        this.#feed(line, line.body as FeedChangeLine);
        return;
      case 'socket':
        this.#feeds.of(lifeOf(line))?.socket(line.body as SocketLine);
        return;
      case 'book':
        this.#book(line, line.body as BookLine);
        return;
      case 'unit':
        this.#unit(line, line.body as UnitLine);
        return;
      default:
        this.#toUnit(line);
    }
  }

  #feed(line: InputLine, body: FeedChangeLine): void {
    const life = lifeOf(line);
    if (body.change === 'began') {
      const feed = new ReplayedFeed(line.unit, line.lease ?? 0, this.#options.venues[body.venue], (from, message) =>
        this.#message(from, message),
      );
      this.#feeds.begin(life, feed);
      return;
    }
    const feed = this.#feeds.of(life);
    if (feed !== undefined) feed.gone = true;
  }

  #book(line: InputLine, body: BookLine): void {
    const feed = this.#feeds.of(lifeOf(line));
    if (feed === undefined || feed.broken) return;
    if (body.change !== 'snapshot') {
      feed.change(body);
      return;
    }
    this.#n = line.n;
    this.#now = nowOf(line);
    this.#part = line.part ?? 0;
    if (feed.sync(body.message.symbol)?.onMessage(body.message).kind === 'applied') this.#told(feed, body.message);
  }

  #unit(line: InputLine, body: UnitLine): void {
    const life = lifeOf(line);
    const known = this.#units.get(life);
    if (body.change !== 'began') {
      if (known !== undefined) known[body.change] = true;
      return;
    }
    if (known !== undefined) known.gone = true;
    const owner = feedOwner(body.feed);
    const feed = this.#feeds.current(owner);
    const broken = feed === null ? 'its feed began before the log does' : feed.broken ? 'its feed lacks frames' : null;
    const { configuration = null } = this.#options;
    const unit = new ReplayedUnit(body.unit, line.lease ?? 0, owner, line.n, broken, configuration);
    this.#units.set(life, unit);
    this.#lives.push(unit);
  }

  #toUnit(line: InputLine): void {
    const unit = this.#units.get(lifeOf(line));
    if (unit === undefined || unit.broken !== null) return;
    unit.last = line.n;
    if (line.lane === null) {
      if (line.kind === 'policy') unit.policy(line.body as PolicyLine);
      else if (line.kind === 'breakers') unit.breakers(line.body as BreakersLine, nowOf(line));
      else if (line.kind === 'accountReport') unit.balance(line.body as BalanceReport);
      return;
    }
    const instance = line.instance ?? 1;
    if (line.kind === 'lane') {
      unit.laneLine(line.lane, instance, line.body as LaneLine);
      return;
    }
    const replayed = unit.lane(line.lane, instance);
    if (replayed === undefined) return;
    this.#before(unit, replayed, line.n, line);
    if (line.kind === 'gate') replayed.gate = line.body;
    const book = this.#feeds.current(unit.feed)?.book(replayed.lane.symbol) ?? null;
    try {
      // Bodies are what the product wrote, and are held together by the record's checksum: the kind says which one it is.
      giveLane(replayed.lane, { kind: line.kind, body: line.body } as LaneGiven, book, nowOf(line));
    } catch (error) {
      this.#options.trace?.(`${line.n} ${line.kind} refused: ${messageOf(error)}`);
    }
  }

  /** Before each input of a lane. */
  #before(unit: ReplayedUnit, replayed: ReplayedLane, n: number, input: unknown): void {
    const count = this.#comparison.before(unit, replayed, n, input);
    if (this.#options.viewBefore !== count) return;
    const book = this.#feeds.current(unit.feed)?.book(replayed.lane.symbol) ?? null;
    this.#view = laneView(replayed, unit, book);
  }

  #effects(line: InputLine): void {
    const unit = this.#units.get(lifeOf(line));
    if (unit === undefined || unit.broken !== null || line.lane === null) return;
    const replayed = unit.lane(line.lane, line.instance ?? 1);
    if (replayed !== undefined) this.#comparison.compare(unit, replayed, line.body as readonly unknown[]);
  }
}

function lifeOf({ unit, lease }: InputLine): string {
  return `${unit}|${lease ?? ''}`;
}

function nowOf({ mono, epoch }: InputLine): Now {
  return { mono: mono as MonoNanos, epoch: epoch as EpochMs };
}
