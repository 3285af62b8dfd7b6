import type { Lane } from '#core/lanes/lane.ts';
import type { Verification } from '#core/lanes/lane-effects.ts';
import type { VenueQueries } from '#core/orders/venue-ports.ts';
import { COMPARISON_INTERVAL_MS, type ComparisonPlan } from '#core/reconciliation/comparison-budget.ts';
import type { Clock, EpochMs, MonoNanos, Timers } from '#core/time/clock.ts';
import { createRateBudget } from '#venues/connection/rate-budget.ts';
import { askForVerifications } from './venue-questions.ts';

/** Who asks this long after the last answer asks by the rhythm, and not because of a doubt. */
const RHYTHM_MS = 4_000;
/** Lanes that were answered this long ago come along with those that ask by the rhythm: so their rhythms become one. */
const ALONG_MS = COMPARISON_INTERVAL_MS / 2;

export interface ComparisonRoundsOptions {
  /** All that may be compared now. */
  readonly lanes: () => readonly Lane[];
  readonly queries: VenueQueries;
  readonly plan: () => ComparisonPlan;
  readonly clock: Clock;
  readonly timers: Timers;
  /** From when on nobody has answered which fills a lane has. */
  readonly fillsFrom: (lane: Lane, askedAt: MonoNanos) => EpochMs;
  readonly stopped: () => boolean;
  /** The answer about a lane; what it returns is what they are told who asked. */
  readonly answered: (lane: Lane, verification: Verification, asked: AskedRound) => Verification | null;
}

/** Of when a round's questions are. */
export interface AskedRound {
  readonly askedAt: MonoNanos;
  /** Whether the lane's fills were among the questions. */
  readonly withFills: boolean;
  /** What `mark` was when they were asked. */
  readonly mark: number;
}

interface Waiting {
  /** With fills, whosever turn it is. */
  whole: boolean;
  readonly promise: Promise<Verification | null>;
  readonly resolve: (answer: Verification | null) => void;
}

/**
 * The comparisons of a unit's lanes, asked together: whoever asks at the same moment shares the questions that the venue answers for several symbols at once, and who would ask soon comes along. Where fills
 * can be had of one symbol only and there are many lanes, they take turns; a lane that is in doubt does not wait for its turn.
 */
export class ComparisonRounds {
  /** Rises with what makes earlier questions old; what it was comes back with the answer. */
  mark = 0;
  readonly #options: ComparisonRoundsOptions;
  readonly #waiting = new Map<Lane, Waiting>();
  readonly #answeredAt = new Map<Lane, MonoNanos>();
  readonly #filledAt = new Map<Lane, MonoNanos>();
  /** Asked at present. */
  readonly #asked = new Set<Lane>();
  /** Reports overtook the last answer about them. */
  readonly #overtaken = new Set<Lane>();
  readonly #again: ReturnType<typeof createRateBudget>;

  constructor(options: ComparisonRoundsOptions) {
    this.#options = options;
    const { again: capacity } = options.plan();
    this.#again = createRateBudget(options.clock, { capacity, windowMs: COMPARISON_INTERVAL_MS, cancelReserve: 0 });
  }

  /** Asks all about a lane with the next round, which begins at once. Null: the unit has ended meanwhile, or nobody wants the answer. */
  ask(lane: Lane): Promise<Verification | null> {
    return this.#join(lane, true);
  }

  /** The same for a lane that asks by itself: its fills when it is in doubt or has its turn. One whose answers reports keep overtaking asks again as often as the plan has room for. */
  async askInTurn(lane: Lane): Promise<Verification | null> {
    while (this.#overtaken.has(lane) && this.#age(lane) < RHYTHM_MS && !this.#options.stopped()) {
      const { again, ofOne } = this.#options.plan();
      this.#again.resize(again);
      const waitMs = this.#again.take('normal', ofOne);
      if (waitMs === 0) break;
      await new Promise<void>((resolve) => this.#options.timers.after(Math.ceil(waitMs), resolve));
    }
    return this.#join(lane, this.#age(lane) < RHYTHM_MS);
  }

  forget(lane: Lane): void {
    this.#answeredAt.delete(lane);
    this.#filledAt.delete(lane);
    this.#overtaken.delete(lane);
  }

  #join(lane: Lane, whole: boolean): Promise<Verification | null> {
    const joined = this.#waiting.get(lane);
    if (joined !== undefined) {
      joined.whole ||= whole;
      return joined.promise;
    }
    if (this.#waiting.size === 0) queueMicrotask(() => this.#begin());
    const waiting = { ...Promise.withResolvers<Verification | null>(), whole };
    this.#waiting.set(lane, waiting);
    return waiting.promise;
  }

  #begin(): void {
    const { clock, queries, fillsFrom } = this.#options;
    const asking = new Map<Lane, Pick<Waiting, 'whole' | 'resolve'>>(this.#waiting);
    this.#waiting.clear();
    for (const lane of this.#along([...asking.keys()])) asking.set(lane, NOBODY);
    const askedAt = clock.monoNanos();
    const withFills = this.#withFills(asking);
    const questions = [...asking.keys()].map((lane) => ({
      lane,
      activity: lane.activity,
      fillsFrom: withFills.has(lane) ? fillsFrom(lane, askedAt) : null,
    }));
    const answers = askForVerifications(queries, questions, clock);
    for (const [index, [lane, { resolve }]] of [...asking].entries()) {
      const answer = answers[index];
      if (answer === undefined) continue;
      this.#asked.add(lane);
      const asked = { askedAt, withFills: withFills.has(lane), mark: this.mark };
      void answer.then((verification) => resolve(this.#answered(lane, verification, asked)));
    }
  }

  #answered(lane: Lane, verification: Verification, asked: AskedRound): Verification | null {
    this.#asked.delete(lane);
    if (this.#options.stopped()) return null;
    this.#answeredAt.set(lane, this.#options.clock.monoNanos());
    if (verification.kind === 'complete') {
      if (asked.withFills) this.#filledAt.set(lane, asked.askedAt);
      if (verification.activity === lane.activity) this.#overtaken.delete(lane);
      else this.#overtaken.add(lane);
    }
    return this.#options.answered(lane, verification, asked);
  }

  /** Who comes along with those that ask. */
  #along(asking: readonly Lane[]): readonly Lane[] {
    const byRhythm = asking.some((lane) => this.#answeredAt.has(lane) && this.#age(lane) >= RHYTHM_MS);
    const fromMs = byRhythm ? ALONG_MS : RHYTHM_MS;
    return this.#options
      .lanes()
      .filter((lane) => this.#answeredAt.has(lane) && this.#age(lane) >= fromMs)
      .filter((lane) => !asking.includes(lane) && !this.#asked.has(lane));
  }

  /** Whose fills are asked for: of those in doubt, and of as many of the others as have a turn, the longest unasked first. */
  #withFills(asking: ReadonlyMap<Lane, Pick<Waiting, 'whole'>>): ReadonlySet<Lane> {
    const turns = Math.ceil(this.#options.lanes().length / this.#options.plan().turns);
    const lanes = [...asking.keys()];
    const inDoubt = (lane: Lane) => asking.get(lane)?.whole === true || !this.#filledAt.has(lane) || lane.unagreed;
    const inTurn = lanes.filter((lane) => !inDoubt(lane)).sort((a, b) => this.#since(a) - this.#since(b));
    return new Set([...lanes.filter(inDoubt), ...inTurn.slice(0, Math.max(1, turns))]);
  }

  #since(lane: Lane): number {
    return this.#filledAt.get(lane) ?? Number.NEGATIVE_INFINITY;
  }

  /** Since its last answer, ms. */
  #age(lane: Lane): number {
    const at = this.#answeredAt.get(lane);
    return at === undefined ? Number.POSITIVE_INFINITY : (this.#options.clock.monoNanos() - at) / 1e6;
  }
}

/** Comes along unasked: nobody waits for its answer. */
const NOBODY = { whole: false, resolve: () => undefined };
