import { isDeepStrictEqual } from 'node:util';
import type { AccountConfiguration, LaneConfiguration } from '#core/config/runtime-configuration.ts';
import type { HeldLease } from '#core/control/control-ports.ts';
import type { DesiredState } from '#core/control/desired-state.ts';
import { type UnitId, type UnitRef, unitId } from '#core/control/unit.ts';
import { MillraceError, messageOf } from '#core/errors.ts';
import type { Publisher } from '#core/events/publisher-port.ts';
import type { StageStamps } from '#core/events/trading-event.ts';
import type { InputLog } from '#core/input-log/input-log.ts';
import type { Lane } from '#core/lanes/lane.ts';
import type { EventNote } from '#core/lanes/lane-effects.ts';
import type { Now } from '#core/lanes/now.ts';
import type { Instrument } from '#core/market/instrument.ts';
import type { OrderBook } from '#core/market/order-book.ts';
import { createOrderIds } from '#core/orders/client-order-id.ts';
import type { AccountReport, ClientOrderId } from '#core/orders/order.ts';
import type { AccountStream, ConnectionStatus, OrderEntry, VenueQueries } from '#core/orders/venue-ports.ts';
import type { Clock, EpochMs, MonoNanos, Timers } from '#core/time/clock.ts';
import type { AccountRuntime, Managed, Venue } from '#venues/venue.ts';
import type { EngineMetrics } from './engine-metrics.ts';
import { LanePerformer } from './lane-performer.ts';
import { type EventOrigin, UnitEvents } from './unit-events.ts';
import { judgeGate } from './unit-gate.ts';
import { createUnitLane, createUnitLanes } from './unit-lane.ts';
import { type ReadLedger, UnitRecovery } from './unit-recovery.ts';
import { laneStatus, type UnitStatus } from './unit-status.ts';
import { askForVerification } from './venue-questions.ts';

export interface UnitRunnerOptions {
  readonly unit: UnitRef;
  readonly account: AccountConfiguration;
  readonly lanes: readonly LaneConfiguration[];
  readonly venue: Venue;
  readonly runtime: AccountRuntime;
  readonly publisher: Publisher;
  readonly inputLog: InputLog;
  readonly metrics: EngineMetrics;
  readonly origin: EventOrigin;
  readonly readLedger: ReadLedger;
  readonly instruments: ReadonlyMap<string, Instrument>;
  /** The book of a symbol, or null while there is none. */
  readonly book: (symbol: string) => OrderBook | null;
  readonly clock: Clock;
  readonly timers: Timers;
}

const TIMER_MS = 50;
/** Desired state comes with each renewal; older than this, nothing is opened. */
const DESIRED_STALE_NANOS = 3e9;
/** Recovery looks back at least this far. */
const LOOK_BACK_MS = 600_000;
const RETRY_MS = 500;
/** How long the orders of a lane that goes may take to end. */
const RETIRE_MS = 20_000;
/** When orders of earlier leases are looked for again after the recovery. */
const SWEEPS_MS = [5_000, 15_000, 45_000];

/**
 * Trades one unit under one lease: account stream and order entry, recovery, lanes, and the carrying out of their effects. It lives as long as its lease; a new lease
 * gets a new runner.
 */
export class UnitRunner {
  readonly unit: UnitRef;
  readonly #nextId: () => ClientOrderId;
  #lanes: Lane[];
  /** Lanes that are configured and cannot be traded, with the reason. */
  readonly #refusedLanes: ReadonlyMap<string, string>;
  readonly #options: UnitRunnerOptions;
  readonly #events: UnitEvents;
  readonly #queries: VenueQueries;
  readonly #accountStream: AccountStream;
  readonly #orderEntry: OrderEntry & Managed;
  readonly #id: UnitId;
  readonly #startedAt: EpochMs;
  readonly #predecessorValidUntil: EpochMs | null;
  #lease: HeldLease;
  #leaseSeenAt: MonoNanos;
  #desiredVersion = -1;
  #streamStatus: ConnectionStatus = { state: 'connecting', reason: 'not started' };
  #reconciled = false;
  #opened = false;
  #opening: Promise<void> | null = null;
  #closed: string | null = 'not reconciled yet';
  #fence: string | null = 'not reconciled yet';
  #stopped = false;
  readonly #performer: LanePerformer;
  #cancelTimer: () => void = () => undefined;
  readonly #cancelSweeps: (() => void)[] = [];
  readonly #recovery: UnitRecovery;
  #draining = false;
  #drained = false;
  readonly #unverified = new Set<Lane>();

  constructor(options: UnitRunnerOptions, lease: HeldLease, predecessorValidUntil: EpochMs | null) {
    this.#predecessorValidUntil = predecessorValidUntil;
    this.#options = options;
    this.unit = options.unit;
    this.#id = unitId(options.unit);
    this.#lease = lease;
    this.#leaseSeenAt = options.clock.monoNanos();
    this.#startedAt = options.clock.epochMs();
    this.#events = new UnitEvents(options.publisher, options.unit, lease.epoch, options.origin);
    this.#queries = options.venue.createQueries(options.runtime);
    this.#performer = new LanePerformer({
      unit: this.#id,
      queries: this.#queries,
      orderEntry: () => this.#orderEntry,
      inputLog: options.inputLog,
      metrics: options.metrics,
      clock: options.clock,
      fencedAt: () => (this.#stopped ? (Number.NEGATIVE_INFINITY as MonoNanos) : this.#lease.fencedAt),
      stopped: () => this.#stopped,
      tell: (note, stamps) => this.#tell(note, stamps),
      verify: (lane) => void this.#verify(lane),
    });
    this.#recovery = new UnitRecovery({
      unit: options.unit,
      epoch: lease.epoch,
      queries: this.#queries,
      readLedger: options.readLedger,
      inputLog: options.inputLog,
      clock: options.clock,
      log: options.runtime.log,
      tell: (note) => this.#tell(note, null),
      perform: (lane) => this.#performer.perform(lane),
      stopped: () => this.#stopped,
    });
    this.#nextId = createOrderIds(options.unit.mode, this.#id, lease.epoch);
    const { lanes, refused } = createUnitLanes(options.lanes, options.venue.id, options.instruments, this.#nextId);
    this.#lanes = lanes;
    this.#refusedLanes = refused;
    this.#accountStream = options.venue.createAccountStream(options.runtime, {
      onReport: (report) => this.#onReport(report),
      onStatus: (status) => this.#onStreamStatus(status),
    });
    this.#orderEntry = options.venue.createOrderEntry(options.runtime, () => this.#gate());
  }

  start(tookOverFrom: string | null): void {
    this.#note('lease', {
      name: this.#lease.name,
      change: 'acquired',
      holder: this.#options.origin.engine,
      previousHolder: tookOverFrom,
      reason: tookOverFrom === null ? 'free' : 'taken over',
    });
    for (const [lane, reason] of this.#refusedLanes) {
      const text = `${this.#id} does not trade lane ${lane}: ${reason}`;
      this.#note('alert', { severity: 'critical', code: 'LANE_REFUSED', text, dedupeKey: `${this.#id}/${lane}` });
    }
    this.#orderEntry.start();
    this.#accountStream.start();
    this.#tick();
  }

  /** A renewal: the fence moves on, and the desired state comes with it. */
  renewed(lease: HeldLease): void {
    this.#lease = lease;
    this.#leaseSeenAt = this.#options.clock.monoNanos();
    this.#takeDesired(lease.desired);
    this.#gate();
  }

  /** Hot: the book of a symbol changed. */
  onBook(lane: Lane, book: OrderBook, receivedAt: MonoNanos, exchangeTime: EpochMs, now: Now): void {
    if (!this.#opened) return;
    const began = this.#options.clock.monoNanos();
    this.#closeIfOver(began);
    lane.onBook(book, receivedAt, exchangeTime, now);
    this.#options.metrics.decision.record((this.#options.clock.monoNanos() - began) / 1e3);
    if (lane.effects.length > 0) this.#performer.perform(lane);
  }

  get lanes(): readonly Lane[] {
    return this.#lanes;
  }

  /**
   * Changes the unit's lanes while it trades: a lane that is gone or different comes to rest first, a new or different one starts from what venue and ledger
   * say. Rejects with `LANE_NOT_AT_REST` when a lane's orders do not end in time; it then goes on as it was, with its entries paused.
   */
  async reconfigure(lanes: readonly LaneConfiguration[]): Promise<void> {
    for (const lane of [...this.#lanes]) {
      const next = lanes.find((each) => each.name === lane.name);
      if (next === undefined || !isDeepStrictEqual(next, lane.configuration)) await this.#retire(lane, next);
    }
    for (const configuration of lanes) {
      if (!this.#lanes.some((each) => each.name === configuration.name)) await this.#add(configuration);
    }
  }

  lane(symbol: string): Lane | null {
    return this.lanes.find((each) => each.symbol === symbol) ?? null;
  }

  /** Entries stop and working orders are cancelled; resolves when nothing can fill any more or `timeoutMs` has passed. False: something is left. */
  async drain(reason: string, timeoutMs: number): Promise<boolean> {
    const { clock, timers } = this.#options;
    this.#draining = true;
    const now = this.#now();
    for (const lane of this.lanes) {
      this.#options.inputLog.record('drain', this.#id, lane.name, { reason }, now);
      lane.drain(reason, now);
      this.#performer.perform(lane);
    }
    const until = clock.monoNanos() + timeoutMs * 1e6;
    while (!this.lanes.every((lane) => lane.quiet) && clock.monoNanos() < until && !this.#stopped) {
      await new Promise<void>((resolve) => timers.after(20, resolve));
    }
    // From here on nothing leaves: an order sent now would have nobody to follow it.
    this.#drained = true;
    this.#gate();
    return this.lanes.every((lane) => lane.quiet);
  }

  /** Compares position and open orders with the venue once more, at the end of a run. */
  async verifyNow(): Promise<void> {
    for (const lane of this.lanes) await this.#verify(lane);
  }

  /** Ends the runner: no order leaves any more, connections are closed in order. */
  async stop(reason: string): Promise<void> {
    if (this.#stopped) return;
    this.#stopped = true;
    this.#cancelTimer();
    for (const cancel of this.#cancelSweeps) cancel();
    this.#setGate(reason, reason);
    await Promise.all([this.#accountStream.stop(), this.#orderEntry.stop()]);
  }

  status(): UnitStatus {
    return {
      unit: this.#id,
      epoch: this.#lease.epoch,
      accountStream: this.#streamStatus,
      orderEntry: this.#orderEntry.notReady() ?? 'ready',
      reconciled: this.#reconciled,
      closed: this.#closed,
      fence: this.#fence,
      lanes: this.lanes.map((lane) => laneStatus(lane)),
    };
  }

  async #retire(lane: Lane, next: LaneConfiguration | undefined): Promise<void> {
    const { clock, timers, inputLog } = this.#options;
    const reason = next === undefined ? 'no longer configured' : 'configured anew';
    const now = this.#now();
    inputLog.record('drain', this.#id, lane.name, { reason }, now);
    lane.drain(reason, now);
    this.#performer.perform(lane);
    const until = clock.monoNanos() + RETIRE_MS * 1e6;
    while (!lane.quiet && clock.monoNanos() < until && !this.#stopped) {
      await new Promise<void>((resolve) => timers.after(20, resolve));
    }
    if (!lane.quiet) throw new MillraceError('retryable', 'LANE_NOT_AT_REST', `lane=${lane.name} afterMs=${RETIRE_MS}`);
    this.#lanes = this.#lanes.filter((each) => each !== lane);
    this.#unverified.delete(lane);
    if (lane.position.units === 0n || next?.symbol === lane.symbol) return;
    const size = lane.position.text;
    this.#note('alert', {
      severity: 'critical',
      code: 'POSITION_WITHOUT_LANE',
      text: `${this.#id} holds ${size} ${lane.symbol}, and no lane is configured for it any more`,
      dedupeKey: `${this.#id}/${lane.symbol}`,
    });
  }

  async #add(configuration: LaneConfiguration): Promise<void> {
    const { venue, instruments } = this.#options;
    const lane = createUnitLane(configuration, this.#lanes, venue.id, instruments, this.#nextId);
    lane.onGate('not recovered yet', 'not recovered yet');
    if (this.#opened) (await this.#recovery.prepare(lane))();
    if (this.#stopped) return;
    this.#lanes = [...this.#lanes, lane];
    const now = this.#now();
    this.#options.inputLog.record('gate', this.#id, lane.name, { closed: this.#closed, fence: this.#fence }, now);
    lane.onGate(this.#closed, this.#fence);
    if (this.#opened) {
      this.#options.inputLog.record('desired', this.#id, lane.name, this.#lease.desired, now);
      lane.onDesired(this.#lease.desired, now);
      this.#performer.perform(lane);
    }
  }

  #now(): Now {
    return { mono: this.#options.clock.monoNanos(), epoch: this.#options.clock.epochMs() };
  }

  #tick(): void {
    if (this.#stopped) return;
    this.#gate();
    if (this.#opened) {
      const now = this.#now();
      for (const lane of this.lanes) {
        this.#options.inputLog.record('timer', this.#id, lane.name, null, now);
        lane.onTimer(this.#options.book(lane.symbol), now);
        this.#performer.perform(lane);
      }
    }
    this.#cancelTimer = this.#options.timers.after(TIMER_MS, () => this.#tick());
  }

  /** A process that was stopped and goes on reads its sockets before its timers run: nothing is decided under a lease that has ended. */
  #closeIfOver(mono: MonoNanos): void {
    if (mono >= this.#lease.fencedAt && this.#closed === null) this.#gate();
  }

  /** Judges lease, desired state, streams and reconciliation; lanes hear of it when it changed. */
  #gate(): void {
    const mono = this.#options.clock.monoNanos();
    const { closed, fence } = judgeGate({
      stopped: this.#stopped,
      leaseEnded: mono >= this.#lease.fencedAt,
      recovered: this.#opened,
      drained: this.#drained,
      draining: this.#draining,
      accountStream: this.#streamStatus.state,
      reconciled: this.#reconciled,
      orderEntry: this.#orderEntry.notReady(),
      desiredStale: mono - this.#leaseSeenAt > DESIRED_STALE_NANOS,
      publisher: this.#options.publisher.entriesBlocked(),
    });
    this.#setGate(closed, fence);
  }

  #setGate(closed: string | null, fence: string | null): void {
    if (closed === this.#closed && fence === this.#fence) return;
    this.#closed = closed;
    this.#fence = fence;
    for (const lane of this.lanes) {
      this.#options.inputLog.record('gate', this.#id, lane.name, { closed, fence }, this.#now());
      lane.onGate(closed, fence);
    }
  }

  #takeDesired(desired: DesiredState): void {
    if (desired.version === this.#desiredVersion || !this.#opened) return;
    this.#desiredVersion = desired.version;
    const now = this.#now();
    for (const lane of this.lanes) {
      this.#options.inputLog.record('desired', this.#id, lane.name, desired, now);
      lane.onDesired(desired, now);
      this.#performer.perform(lane);
    }
    if (desired.version > 0) {
      this.#note('command.applied', {
        version: desired.version,
        wish: desired.wish,
        by: desired.by,
        reason: desired.reason,
      });
    }
  }

  #onStreamStatus(status: ConnectionStatus): void {
    const was = this.#streamStatus.state;
    this.#streamStatus = status;
    if (status.state === 'live' && was !== 'live') {
      this.#reconciled = false;
      if (!this.#opened) this.#recover();
      else for (const lane of this.lanes) this.#unverified.add(lane);
      if (this.#opened) for (const lane of this.lanes) void this.#verify(lane);
    }
    this.#gate();
  }

  #onReport(report: AccountReport): void {
    // Before the recovery has told the position, nothing can be folded onto it: the recovery asks for all of it.
    if (!this.#opened) return;
    const now = this.#now();
    this.#closeIfOver(now.mono);
    if (report.kind === 'balance') {
      const { currency, walletBalance, availableBalance, venueTime } = report;
      this.#note('balance', { currency, walletBalance, availableBalance, venueTime });
      return;
    }
    if (report.kind === 'adjustment') {
      const { id, reason, symbol, currency, amount, venueTime } = report;
      this.#note('cash.adjusted', { adjustmentId: id, reason, symbol, currency, amount, venueTime });
      return;
    }
    // The position is asked for apart (H2): what the stream says of it comes before or after the fills that made it.
    if (report.kind === 'position') return;
    const lane = this.lane(report.symbol);
    if (lane === null) {
      this.#note('alert', {
        severity: 'warning',
        code: 'REPORT_WITHOUT_LANE',
        text: `the venue reported a ${report.kind} on ${report.symbol}, where ${this.#id} has no lane`,
        dedupeKey: `${this.#id}/${report.symbol}`,
      });
      return;
    }
    this.#options.inputLog.record('accountReport', this.#id, lane.name, report, now);
    if (report.kind === 'fill') lane.onFill(report, now);
    else lane.onOrderReport(report, now);
    this.#performer.perform(lane);
  }

  #recover(): void {
    if (this.#opening !== null) return;
    this.#opening = this.#recoverUntilDone().finally(() => {
      this.#opening = null;
    });
  }

  async #recoverUntilDone(): Promise<void> {
    const { clock, timers, runtime } = this.#options;
    // What the predecessor signed may be executed until its lease ended; only then is the venue's answer final.
    const wait = (this.#predecessorValidUntil ?? 0) - clock.epochMs();
    if (wait > 0) await new Promise<void>((resolve) => timers.after(wait + 50, resolve));
    while (!this.#stopped && !this.#opened) {
      try {
        const openings: (() => void)[] = [];
        for (const lane of this.lanes) openings.push(await this.#recovery.prepare(lane));
        // All or none: a lane that was opened before another's questions failed would be opened again with the next try.
        for (const open of openings) open();
        this.#opened = true;
        this.#reconciled = true;
        this.#takeDesired(this.#lease.desired);
      } catch (error) {
        this.#options.metrics.errors += 1;
        runtime.log('error', 'recovery failed, trying again', { unit: this.#id, reason: messageOf(error) });
        await new Promise<void>((resolve) => timers.after(RETRY_MS, resolve));
      }
    }
    this.#gate();
    // Reports that came while the recovery asked were not folded: ask once more before the first entry can be old news.
    for (const lane of this.lanes) void this.#verify(lane);
    for (const afterMs of SWEEPS_MS)
      this.#cancelSweeps.push(timers.after(afterMs, () => void this.#recovery.sweep(this.lanes)));
  }

  async #verify(lane: Lane): Promise<void> {
    const from = Math.max(this.#startedAt, this.#options.clock.epochMs() - LOOK_BACK_MS / 2) as EpochMs;
    const verification = await askForVerification(this.#queries, lane, from, lane.activity, this.#options.clock);
    if (this.#stopped) return;
    if (verification.kind === 'failed') {
      this.#options.runtime.log('warn', 'verification failed', {
        unit: this.#id,
        lane: lane.name,
        reason: verification.reason,
      });
    } else {
      this.#unverified.delete(lane);
      if (this.#opened && this.#unverified.size === 0) this.#reconciled = true;
    }
    const now = this.#now();
    this.#options.inputLog.record('verification', this.#id, lane.name, verification, now);
    lane.onVerification(verification, now);
    this.#performer.perform(lane);
    this.#gate();
  }

  #note<Type extends EventNote['type']>(type: Type, body: Extract<EventNote, { type: Type }>['body']): void {
    this.#tell({ type, body } as EventNote, null);
  }

  #tell(note: EventNote, stamps: StageStamps | null): void {
    const { clock, metrics } = this.#options;
    if (note.type === 'order.state') metrics.count(note.body.to);
    else if (note.type === 'order.intended') metrics.count('intended');
    else if (note.type === 'order.denied') metrics.count('Denied');
    else if (note.type === 'fill') metrics.count('fill');
    const decided = stamps === null ? null : { ...stamps, decided: clock.monoNanos() };
    this.#events.emit(note, decided, clock.epochMs());
  }
}
