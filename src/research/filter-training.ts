import { ENTRY_FEATURES } from '#core/strategies/entry-features.ts';
import type { EntryFilterModel } from '#core/strategies/entry-filter-model.ts';
import type { Random } from '#core/time/clock.ts';

/** One signal as it stood, and what came of it. */
export interface TrainingSample {
  /** In the order of `ENTRY_FEATURES`. */
  readonly features: readonly number[];
  /** Whether the entry would have paid. */
  readonly good: boolean;
}

/** How a filter is fitted, and what is kept back to test it. */
export interface TrainingSettings {
  /** Strength of the pull of all coefficients towards zero. */
  readonly ridge: number;
  /** Part of the training signals that the threshold lets pass. */
  readonly keep: number;
  /** Part of the samples, in whole blocks of time, that the model does not see. */
  readonly held: number;
}

/** What a model is worth on samples that it has not seen. */
export interface TrainingReport {
  readonly trained: number;
  readonly tested: number;
  /** Chance that a good signal gets a higher logit than a bad one; 0.5: chance. */
  readonly auc: number;
  /** Part of good ones among all, and among those that pass. */
  readonly goodOfAll: number;
  readonly goodOfPassed: number;
  readonly passed: number;
}

/** Samples are held back in blocks of so many: neighbours know each other's outcome. */
const BLOCK = 50;
const STEPS = 30;
const MIN_SAMPLES = 100;

/**
 * Logistic regression by Newton's method on standardised features, with a ridge. The same samples, settings and random numbers give the same model. Throws `RangeError` where there is too little to learn
 * from, or only one outcome.
 */
export function trainFilter(
  samples: readonly TrainingSample[],
  settings: TrainingSettings,
  random: Random,
  origin: string,
): { readonly model: EntryFilterModel; readonly report: TrainingReport } {
  const { seen, held } = split(samples, settings.held, random);
  const good = seen.filter((each) => each.good).length;
  if (seen.length < MIN_SAMPLES || held.length === 0 || good === 0 || good === seen.length)
    throw new RangeError(
      `too little to learn from: ${seen.length} signals to train, ${good} of them good, ${held.length} to test`,
    );
  // A feature that never changes tells nothing, and has no scale.
  const places = ENTRY_FEATURES.map((_, place) => place).filter((place) => spreadOf(seen, place) > 0);
  const means = places.map((place) => meanOf(seen, place));
  const scales = places.map((place) => spreadOf(seen, place));
  const rowOf = ({ features }: TrainingSample) => [
    1,
    ...places.map((place, index) => ((features[place] ?? 0) - (means[index] ?? 0)) / (scales[index] ?? 1)),
  ];
  const [intercept = 0, ...coefficients] = regress(
    seen.map(rowOf),
    seen.map((each) => (each.good ? 1 : 0)),
    settings.ridge,
  );
  const logitOf = (sample: TrainingSample) => dot(rowOf(sample), [intercept, ...coefficients]);
  const logits = seen.map(logitOf).sort((one, other) => one - other);
  const threshold = logits[Math.min(logits.length - 1, Math.floor(logits.length * (1 - settings.keep)))] ?? 0;
  const model: EntryFilterModel = {
    version: 1,
    features: places.flatMap((place) => ENTRY_FEATURES.slice(place, place + 1)),
    means,
    scales,
    coefficients,
    intercept,
    threshold,
    origin,
  };
  return { model, report: reportOf(held, logitOf, threshold, seen.length) };
}

function split(
  samples: readonly TrainingSample[],
  part: number,
  random: Random,
): { readonly seen: TrainingSample[]; readonly held: TrainingSample[] } {
  const seen: TrainingSample[] = [];
  const held: TrainingSample[] = [];
  for (let from = 0; from < samples.length; from += BLOCK)
    (random.next() < part ? held : seen).push(...samples.slice(from, from + BLOCK));
  return { seen, held };
}

function regress(rows: readonly number[][], outcomes: readonly number[], ridge: number): number[] {
  const width = rows[0]?.length ?? 0;
  let weights = new Array<number>(width).fill(0);
  for (let step = 0; step < STEPS; step += 1) {
    const gradient = weights.map((weight, index) => (index === 0 ? 0 : -ridge * weight));
    const curvature = weights.map((_, index) =>
      weights.map((__, other) => (index === other ? (index === 0 ? 1e-9 : ridge) : 0)),
    );
    for (const [index, row] of rows.entries()) {
      const chance = 1 / (1 + Math.exp(-dot(row, weights)));
      const missed = (outcomes[index] ?? 0) - chance;
      for (const [at, value] of row.entries()) {
        gradient[at] = (gradient[at] ?? 0) + missed * value;
        const line = curvature[at];
        if (line === undefined) continue;
        for (const [other, beside] of row.entries())
          line[other] = (line[other] ?? 0) + chance * (1 - chance) * value * beside;
      }
    }
    const move = solve(curvature, gradient);
    weights = weights.map((weight, index) => weight + (move[index] ?? 0));
    if (move.every((each) => Math.abs(each) < 1e-10)) break;
  }
  return weights;
}

/** Gauss elimination with the largest pivot. */
function solve(matrix: readonly (readonly number[])[], right: readonly number[]): number[] {
  const rows = matrix.map((row, index) => [...row, right[index] ?? 0]);
  const size = rows.length;
  for (let at = 0; at < size; at += 1) {
    const order = rows.slice(at).sort((one, other) => Math.abs(other[at] ?? 0) - Math.abs(one[at] ?? 0));
    rows.splice(at, size - at, ...order);
    const pivot = rows[at] ?? [];
    for (const [index, row] of rows.entries()) {
      if (index === at) continue;
      const factor = (row[at] ?? 0) / (pivot[at] ?? 1);
      if (factor === 0) continue;
      for (let column = at; column <= size; column += 1)
        row[column] = (row[column] ?? 0) - factor * (pivot[column] ?? 0);
    }
  }
  return rows.map((row, index) => (row[size] ?? 0) / (row[index] ?? 1));
}

function reportOf(
  held: readonly TrainingSample[],
  logitOf: (sample: TrainingSample) => number,
  threshold: number,
  trained: number,
): TrainingReport {
  const judged = held.map((sample) => ({ good: sample.good, logit: logitOf(sample) }));
  const passed = judged.filter((each) => each.logit >= threshold);
  return {
    trained,
    tested: held.length,
    auc: areaUnderCurve(judged),
    goodOfAll: shareOf(judged),
    goodOfPassed: shareOf(passed),
    passed: passed.length,
  };
}

/** By ranks; equal logits share theirs. */
function areaUnderCurve(judged: readonly { readonly good: boolean; readonly logit: number }[]): number {
  const sorted = [...judged].sort((one, other) => one.logit - other.logit);
  let ranks = 0;
  for (let from = 0; from < sorted.length; ) {
    let to = from;
    while (to < sorted.length && sorted[to]?.logit === sorted[from]?.logit) to += 1;
    for (let index = from; index < to; index += 1) if (sorted[index]?.good === true) ranks += (from + 1 + to) / 2;
    from = to;
  }
  const good = judged.filter((each) => each.good).length;
  const bad = judged.length - good;
  return good === 0 || bad === 0 ? Number.NaN : (ranks - (good * (good + 1)) / 2) / (good * bad);
}

function shareOf(judged: readonly { readonly good: boolean }[]): number {
  return judged.length === 0 ? Number.NaN : judged.filter((each) => each.good).length / judged.length;
}

function meanOf(samples: readonly TrainingSample[], place: number): number {
  return samples.reduce((sum, { features }) => sum + (features[place] ?? 0), 0) / samples.length;
}

/** Standard deviation. */
function spreadOf(samples: readonly TrainingSample[], place: number): number {
  const mean = meanOf(samples, place);
  return Math.sqrt(
    samples.reduce((sum, { features }) => sum + ((features[place] ?? 0) - mean) ** 2, 0) / samples.length,
  );
}

function dot(one: readonly number[], other: readonly number[]): number {
  return one.reduce((sum, value, index) => sum + value * (other[index] ?? 0), 0);
}
