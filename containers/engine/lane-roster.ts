import { isDeepStrictEqual } from 'node:util';
import type { LaneConfiguration } from '#core/config/runtime-configuration.ts';
import type { ScannedLane } from '#core/config/scanner-configuration.ts';
import type { UnitId } from '#core/control/unit.ts';
import { MillraceError } from '#core/errors.ts';
import type { Lane } from '#core/lanes/lane.ts';
import type { EventNote } from '#core/lanes/lane-effects.ts';
import type { Now } from '#core/lanes/now.ts';
import type { Instrument, VenueId } from '#core/market/instrument.ts';
import type { ClientOrderId } from '#core/orders/order.ts';
import type { RiskBook } from '#core/risk/risk-book.ts';
import type { MarketScanner } from '#core/scanner/market-scanner.ts';
import type { Clock, Timers } from '#core/time/clock.ts';
import type { LaneInputs } from './lane-inputs.ts';
import { LaneSwitch, type LaneSwitchOptions, type LaneSwitchStatus } from './lane-switch.ts';
import { ScannedLanes } from './scanned-lanes.ts';
import { createUnitLane, createUnitLanes, refusalOf, whyNotOn } from './unit-lane.ts';

/** How long the orders of a lane that goes may take to end. */
const RETIRE_MS = 20_000;
const QUIET_LOOK_MS = 20;

export interface LaneRosterOptions {
  readonly unit: UnitId;
  readonly venue: VenueId;
  readonly instruments: ReadonlyMap<string, Instrument>;
  readonly nextId: () => ClientOrderId;
  /** What the lanes share of risk. */
  readonly riskBook: RiskBook;
  readonly inputs: LaneInputs;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly tell: (note: EventNote) => void;
  readonly now: () => Now;
  /** A new lane learns what venue and ledger say of it, unless `still` has become false meanwhile; it begins only after that. */
  readonly recover: (lane: Lane, still?: () => boolean) => Promise<void>;
  /** What lanes need whose symbols scanners pick. */
  readonly switching: Pick<
    LaneSwitchOptions,
    'unit' | 'queries' | 'readLedger' | 'readLaneMemory' | 'feed' | 'log' | 'verify' | 'bound'
  > & { readonly frozen: () => readonly string[] };
  /** Gives a new lane the unit's gate and wish as they are now. */
  readonly admit: (lane: Lane) => void;
  readonly onGone: (lane: Lane) => void;
  readonly stopped: () => boolean;
}

/** The lanes of one unit, and how they come, rest and go while it trades. */
export class LaneRoster {
  readonly #options: LaneRosterOptions;
  /** Lanes with symbols of their own. */
  #lanes: readonly Lane[];
  readonly #scanned: ScannedLanes;
  /** Lanes that are configured and cannot be traded, with the reason. */
  readonly #refused: ReadonlyMap<string, string>;

  constructor(
    configurations: readonly LaneConfiguration[],
    scanned: readonly ScannedLane[],
    options: LaneRosterOptions,
  ) {
    this.#options = options;
    this.#scanned = new ScannedLanes(scanned, (plan) => this.#createSwitch(plan));
    const { venue, instruments, nextId, riskBook } = options;
    const { lanes, refused } = createUnitLanes(configurations, venue, instruments, nextId, riskBook);
    this.#lanes = lanes;
    this.#refused = refused;
  }

  /** Tells people of lanes that are configured and not traded. */
  tellRefused(): void {
    for (const [lane, reason] of this.#refused) this.#tellRefused(lane, reason);
  }

  /** What cannot be traded does not replace a lane that can: its position would be nobody's (R3). */
  #fits(next: LaneConfiguration): boolean {
    const { venue, instruments, nextId } = this.#options;
    try {
      createUnitLane(next, [], venue, instruments, nextId);
      return true;
    } catch (error) {
      this.#tellRefused(next.name, `it goes on as it was: ${refusalOf(error)}`);
      return false;
    }
  }

  #tellRefused(lane: string, reason: string): void {
    const { unit, tell } = this.#options;
    const text = `${unit} does not trade lane ${lane} as it is configured: ${reason}`;
    tell({
      type: 'alert',
      body: { severity: 'critical', code: 'LANE_REFUSED', text, dedupeKey: `${unit}/${lane}` },
    });
  }

  /** Every lane that is followed. */
  get all(): readonly Lane[] {
    return [...this.#lanes, ...this.#scanned.all];
  }

  /** Those that have a symbol now; lanes of symbols that were left are followed beside them. */
  get current(): readonly Lane[] {
    return [...this.#lanes, ...this.#scanned.current];
  }

  /** As people see them: lanes of symbols that were left are among them while they are not at rest. */
  get shown(): readonly Lane[] {
    const { current } = this;
    return [...this.all.filter((lane) => !current.includes(lane) && !(lane.flat && lane.quiet)), ...current];
  }

  /** Hot: who is given the books of a symbol. */
  listed(symbol: string): Lane | null {
    for (const lane of this.#lanes) if (lane.symbol === symbol) return lane;
    return this.#scanned.on(symbol);
  }

  /** Who is given the reports on a symbol. */
  of(symbol: string): Lane | null {
    return this.listed(symbol) ?? this.#scanned.all.find((each) => each.symbol === symbol) ?? null;
  }

  /** The unit's recovery is done: lanes whose symbols scanners pick begin. */
  begin(): void {
    this.#scanned.begin();
  }

  /** Lanes whose timers are due. */
  due(now: Now): readonly Lane[] {
    return [...this.#lanes, ...this.#scanned.due(now)];
  }

  /** After the lanes' own timers: who changes its symbol goes on. */
  timer(now: Now): void {
    this.#scanned.timer(now);
  }

  scanned(scanner: MarketScanner, now: Now): void {
    this.#scanned.scanned(scanner, now);
  }

  /** After a report on a symbol. */
  reported(symbol: string, now: Now): void {
    const lane = this.of(symbol);
    if (lane !== null) this.#scanned.reported(lane, now);
  }

  /** No lane changes its symbol any more. */
  settle(reason: string): void {
    this.#scanned.end(reason);
  }

  /** Nothing of the lanes is wanted any more. */
  stop(reason: string): void {
    this.#scanned.end(reason);
    this.#scanned.giveBack();
  }

  switches(): readonly LaneSwitchStatus[] {
    return this.#scanned.status();
  }

  /**
   * A lane that is gone or different comes to rest first, a new or different one starts from what venue and ledger say; one that cannot be traded is told of. Rejects with `LANE_NOT_AT_REST` when a
   * lane's orders do not end in time; it then goes on as it was, with its entries paused.
   */
  async reconfigure(configurations: readonly LaneConfiguration[], scanned: readonly ScannedLane[] = []): Promise<void> {
    const keeps = (symbol: string) =>
      configurations.some((each) => each.symbol === symbol) ||
      scanned.some(({ scanner }) => scanner.candidates.includes(symbol));
    // All that goes is at rest before anything comes: no symbol has two lanes, however they change places.
    for (const lane of [...this.#lanes]) {
      const next = configurations.find((each) => each.name === lane.name);
      if (next !== undefined && isDeepStrictEqual(next, lane.configuration)) continue;
      if (next !== undefined && next.symbol === lane.symbol && !this.#fits(next)) continue;
      await this.#bringToRest([lane], next === undefined ? 'no longer configured' : 'configured anew');
      this.#lanes = this.#lanes.filter((each) => each !== lane);
      this.#gone(lane, keeps(lane.symbol));
    }
    await this.#scanned.retire(scanned, async (lanes) => {
      await this.#bringToRest(lanes, 'configured anew, or no longer');
      for (const lane of lanes) this.#gone(lane, keeps(lane.symbol));
    });
    for (const configuration of configurations) {
      if (!this.#lanes.some((each) => each.name === configuration.name)) await this.#add(configuration);
    }
    this.#scanned.add(scanned);
  }

  /** Entries of these lanes stop and working orders are cancelled; resolves when nothing can fill any more or `timeoutMs` has passed. False: something is left. */
  async rest(lanes: readonly Lane[], reason: string, timeoutMs: number): Promise<boolean> {
    const { clock, timers, inputs, stopped } = this.#options;
    const now = this.#options.now();
    for (const lane of lanes) inputs.drain(lane, reason, now);
    const until = clock.monoNanos() + timeoutMs * 1e6;
    while (!lanes.every((lane) => lane.quiet) && clock.monoNanos() < until && !stopped()) {
      await new Promise<void>((resolve) => timers.after(QUIET_LOOK_MS, resolve));
    }
    return lanes.every((lane) => lane.quiet);
  }

  async #bringToRest(lanes: readonly Lane[], reason: string): Promise<void> {
    if (await this.rest(lanes, reason, RETIRE_MS)) return;
    const names = [...new Set(lanes.map((lane) => lane.name))].join(',');
    throw new MillraceError('retryable', 'LANE_NOT_AT_REST', `lane=${names} afterMs=${RETIRE_MS}`);
  }

  /** `kept`: another lane takes its position over. */
  #gone(lane: Lane, kept: boolean): void {
    this.#options.inputs.gone(lane, this.#options.now());
    this.#options.onGone(lane);
    if (lane.position.units === 0n || kept) return;
    const { unit, tell } = this.#options;
    tell({
      type: 'alert',
      body: {
        severity: 'critical',
        code: 'POSITION_WITHOUT_LANE',
        text: `${unit} holds ${lane.position.text} ${lane.symbol}, and no lane is configured for it any more`,
        dedupeKey: `${unit}/${lane.symbol}`,
      },
    });
  }

  #createSwitch(plan: ScannedLane): LaneSwitch {
    const { venue, instruments, nextId, riskBook, switching, recover, inputs, admit, onGone, tell, now } =
      this.#options;
    const others = () => this.all.filter((lane) => lane.name !== plan.lane.name);
    return new LaneSwitch({
      ...switching,
      plan,
      instruments,
      inputs,
      tell,
      now,
      create: (configuration) => createUnitLane(configuration, others(), venue, instruments, nextId, riskBook),
      forgo: (lane) => riskBook.forgo(lane.symbol),
      recover,
      admit,
      onGone,
      unfit: (symbol, configuration) => {
        if (switching.frozen().includes(symbol)) return 'frozen';
        const taken = this.#lanes.some((each) => each.symbol === symbol) || this.#scanned.takes(symbol, plan.lane.name);
        return taken ? "another lane's" : whyNotOn(configuration, others(), instruments.get(symbol));
      },
    });
  }

  async #add(configuration: LaneConfiguration): Promise<void> {
    const { venue, instruments, nextId, riskBook, recover, stopped, admit, inputs, now } = this.#options;
    let lane: Lane;
    try {
      lane = createUnitLane(configuration, this.#lanes, venue, instruments, nextId, riskBook);
    } catch (error) {
      this.#tellRefused(configuration.name, refusalOf(error));
      return;
    }
    inputs.began(lane, false, now());
    inputs.gate(lane, 'not recovered yet', 'not recovered yet', now());
    await recover(lane);
    if (stopped()) return;
    this.#lanes = [...this.#lanes, lane];
    inputs.listed(lane, now());
    admit(lane);
  }
}
