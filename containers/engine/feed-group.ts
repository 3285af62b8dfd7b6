import type { AccountConfiguration, FeedConfiguration } from '#core/config/runtime-configuration.ts';
import type { ScannerConfiguration } from '#core/config/scanner-configuration.ts';
import type { HeldLease, LeaseEvent } from '#core/control/control-ports.ts';
import { type UnitId, type UnitRef, unitId } from '#core/control/unit.ts';
import { messageOf } from '#core/errors.ts';
import { giveTrade } from '#core/lanes/give-trade.ts';
import type { EventNote } from '#core/lanes/lane-effects.ts';
import type { Now } from '#core/lanes/now.ts';
import type { Instrument } from '#core/market/instrument.ts';
import type { TradeMessage } from '#core/market/market-message.ts';
import type { OrderBook } from '#core/market/order-book.ts';
import type { ScannedTrade } from '#core/market/scanned-message.ts';
import type { EpochMs, MonoNanos } from '#core/time/clock.ts';
import type { AccountRuntime, Venue, VenueRuntime } from '#venues/venue.ts';
import type { EngineOptions } from './engine.ts';
import type { FeedGroupContext } from './feed-group-context.ts';
import { FeedRunner, type FeedStatus } from './feed-runner.ts';
import { FeedScanner, type ScannerStatus } from './feed-scanner.ts';
import { laneFeedOf } from './lane-feed.ts';
import { feedHealth, type PartHealth, switchHealth, unitHealth } from './part-health.ts';
import { leaseParts, type SupervisedPart } from './supervisor.ts';
import { UnitRunner } from './unit-runner.ts';
import { NO_SCANNING } from './unit-scanning.ts';
import type { UnitStatus } from './unit-status.ts';

const RETRY_MS = 1_000;
/** A unit that was cut off is left alone for so long: longer than the dead-man switch takes to find it. */
const CUT_OFF_MS = 25_000;
/** How long the orders of a unit may take to end when its feed is handed over or taken out of the configuration. */
const REST_MS = 20_000;

/** A feed and the units beside it: units are taken only where their feed is held, so that a lane always has its book beside it. */
export class FeedGroup {
  readonly name: string;
  readonly venue: Venue;
  readonly #context: FeedGroupContext;
  #feed: FeedConfiguration;
  readonly #units = new Map<UnitId, UnitRef>();
  readonly #instruments = new Map<string, Instrument>();
  readonly #unitLeases: ReturnType<EngineOptions['createLeases']>;
  #runner: FeedRunner | null = null;
  /** Changes with each gain and loss of the feed: a start that was overtaken gives up. */
  #generation = 0;
  #leaving = false;
  readonly #runners = new Map<UnitId, UnitRunner>();
  #scanner: FeedScanner | null = null;
  /** Symbols of which lanes are not to be told before they ask. */
  #watched: ReadonlySet<string> = new Set();

  constructor(context: FeedGroupContext, name: string, feed: FeedConfiguration, units: readonly UnitRef[]) {
    this.name = name;
    this.venue = context.options.venues[feed.venue];
    this.#context = context;
    this.#feed = feed;
    for (const unit of units) this.#units.set(unitId(unit), unit);
    this.#unitLeases = context.options.createLeases(
      [...this.#units.keys()],
      (event) => this.#onUnitLease(event),
      (id) => this.#runner !== null && !this.#leaving && !context.stopping() && this.#units.has(id as UnitId),
      'units',
    );
  }

  /** Watches the leases of its units from now on. */
  start(): void {
    this.#unitLeases.start();
  }

  onFeedLease(event: LeaseEvent): void {
    const { options, metrics, stopping } = this.#context;
    if (event.kind === 'acquired') {
      if (event.tookOverFrom !== null) metrics.takeovers += 1;
      this.#generation += 1;
      void this.#startFeed(event.lease, event.tookOverFrom, this.#generation);
    } else if (event.kind === 'lost') {
      options.log('warn', 'feed lease lost', { name: event.name, reason: event.reason });
      this.#generation += 1;
      const runner = this.#runner;
      if (stopping()) return;
      runner?.gone();
      this.#runner = null;
      this.#endScanner();
      if (!this.#leaving) void this.#unitLeases.stop({ release: true }).then(() => this.#unitLeases.start());
      void runner?.stop();
    }
  }

  /**
   * Comes to rest (T7): no new entries, working orders by the account's policy, a last comparison with the venue, the units' leases released, sockets closed in order.
   * The feed's own lease is still held afterwards. `orderMs` bounds the wait for orders.
   */
  async leave(reason: string, orderMs = REST_MS): Promise<void> {
    this.#leaving = true;
    const settled = await Promise.all([...this.#runners.values()].map((unit) => this.#rest(unit, reason, orderMs)));
    await this.#unitLeases.stop({ release: true, settled: settled.every(Boolean) });
    this.#generation += 1;
    const runner = this.#runner;
    if (!this.#context.stopping()) {
      runner?.gone();
      this.#runner = null;
      this.#endScanner();
    }
    await runner?.stop();
  }

  /** Watches again after it has left. */
  resume(): void {
    this.#leaving = false;
    this.#unitLeases.start();
  }

  /** Takes out units that are no longer configured here: they come to rest, and their leases are free. */
  async dropUnits(units: readonly UnitRef[]): Promise<void> {
    const kept = new Set(units.map(unitId));
    for (const id of [...this.#units.keys()].filter((each) => !kept.has(each))) {
      this.#units.delete(id);
      const runner = this.#runners.get(id);
      const settled = runner === undefined || (await this.#rest(runner, 'no longer configured', REST_MS));
      await this.#unitLeases.release(id, { settled, to: null });
    }
    await this.#unitLeases.rename([...this.#units.keys()]);
  }

  /** The feed gets what is new before the lanes need it, and loses what goes after they have left it. New units are taken as they are free. */
  async reconfigure(feed: FeedConfiguration, units: readonly UnitRef[]): Promise<void> {
    const { lanes, scanned, risk, scanners } = this.#context;
    const both = [...new Set([...this.#feed.symbols, ...feed.symbols])];
    const next = scanners(feed);
    // What is whole before or after is whole meanwhile.
    const known = this.#feed.symbols;
    const watched = [...next.watched].filter((symbol) => this.#watched.has(symbol) || !known.includes(symbol));
    await this.#runner?.reconfigure(both, feed.channels, new Set(watched));
    for (const runner of this.#runners.values())
      await runner.reconfigure(lanes(runner.unit), risk(), scanned(runner.unit));
    await this.#runner?.reconfigure(feed.symbols, feed.channels, next.watched);
    this.#scanner?.reconfigure(next.scanners);
    this.#watched = next.watched;
    this.#feed = feed;
    for (const unit of units) this.#units.set(unitId(unit), unit);
    await this.#unitLeases.rename([...this.#units.keys()]);
  }

  feed(): FeedStatus | null {
    return this.#runner?.status() ?? null;
  }

  scanners(): readonly ScannerStatus[] {
    return this.#scanner?.status() ?? [];
  }

  units(): readonly UnitStatus[] {
    return [...this.#runners.values()].map((runner) => runner.status());
  }

  /** What of it beats, its units among them. */
  parts(): readonly SupervisedPart[] {
    const feed = this.#runner?.parts() ?? [];
    const leases = this.#runner === null ? [] : leaseParts(this.#unitLeases);
    return [...feed, ...leases, ...[...this.#runners.values()].flatMap((runner) => runner.parts())];
  }

  /** Tells people by the feed's own events; null while the feed is not held here. */
  get tell(): ((note: EventNote) => void) | null {
    const runner = this.#runner;
    return runner === null ? null : (note) => runner.tell(note);
  }

  /** State by part; `notHeld` says why the feed is not held here. */
  health(notHeld: string | null): Readonly<Record<string, PartHealth>> {
    const parts: Record<string, PartHealth> = { [`feed/${this.name}`]: feedHealth(this.feed(), notHeld) };
    for (const [unit, runner] of this.#runners) {
      const status = runner.status();
      parts[`unit/${unit}`] = unitHealth(status);
      for (const each of status.switches) parts[`lane/${unit}/${each.lane}`] = switchHealth(each);
      const known = this.#context.options.credentials(runner.unit) !== null;
      parts[`keys/${unit}`] = { ok: known, state: known ? 'known' : 'no keys known' };
    }
    if (this.#runner === null) return parts;
    for (const { name, reason } of this.#unitLeases.overview().notHeld)
      parts[`unit/${name}`] ??= { ok: true, state: `not traded here: ${reason}` };
    return parts;
  }

  #endScanner(): void {
    this.#scanner?.stop();
    this.#scanner = null;
  }

  /** False: something of the unit is left that may still be executed. */
  async #rest(runner: UnitRunner, reason: string, orderMs: number): Promise<boolean> {
    const keeps = this.#context.account(runner.unit)?.onShutdown === 'keep';
    const settled = keeps ? false : await runner.drain(reason, orderMs);
    await runner.verifyNow();
    await runner.stop(reason);
    return settled;
  }

  async #startFeed(lease: HeldLease, tookOverFrom: string | null, generation: number): Promise<void> {
    const { options, metrics, inputLog, origin, stopping, marketAccount } = this.#context;
    const { venue } = this;
    const account = marketAccount(venue);
    const runtime: VenueRuntime = {
      ...this.#runtime(account.mode),
      marketCredentials: () => options.credentials(account),
    };
    while (this.#generation === generation && !stopping() && !(await this.#knowInstruments(runtime))) {
      await new Promise<void>((resolve) => options.timers.after(RETRY_MS, resolve));
    }
    if (this.#generation !== generation || stopping()) return;
    const { scanners, watched } = this.#context.scanners(this.#feed);
    const scanner = this.#openScanner(scanners);
    const runner = new FeedRunner(
      {
        name: this.name,
        venue,
        symbols: this.#feed.symbols,
        channels: this.#feed.channels,
        watched,
        instruments: this.#instruments,
        runtime,
        publisher: options.publisher,
        inputLog,
        metrics,
        origin,
        // A second feed of a venue tells under a name of its own: an event's identity is unit, epoch and sequence.
        feedUnit: {
          account: this.name === venue.id ? 'feeds' : `feeds-${this.name}`,
          mode: account.mode,
          venue: venue.id,
        },
        lastPublished: (symbol) => options.lastPublished(venue.id, symbol),
        onBook: (symbol, book, receivedAt, exchangeTime, now) =>
          this.#onBook(symbol, book, receivedAt, exchangeTime, now),
        onOther: (message, receivedAt) => {
          scanner.onMessage(message, receivedAt);
          if (message.type === 'trade' || message.type === 'scannedTrade') this.#onTrade(message, receivedAt);
        },
        clock: options.clock,
        timers: options.timers,
      },
      lease,
      tookOverFrom,
    );
    this.#runner = runner;
    this.#scanner = scanner;
    this.#watched = watched;
    runner.start();
  }

  #openScanner(scanners: readonly ScannerConfiguration[]): FeedScanner {
    const { options, inputLog } = this.#context;
    return new FeedScanner(scanners, {
      name: this.name,
      instruments: this.#instruments,
      inputLog,
      clock: options.clock,
      timers: options.timers,
      onSampled: (scanner, now) => {
        for (const runner of this.#runners.values()) runner.scanned(scanner, now);
      },
    });
  }

  async #knowInstruments(runtime: VenueRuntime): Promise<boolean> {
    if (this.#instruments.size > 0) return true;
    const { options, metrics } = this.#context;
    try {
      for (const instrument of await this.venue.fetchInstruments(runtime))
        this.#instruments.set(instrument.symbol, instrument);
    } catch (error) {
      metrics.errors += 1;
      options.log('warn', 'instruments not known yet', { venue: this.venue.id, reason: messageOf(error) });
    }
    return this.#instruments.size > 0;
  }

  /** Hot: called from the socket's frame. */
  #onBook(symbol: string, book: OrderBook, receivedAt: MonoNanos, exchangeTime: EpochMs, now: Now): void {
    for (const runner of this.#runners.values()) {
      const lane = runner.lane(symbol);
      if (lane !== null) runner.onBook(lane, book, receivedAt, exchangeTime, now);
    }
  }

  /** Hot: called from the socket's frame. */
  #onTrade(message: TradeMessage | ScannedTrade, receivedAt: MonoNanos): void {
    for (const runner of this.#runners.values()) {
      const lane = runner.lane(message.symbol);
      if (lane !== null) giveTrade(lane, message, receivedAt);
    }
  }

  #onUnitLease(event: LeaseEvent): void {
    const { options, stopping } = this.#context;
    if (event.kind === 'renewed') {
      this.#runners.get(event.lease.name as UnitId)?.renewed(event.lease);
    } else if (event.kind === 'lost') {
      const id = event.name as UnitId;
      options.log('warn', 'unit lease lost', { unit: id, reason: event.reason });
      const runner = this.#runners.get(id);
      if (!stopping()) {
        runner?.gone();
        this.#runners.delete(id);
      }
      void runner?.stop(`lease lost: ${event.reason}`);
    } else if (event.kind === 'acquired') {
      const id = event.lease.name as UnitId;
      const unit = this.#units.get(id);
      const account = unit === undefined ? undefined : this.#context.account(unit);
      // Taken out of the configuration while it was being taken: it is released with the change.
      if (unit === undefined || account === undefined) return;
      try {
        const runner = this.#openUnit(unit, account, event.lease, event.predecessorLeftMs);
        this.#runners.set(id, runner);
        runner.start(event.tookOverFrom);
      } catch (error) {
        // A lease that is held and renewed with nobody behind it would hide from everybody that nothing of the unit is looked after.
        this.#letGo(id, `the unit could not be begun: ${messageOf(error)}`);
      }
    }
  }

  #openUnit(unit: UnitRef, account: AccountConfiguration, lease: HeldLease, predecessorLeftMs: number): UnitRunner {
    const { options, inputLog, metrics, origin, lanes, scanned, risk, comparisons } = this.#context;
    const runtime: AccountRuntime = {
      ...this.#runtime(unit.mode),
      account: unit,
      credentials: () => options.credentials(unit),
      instruments: () => this.#instruments,
    };
    return new UnitRunner(
      {
        unit,
        account,
        lanes: lanes(unit),
        scanning: {
          lanes: scanned(unit),
          feed: laneFeedOf(this.name, () => this.#runner),
          readLaneMemory: options.readLaneMemory ?? NO_SCANNING.readLaneMemory,
        },
        comparisons: () => comparisons(unit),
        risk: risk(),
        venue: this.venue,
        runtime,
        publisher: options.publisher,
        inputLog,
        metrics,
        origin,
        readLedger: options.readLedger,
        instruments: this.#instruments,
        feed: this.name,
        book: (symbol) => this.#runner?.book(symbol) ?? null,
        clock: options.clock,
        timers: options.timers,
        onCutOff: (reason) => this.#letGo(unitId(unit), `cut off from the venue: ${reason}`),
      },
      lease,
      predecessorLeftMs,
    );
  }

  /** Who cannot reach a venue cannot look after what is open there: its lease ends, so that the dead-man switch does, by a way of its own. */
  #letGo(id: UnitId, reason: string): void {
    this.#context.options.log('error', 'a unit is let go', { unit: id, reason });
    this.#unitLeases.lapse?.(id, CUT_OFF_MS, reason);
  }

  #runtime(mode: UnitRef['mode']): VenueRuntime {
    const { clock, timers, random, connect, fetch, log, endpoints } = this.#context.options;
    return { endpoints: endpoints(this.venue, mode), clock, timers, random, connect, fetch, log };
  }
}
