import { MillraceError } from '#core/errors.ts';
import type { FrameAccount } from '#core/events/publisher-port.ts';
import type { Subscription } from '#core/market/market-message.ts';
import type { SocketPlan } from '#venues/venue.ts';
import { type ChangeTurn, FeedLine, type FeedLineListener } from './feed-line.ts';
import type { FeedSocketOptions } from './feed-socket.ts';

export interface FeedLinesOptions extends FeedSocketOptions {
  /** Of the feed; a part of its connections' names. */
  readonly name: string;
  /** The engine's name. */
  readonly engine: string;
}

/** How long a socket that is opened for a symbol may take until it serves. */
const OPEN_WAIT_MS = 15_000;
const OPEN_LOOK_MS = 50;

/** What a feed is subscribed to, and over which lines. Changes are made one after the other by their caller. */
export class FeedLines {
  readonly #options: FeedLinesOptions;
  readonly #epoch: number;
  readonly #listener: FeedLineListener;
  readonly #lines: FeedLine[] = [];
  /** Lines that a change has taken away: their frames are still to be accounted for. */
  readonly #removed: FeedLine[] = [];
  readonly #turn: ChangeTurn = { busy: false };
  readonly #openedSockets = new Map<string, number>();

  constructor(options: FeedLinesOptions, epoch: number, listener: FeedLineListener, begin: readonly Subscription[]) {
    this.#options = options;
    this.#epoch = epoch;
    this.#listener = listener;
    for (const plan of this.#plan(begin)) this.#lines.push(this.#openLine(plan));
  }

  get all(): readonly FeedLine[] {
    return this.#lines;
  }

  start(): void {
    for (const line of this.#lines) line.start();
  }

  async stop(): Promise<void> {
    await Promise.all(this.#lines.map((line) => line.stop()));
  }

  /** Whether an account of frames is one of a line that this feed has or has had. */
  owns(account: FrameAccount): boolean {
    return [...this.#lines, ...this.#removed].some((line) => line.owns(account));
  }

  /** From now on this is carried: first what is new, then what goes, each with the venue's confirmation. Rejects when the venue refuses; what was carried before goes on. */
  async change(wanted: readonly Subscription[]): Promise<void> {
    const plans = this.#plan(wanted);
    for (const plan of plans) {
      const line = this.#named(plan);
      if (line === undefined) {
        this.#begin(plan);
        continue;
      }
      const added = without(plan.subscriptions, line.current.connection.wanted());
      if (added.length > 0) await line.subscribe(added);
    }
    for (const line of [...this.#lines]) {
      const kept = plans.find((plan) => plan.name === line.plan.name)?.subscriptions ?? [];
      const removed = without(line.current.connection.wanted(), kept);
      if (kept.length > 0 && removed.length > 0) await line.unsubscribe(removed);
      if (kept.length === 0) {
        this.#lines.splice(this.#lines.indexOf(line), 1);
        this.#removed.push(line);
        await line.stop();
      }
    }
  }

  /** Adds what `wanted` has of one symbol, and leaves everything else as it is. Resolves when the venue has confirmed all of it. */
  async add(wanted: readonly Subscription[], symbol: string): Promise<void> {
    for (const plan of this.#plan(wanted)) {
      const own = plan.subscriptions.filter((each) => each.symbol === symbol);
      if (own.length === 0) continue;
      const line = this.#named(plan);
      if (line === undefined) {
        await this.#whenLive(this.#begin({ ...plan, subscriptions: own }), own);
        continue;
      }
      const missing = without(
        own,
        this.#lines.flatMap((each) => [...each.current.connection.wanted()]),
      );
      if (missing.length > 0) await line.subscribe(missing);
      else if (!isLive(line)) throw notLive(line);
    }
  }

  /** Takes away what is carried of one symbol beyond `kept`. Resolves when the venue has confirmed it, also of what an earlier call was refused. */
  async remove(symbol: string, kept: readonly Subscription['channel'][]): Promise<void> {
    const goes = (each: Subscription) => each.symbol === symbol && !kept.includes(each.channel);
    for (const line of this.#lines) {
      const wanted = line.current.connection.wanted().filter(goes);
      const unconfirmed = line.unconfirmed().filter(goes);
      if (wanted.length + unconfirmed.length === 0) continue;
      // Nobody is there to confirm it; and a socket that is on its way up may have asked for it already.
      if (!isLive(line)) throw notLive(line);
      await line.unsubscribe([...wanted, ...without(unconfirmed, wanted)]);
    }
  }

  /** A line that was begun for these subscriptions serves them; rejects when it does not in time, and it goes on trying. */
  async #whenLive(line: FeedLine, own: readonly Subscription[]): Promise<void> {
    const { clock, timers } = this.#options;
    const until = clock.monoNanos() + OPEN_WAIT_MS * 1e6;
    while (!isLive(line)) {
      if (clock.monoNanos() > until) throw notLive(line);
      await new Promise<void>((resolve) => timers.after(OPEN_LOOK_MS, resolve));
    }
    const refused = without(own, line.current.connection.wanted());
    if (refused.length > 0)
      throw new MillraceError('rejected', 'SUBSCRIBE_REFUSED', `${refused[0]?.channel} ${refused[0]?.symbol}`);
  }

  #named(plan: SocketPlan): FeedLine | undefined {
    return this.#lines.find((each) => each.plan.name === plan.name);
  }

  #begin(plan: SocketPlan): FeedLine {
    const line = this.#openLine(plan);
    this.#lines.push(line);
    line.start();
    return line;
  }

  #plan(wanted: readonly Subscription[]): readonly SocketPlan[] {
    const { venue, runtime } = this.#options;
    return wanted.length === 0 ? [] : venue.marketData.plan(runtime.endpoints, wanted);
  }

  #openLine(plan: SocketPlan): FeedLine {
    const identity = { epoch: this.#epoch, nameOf: () => this.#connectionName(plan), turn: this.#turn };
    return new FeedLine(this.#options, plan, identity, this.#listener);
  }

  /** A socket that is opened again under the same lease gets a name of its own: the identity of a frame never comes twice. */
  #connectionName(plan: SocketPlan): string {
    const before = this.#openedSockets.get(plan.name) ?? 0;
    this.#openedSockets.set(plan.name, before + 1);
    const name = `${this.#options.engine}/${this.#options.name}/${plan.name}`;
    return before === 0 ? name : `${name}/${before}`;
  }
}

function isLive(line: FeedLine): boolean {
  return line.current.connection.status().state === 'live';
}

function notLive(line: FeedLine): MillraceError {
  const { state, reason } = line.current.connection.status();
  return new MillraceError('retryable', 'CONNECTION_NOT_LIVE', `line=${line.plan.name} state=${state}: ${reason}`);
}

/** Those of `some` that are not among `others`. */
function without(some: readonly Subscription[], others: readonly Subscription[]): readonly Subscription[] {
  return some.filter(
    ({ channel, symbol }) => !others.some((other) => other.channel === channel && other.symbol === symbol),
  );
}
