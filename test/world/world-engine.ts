import type { LeaseTable } from '#aws/lease-table.ts';
import { createLeaseKeeper, type LeaseKeeper } from '#aws/leases.ts';
import type { LaneConfiguration } from '#core/config/runtime-configuration.ts';
import type { HeldLease, LeaseEvent } from '#core/control/control-ports.ts';
import { type UnitRef, unitId } from '#core/control/unit.ts';
import type { FrameSink } from '#core/events/publisher-port.ts';
import type { TradingEvent } from '#core/events/trading-event.ts';
import { feedOwner, LeaseLog } from '#core/input-log/lease-log.ts';
import type { Now } from '#core/lanes/now.ts';
import type { BookSync } from '#core/market/book-sync.ts';
import type { Instrument } from '#core/market/instrument.ts';
import { allotmentOf } from '#core/risk/allotment.ts';
import type { EpochMs } from '#core/time/clock.ts';
import { EngineMetrics } from '#engine/engine-metrics.ts';
import type { ReadLedger } from '#engine/unit-recovery.ts';
import type { RiskTerms } from '#engine/unit-risk.ts';
import { UnitRunner } from '#engine/unit-runner.ts';
import type { Dice } from '#simulation/world/dice.ts';
import { createWorldAccountStream } from '#simulation/world/world-account-stream.ts';
import { WorldBookFeed } from '#simulation/world/world-book-feed.ts';
import { createWorldOrderEntry } from '#simulation/world/world-order-entry.ts';
import { WorldProcess } from '#simulation/world/world-process.ts';
import { createWorldQueries } from '#simulation/world/world-queries.ts';
import type { VenueClient, VenueLink, WorldVenue } from '#simulation/world/world-venue.ts';
import type { AccountRuntime, Venue } from '#venues/venue.ts';
import type { PlantedBug } from './planted-bugs.ts';
import { RiskWitness } from './risk-witness.ts';
import { ToldUnit } from './told-unit.ts';
import { WatchedInputLog } from './watched-input-log.ts';
import { leaseTableFor } from './world-leases.ts';
import { WorldPublisher, type WorldStream } from './world-stream.ts';
import { WorldTape } from './world-tape.ts';

export interface WorldEngineOptions {
  readonly name: string;
  readonly unit: UnitRef;
  readonly lanes: readonly LaneConfiguration[];
  readonly risk: RiskTerms;
  readonly instruments: ReadonlyMap<string, Instrument>;
  /** The real venue: what is not replaced by the world's ports. */
  readonly venue: Venue;
  readonly world: WorldVenue;
  readonly dice: Dice;
  readonly stream: WorldStream;
  readonly table: LeaseTable;
  readonly leaseOutage: () => boolean;
  readonly readLedger: ReadLedger;
  readonly bug: PlantedBug | null;
  readonly onInput: (line: Uint8Array) => void;
  readonly onEvent: (engine: WorldEngine, event: TradingEvent) => void;
  readonly onQuote: (symbol: string, sync: BookSync) => void;
  readonly onRunner: (runner: UnitRunner, epoch: number) => void;
  /** Gets the tape of each process; absent: none is made. */
  readonly onTape?: ((tape: WorldTape) => void) | undefined;
}

type Ports = {
  readonly stream: ReturnType<typeof createWorldAccountStream>;
  readonly entry: ReturnType<typeof createWorldOrderEntry>;
};

/**
 * One engine process: the real lease keeper, the real unit runner with its lanes, desk and recovery, the real book syncs. Only the sockets are the world's.
 */
export class WorldEngine {
  readonly process: WorldProcess;
  readonly #options: WorldEngineOptions;
  readonly #cuts = new Set<VenueLink>();
  #keeper: LeaseKeeper | null = null;
  #feed: WorldBookFeed | null = null;
  #ports: Ports[] = [];
  #grants = 0;
  #epoch = 0;
  #told: ToldUnit | null = null;
  #witness: RiskWitness | null = null;
  runner: UnitRunner | null = null;
  publisher: WorldPublisher;

  constructor(options: WorldEngineOptions) {
    this.#options = options;
    this.process = new WorldProcess(options.name, options.world.time);
    this.publisher = this.#createPublisher();
  }

  start(): void {
    if (this.process.state !== 'down') return;
    const { unit, world, dice, venue, instruments, table, name } = this.#options;
    const { process } = this;
    process.start();
    this.publisher = this.#createPublisher();
    const tape = this.#options.onTape === undefined ? null : new WorldTape(name, venue);
    if (tape !== null) this.#options.onTape?.(tape);
    const published = this.publisher.open({ venue: 'engine', connection: 'inputs', epoch: 0 });
    const sink: FrameSink = {
      ...published,
      frame: (bytes, receivedAt, inputNumber) => {
        tape?.line(bytes);
        return published.frame(bytes, receivedAt, inputNumber);
      },
    };
    const inputLog = new WatchedInputLog(sink, (kind, lane, body, now, origin) => {
      // What a runner still hears whose lease is gone is not its successor's.
      if (origin?.lease !== this.#epoch) return;
      this.#told?.input(kind, lane, body, now);
      this.#witness?.input(kind, lane, body);
    });
    const metrics = new EngineMetrics();
    const syncs = new Map([...instruments].map(([symbol, each]) => [symbol, venue.createBookSync(each)]));
    const now = (): Now => ({ mono: process.clock.monoNanos(), epoch: process.clock.epochMs() });
    const feedLog = new LeaseLog(inputLog, feedOwner(WorldTape.FEED), 0);
    feedLog.record('feed', { change: 'began', venue: venue.id }, now());
    for (const instrument of instruments.values()) feedLog.record('book', { change: 'added', instrument }, now());
    this.#feed = new WorldBookFeed(
      world,
      process,
      syncs,
      (symbol, sync, at) => this.#onBook(symbol, sync, at),
      (message) => {
        const n = inputLog.frame();
        tape?.message(n, now(), message);
        inputLog.part();
      },
    );
    const openUnit = (lease: HeldLease, predecessorLeftMs: number): UnitRunner => {
      const client: VenueClient = { process, epoch: lease.epoch, cuts: this.#cuts };
      return new UnitRunner(
        {
          unit,
          account: {
            name: unit.account,
            mode: unit.mode,
            venue: unit.venue,
            liveConfirmed: false,
            onShutdown: 'cancel',
          },
          lanes: this.#options.lanes,
          risk: this.#options.risk,
          venue: this.#venueFor(client),
          runtime: this.#runtime(),
          publisher: this.#options.bug?.publisher?.(this.publisher, dice) ?? this.publisher,
          inputLog,
          metrics,
          origin: { engine: name, build: 'world', configurationHash: () => 'world' },
          readLedger: this.#options.readLedger,
          instruments,
          book: (symbol) => syncs.get(symbol)?.book ?? null,
          clock: process.clock,
          timers: process.timers,
        },
        lease,
        predecessorLeftMs,
      );
    };
    const leaseOf = this.#options.bug?.lease ?? ((lease: HeldLease) => lease);
    const onEvent = (event: LeaseEvent) => {
      if (event.kind === 'renewed') this.runner?.renewed(leaseOf(event.lease));
      else if (event.kind === 'lost') {
        if (this.#options.bug?.ignoresLostLease === true) return;
        const { runner } = this;
        this.runner = null;
        runner?.gone();
        void runner?.stop(`lease lost: ${event.reason}`);
      } else if (event.kind === 'acquired') {
        const runner = openUnit(leaseOf(event.lease), event.predecessorLeftMs);
        this.runner = runner;
        this.#told = new ToldUnit(() => runner.lanes);
        this.#epoch = event.lease.epoch;
        this.#witness = this.#createWitness(runner);
        this.#options.onRunner(this.runner, event.lease.epoch);
        this.runner.start(event.tookOverFrom);
      }
    };
    this.#keeper = createLeaseKeeper({
      table: leaseTableFor(table, process, world.time, dice, this.#options.leaseOutage),
      holder: name,
      names: [unitId(unit)],
      clock: process.clock,
      timers: process.timers,
      newGrant: () => {
        this.#grants += 1;
        return `${name}-${this.#grants}`;
      },
      onEvent,
    });
    this.#keeper.start();
  }

  /** SIGKILL. */
  kill(): void {
    this.process.kill();
    this.#feed?.abandon();
    for (const { stream } of this.#ports) stream.abandon();
    this.#ports = [];
    this.runner = null;
    this.#told = null;
    this.#witness = null;
    this.#keeper = null;
    this.publisher.unsent.length = 0;
  }

  /** SIGTERM: comes to rest, gives the lease up, tells everything, ends. */
  async end(): Promise<void> {
    const { runner } = this;
    const keeper = this.#keeper;
    const settled = (await runner?.drain('SIGTERM', 5_000)) ?? true;
    await runner?.verifyNow();
    await runner?.stop('SIGTERM');
    await keeper?.stop({ release: true, settled });
    if (this.#keeper !== keeper) return;
    this.publisher.drain();
    this.kill();
  }

  /** After a step: what does not follow from what the engine was told, or null. */
  contradiction(): string | null {
    if (this.#told?.touched !== true) return null;
    return this.#told.check() ?? this.#witness?.check() ?? null;
  }

  cut(link: VenueLink, noticedMs: number): void {
    this.#cuts.add(link);
    if (link === 'account') for (const { stream } of this.#ports) stream.cut(noticedMs);
    if (link === 'orders') for (const { entry } of this.#ports) this.process.deliver(0, () => entry.cut('cut'));
  }

  mend(link: VenueLink): void {
    this.#cuts.delete(link);
  }

  stallBooks(ms: number): void {
    this.#feed?.stall(ms);
  }

  #onBook(symbol: string, sync: BookSync, exchangeTime: EpochMs): void {
    const { runner } = this;
    const lane = runner?.lane(symbol) ?? null;
    if (runner === null || lane === null) return;
    this.#options.onQuote(symbol, sync);
    const mono = this.process.clock.monoNanos();
    if (runner.status().closed !== 'not recovered yet') this.#witness?.seen(symbol, sync.book, mono, exchangeTime);
    runner.onBook(lane, sync.book, mono, exchangeTime, { mono, epoch: this.process.clock.epochMs() });
  }

  #venueFor(client: VenueClient): Venue {
    const { world, venue, bug, dice } = this.#options;
    return {
      ...venue,
      createQueries: () => {
        const queries = createWorldQueries(world, client);
        return bug?.queries?.(queries, dice) ?? queries;
      },
      createAccountStream: (_runtime, listener) => {
        const stream = createWorldAccountStream(world, client, bug?.listener?.(listener, dice) ?? listener);
        this.#ports.push({ stream, entry: this.#createEntry(client) });
        return stream;
      },
      createOrderEntry: () => {
        const entry = this.#ports.at(-1)?.entry ?? this.#createEntry(client);
        return bug?.entry === undefined ? entry : { ...entry, ...bug.entry(entry, dice) };
      },
    };
  }

  #createWitness(runner: UnitRunner): RiskWitness {
    const { clock } = this.process;
    const { policy, lanes } = this.#options.risk;
    return new RiskWitness({
      runner,
      now: () => ({ mono: clock.monoNanos(), epoch: clock.epochMs() }),
      policy,
      allotment: policy.version > 0 ? allotmentOf(policy, lanes, this.#options.unit) : null,
    });
  }

  /** What is asked of the venue is heard, too. */
  #createEntry(client: VenueClient): ReturnType<typeof createWorldOrderEntry> {
    const entry = createWorldOrderEntry(this.#options.world, client);
    return {
      ...entry,
      place: (intent, ...rest) => {
        this.#told?.place(intent);
        entry.place(intent, ...rest);
      },
    };
  }

  #createPublisher(): WorldPublisher {
    const { stream, dice, onInput, onEvent } = this.#options;
    return new WorldPublisher(stream, this.process, dice, {
      onInput,
      onEvent: (event) => {
        onEvent(this, event);
        if (event.epoch !== this.#epoch) return;
        this.#told?.told(event);
        this.#witness?.told(event);
      },
    });
  }

  #runtime(): AccountRuntime {
    const { dice, unit, world, instruments } = this.#options;
    const nowhere = () => {
      throw new Error('a world has no network');
    };
    return {
      endpoints: { market: '', account: '', orders: '', rest: '' },
      clock: this.process.clock,
      timers: this.process.timers,
      random: dice,
      connect: nowhere,
      fetch: nowhere,
      log: (level, text, fields) => {
        world.watch.trace(() => `${this.process.name} ${level}: ${text} ${JSON.stringify(fields ?? {})}`);
      },
      account: unit,
      credentials: () => ({ key: 'world', secret: 'world' }),
      instruments: () => instruments,
    };
  }
}
