import type { DesiredState } from '#core/control/desired-state.ts';
import type { UnitId } from '#core/control/unit.ts';
import type { InputLog } from '#core/input-log/input-log.ts';
import type { Lane } from '#core/lanes/lane.ts';
import type { Verification } from '#core/lanes/lane-effects.ts';
import type { Now } from '#core/lanes/now.ts';
import type { OrderBook } from '#core/market/order-book.ts';
import type { FillReport, OrderReport } from '#core/orders/order.ts';
import type { MonoNanos } from '#core/time/clock.ts';
import type { LanePerformer } from './lane-performer.ts';

/**
 * What a unit gives its lanes, books and answers apart: each input is written to the input log, taken by the lane, and what it leads to is carried out. What a
 * replay reads is so what the lane was given, in the same order.
 */
export class LaneInputs {
  readonly #unit: UnitId;
  readonly #log: InputLog;
  readonly #performer: LanePerformer;
  readonly #closeIfOver: (mono: MonoNanos) => void;

  /** `closeIfOver`: see `LanePerformerOptions`; no input of a lease that has ended leads to a decision. */
  constructor(unit: UnitId, log: InputLog, performer: LanePerformer, closeIfOver: (mono: MonoNanos) => void) {
    this.#unit = unit;
    this.#log = log;
    this.#performer = performer;
    this.#closeIfOver = closeIfOver;
  }

  /** Why nothing, or no entry, may leave; null: it may. A gate leads to no effect by itself. */
  gate(lane: Lane, closed: string | null, fence: string | null, now: Now): void {
    this.#log.record('gate', this.#unit, lane.name, { closed, fence }, now);
    lane.onGate(closed, fence);
  }

  desired(lane: Lane, desired: DesiredState, now: Now): void {
    this.#closeIfOver(now.mono);
    this.#log.record('desired', this.#unit, lane.name, desired, now);
    lane.onDesired(desired, now);
    this.#performer.perform(lane);
  }

  timer(lane: Lane, book: OrderBook | null, now: Now): void {
    this.#closeIfOver(now.mono);
    this.#log.record('timer', this.#unit, lane.name, null, now);
    lane.onTimer(book, now);
    this.#performer.perform(lane);
  }

  report(lane: Lane, report: FillReport | OrderReport, now: Now): void {
    this.#closeIfOver(now.mono);
    this.#log.record('accountReport', this.#unit, lane.name, report, now);
    if (report.kind === 'fill') lane.onFill(report, now);
    else lane.onOrderReport(report, now);
    this.#performer.perform(lane);
  }

  verification(lane: Lane, verification: Verification, now: Now): void {
    this.#closeIfOver(now.mono);
    this.#log.record('verification', this.#unit, lane.name, verification, now);
    lane.onVerification(verification, now);
    this.#performer.perform(lane);
  }

  /** Entries stop and working orders are cancelled. */
  drain(lane: Lane, reason: string, now: Now): void {
    this.#closeIfOver(now.mono);
    this.#log.record('drain', this.#unit, lane.name, { reason }, now);
    lane.drain(reason, now);
    this.#performer.perform(lane);
  }
}
