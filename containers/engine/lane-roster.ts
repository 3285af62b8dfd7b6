import { isDeepStrictEqual } from 'node:util';
import type { LaneConfiguration } from '#core/config/runtime-configuration.ts';
import type { UnitId } from '#core/control/unit.ts';
import { MillraceError } from '#core/errors.ts';
import type { Lane } from '#core/lanes/lane.ts';
import type { EventNote } from '#core/lanes/lane-effects.ts';
import type { Now } from '#core/lanes/now.ts';
import type { Instrument, VenueId } from '#core/market/instrument.ts';
import type { ClientOrderId } from '#core/orders/order.ts';
import type { RiskBook } from '#core/risk/risk-book.ts';
import type { Clock, Timers } from '#core/time/clock.ts';
import type { LaneInputs } from './lane-inputs.ts';
import { createUnitLane, createUnitLanes } from './unit-lane.ts';

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
  /** A new lane learns what venue and ledger say of it; it begins only after that. */
  readonly recover: (lane: Lane) => Promise<void>;
  /** Gives a new lane the unit's gate and wish as they are now. */
  readonly admit: (lane: Lane) => void;
  readonly onGone: (lane: Lane) => void;
  readonly stopped: () => boolean;
}

/** The lanes of one unit, and how they come, rest and go while it trades. */
export class LaneRoster {
  readonly #options: LaneRosterOptions;
  #lanes: readonly Lane[];
  /** Lanes that are configured and cannot be traded, with the reason. */
  readonly refused: ReadonlyMap<string, string>;

  /** Throws `INSTRUMENT_UNKNOWN`. */
  constructor(configurations: readonly LaneConfiguration[], options: LaneRosterOptions) {
    this.#options = options;
    const { venue, instruments, nextId, riskBook } = options;
    const { lanes, refused } = createUnitLanes(configurations, venue, instruments, nextId, riskBook);
    this.#lanes = lanes;
    this.refused = refused;
  }

  /** Tells people of lanes that are configured and not traded. */
  tellRefused(): void {
    const { unit, tell } = this.#options;
    for (const [lane, reason] of this.refused) {
      const text = `${unit} does not trade lane ${lane}: ${reason}`;
      tell({
        type: 'alert',
        body: { severity: 'critical', code: 'LANE_REFUSED', text, dedupeKey: `${unit}/${lane}` },
      });
    }
  }

  /** Every lane that is followed. */
  get all(): readonly Lane[] {
    return this.#lanes;
  }

  of(symbol: string): Lane | null {
    return this.#lanes.find((each) => each.symbol === symbol) ?? null;
  }

  /**
   * A lane that is gone or different comes to rest first, a new or different one starts from what venue and ledger say. Rejects with `LANE_NOT_AT_REST` when a
   * lane's orders do not end in time; it then goes on as it was, with its entries paused.
   */
  async reconfigure(configurations: readonly LaneConfiguration[]): Promise<void> {
    for (const lane of [...this.#lanes]) {
      const next = configurations.find((each) => each.name === lane.name);
      if (next === undefined || !isDeepStrictEqual(next, lane.configuration)) await this.#retire(lane, next);
    }
    for (const configuration of configurations) {
      if (!this.#lanes.some((each) => each.name === configuration.name)) await this.#add(configuration);
    }
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

  async #retire(lane: Lane, next: LaneConfiguration | undefined): Promise<void> {
    const reason = next === undefined ? 'no longer configured' : 'configured anew';
    if (!(await this.rest([lane], reason, RETIRE_MS))) {
      throw new MillraceError('retryable', 'LANE_NOT_AT_REST', `lane=${lane.name} afterMs=${RETIRE_MS}`);
    }
    this.#lanes = this.#lanes.filter((each) => each !== lane);
    this.#options.inputs.gone(lane, this.#options.now());
    this.#options.onGone(lane);
    if (lane.position.units === 0n || next?.symbol === lane.symbol) return;
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

  async #add(configuration: LaneConfiguration): Promise<void> {
    const { venue, instruments, nextId, riskBook, recover, stopped, admit, inputs, now } = this.#options;
    const lane = createUnitLane(configuration, this.#lanes, venue, instruments, nextId, riskBook);
    inputs.began(lane, false, now());
    inputs.gate(lane, 'not recovered yet', 'not recovered yet', now());
    await recover(lane);
    if (stopped()) return;
    this.#lanes = [...this.#lanes, lane];
    inputs.listed(lane, now());
    admit(lane);
  }
}
