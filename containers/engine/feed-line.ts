import { isFramePart } from '#core/input-log/frame-part.ts';
import { asJoining, withWindow } from '#core/market/connection-window.ts';
import type { Subscription } from '#core/market/market-message.ts';
import { type EpochMs, type MonoNanos, nanosFromMs } from '#core/time/clock.ts';
import { createRhythms } from '#venues/connection/channel-rhythm.ts';
import type { SocketPlan } from '#venues/venue.ts';
import { FeedLog } from './feed-log.ts';
import { type FeedMessage, FeedSocket, type FeedSocketListener, type FeedSocketOptions } from './feed-socket.ts';
import {
  beginChange,
  carrierOf,
  dropOfBook,
  dropOfEvent,
  type OverlapDrop,
  type SocketChange,
} from './socket-change.ts';

/** Who hears of a line: what its feed hears of one socket, whichever carries it. */
export interface FeedLineListener {
  onMessage(socket: FeedSocket, message: FeedMessage, receivedAt: MonoNanos): void;
  onLost(subscriptions: readonly Subscription[], reason: string): void;
  onResubscribe(subscription: Subscription, reason: string): void;
  /** Sequence of a symbol's book, null while it is not whole. */
  bookSequence(symbol: string): number | null;
}

export interface FeedLineCounts {
  /** Changes of socket without a gap, begun and done. */
  changesBegun: number;
  changesDone: number;
  readonly dropped: Record<OverlapDrop, number>;
}

/** From live to the choice of the moment at which the successor takes over: the venue's time is measured meanwhile. */
const MEASURE_MS = 1_000;
/** How far ahead that moment lies: by then both sockets surely serve. */
const LEAD_MS = 2_000;
/** How long the old socket stays after it, for what the venue sends late. */
const LATE_MS = 2_000;
/** A book that has not joined by then moves over with a gap. */
const JOIN_MS = 30_000;
/** Lines of one venue change one after the other; who finds another at it asks again after up to this. */
const TURN_MS = 10_000;

const CONNECTION_COUNTS = ['attempts', 'opened', 'lost', 'resubscribed', 'silences', 'planned'] as const;
type ConnectionTotals = Record<(typeof CONNECTION_COUNTS)[number], number>;

/** Lines of a feed share it, so that no two change at once. */
export interface ChangeTurn {
  busy: boolean;
}

/**
 * One plan of subscriptions, always carried by a socket and, while that is replaced, by two (make before break). Each book is taken from one socket at a time: the successor
 * takes over where its sequence joins the book's. Everything that counts is taken by the venue's time from the socket whose window holds it.
 */
export class FeedLine implements FeedSocketListener {
  readonly plan: SocketPlan;
  readonly counts: FeedLineCounts = {
    changesBegun: 0,
    changesDone: 0,
    dropped: { duplicate: 0, ahead: 0, outsideWindow: 0 },
  };
  readonly #options: FeedSocketOptions;
  readonly #epoch: number;
  readonly #listener: FeedLineListener;
  readonly #turn: ChangeTurn;
  readonly #nameOf: () => string;
  readonly #log: FeedLog;
  readonly #rhythms = createRhythms();
  /** Names under which this line has recorded with sockets that are gone, and what those counted. */
  readonly #past = new Set<string>();
  readonly #pastCounts = { attempts: 0, opened: 0, lost: 0, resubscribed: 0, silences: 0, planned: 0 };
  #pastFrames = 0;
  /** Sockets so far. */
  #sockets = 0;
  readonly #unconfirmed = new Map<string, Subscription>();
  #current: FeedSocket;
  #change: SocketChange | null = null;
  #leaving: FeedSocket | null = null;
  /** The one way of most frames: one socket, and nothing to compare. */
  #single = true;
  #stopped = false;
  #cancelTurn: () => void = () => undefined;

  constructor(
    options: FeedSocketOptions,
    plan: SocketPlan,
    identity: { readonly epoch: number; readonly nameOf: () => string; readonly turn: ChangeTurn },
    listener: FeedLineListener,
  ) {
    this.#options = options;
    this.#epoch = identity.epoch;
    this.#nameOf = identity.nameOf;
    this.#log = new FeedLog(options, identity.epoch);
    this.#turn = identity.turn;
    this.#listener = listener;
    this.plan = plan;
    const name = identity.nameOf();
    this.#current = this.#openSocket(plan, name, name);
  }

  get current(): FeedSocket {
    return this.#current;
  }

  /** Every socket that is up or on its way up or down. */
  sockets(): readonly FeedSocket[] {
    return [this.#current, this.#change?.successor, this.#leaving].filter((each) => each != null);
  }

  start(): void {
    this.#current.connection.start();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#cancelTurn();
    const sockets = this.sockets();
    if (this.#change !== null) this.#endChange(this.#change);
    await Promise.all(sockets.map((socket) => socket.stop()));
  }

  /** Whether an account of frames is one of this line's. */
  owns({ connection, epoch }: { readonly connection: string; readonly epoch: number }): boolean {
    if (epoch !== this.#epoch) return false;
    return this.#past.has(connection) || this.sockets().some(({ names }) => names.includes(connection));
  }

  frames(): number {
    return this.sockets().reduce((sum, socket) => sum + socket.frames, this.#pastFrames);
  }

  /** Over all its sockets so far. */
  connectionCounts(): Readonly<Record<(typeof CONNECTION_COUNTS)[number], number>> {
    const sum = { ...this.#pastCounts };
    for (const { connection } of this.sockets()) addCounts(sum, connection.counts);
    return sum;
  }

  /** Resolves when the venue has confirmed it. A change of socket that is on its way is given up, and comes again. */
  async subscribe(subscriptions: readonly Subscription[]): Promise<void> {
    this.#giveUp('the subscriptions change');
    for (const each of subscriptions) this.#unconfirmed.delete(keyOf(each));
    await this.#current.connection.subscribe(subscriptions);
  }

  /** Resolves when the venue has confirmed it; what it has not is remembered, and may be asked again. */
  async unsubscribe(subscriptions: readonly Subscription[]): Promise<void> {
    this.#giveUp('the subscriptions change');
    for (const each of subscriptions) this.#unconfirmed.set(keyOf(each), each);
    await this.#current.connection.unsubscribe(subscriptions);
    for (const each of subscriptions) this.#unconfirmed.delete(keyOf(each));
  }

  /** What the venue may still send on this socket, since it did not confirm that it was unsubscribed. */
  unconfirmed(): readonly Subscription[] {
    return [...this.#unconfirmed.values()];
  }

  /** Replaces the socket without a gap; another change of the same feed goes first. */
  replace(reason: string): void {
    if (this.#stopped || this.#change !== null) return;
    this.#cancelTurn();
    if (this.#turn.busy || this.#leaving !== null) {
      const delayMs = (TURN_MS * (1 + this.#options.runtime.random.next())) / 2;
      this.#cancelTurn = this.#options.timers.after(delayMs, () => this.replace(reason));
      return;
    }
    this.#turn.busy = true;
    this.counts.changesBegun += 1;
    const name = this.#nameOf();
    const plan = { ...this.plan, subscriptions: this.#current.connection.wanted() };
    const successor = this.#openSocket(plan, name, asJoining(name));
    this.#change = beginChange(this.#current, successor, reason);
    this.#single = false;
    this.#options.runtime.log('info', 'socket change begins', { connection: this.#current.name, to: name, reason });
    successor.connection.start();
  }

  /** A number that moves while its socket works; null while that waits for its next attempt. */
  beats(): number | null {
    const beats = this.#current.connection.beats();
    // Of each socket that it has had, so that a new one is never taken for the old.
    return beats === null ? null : beats + this.#sockets * 2 ** 32;
  }

  /** Leaves a socket that hangs to itself, and begins with another: its books are lost until they are whole again. */
  renew(reason: string): void {
    if (this.#stopped) return;
    if (this.#change !== null) {
      // Its successor is there already.
      this.onSocketLost(this.#current, reason);
      return;
    }
    this.#cancelTurn();
    const old = this.#current;
    this.#listener.onLost(old.connection.wanted(), reason);
    this.#unconfirmed.clear();
    const name = this.#nameOf();
    this.#current = this.#openSocket({ ...this.plan, subscriptions: old.connection.wanted() }, name, name);
    this.#letGo(old);
    this.#current.connection.start();
  }

  /** Hot. */
  onMessage(socket: FeedSocket, message: FeedMessage, receivedAt: MonoNanos): void {
    if (this.#single) this.#listener.onMessage(socket, message, receivedAt);
    else this.#onOneOfTwo(socket, message, receivedAt);
  }

  onLive(socket: FeedSocket): void {
    const change = this.#change;
    if (change === null || socket !== change.successor || change.from !== null) return;
    change.cancel = this.#options.timers.after(MEASURE_MS, () => this.#chooseMoment(change));
  }

  onSocketLost(socket: FeedSocket, reason: string): void {
    const change = this.#change;
    if (socket === this.#leaving) return;
    // With the socket goes what it was still subscribed to.
    if (socket === this.#current) this.#unconfirmed.clear();
    if (change === null) {
      this.#listener.onLost(socket.connection.wanted(), reason);
    } else if (socket === this.#current) {
      // It was to go anyhow: the successor is the socket now, as far as it has come.
      const books = this.#books(socket).filter(({ symbol }) => !change.joined.has(symbol));
      this.#listener.onLost(books, reason);
      const moment = change.newestOld > 0 ? change.newestOld + 1 : this.#venueNow(change);
      if (change.from === null || change.from > moment) this.#setWindows(change, moment as EpochMs);
      this.#promote(change);
    } else if (socket === change.successor && (change.from !== null || change.joined.size > 0)) {
      this.#giveUp(reason);
    }
  }

  onResubscribe(socket: FeedSocket, subscription: Subscription, reason: string): void {
    const carries = this.#change === null || carrierOf(this.#change, subscription.symbol) === socket;
    if (socket !== this.#leaving && carries) this.#listener.onResubscribe(subscription, reason);
  }

  onLeave(socket: FeedSocket, reason: string): void {
    if (socket === this.#current) this.replace(reason);
  }

  #openSocket(plan: SocketPlan, name: string, recordedAs: string): FeedSocket {
    this.#sockets += 1;
    const identity = { epoch: this.#epoch, name, recordedAs, rhythms: this.#rhythms };
    return new FeedSocket(this.#options, plan, identity, this);
  }

  #onOneOfTwo(socket: FeedSocket, message: FeedMessage, receivedAt: MonoNanos): void {
    const change = this.#change;
    const drop =
      change === null
        ? this.#dropOfLeaving(socket, message)
        : message.type === 'book' || message.type === 'scannedBook'
          ? dropOfBook(change, socket, message, this.#listener.bookSequence(message.symbol))
          : dropOfEvent(change, socket, message, receivedAt);
    if (drop === null) {
      this.#listener.onMessage(socket, message, receivedAt);
      return;
    }
    this.counts.dropped[drop] += 1;
    if (isFramePart(message)) this.#log.dropped(receivedAt);
  }

  /** The last that comes of a socket that is closing was told by its successor. */
  #dropOfLeaving(socket: FeedSocket, message: FeedMessage): OverlapDrop | null {
    if (socket === this.#current || message.type === 'news' || message.type === 'tradingStatus') return null;
    return message.type === 'book' || message.type === 'scannedBook' ? 'duplicate' : 'outsideWindow';
  }

  #books(socket: FeedSocket): readonly Subscription[] {
    return socket.connection.wanted().filter(({ channel }) => channel === 'book');
  }

  /** The venue's time now, at most a network's delay late; the wall clock where nothing has been heard. */
  #venueNow({ venueAhead }: SocketChange): EpochMs {
    const { clock } = this.#options;
    return Number.isFinite(venueAhead) ? ((venueAhead + clock.monoNanos() / 1e6) as EpochMs) : clock.epochMs();
  }

  #chooseMoment(change: SocketChange): void {
    if (this.#change !== change || change.from !== null) return;
    if (change.successor.connection.status().state !== 'live') return;
    this.#setWindows(change, (this.#venueNow(change) + LEAD_MS) as EpochMs);
    const now = this.#options.clock.monoNanos();
    change.endsAt = now + nanosFromMs(JOIN_MS);
    change.cancel = this.#options.timers.after(LEAD_MS + LATE_MS, () => this.#finish(change));
  }

  #setWindows(change: SocketChange, moment: EpochMs): void {
    const from = Math.ceil(moment) as EpochMs;
    change.from = from;
    change.successor.recordAs(withWindow(change.successor.name, { from, until: null }));
    this.#current.recordAs(withWindow(this.#current.name, { from: null, until: from }));
  }

  /** Every book has joined, or has had time enough. */
  #finish(change: SocketChange): void {
    if (this.#change !== change) return;
    const waiting = this.#books(change.successor).filter(
      ({ symbol }) => !change.joined.has(symbol) && this.#listener.bookSequence(symbol) !== null,
    );
    if (waiting.length > 0 && this.#options.clock.monoNanos() < change.endsAt) {
      change.cancel = this.#options.timers.after(MEASURE_MS, () => this.#finish(change));
      return;
    }
    this.counts.changesDone += 1;
    this.#promote(change);
  }

  /** The successor is the socket from now on; the old one closes in order, and what still comes of it is recorded and counted. */
  #promote(change: SocketChange): void {
    const old = this.#current;
    this.#current = change.successor;
    this.#unconfirmed.clear();
    this.#endChange(change);
    const { runtime } = this.#options;
    runtime.log('info', 'socket changed', { connection: old.name, to: change.successor.name, reason: change.reason });
    this.#letGo(old);
  }

  /** The successor goes, and the socket carries on alone; it is tried again later. */
  #giveUp(reason: string): void {
    const change = this.#change;
    this.#cancelTurn();
    if (change === null) return;
    this.#endChange(change);
    const { successor } = change;
    const carried = this.#books(successor).filter(({ symbol }) => change.joined.has(symbol));
    if (carried.length > 0) this.#listener.onLost(carried, reason);
    if (change.from !== null) this.#recordOn(change.from, change.newestNew);
    this.#options.runtime.log('warn', 'socket change given up', { connection: successor.name, reason });
    this.#letGo(successor);
    const delayMs = 60_000 * (1 + this.#options.runtime.random.next());
    this.#cancelTurn = this.#options.timers.after(delayMs, () => this.replace(change.reason));
  }

  /** The old socket counts again: from where the successor has come, if it has counted anything. */
  #recordOn(from: EpochMs, newest: number): void {
    const name = this.#nameOf();
    const window = { from: (newest + 1) as EpochMs, until: null };
    this.#current.recordAs(newest >= from ? withWindow(name, window) : name);
  }

  #letGo(socket: FeedSocket): void {
    this.#leaving = socket;
    this.#single = false;
    void socket.stop().then(() => {
      if (this.#leaving === socket) this.#leaving = null;
      for (const name of socket.names) this.#past.add(name);
      addCounts(this.#pastCounts, socket.connection.counts);
      this.#pastFrames += socket.frames;
      this.#single = this.#change === null && this.#leaving === null;
    });
  }

  #endChange(change: SocketChange): void {
    change.cancel();
    this.#change = null;
    this.#turn.busy = false;
    this.#single = this.#leaving === null;
  }
}

function keyOf({ channel, symbol }: Subscription): string {
  return `${channel} ${symbol}`;
}

function addCounts(sum: ConnectionTotals, counts: Readonly<ConnectionTotals>): void {
  for (const name of CONNECTION_COUNTS) sum[name] += counts[name];
}
