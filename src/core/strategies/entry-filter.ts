import type { Side } from '../market/market-message.ts';
import type { MonoNanos } from '../time/clock.ts';
import { ENTRY_FEATURES, type EntryFeature, EntryFeatures, type FilteredSignal } from './entry-features.ts';
import { type EntryFilterModel, modelHash } from './entry-filter-model.ts';

/** One feature of a model: its place among all features, and what it is weighed by. */
interface Term {
  readonly feature: EntryFeature;
  readonly place: number;
  readonly mean: number;
  /** Coefficient by scale. */
  readonly weight: number;
}

/**
 * Judges entries by a learned model (H16). It adds in the order of the feature table, whatever the order in the file, with nothing but + − × ÷ and comparisons: a model and the same inputs give the same
 * bits everywhere. What it cannot judge it declines.
 */
export class EntryFilter {
  readonly features = new EntryFeatures();
  readonly hash: string;
  /** The logit of the last judgement. */
  logit = 0;
  readonly #terms: readonly Term[];
  readonly #intercept: number;
  readonly #threshold: number;

  constructor(model: EntryFilterModel) {
    this.hash = modelHash(model);
    this.#terms = termsOf(model);
    this.#intercept = model.intercept;
    this.#threshold = model.threshold;
  }

  /** Why it declines this entry, or null. */
  declines(side: Side, signal: FilteredSignal, now: MonoNanos): string | null {
    const { features } = this;
    for (const { feature } of this.#terms) {
      const missing = features.missing(feature, now);
      if (missing !== null) return `model=${this.hash} ${feature} ${missing}`;
    }
    features.read(side, signal);
    this.logit = this.#logitOf(features.values);
    // Neither of a pair that cannot be compared passes.
    if (this.logit >= this.#threshold) return null;
    return `model=${this.hash} logit=${this.logit.toPrecision(6)} threshold=${this.#threshold}`;
  }

  #logitOf(values: Float64Array): number {
    let sum = this.#intercept;
    for (const { place, mean, weight } of this.#terms) sum += weight * ((values[place] ?? Number.NaN) - mean);
    return sum;
  }
}

function termsOf({ features, means, scales, coefficients }: EntryFilterModel): readonly Term[] {
  return ENTRY_FEATURES.flatMap((feature, place) => {
    const index = features.indexOf(feature);
    if (index < 0) return [];
    const mean = means[index] ?? Number.NaN;
    return [{ feature, place, mean, weight: (coefficients[index] ?? Number.NaN) / (scales[index] ?? Number.NaN) }];
  });
}
