import {
  type AccountConfiguration,
  type FeedConfiguration,
  feedName,
  type LoadedConfiguration,
  type RuntimeConfiguration,
  unitsOf,
} from '#core/config/runtime-configuration.ts';
import { scannersOf, watchedSymbols } from '#core/config/scanner-configuration.ts';
import type { LeaseEvent, LeaseOverview } from '#core/control/control-ports.ts';
import type { UnitRef } from '#core/control/unit.ts';
import { MillraceError, messageOf } from '#core/errors.ts';
import type { Publisher } from '#core/events/publisher-port.ts';
import { InputLog } from '#core/input-log/input-log.ts';
import type { EngineStart } from '#core/input-log/lease-log.ts';
import type { Now } from '#core/lanes/now.ts';
import type { VenueId } from '#core/market/instrument.ts';
import { comparisonPlanOf } from '#core/reconciliation/comparison-budget.ts';
import type { Clock, EpochMs, Random, Timers } from '#core/time/clock.ts';
import type { Connect } from '#venues/connection/transport.ts';
import type { Credentials, Venue, VenueEndpoints, VenueLog } from '#venues/venue.ts';
import { feedFault, fixedLanesOf, policyFault, scannedLanesOf, termsOf } from './configured-parts.ts';
import { EngineMetrics } from './engine-metrics.ts';
import { FeedGroup } from './feed-group.ts';
import type { FeedGroupContext } from './feed-group-context.ts';
import type { FeedStatus } from './feed-runner.ts';
import type { ScannerStatus } from './feed-scanner.ts';
import type { PartHealth } from './part-health.ts';
import { leaseParts, type SupervisedPart, Supervisor, THREAD_BEAT } from './supervisor.ts';
import type { ReadLaneMemory } from './symbol-locator.ts';
import type { ReadLedger } from './unit-recovery.ts';
import type { UnitStatus } from './unit-status.ts';

/** Holds leases and tells of their changes: what of a lease keeper the engine needs. */
export interface LeaseHolder {
  start(): void;
  stop(how: { readonly release: boolean; readonly settled?: boolean }): Promise<void>;
  release(name: string, how: { readonly settled: boolean; readonly to: string | null }): Promise<void>;
  rename(names: readonly string[]): Promise<void>;
  overview(): LeaseOverview;
  /** See `LeaseKeeper`; absent: nobody can tell. */
  beats?(): ReadonlyMap<string, number>;
  revive?(name: string): void;
  lapse?(name: string, restMs: number, reason: string): void;
}

export interface EngineOptions {
  /** Name of this engine: holder of its leases, first part of its connections' names. */
  readonly engine: string;
  readonly build: string;
  /** Hash of the sources that decide; absent: not known. */
  readonly sources?: string;
  readonly configuration: LoadedConfiguration;
  readonly venues: Readonly<Record<VenueId, Venue>>;
  /** Venues of this engine's region: feeds of others are left alone. Absent: all. */
  readonly servedVenues?: readonly VenueId[];
  /** Called with a configuration before it is applied: to know the keys of its accounts. Must not reject. */
  readonly prepare?: (configuration: RuntimeConfiguration) => Promise<void>;
  readonly endpoints: (venue: Venue, mode: UnitRef['mode']) => VenueEndpoints;
  readonly createLeases: (
    names: readonly string[],
    onEvent: (event: LeaseEvent) => void,
    mayAcquire: (name: string) => boolean,
    /** Feeds are shared out over the engines; units go where their feed is. */
    kind: 'feeds' | 'units',
  ) => LeaseHolder;
  readonly publisher: Publisher;
  readonly readLedger: ReadLedger;
  /** Absent: nobody knows, and a lane whose symbol a scanner picks begins where something is held, else at its first symbol. */
  readonly readLaneMemory?: ReadLaneMemory;
  readonly lastPublished: (venue: VenueId, symbol: string) => Promise<string | null>;
  /** Keys in force of an account; null: none are known and the account is degraded (R1). */
  readonly credentials: (unit: UnitRef) => Credentials | null;
  readonly connect: Connect;
  readonly fetch: typeof globalThis.fetch;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly log: VenueLog;
  /** What beats beside the engine's own parts: the watch over its configuration, its keys. */
  readonly parts?: readonly SupervisedPart[];
  /** Each look of the supervisor: the event loop turns. */
  readonly onLook?: () => void;
  /** A vital part could not be revived: the process is to end in order. Absent: nothing is done about it. */
  readonly onHopeless?: (reason: string) => void;
}

/** How long the orders of a feed's units may take to end when another engine asks for it. */
const HAND_OVER_MS = 10_000;

/** One engine: holds leases on feeds and units, and runs what it holds. */
export class Engine {
  readonly metrics = new EngineMetrics();
  readonly #options: EngineOptions;
  readonly #inputLog: InputLog;
  readonly #context: FeedGroupContext;
  readonly #groups = new Map<string, FeedGroup>();
  readonly #feedLeases: LeaseHolder;
  readonly #supervisor: Supervisor;
  readonly #startedAt: EpochMs;
  #configuration: LoadedConfiguration;
  /** Why the last change of the configuration was not taken, or null. */
  #configurationFault: string | null = null;
  /** Changes of what is held and configured, one after the other. */
  #changes: Promise<void> = Promise.resolve();
  #stopping = false;

  constructor(options: EngineOptions) {
    this.#options = options;
    this.#configuration = options.configuration;
    this.#startedAt = options.clock.epochMs();
    this.#inputLog = new InputLog(
      options.publisher.open({
        venue: 'engine',
        connection: `${options.engine}/inputs`,
        epoch: Math.floor(this.#startedAt / 1000),
      }),
    );
    this.#context = {
      options,
      inputLog: this.#inputLog,
      metrics: this.metrics,
      origin: {
        engine: options.engine,
        build: options.build,
        configurationHash: () => this.#configuration.hash,
      },
      account: (unit) => this.#account(unit),
      lanes: (unit) => fixedLanesOf(this.#configuration.configuration, unit),
      scanned: (unit) => scannedLanesOf(this.#configuration.configuration, unit),
      scanners: (feed) => ({
        scanners: scannersOf(this.#configuration.configuration, feed),
        watched: watchedSymbols(this.#configuration.configuration, feed),
      }),
      risk: () => termsOf(this.#configuration.configuration),
      comparisons: (unit) => comparisonPlanOf(this.#configuration.configuration.lanes, unit),
      marketAccount: (venue) => this.#marketAccount(venue),
      stopping: () => this.#stopping,
    };
    const { configuration } = options.configuration;
    const fault = feedFault(configuration, options.venues);
    if (fault !== null) throw new MillraceError('configuration', 'CONFIGURATION_INVALID', fault);
    const feeds = this.#feedsOf(configuration);
    for (const [name, feed] of feeds)
      this.#groups.set(name, new FeedGroup(this.#context, name, feed, unitsOf(configuration, feed)));
    this.#feedLeases = options.createLeases(
      [...feeds.keys()].map(leaseName),
      (event) => this.#onFeedLease(event),
      (name) => !this.#stopping && this.#groups.has(feedOfLease(name)),
      'feeds',
    );
    this.#supervisor = new Supervisor({
      parts: () => this.parts(),
      clock: options.clock,
      timers: options.timers,
      log: options.log,
      metrics: this.metrics,
      ...(options.onLook === undefined ? {} : { onLook: options.onLook }),
      end: (reason) => options.onHopeless?.(reason),
    });
  }

  start(): void {
    this.#inputLog.record('start', 'engine', null, this.#startLine(), this.#now());
    this.#feedLeases.start();
    for (const group of this.#groups.values()) group.start();
    this.#supervisor.start();
  }

  /**
   * Ends in order (T7): no new entries, working orders by the account's policy, a last comparison with the venue, sockets closed in order, everything
   * published, leases released. `orderMs` bounds the wait for orders.
   */
  async stop(reason: string, orderMs: number): Promise<void> {
    if (this.#stopping) return;
    this.#stopping = true;
    await Promise.all([...this.#groups.values()].map((group) => group.leave(reason, orderMs)));
    await this.#feedLeases.stop({ release: true, settled: true });
    this.#supervisor.stop();
    this.#inputLog.record('end', 'engine', null, { reason }, this.#now());
  }

  /** A changed document was not valid: the one in force stays, and health says so. */
  configurationRefused(reason: string): void {
    this.#configurationFault = `refused, ${this.#configuration.hash} stays: ${reason}`;
  }

  /**
   * Applies the difference of a valid configuration to what runs (R3): what goes comes to rest first, then what stays is changed, then what is new is taken.
   * Changes are applied one after the other; never rejects.
   */
  reconfigure(next: LoadedConfiguration): Promise<void> {
    return this.#change(() => this.#apply(next));
  }

  health(): { readonly ok: boolean; readonly parts: Readonly<Record<string, PartHealth>> } {
    const parts: Record<string, PartHealth> = {};
    const { share, held, notHeld } = this.#feedLeases.overview();
    for (const [name, group] of this.#groups) {
      const missing = notHeld.find((each) => each.name === leaseName(name));
      Object.assign(parts, group.health(missing?.reason ?? null));
    }
    const meant =
      share === null ? '' : `, share ${share.least === share.most ? '' : `${share.least} to `}${share.most}`;
    parts.leases = { ok: true, state: `holds ${held.length} of ${held.length + notHeld.length} feeds${meant}` };
    const blocked = this.#options.publisher.entriesBlocked();
    parts.sink = { ok: blocked === null, state: blocked ?? 'publishing' };
    parts.supervisor = this.#supervisor.health();
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
      inputsShed: this.#inputLog.shed,
      leases: this.#feedLeases.overview(),
      feeds: this.feeds(),
      units: this.units(),
      scanners: this.scanners(),
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

  /** How many parts are silent now. */
  get silentParts(): number {
    return this.#supervisor.silent;
  }

  feeds(): readonly FeedStatus[] {
    return [...this.#groups.values()].flatMap((group) => group.feed() ?? []);
  }

  scanners(): readonly ScannerStatus[] {
    return [...this.#groups.values()].flatMap((group) => group.scanners());
  }

  units(): readonly UnitStatus[] {
    return [...this.#groups.values()].flatMap((group) => group.units());
  }

  /** Everything that beats. What has no voice of its own tells people by a feed that is held. */
  parts(): readonly SupervisedPart[] {
    const { publisher } = this.#options;
    const groups = [...this.#groups.values()];
    const tell = groups.find((group) => group.tell !== null)?.tell ?? undefined;
    const thread: SupervisedPart[] =
      publisher.beats === undefined
        ? []
        : // It is replaced by its own keeper; entries stop as soon as events are not acknowledged.
          [{ name: 'publishing thread', ...THREAD_BEAT, beats: () => publisher.beats?.() ?? null }];
    const alone = [...leaseParts(this.#feedLeases), ...thread, ...(this.#options.parts ?? [])];
    return [...alone.map((part) => ({ tell, ...part })), ...groups.flatMap((group) => group.parts())];
  }

  #change(run: () => Promise<void>): Promise<void> {
    this.#changes = this.#changes.then(run).catch((error: unknown) => {
      this.metrics.errors += 1;
      this.#options.log('error', 'a change of what is held failed', { reason: messageOf(error) });
    });
    return this.#changes;
  }

  async #apply(next: LoadedConfiguration): Promise<void> {
    const { log, prepare } = this.#options;
    if (this.#stopping || next.hash === this.#configuration.hash) return;
    const fault =
      feedFault(next.configuration, this.#options.venues) ??
      policyFault(this.#configuration.configuration, next.configuration);
    if (fault !== null) {
      this.configurationRefused(fault);
      log('error', 'the new configuration is refused', { hash: next.hash, reason: fault });
      return;
    }
    await prepare?.(next.configuration);
    const before = this.#configuration;
    this.#configuration = next;
    this.#inputLog.record('configuration', 'engine', null, { configuration: next.hash }, this.#now());
    const faults: string[] = [];
    const attempt = async (what: string, run: () => Promise<void>) => {
      try {
        await run();
      } catch (error) {
        this.metrics.errors += 1;
        faults.push(`${what}: ${messageOf(error)}`);
      }
    };
    const feeds = this.#feedsOf(next.configuration);
    // What goes comes to rest first: a unit that moves to another feed must be free before it is taken there.
    for (const [name, group] of [...this.#groups]) {
      const feed = feeds.get(name);
      if (feed === undefined || feed.venue !== group.venue.id) await attempt(name, () => this.#remove(group));
      else await attempt(name, () => group.dropUnits(unitsOf(next.configuration, feed)));
    }
    for (const [name, feed] of feeds) {
      const units = unitsOf(next.configuration, feed);
      const group = this.#groups.get(name);
      if (group !== undefined) await attempt(name, () => group.reconfigure(feed, units));
      else {
        const added = new FeedGroup(this.#context, name, feed, units);
        this.#groups.set(name, added);
        added.start();
      }
    }
    await attempt('leases', () => this.#feedLeases.rename([...feeds.keys()].map(leaseName)));
    this.#configurationFault = faults.length === 0 ? null : `${next.hash} is applied in part: ${faults.join('; ')}`;
    if (this.#configurationFault === null)
      log('info', 'a new configuration is in force', { hash: next.hash, before: before.hash });
    else log('error', 'the new configuration could not be applied whole', { hash: next.hash, reasons: faults });
  }

  async #remove(group: FeedGroup): Promise<void> {
    // Gone from the groups, its lease is not taken again.
    this.#groups.delete(group.name);
    await group.leave('no longer configured');
    await this.#feedLeases.release(leaseName(group.name), { settled: true, to: null });
  }

  /** Another engine has less than its share: the feed and its units come to rest here and are its own. */
  async #handOver(name: string, to: string): Promise<void> {
    const group = this.#groups.get(feedOfLease(name));
    if (group === undefined || this.#stopping) return;
    this.#options.log('info', 'handing a feed over', { name, to });
    await group.leave(`handed over to ${to}`, HAND_OVER_MS);
    if (this.#stopping) return;
    await this.#feedLeases.release(name, { settled: true, to });
    group.resume();
  }

  #onFeedLease(event: LeaseEvent): void {
    if (event.kind === 'requested') {
      void this.#change(() => this.#handOver(event.name, event.by));
      return;
    }
    const name = event.kind === 'lost' ? event.name : event.lease.name;
    // One that has just been taken out of the configuration is released with that change.
    this.#groups.get(feedOfLease(name))?.onFeedLease(event);
  }

  #feedsOf(configuration: RuntimeConfiguration): ReadonlyMap<string, FeedConfiguration> {
    const { servedVenues } = this.#options;
    const served = configuration.feeds.filter((feed) => servedVenues?.includes(feed.venue) ?? true);
    return new Map(served.map((feed) => [feedName(feed), feed]));
  }

  #startLine(): EngineStart {
    const { engine, build, sources } = this.#options;
    const line = { engine, build, configuration: this.#configuration.hash };
    return sources === undefined ? line : { ...line, sources };
  }

  #now(): Now {
    return { mono: this.#options.clock.monoNanos(), epoch: this.#options.clock.epochMs() };
  }

  #account(unit: UnitRef): AccountConfiguration | undefined {
    const { accounts } = this.#configuration.configuration;
    return accounts.find((each) => each.name === unit.account && each.mode === unit.mode && each.venue === unit.venue);
  }

  #marketAccount(venue: Venue): UnitRef {
    const found = this.#configuration.configuration.accounts.find((each) => each.venue === venue.id);
    return { account: found?.name ?? 'feeds', mode: found?.mode ?? 'paper', venue: venue.id };
  }
}

const LEASE_PREFIX = 'feed/';

function leaseName(feed: string): string {
  return `${LEASE_PREFIX}${feed}`;
}

function feedOfLease(name: string): string {
  return name.slice(LEASE_PREFIX.length);
}
