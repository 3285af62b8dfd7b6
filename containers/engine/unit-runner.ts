import type { LaneConfiguration } from '#core/config/runtime-configuration.ts';
import type { ScannedLane } from '#core/config/scanner-configuration.ts';
import type { HeldLease } from '#core/control/control-ports.ts';
import { type UnitId, type UnitRef, unitId } from '#core/control/unit.ts';
import type { StageStamps } from '#core/events/trading-event.ts';
import { LeaseLog, type UnitLine } from '#core/input-log/lease-log.ts';
import type { Lane } from '#core/lanes/lane.ts';
import type { EventNote } from '#core/lanes/lane-effects.ts';
import type { Now } from '#core/lanes/now.ts';
import type { OrderBook } from '#core/market/order-book.ts';
import { createOrderIds } from '#core/orders/client-order-id.ts';
import type { AccountReport } from '#core/orders/order.ts';
import type { ConnectionStatus, VenueQueries } from '#core/orders/venue-ports.ts';
import { comparisonPlanOf } from '#core/reconciliation/comparison-budget.ts';
import type { MarketScanner } from '#core/scanner/market-scanner.ts';
import type { EpochMs, MonoNanos } from '#core/time/clock.ts';
import { LaneInputs } from './lane-inputs.ts';
import { LanePerformer } from './lane-performer.ts';
import { LaneRoster } from './lane-roster.ts';
import type { SupervisedPart } from './supervisor.ts';
import { UnitDecisions } from './unit-decisions.ts';
import { acquiredNote, countNote, UnitEvents } from './unit-events.ts';
import { type UnitCircumstances, UnitGate } from './unit-gate.ts';
import { UnitHold } from './unit-hold.ts';
import { UnitLinks } from './unit-links.ts';
import { UnitMoney } from './unit-money.ts';
import { reachOf, unitParts } from './unit-parts.ts';
import { UnitReconciliation } from './unit-reconciliation.ts';
import { UnitRecovery } from './unit-recovery.ts';
import { takeReport } from './unit-reports.ts';
import { NO_TERMS, type RiskTerms, UnitRisk } from './unit-risk.ts';
import type { UnitRunnerOptions } from './unit-runner-options.ts';
import { NO_SCANNING } from './unit-scanning.ts';
import { laneStatus, type UnitStatus } from './unit-status.ts';

const TIMER_MS = 50;
/**
 * Trades one unit under one lease: account stream and order entry, recovery, lanes, and the carrying out of their effects. It lives as long as its lease; a new lease
 * gets a new runner.
 */
export class UnitRunner {
  readonly unit: UnitRef;
  readonly #roster: LaneRoster;
  readonly #risk: UnitRisk;
  readonly #decisions: UnitDecisions;
  readonly #inputs: LaneInputs;
  readonly #log: LeaseLog;
  readonly #options: UnitRunnerOptions;
  readonly #events: UnitEvents;
  readonly #queries: VenueQueries;
  readonly #links: UnitLinks;
  readonly #id: UnitId;
  readonly #hold: UnitHold;
  readonly #gate: UnitGate;
  #stopped = false;
  readonly #performer: LanePerformer;
  #cancelTimer: () => void = () => undefined;
  readonly #reconciliation: UnitReconciliation;
  readonly #money: UnitMoney;
  #draining = false;
  #drained = false;
  #ticks = 0;

  constructor(options: UnitRunnerOptions, lease: HeldLease, predecessorLeftMs: number) {
    this.#options = options;
    this.unit = options.unit;
    this.#id = unitId(options.unit);
    this.#hold = new UnitHold(lease, options.clock);
    this.#gate = new UnitGate(
      () => this.#circumstances(),
      (closed, fence) => this.#tellGate(closed, fence),
    );
    this.#events = new UnitEvents(options.publisher, options.unit, lease.epoch, options.origin);
    this.#queries = options.venue.createQueries(options.runtime);
    this.#log = new LeaseLog(options.inputLog, this.#id, lease.epoch);
    this.#record({ change: 'began', unit: options.unit, feed: options.feed ?? '' });
    this.#performer = new LanePerformer({
      queries: this.#queries,
      orderEntry: () => this.#links.orderEntry,
      metrics: options.metrics,
      clock: options.clock,
      fencedAt: () => (this.#stopped ? (Number.NEGATIVE_INFINITY as MonoNanos) : this.#hold.fencedAt),
      stopped: () => this.#stopped,
      give: (lane, input, now) => this.#inputs.give(lane, input, now),
      carriedOut: (lane, now) => this.#inputs.carriedOut(lane, now),
      tell: (note, stamps) => this.#tell(note, stamps),
      verify: (lane) => this.#reconciliation.verifyInTurn(lane),
      askPrice: (lane, currency, against) => void this.#money.askPrice(lane, currency, against),
    });
    const recovery = new UnitRecovery({
      unit: options.unit,
      epoch: lease.epoch,
      queries: this.#queries,
      readLedger: options.readLedger,
      take: (lane, input, now) => this.#inputs.take(lane, input, now),
      clock: options.clock,
      log: options.runtime.log,
      tell: (note) => this.#tell(note),
      keepBreakers: (lane, kept, now) => this.#risk.keepBreakers(lane, kept, now),
      perform: (lane) => this.#performer.perform(lane),
      stopped: () => this.#stopped,
    });
    this.#decisions = new UnitDecisions(this.#id, (note) => this.#tell(note));
    this.#risk = new UnitRisk(
      options.risk ?? NO_TERMS,
      { unit: options.unit, log: this.#log, tell: (note) => this.#tell(note) },
      this.#now(),
    );
    this.#inputs = new LaneInputs(this.#log, this.#performer, (mono) => this.#closeIfOver(mono), options.book);
    this.#roster = new LaneRoster(options.lanes, (options.scanning ?? NO_SCANNING).lanes, {
      unit: this.#id,
      venue: options.venue.id,
      instruments: options.instruments,
      riskBook: this.#risk.book,
      nextId: createOrderIds(options.unit.mode, this.#id, lease.epoch),
      inputs: this.#inputs,
      clock: options.clock,
      timers: options.timers,
      tell: (note) => this.#tell(note),
      now: () => this.#now(),
      recover: (lane, still) => this.#reconciliation.recover(lane, still),
      switching: {
        unit: options.unit,
        queries: this.#queries,
        readLedger: options.readLedger,
        ...(options.scanning ?? NO_SCANNING),
        log: this.#log,
        verify: (lane) => this.#reconciliation.verify(lane),
        bound: () => this.#bound(),
        frozen: () => this.#hold.desired.frozenSymbols,
      },
      admit: (lane) => this.#admit(lane),
      onGone: (lane) => this.#reconciliation.forget(lane),
      stopped: () => this.#stopped,
    });
    for (const lane of this.lanes) this.#inputs.began(lane, true, this.#now());
    this.#money = new UnitMoney({
      ...options,
      queries: this.#queries,
      laneOf: (symbol) => this.#roster.of(symbol),
      inputs: this.#inputs,
      risk: this.#risk,
      tell: (note) => this.#tell(note),
      now: () => this.#now(),
      stopped: () => this.#stopped,
    });
    this.#reconciliation = new UnitReconciliation({
      unit: this.#id,
      lanes: () => this.lanes,
      recovery,
      queries: this.#queries,
      plan:
        options.comparisons ??
        (() =>
          comparisonPlanOf(
            this.lanes.map(() => options.unit),
            options.unit,
          )),
      inputs: this.#inputs,
      money: this.#money,
      metrics: options.metrics,
      log: options.runtime.log,
      clock: options.clock,
      timers: options.timers,
      now: () => this.#now(),
      predecessorLeftMs,
      onOpened: () => {
        this.#record({ change: 'opened' });
        this.#takeDesired();
        this.#roster.begin();
      },
      onChange: () => this.#gate.judge(),
      stopped: () => this.#stopped,
    });
    this.#links = new UnitLinks({
      unit: this.#id,
      venue: options.venue,
      runtime: options.runtime,
      metrics: options.metrics,
      onReport: (report) => this.#onReport(report),
      onStreamStatus: (status, was) => this.#onStreamStatus(status, was),
      onOrderEntry: () => this.#gate.judge(),
    });
  }

  start(tookOverFrom: string | null): void {
    this.#tell(acquiredNote(this.#hold.name, this.#options.origin.engine, tookOverFrom));
    this.#risk.tellPolicy();
    this.#roster.tellRefused();
    this.#links.start();
    this.#tick();
  }

  /** A renewal: the fence moves on, and the desired state comes with it. */
  renewed(lease: HeldLease): void {
    this.#hold.renewed(lease);
    this.#takeDesired();
    this.#gate.judge();
  }

  /** Hot: the book of a symbol changed. */
  onBook(lane: Lane, book: OrderBook, receivedAt: MonoNanos, exchangeTime: EpochMs, now: Now): void {
    if (!this.#reconciliation.opened) return;
    const began = this.#options.clock.monoNanos();
    this.#closeIfOver(began);
    this.#inputs.book(lane, book, receivedAt, exchangeTime, now);
    this.#options.metrics.decision.record((this.#options.clock.monoNanos() - began) / 1e3);
    if (lane.effects.length > 0) this.#performer.perform(lane);
  }

  /** Nobody gives its lanes books any more: whoever does says so. */
  gone(): void {
    this.#record({ change: 'gone' });
  }

  get lanes(): readonly Lane[] {
    return this.#roster.all;
  }

  /**
   * Changes the unit's lanes while it trades, and what limits them together (at once): a lane that is gone or different comes to rest first, a new or different one starts from what venue and ledger
   * say. Rejects with `LANE_NOT_AT_REST` when a lane's orders do not end in time; it then goes on as it was, with its entries paused.
   */
  async reconfigure(
    lanes: readonly LaneConfiguration[],
    risk?: RiskTerms,
    scanned?: readonly ScannedLane[],
  ): Promise<void> {
    if (risk !== undefined) this.#risk.apply(risk, this.#now());
    await this.#roster.reconfigure(lanes, scanned);
  }

  /** Hot: who is given the books of a symbol. */
  lane(symbol: string): Lane | null {
    return this.#roster.listed(symbol);
  }

  /** A scanner took a sample. */
  scanned(scanner: MarketScanner, now: Now): void {
    if (!this.#stopped && this.#reconciliation.opened) this.#roster.scanned(scanner, now);
  }

  /** Entries stop and working orders are cancelled; resolves when nothing can fill any more or `timeoutMs` has passed. False: something is left. */
  async drain(reason: string, timeoutMs: number): Promise<boolean> {
    this.#draining = true;
    this.#roster.settle(reason);
    await this.#roster.rest(this.lanes, reason, timeoutMs);
    // From here on nothing leaves: an order sent now would have nobody to follow it.
    this.#drained = true;
    this.#gate.judge();
    return this.lanes.every((lane) => lane.quiet);
  }

  /** Compares position and open orders with the venue once more, at the end of a run. */
  async verifyNow(): Promise<void> {
    for (const lane of this.lanes) await this.#reconciliation.verifyLast(lane);
  }

  /** Ends the runner: no order leaves any more, connections are closed in order. */
  async stop(reason: string): Promise<void> {
    if (this.#stopped) return;
    this.#stopped = true;
    this.#cancelTimer();
    this.#reconciliation.stop();
    this.#money.stop();
    this.#gate.shut(reason);
    this.#roster.stop(reason);
    await this.#links.stop();
  }

  /** What of it beats, for its supervisor. */
  parts(): readonly SupervisedPart[] {
    return unitParts({
      unit: this.#id,
      ticks: () => (this.#stopped ? null : this.#ticks),
      tick: () => this.#tick(),
      accountStream: () => this.#links.accountStreamBeats(),
      renewAccountStream: (reason) => this.#links.renewAccountStream(reason),
      orderEntry: () => this.#links.orderEntryBeats(),
      renewOrderEntry: () => this.#links.renewOrderEntry(),
      lanes: () => this.#roster.current,
      comparisons: (lane) => this.#reconciliation.comparisons(lane),
      compare: (lane) => void this.#reconciliation.verify(lane),
      reach: () => reachOf(this.#links, this.#reconciliation.answers, this.#ticks, this.lanes),
      onCutOff: this.#options.onCutOff,
      onSilent: (part, reason) => this.#gate.onSilent(part, reason),
      tell: (note) => this.#tell(note),
    });
  }

  status(): UnitStatus {
    return {
      unit: this.#id,
      epoch: this.#hold.epoch,
      accountStream: this.#links.streamStatus,
      orderEntry: this.#links.orderEntry.notReady() ?? 'ready',
      reconciled: this.#reconciliation.reconciled,
      closed: this.#gate.closed,
      fence: this.#gate.fence,
      lanes: this.#roster.shown.map((lane) => laneStatus(lane)),
      switches: this.#roster.switches(),
    };
  }

  #admit(lane: Lane): void {
    const now = this.#now();
    this.#inputs.gate(lane, this.#gate.closed, this.#gate.fence, now);
    if (this.#reconciliation.opened) this.#inputs.desired(lane, this.#hold.desired, now);
  }

  #record(line: UnitLine): void {
    this.#log.record('unit', line, this.#now());
  }

  #now(): Now {
    return { mono: this.#options.clock.monoNanos(), epoch: this.#options.clock.epochMs() };
  }

  /** Why no lane of the unit may change its symbol now. */
  #bound(): string | null {
    const { wish } = this.#hold.desired;
    return this.#gate.closed ?? this.#gate.fence ?? (wish === 'run' ? null : `people wish it to ${wish}`);
  }

  #tick(): void {
    if (this.#stopped) return;
    this.#cancelTimer();
    this.#gate.judge();
    if (this.#reconciliation.opened) {
      const now = this.#now();
      for (const lane of this.#roster.due(now)) this.#inputs.timer(lane, now);
      this.#roster.timer(now);
    }
    this.#ticks += 1;
    this.#cancelTimer = this.#options.timers.after(TIMER_MS, () => this.#tick());
  }

  /** A process that was stopped and goes on reads its sockets before its timers run: nothing is decided under a lease that has ended. */
  #closeIfOver(mono: MonoNanos): void {
    if (this.#hold.over(mono) && this.#gate.closed === null) this.#gate.judge();
  }

  #circumstances(): Omit<UnitCircumstances, 'silent'> {
    const mono = this.#options.clock.monoNanos();
    return {
      stopped: this.#stopped,
      leaseEnded: this.#hold.over(mono),
      recovered: this.#reconciliation.opened,
      drained: this.#drained,
      draining: this.#draining,
      accountStream: this.#links.streamStatus.state,
      reconciled: this.#reconciliation.reconciled,
      orderEntry: this.#links.orderEntry.notReady(),
      desiredStale: this.#hold.desiredStale(mono),
      publisher: this.#options.publisher.entriesBlocked(),
    };
  }

  #tellGate(closed: string | null, fence: string | null): void {
    for (const lane of this.lanes) this.#inputs.gate(lane, closed, fence, this.#now());
  }

  #takeDesired(): void {
    const desired = this.#reconciliation.opened ? this.#hold.takeDesired() : null;
    if (desired === null) return;
    const now = this.#now();
    for (const lane of this.lanes) this.#inputs.desired(lane, desired, now);
    this.#decisions.heed(desired.decisions ?? [], this.lanes);
    if (desired.version > 0) {
      const { version, wish, by, reason } = desired;
      this.#tell({ type: 'command.applied', body: { version, wish, by, reason } });
    }
  }

  #onStreamStatus(status: ConnectionStatus, was: ConnectionStatus['state']): void {
    if (status.state === 'live' && was !== 'live') this.#reconciliation.streamIsLive();
    this.#gate.judge();
  }

  #onReport(report: AccountReport): void {
    // Before the recovery has told the position, nothing can be folded onto it: the recovery asks for all of it.
    if (!this.#reconciliation.opened) return;
    const now = this.#now();
    takeReport(report, now, {
      unit: this.#id,
      laneOf: (symbol) => this.#roster.of(symbol),
      inputs: this.#inputs,
      tell: (note) => this.#tell(note),
      money: this.#money,
    });
    if ('symbol' in report && report.symbol !== null) this.#roster.reported(report.symbol, now);
  }

  #tell(note: EventNote, stamps: StageStamps | null = null): void {
    const { clock, metrics } = this.#options;
    countNote(metrics, note);
    const decided = stamps === null ? null : { ...stamps, decided: clock.monoNanos() };
    this.#events.emit(note, decided, clock.epochMs());
  }
}
