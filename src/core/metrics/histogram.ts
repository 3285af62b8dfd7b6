/** Buckets per power of two: values are known to within 1/16. */
const STEPS = 16;
const OCTAVES = 40;

/**
 * A histogram of non-negative values in buckets of about 6 % width: constant memory, no allocation when recording. Values in whatever unit the caller keeps to
 * (latencies: microseconds).
 */
export class Histogram {
  readonly #buckets = new Float64Array(STEPS * OCTAVES);
  count = 0;
  max = 0;

  record(value: number): void {
    const bounded = Math.max(value, 0);
    this.count += 1;
    if (bounded > this.max) this.max = bounded;
    const index = Math.floor(Math.log2(bounded + 1) * STEPS);
    const bucket = Math.min(index, this.#buckets.length - 1);
    this.#buckets[bucket] = (this.#buckets[bucket] as number) + 1;
  }

  /** Upper bound of the bucket that holds the `fraction` quantile; 0 while empty. */
  quantile(fraction: number): number {
    if (this.count === 0) return 0;
    let left = Math.max(1, Math.ceil(this.count * fraction));
    for (let index = 0; index < this.#buckets.length; index += 1) {
      left -= this.#buckets[index] as number;
      if (left <= 0) return Math.min(this.max, 2 ** ((index + 1) / STEPS) - 1);
    }
    return this.max;
  }
}
