import type { DesiredState } from '#core/control/desired-state.ts';
import { giveLane, type LaneGiven } from '#core/input-log/lane-input.ts';
import type { LaneLine, LeaseLog } from '#core/input-log/lease-log.ts';
import type { Lane } from '#core/lanes/lane.ts';
import type { Verification } from '#core/lanes/lane-effects.ts';
import type { Now } from '#core/lanes/now.ts';
import type { OrderBook } from '#core/market/order-book.ts';
import type { AdjustmentReport, FillReport, OrderReport } from '#core/orders/order.ts';
import type { EpochMs, MonoNanos } from '#core/time/clock.ts';
import type { LanePerformer } from './lane-performer.ts';

/** Which lane of its name it is under the lease, and how many of its effects have been written down. */
interface KnownLane {
  readonly instance: number;
  noted: number;
}

/**
 * What a unit gives its lanes: each input is written to the input log, taken by the lane, and what it leads to is carried out and written down. What a
 * replay reads is so what the lane was given, in the same order, and what came of it.
 */
export class LaneInputs {
  readonly #log: LeaseLog;
  readonly #performer: LanePerformer;
  readonly #closeIfOver: (mono: MonoNanos) => void;
  readonly #book: (symbol: string) => OrderBook | null;
  readonly #known = new WeakMap<Lane, KnownLane>();
  readonly #instances = new Map<string, number>();

  /** `closeIfOver`: see `LanePerformerOptions`; no input of a lease that has ended leads to a decision. `book`: that of a symbol, null while there is none. */
  constructor(
    log: LeaseLog,
    performer: LanePerformer,
    closeIfOver: (mono: MonoNanos) => void,
    book: (symbol: string) => OrderBook | null,
  ) {
    this.#log = log;
    this.#performer = performer;
    this.#closeIfOver = closeIfOver;
    this.#book = book;
  }

  /** A lane is there; before its first input. `listed`: it is given books from now on. */
  began(lane: Lane, listed: boolean, now: Now): void {
    const instance = (this.#instances.get(lane.name) ?? 0) + 1;
    this.#instances.set(lane.name, instance);
    this.#known.set(lane, { instance, noted: 0 });
    const { configuration, instrument } = lane;
    this.#tell(lane, { change: 'began', listed, configuration, instrument }, now);
  }

  listed(lane: Lane, now: Now): void {
    this.#tell(lane, { change: 'listed' }, now);
  }

  /** It is given no books any more, and followed all the same. */
  unlisted(lane: Lane, now: Now): void {
    this.#tell(lane, { change: 'unlisted' }, now);
  }

  /** It never began: what it would have told the unit's book of risk is nothing. */
  forgone(lane: Lane, now: Now): void {
    this.#tell(lane, { change: 'forgone' }, now);
  }

  gone(lane: Lane, now: Now): void {
    this.#tell(lane, { change: 'gone' }, now);
  }

  /** Hot: the book of its symbol changed. What comes of it is left to be carried out. */
  book(lane: Lane, book: OrderBook, receivedAt: MonoNanos, exchangeTime: EpochMs, now: Now): void {
    if (lane.effects.length > 0) this.noteEffects(lane, now);
    this.#log.log.part();
    lane.onBook(book, receivedAt, exchangeTime, now);
  }

  gate(lane: Lane, closed: string | null, fence: string | null, now: Now): void {
    this.take(lane, { kind: 'gate', body: { closed, fence } }, now);
  }

  desired(lane: Lane, desired: DesiredState, now: Now): void {
    this.give(lane, { kind: 'desired', body: desired }, now);
  }

  timer(lane: Lane, now: Now): void {
    this.give(lane, TIMER, now);
  }

  report(lane: Lane, report: FillReport | OrderReport | AdjustmentReport, now: Now): void {
    this.give(lane, { kind: 'accountReport', body: report }, now);
  }

  verification(lane: Lane, verification: Verification, now: Now): void {
    this.give(lane, { kind: 'verification', body: verification }, now);
  }

  drain(lane: Lane, reason: string, now: Now): void {
    this.give(lane, { kind: 'drain', body: { reason } }, now);
  }

  /** Any other input, with what comes of it carried out. */
  give(lane: Lane, input: LaneGiven, now: Now): void {
    this.#closeIfOver(now.mono);
    this.take(lane, input, now);
    this.#performer.perform(lane);
  }

  /** What comes of it is left to be carried out. */
  take(lane: Lane, input: LaneGiven, now: Now): void {
    // Effects stand before the next input: which input they are of is so never in doubt.
    this.noteEffects(lane, now);
    this.#log.recordLane(input.kind, lane.name, this.#knownLane(lane).instance, input.body, now);
    giveLane(lane, input, input.kind === 'timer' ? this.#book(lane.symbol) : null, now);
  }

  /** Writes down the effects that are not written down yet. */
  noteEffects(lane: Lane, now: Now): void {
    const known = this.#knownLane(lane);
    const { effects } = lane;
    if (effects.length <= known.noted) return;
    const fresh = known.noted === 0 ? effects : effects.slice(known.noted);
    known.noted = effects.length;
    this.#log.recordLane('effects', lane.name, known.instance, fresh, now);
  }

  /** Its effects have been carried out, and the buffer is about to be emptied. */
  carriedOut(lane: Lane, now: Now): void {
    this.noteEffects(lane, now);
    this.#knownLane(lane).noted = 0;
  }

  #tell(lane: Lane, line: LaneLine, now: Now): void {
    this.#log.recordLane('lane', lane.name, this.#knownLane(lane).instance, line, now);
  }

  #knownLane(lane: Lane): KnownLane {
    const known = this.#known.get(lane);
    if (known !== undefined) return known;
    // One that nobody announced is told of all the same, so that its inputs are never another's.
    const first: KnownLane = { instance: (this.#instances.get(lane.name) ?? 0) + 1, noted: 0 };
    this.#instances.set(lane.name, first.instance);
    this.#known.set(lane, first);
    return first;
  }
}

const TIMER: LaneGiven = { kind: 'timer', body: null };
