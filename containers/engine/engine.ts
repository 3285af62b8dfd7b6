import type {
  AccountConfiguration,
  FeedConfiguration,
  LaneConfiguration,
  LoadedConfiguration,
} from '#core/config/runtime-configuration.ts';
import type { HeldLease, LeaseEvent } from '#core/control/control-ports.ts';
import { type UnitId, type UnitRef, unitId } from '#core/control/unit.ts';
import { MillraceError, messageOf } from '#core/errors.ts';
import type { Publisher } from '#core/events/publisher-port.ts';
import { InputLog } from '#core/input-log/input-log.ts';
import type { Now } from '#core/lanes/now.ts';
import type { Instrument, VenueId } from '#core/market/instrument.ts';
import type { OrderBook } from '#core/market/order-book.ts';
import type { Clock, EpochMs, MonoNanos, Random, Timers } from '#core/time/clock.ts';
import type { Connect } from '#venues/connection/transport.ts';
import type { AccountRuntime, Credentials, Venue, VenueEndpoints, VenueLog, VenueRuntime } from '#venues/venue.ts';
import { EngineMetrics } from './engine-metrics.ts';
import { FeedRunner } from './feed-runner.ts';
import type { PartHealth } from './part-health.ts';
import { feedHealth, unitHealth } from './part-health.ts';
import type { EventOrigin } from './unit-events.ts';
import type { ReadLedger } from './unit-recovery.ts';
import { UnitRunner } from './unit-runner.ts';

/** Holds leases and tells of their changes. */
export interface LeaseHolder {
  start(): void;
  stop(how: { readonly release: boolean; readonly settled?: boolean }): Promise<void>;
}

export interface EngineOptions {
  /** Name of this engine: holder of its leases, first part of its connections' names. */
  readonly engine: string;
  readonly build: string;
  readonly configuration: LoadedConfiguration;
  readonly venues: Readonly<Record<VenueId, Venue>>;
  readonly endpoints: (venue: Venue, mode: UnitRef['mode']) => VenueEndpoints;
  readonly createLeases: (
    names: readonly string[],
    onEvent: (event: LeaseEvent) => void,
    mayAcquire: (name: string) => boolean,
  ) => LeaseHolder;
  readonly publisher: Publisher;
  readonly readLedger: ReadLedger;
  readonly lastPublished: (venue: VenueId, symbol: string) => Promise<string | null>;
  /** Keys in force of an account; null: none are known and the account is degraded (R1). */
  readonly credentials: (unit: UnitRef) => Credentials | null;
  readonly connect: Connect;
  readonly fetch: typeof globalThis.fetch;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly log: VenueLog;
}

const RETRY_MS = 1_000;

/** Feed and units of one venue: units are taken only where the feed is held, so that a lane always has its book beside it. */
interface VenueGroup {
  readonly venue: Venue;
  symbols: readonly string[];
  channels: FeedConfiguration['channels'];
  readonly units: ReadonlyMap<UnitId, UnitRef>;
  readonly instruments: Map<string, Instrument>;
  unitLeases: LeaseHolder;
  feed: FeedRunner | null;
  /** Changes with each gain and loss of the feed: a start that was overtaken gives up. */
  generation: number;
  readonly runners: Map<UnitId, UnitRunner>;
}

/** One engine: holds leases on feeds and units, and runs what it holds. */
export class Engine {
  readonly metrics = new EngineMetrics();
  readonly #options: EngineOptions;
  readonly #inputLog: InputLog;
  readonly #origin: EventOrigin;
  readonly #groups = new Map<VenueId, VenueGroup>();
  readonly #feedLeases: LeaseHolder;
  readonly #startedAt: EpochMs;
  #configuration: LoadedConfiguration;
  /** Why the last change of the configuration was not taken, or null. */
  #configurationFault: string | null = null;
  #reconfiguring: Promise<void> = Promise.resolve();
  #stopping = false;

  constructor(options: EngineOptions) {
    this.#options = options;
    this.#configuration = options.configuration;
    this.#startedAt = options.clock.epochMs();
    this.#origin = {
      engine: options.engine,
      build: options.build,
      configurationHash: () => this.#configuration.hash,
    };
    this.#inputLog = new InputLog(
      options.publisher.open({
        venue: 'engine',
        connection: `${options.engine}/inputs`,
        epoch: Math.floor(this.#startedAt / 1000),
      }),
    );
    const { configuration } = options.configuration;
    for (const { venue: id, symbols, channels } of configuration.feeds) {
      const units = new Map<UnitId, UnitRef>();
      for (const lane of configuration.lanes.filter((each) => each.venue === id)) {
        const unit: UnitRef = { account: lane.account, mode: lane.mode, venue: id };
        units.set(unitId(unit), unit);
      }
      const group: VenueGroup = {
        venue: options.venues[id],
        symbols,
        channels,
        units,
        instruments: new Map(),
        unitLeases: { start: () => undefined, stop: async () => undefined },
        feed: null,
        generation: 0,
        runners: new Map(),
      };
      group.unitLeases = options.createLeases(
        [...units.keys()],
        (event) => this.#onUnitLease(group, event),
        () => group.feed !== null && !this.#stopping,
      );
      this.#groups.set(id, group);
    }
    const names = [...this.#groups.keys()].map((id) => `feed/${id}`);
    this.#feedLeases = options.createLeases(
      names,
      (event) => this.#onFeedLease(event),
      () => !this.#stopping,
    );
  }

  start(): void {
    this.#inputLog.record(
      'start',
      'engine',
      null,
      { engine: this.#options.engine, build: this.#options.build, configuration: this.#configuration.hash },
      this.#now(),
    );
    this.#feedLeases.start();
    for (const group of this.#groups.values()) group.unitLeases.start();
  }

  /**
   * Ends in order (T7): no new entries, working orders by the account's policy, a last comparison with the venue, sockets closed in order, everything
   * published, leases released. `orderMs` bounds the wait for orders.
   */
  async stop(reason: string, orderMs: number): Promise<void> {
    if (this.#stopping) return;
    this.#stopping = true;
    let settled = true;
    for (const group of this.#groups.values()) {
      for (const runner of group.runners.values()) {
        if (this.#account(runner.unit)?.onShutdown === 'keep') settled = false;
        else settled = (await runner.drain(reason, orderMs)) && settled;
        await runner.verifyNow();
        await runner.stop(reason);
      }
      await group.unitLeases.stop({ release: true, settled });
      await group.feed?.stop();
    }
    await this.#feedLeases.stop({ release: true, settled: true });
  }

  /** A changed document was not valid: the one in force stays, and health says so. */
  configurationRefused(reason: string): void {
    this.#configurationFault = `refused, ${this.#configuration.hash} stays: ${reason}`;
  }

  /**
   * Applies the difference of a valid configuration to what runs (R3): limits, strategies, lanes, symbols and channels of the venues and units that there are.
   * Other venues, accounts or units need a restart: such a configuration is refused whole. Changes are applied one after the other; never rejects.
   */
  reconfigure(next: LoadedConfiguration): Promise<void> {
    this.#reconfiguring = this.#reconfiguring.then(() => this.#apply(next));
    return this.#reconfiguring;
  }

  health(): { readonly ok: boolean; readonly parts: Readonly<Record<string, PartHealth>> } {
    const parts: Record<string, PartHealth> = {};
    for (const [id, group] of this.#groups) {
      parts[`feed/${id}`] = feedHealth(group.feed?.status() ?? null);
      for (const [unit, runner] of group.runners) {
        parts[`unit/${unit}`] = unitHealth(runner.status());
        const known = this.#options.credentials(runner.unit) !== null;
        parts[`keys/${unit}`] = { ok: known, state: known ? 'known' : 'no keys known' };
      }
    }
    const blocked = this.#options.publisher.entriesBlocked();
    parts.sink = { ok: blocked === null, state: blocked ?? 'publishing' };
    const { hash } = this.#configuration;
    parts.configuration = { ok: this.#configurationFault === null, state: this.#configurationFault ?? hash };
    // A venue that is down or a key that is wrong is not mended by a restart: the container stays healthy, the parts say it.
    return { ok: true, parts };
  }

  status(): unknown {
    const { metrics } = this;
    const quantiles = (name: 'decision' | 'tickToOrder' | 'orderToAck') => ({
      count: metrics[name].count,
      p50: metrics[name].quantile(0.5),
      p99: metrics[name].quantile(0.99),
    });
    return {
      engine: this.#options.engine,
      build: this.#options.build,
      startedAt: this.#startedAt,
      inputs: this.#inputLog.last,
      feeds: this.feeds(),
      units: this.units(),
      accounts: this.#options.publisher.accounts(),
      publisher: this.#options.publisher.metrics(),
      latencyUs: {
        decision: quantiles('decision'),
        tickToOrder: quantiles('tickToOrder'),
        orderToAck: quantiles('orderToAck'),
      },
      orders: Object.fromEntries(metrics.orders),
      badFrames: metrics.badFrames,
      errors: metrics.errors,
      takeovers: metrics.takeovers,
      memoryBytes: process.memoryUsage.rss(),
    };
  }

  feeds() {
    return [...this.#groups.values()].flatMap((group) => (group.feed === null ? [] : [group.feed.status()]));
  }

  units() {
    return [...this.#groups.values()].flatMap((group) => [...group.runners.values()].map((runner) => runner.status()));
  }

  async #apply(next: LoadedConfiguration): Promise<void> {
    const { log } = this.#options;
    if (this.#stopping || next.hash === this.#configuration.hash) return;
    const fixed = fixedParts(next) === fixedParts(this.#configuration);
    if (!fixed) {
      this.configurationRefused('venues, accounts and units change only with a restart');
      log('error', 'the new configuration is refused', { hash: next.hash, reason: this.#configurationFault });
      return;
    }
    const before = this.#configuration;
    this.#configuration = next;
    try {
      for (const group of this.#groups.values()) await this.#applyTo(group, next);
      this.#configurationFault = null;
      log('info', 'a new configuration is in force', { hash: next.hash, before: before.hash });
    } catch (error) {
      this.metrics.errors += 1;
      this.#configurationFault = `${next.hash} is applied in part: ${messageOf(error)}`;
      log('error', 'the new configuration could not be applied whole', { hash: next.hash, reason: messageOf(error) });
    }
  }

  /** The feed gets what is new before the lanes need it, and loses what goes after they have left it. */
  async #applyTo(group: VenueGroup, next: LoadedConfiguration): Promise<void> {
    const feed = next.configuration.feeds.find((each) => each.venue === group.venue.id);
    if (feed === undefined) return;
    const both = [...new Set([...group.symbols, ...feed.symbols])];
    await group.feed?.reconfigure(both, feed.channels);
    for (const runner of group.runners.values()) await runner.reconfigure(this.#lanesOf(runner.unit));
    await group.feed?.reconfigure(feed.symbols, feed.channels);
    group.symbols = feed.symbols;
    group.channels = feed.channels;
  }

  #lanesOf(unit: UnitRef): readonly LaneConfiguration[] {
    return this.#configuration.configuration.lanes.filter(
      (lane) => lane.account === unit.account && lane.mode === unit.mode && lane.venue === unit.venue,
    );
  }

  #now(): Now {
    return { mono: this.#options.clock.monoNanos(), epoch: this.#options.clock.epochMs() };
  }

  #account(unit: UnitRef): AccountConfiguration | undefined {
    const { accounts } = this.#configuration.configuration;
    return accounts.find((each) => each.name === unit.account && each.mode === unit.mode && each.venue === unit.venue);
  }

  #onFeedLease(event: LeaseEvent): void {
    const name = event.kind === 'lost' ? event.name : event.lease.name;
    const group = this.#groups.get(name.slice('feed/'.length) as VenueId);
    if (group === undefined) throw new MillraceError('fatal', 'LEASE_UNKNOWN', `name=${name}`);
    if (event.kind === 'acquired') {
      if (event.tookOverFrom !== null) this.metrics.takeovers += 1;
      group.generation += 1;
      void this.#startFeed(group, event.lease, event.tookOverFrom, group.generation);
    } else if (event.kind === 'lost') {
      this.#options.log('warn', 'feed lease lost', { name, reason: event.reason });
      group.generation += 1;
      const { feed } = group;
      group.feed = null;
      if (this.#stopping) return;
      void group.unitLeases.stop({ release: true }).then(() => group.unitLeases.start());
      void feed?.stop();
    }
  }

  async #startFeed(
    group: VenueGroup,
    lease: HeldLease,
    tookOverFrom: string | null,
    generation: number,
  ): Promise<void> {
    const { venue } = group;
    const runtime = this.#runtime(venue, this.#feedMode(venue.id));
    while (group.instruments.size === 0 && group.generation === generation) {
      try {
        for (const instrument of await venue.fetchInstruments(runtime))
          group.instruments.set(instrument.symbol, instrument);
      } catch (error) {
        this.metrics.errors += 1;
        this.#options.log('warn', 'instruments not known yet', { venue: venue.id, reason: messageOf(error) });
        await new Promise<void>((resolve) => this.#options.timers.after(RETRY_MS, resolve));
      }
    }
    if (group.generation !== generation || this.#stopping) return;
    const feed = new FeedRunner(
      {
        venue,
        symbols: group.symbols,
        channels: group.channels,
        instruments: group.instruments,
        runtime,
        publisher: this.#options.publisher,
        inputLog: this.#inputLog,
        metrics: this.metrics,
        origin: this.#origin,
        feedUnit: { account: 'feeds', mode: this.#feedMode(venue.id), venue: venue.id },
        lastPublished: (symbol) => this.#options.lastPublished(venue.id, symbol),
        onBook: (symbol, book, receivedAt, exchangeTime, now) =>
          this.#onBook(group, symbol, book, receivedAt, exchangeTime, now),
        clock: this.#options.clock,
        timers: this.#options.timers,
      },
      lease,
      tookOverFrom,
    );
    group.feed = feed;
    feed.start();
  }

  /** Hot: called from the socket's frame. */
  #onBook(
    group: VenueGroup,
    symbol: string,
    book: OrderBook,
    receivedAt: MonoNanos,
    exchangeTime: EpochMs,
    now: Now,
  ): void {
    for (const runner of group.runners.values()) {
      const lane = runner.lane(symbol);
      if (lane !== null) runner.onBook(lane, book, receivedAt, exchangeTime, now);
    }
  }

  #onUnitLease(group: VenueGroup, event: LeaseEvent): void {
    const id = (event.kind === 'lost' ? event.name : event.lease.name) as UnitId;
    if (event.kind === 'renewed') {
      group.runners.get(id)?.renewed(event.lease);
      return;
    }
    if (event.kind === 'lost') {
      this.#options.log('warn', 'unit lease lost', { unit: id, reason: event.reason });
      const runner = group.runners.get(id);
      if (!this.#stopping) group.runners.delete(id);
      void runner?.stop(`lease lost: ${event.reason}`);
      return;
    }
    const unit = group.units.get(id);
    const account = unit === undefined ? undefined : this.#account(unit);
    if (unit === undefined || account === undefined) throw new MillraceError('fatal', 'LEASE_UNKNOWN', `name=${id}`);
    const runtime: AccountRuntime = {
      ...this.#runtime(group.venue, unit.mode),
      account: unit,
      credentials: () => this.#options.credentials(unit),
    };
    const runner = new UnitRunner(
      {
        unit,
        account,
        lanes: this.#lanesOf(unit),
        venue: group.venue,
        runtime,
        publisher: this.#options.publisher,
        inputLog: this.#inputLog,
        metrics: this.metrics,
        origin: this.#origin,
        readLedger: this.#options.readLedger,
        instruments: group.instruments,
        book: (symbol) => group.feed?.book(symbol) ?? null,
        clock: this.#options.clock,
        timers: this.#options.timers,
      },
      event.lease,
      event.predecessorValidUntil,
    );
    group.runners.set(id, runner);
    runner.start(event.tookOverFrom);
  }

  /** Market data comes from where the venue's accounts trade. */
  #feedMode(venue: VenueId): UnitRef['mode'] {
    return this.#configuration.configuration.accounts.find((each) => each.venue === venue)?.mode ?? 'paper';
  }

  #runtime(venue: Venue, mode: UnitRef['mode']): VenueRuntime {
    const { clock, timers, random, connect, fetch, log, endpoints } = this.#options;
    return { endpoints: endpoints(venue, mode), clock, timers, random, connect, fetch, log };
  }
}

/** What a running engine cannot change: venues, accounts and the units that lanes belong to. */
function fixedParts({ configuration }: LoadedConfiguration): string {
  const units = new Set(
    configuration.lanes.map((lane) => unitId({ account: lane.account, mode: lane.mode, venue: lane.venue })),
  );
  return JSON.stringify([
    configuration.feeds.map((feed) => feed.venue).sort(),
    configuration.accounts,
    [...units].sort(),
  ]);
}
