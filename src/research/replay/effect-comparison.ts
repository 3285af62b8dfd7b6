import { canonical } from './canonical.ts';
import { EffectHashes } from './effect-hashes.ts';
import type { ReplayedLane, ReplayedUnit } from './replayed-unit.ts';

/** The first effect that is another one, or is there in one of both alone. */
export interface Difference {
  /** Number of the input, and which input of a lane it was, counted from 1. */
  readonly n: number;
  readonly laneInput: number;
  readonly unit: string;
  readonly lane: string;
  readonly input: unknown;
  /** Which effect of the input it is, from 0; null: there is none there. */
  readonly index: number;
  readonly recorded: unknown;
  readonly replayed: unknown;
}

interface LastInput {
  readonly n: number;
  readonly count: number;
  readonly input: unknown;
}

/** Holds what each lane does now against what it did then, input by input. */
export class EffectComparison {
  readonly hashes: EffectHashes;
  difference: Difference | null = null;
  readonly #trace: ((text: string) => void) | undefined;
  readonly #lastInputs = new WeakMap<ReplayedLane, LastInput>();
  #laneInputs = 0;

  constructor(markEvery: number, trace: ((text: string) => void) | undefined) {
    this.hashes = new EffectHashes(markEvery);
    this.#trace = trace;
  }

  /** Before a lane's input. Which one it is, counted from 1. */
  before(unit: ReplayedUnit, lane: ReplayedLane, n: number, input: unknown): number {
    this.settle(unit, lane);
    this.#laneInputs += 1;
    this.#lastInputs.set(lane, { n, count: this.#laneInputs, input });
    unit.last = n;
    this.#trace?.(`${n} ${unit.name} ${lane.lane.name} ${canonical(input)}`);
    return this.#laneInputs;
  }

  /** Effects stand in the log before the lane's next input: those that do not were not had then. */
  settle(unit: ReplayedUnit, lane: ReplayedLane): void {
    if (unit.broken === null && lane.lane.effects.length > 0) this.compare(unit, lane, []);
  }

  compare(unit: ReplayedUnit, replayed: ReplayedLane, recorded: readonly unknown[]): void {
    const { lane } = replayed;
    const owner = `${unit.name} ${lane.name}#${replayed.instance}`;
    const count = Math.max(recorded.length, lane.effects.length);
    for (let index = 0; index < count; index += 1) {
      const [then, now] = [recorded[index] ?? null, lane.effects[index] ?? null];
      const [thenText, nowText] = [canonical(then), canonical(now)];
      this.hashes.effect(owner, thenText, nowText);
      unit.effects += 1;
      this.#trace?.(`  ${lane.name} ${nowText}`);
      if (thenText === nowText || this.difference !== null) continue;
      const { n, count: laneInput, input } = this.#lastInputs.get(replayed) ?? { n: 0, count: 0, input: null };
      const place = { n, laneInput, unit: unit.name, lane: lane.name, input, index };
      this.difference = { ...place, recorded: then, replayed: now };
    }
    lane.effects.length = 0;
  }
}
