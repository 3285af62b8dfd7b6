import type { UnitId } from '#core/control/unit.ts';
import { messageOf } from '#core/errors.ts';
import type { Lane } from '#core/lanes/lane.ts';
import type { Verification } from '#core/lanes/lane-effects.ts';
import type { Now } from '#core/lanes/now.ts';
import type { VenueQueries } from '#core/orders/venue-ports.ts';
import type { ComparisonPlan } from '#core/reconciliation/comparison-budget.ts';
import type { Clock, EpochMs, MonoNanos, Timers } from '#core/time/clock.ts';
import type { VenueLog } from '#venues/venue.ts';
import { type AskedRound, ComparisonRounds } from './comparison-rounds.ts';
import type { EngineMetrics } from './engine-metrics.ts';
import type { LaneInputs } from './lane-inputs.ts';
import type { UnitMoney } from './unit-money.ts';
import type { UnitRecovery } from './unit-recovery.ts';

/** A comparison looks back so far behind the one before. */
const LOOK_BACK_MS = 300_000;
const RETRY_MS = 500;
/** How often the last comparison of a run is made where reports overtake it. */
const LAST_TRIES = 3;
/** When orders of earlier leases are looked for again after the recovery. */
const SWEEPS_MS = [5_000, 15_000, 45_000];
/** As long as a lane only reduces because nothing explains its position. */
const SWEEP_AGAIN_MS = 30_000;

export interface UnitReconciliationOptions {
  readonly unit: UnitId;
  readonly lanes: () => readonly Lane[];
  readonly recovery: UnitRecovery;
  readonly queries: VenueQueries;
  /** How the lanes are compared within the venue's request budget. */
  readonly plan: () => ComparisonPlan;
  readonly inputs: LaneInputs;
  readonly money: UnitMoney;
  readonly metrics: EngineMetrics;
  readonly log: VenueLog;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly now: () => Now;
  /** For how long what the lease's last holder signed may still be executed, ms. */
  readonly predecessorLeftMs: number;
  /** The recovery is done: lanes may be told what is wished. */
  readonly onOpened: () => void;
  /** `opened` or `reconciled` may have changed. */
  readonly onChange: () => void;
  readonly stopped: () => boolean;
}

/** Whether a unit knows what its venue knows: the recovery at its start, and the comparison of every lane after each absence of the account stream. */
export class UnitReconciliation {
  readonly #options: UnitReconciliationOptions;
  readonly #startedAt: EpochMs;
  readonly #began: MonoNanos;
  readonly #unverified = new Set<Lane>();
  readonly #cancelSweeps = new Set<() => void>();
  readonly #compared = new Map<Lane, number>();
  readonly #rounds: ComparisonRounds;
  /** When each lane was opened, or its fills last asked for by a question that the venue answered. */
  readonly #knownAt = new Map<Lane, MonoNanos>();
  /** Lanes that came while the unit recovers. */
  readonly #joining = new Set<Lane>();
  readonly #gone = new WeakSet<Lane>();
  #answers = 0;
  #opening: Promise<void> | null = null;
  #opened = false;
  #reconciled = false;
  /** When nothing that a predecessor signed can be executed any more: by a clock that does not step. */
  readonly #predecessorOver: MonoNanos;
  /** Balances and payments were asked for since the account stream came back. */
  #moneyKnown = true;

  constructor(options: UnitReconciliationOptions) {
    this.#options = options;
    this.#startedAt = options.clock.epochMs();
    this.#began = options.clock.monoNanos();
    this.#predecessorOver = (this.#began + options.predecessorLeftMs * 1e6) as MonoNanos;
    this.#rounds = new ComparisonRounds({
      ...options,
      fillsFrom: (lane, askedAt) => this.#fillsFrom(lane, askedAt),
      answered: (lane, verification, asked) => this.#answered(lane, verification, asked),
    });
  }

  /** The recovery is done. */
  get opened(): boolean {
    return this.#opened;
  }

  /** Every lane was compared with the venue since the account stream came back. */
  get reconciled(): boolean {
    return this.#reconciled;
  }

  /** The account stream is live (again): what it did not tell meanwhile is asked for. */
  streamIsLive(): void {
    this.#reconciled = false;
    const lanes = this.#options.lanes();
    if (!this.#opened) {
      this.#opening ??= this.#recoverUntilDone().finally(() => {
        this.#opening = null;
      });
      return;
    }
    for (const lane of lanes) this.#unverified.add(lane);
    this.#moneyKnown = false;
    this.#rounds.mark += 1;
    for (const lane of lanes) void this.verify(lane);
    void this.#askMoney();
  }

  /** Recovers a lane that comes to a unit at work, unless `still` has become false meanwhile; while the unit itself is recovering, it is recovered with the others. */
  async recover(lane: Lane, still: () => boolean = () => true): Promise<void> {
    if (!this.#opened) {
      this.#joining.add(lane);
      return;
    }
    const open = await this.#options.recovery.prepare(lane);
    if (!still()) return;
    open();
    this.#knownAt.set(lane, this.#options.clock.monoNanos());
  }

  /** How often the venue has said how it stands with a lane. */
  get answers(): number {
    return this.#answers;
  }

  /** How often the venue was asked and answered, be it with an error; null: it is not to be asked yet. */
  comparisons(lane: Lane): number | null {
    return this.#opened ? (this.#compared.get(lane) ?? 0) : null;
  }

  /** The lane is gone: nothing waits for its comparison, and what is still answered about it is its successor's to hear. */
  forget(lane: Lane): void {
    this.#unverified.delete(lane);
    this.#compared.delete(lane);
    this.#knownAt.delete(lane);
    this.#joining.delete(lane);
    this.#rounds.forget(lane);
    this.#gone.add(lane);
  }

  /** Compares position, open orders and fills of a lane with the venue, and says what it answered; null: the unit has ended meanwhile, or the lane is gone. */
  verify(lane: Lane): Promise<Verification | null> {
    return this.#rounds.ask(lane);
  }

  /** The same at the end of a run: an answer that reports overtook has compared nothing, so it is asked again. */
  async verifyLast(lane: Lane): Promise<void> {
    for (let times = 0; times < LAST_TRIES; times += 1) {
      const answer = await this.verify(lane);
      if (answer === null || answer.kind === 'failed' || answer.activity === lane.activity) return;
    }
  }

  /** The lane wishes to be compared: with the others, and with as much of it as the venue's request budget bears. */
  verifyInTurn(lane: Lane): void {
    void this.#rounds.askInTurn(lane);
  }

  #fillsFrom(lane: Lane, askedAt: MonoNanos): EpochMs {
    // However long nobody could be asked: what was executed meanwhile is asked for from before that (F10).
    const unknownMs = (askedAt - (this.#knownAt.get(lane) ?? askedAt)) / 1e6;
    // By the time that has passed since the start: a wall clock that was stepped ahead would have the venue asked for what has not happened yet (G12).
    const sinceStartMs = (askedAt - this.#began) / 1e6;
    return (this.#beganAtVenue() + Math.max(0, sinceStartMs - unknownMs - LOOK_BACK_MS)) as EpochMs;
  }

  #answered(lane: Lane, answer: Verification, { askedAt, withFills, mark }: AskedRound): Verification | null {
    const { unit, log, inputs } = this.#options;
    if (this.#gone.has(lane)) return null;
    const verification = this.#atVenueTime(answer, askedAt);
    this.#compared.set(lane, (this.#compared.get(lane) ?? 0) + 1);
    if (verification.kind === 'failed') {
      log('warn', 'verification failed', { unit, lane: lane.name, reason: verification.reason });
    } else {
      this.#answers += 1;
      if (withFills) this.#knownAt.set(lane, askedAt);
      // An answer to a question of before the account stream came back does not say what it left out; one that reports have overtaken compares no position, and the lane asks again within a second.
      const isNew = withFills && mark === this.#rounds.mark;
      if (isNew && lane.activity === verification.activity) this.#unverified.delete(lane);
      this.#judge();
    }
    inputs.verification(lane, verification, this.#options.now());
    this.#options.onChange();
    return verification;
  }

  /** With the venue's time of asking, where it ever said its time: by a clock of ours that does not step. */
  #atVenueTime(answer: Verification, askedAt: MonoNanos): Verification {
    const asked = this.#options.recovery.venueTimeAt(askedAt);
    return asked === null || answer.kind === 'failed' ? answer : { ...answer, askedAt: asked };
  }

  /** When the unit began, by the venue's time: ours may have been an hour ahead of it already then. By ours where the venue never said. */
  #beganAtVenue(): number {
    return this.#options.recovery.venueTimeAt(this.#began) ?? this.#startedAt;
  }

  stop(): void {
    for (const cancel of this.#cancelSweeps) cancel();
  }

  /** Lanes that only reduce are looked at for as long as they do. */
  #sweepUnagreed(afterMs: number): void {
    const { timers, recovery, lanes, stopped } = this.#options;
    if (stopped()) return;
    const cancel = timers.after(afterMs, () => {
      this.#cancelSweeps.delete(cancel);
      const unagreed = lanes().filter((lane) => lane.unagreed);
      if (unagreed.length > 0) void recovery.sweep(unagreed);
      this.#sweepUnagreed(SWEEP_AGAIN_MS);
    });
    this.#cancelSweeps.add(cancel);
  }

  #judge(): void {
    if (this.#opened && this.#moneyKnown && this.#unverified.size === 0) this.#reconciled = true;
  }

  /** Until the venue has said what was paid and received meanwhile, and what is there, nothing is opened. */
  async #askMoney(): Promise<void> {
    const { money, unit, log, timers, stopped } = this.#options;
    const absence = this.#rounds.mark;
    while (!stopped() && !this.#moneyKnown) {
      try {
        const book = await money.ask();
        if (stopped() || absence !== this.#rounds.mark) return;
        book();
        this.#moneyKnown = true;
      } catch (error) {
        log('warn', 'balances and payments not read', { unit, reason: messageOf(error) });
        await new Promise<void>((resolve) => timers.after(RETRY_MS, resolve));
      }
    }
    this.#judge();
    this.#options.onChange();
  }

  #toOpen(): readonly Lane[] {
    return [...new Set([...this.#options.lanes(), ...this.#joining])];
  }

  async #recoverUntilDone(): Promise<void> {
    const { unit, lanes, recovery, money, metrics, log, clock, timers, stopped } = this.#options;
    // What the predecessor signed may be executed until its lease ended; only then is the venue's answer final.
    const wait = (this.#predecessorOver - clock.monoNanos()) / 1e6;
    if (wait > 0) await new Promise<void>((resolve) => timers.after(wait + 50, resolve));
    while (!stopped() && !this.#opened) {
      try {
        const openings = new Map<Lane, () => void>();
        let bookMoney: (() => void) | null = null;
        // The configuration may change meanwhile: whoever is there in the end has been asked about.
        while (bookMoney === null || this.#toOpen().some((lane) => !openings.has(lane))) {
          for (const lane of this.#toOpen()) {
            if (!openings.has(lane)) openings.set(lane, await recovery.prepare(lane));
          }
          bookMoney = await money.ask();
        }
        // All or none: a lane that was opened before another's questions failed would be opened again with the next try.
        const opened = this.#toOpen();
        for (const lane of opened) {
          openings.get(lane)?.();
          this.#knownAt.set(lane, clock.monoNanos());
        }
        bookMoney();
        this.#joining.clear();
        this.#opened = true;
        // What the account stream told while the recovery asked was not folded: no entry before the venue has been asked once more.
        for (const lane of opened) this.#unverified.add(lane);
        this.#judge();
        this.#options.onOpened();
      } catch (error) {
        metrics.errors += 1;
        log('error', 'recovery failed, trying again', { unit, reason: messageOf(error) });
        await new Promise<void>((resolve) => timers.after(RETRY_MS, resolve));
      }
    }
    this.#options.onChange();
    for (const lane of lanes()) void this.verify(lane);
    money.begin();
    for (const afterMs of SWEEPS_MS) this.#cancelSweeps.add(timers.after(afterMs, () => void recovery.sweep(lanes())));
    this.#sweepUnagreed(2 * SWEEP_AGAIN_MS);
  }
}
