/** One benchmark: what it measures, and its rows. */
export interface Benchmark {
  readonly name: string;
  /** What is measured, in one line. */
  readonly what: string;
  run(): readonly BenchmarkRow[] | Promise<readonly BenchmarkRow[]>;
  /** What the rows are held against. */
  bars?(rows: readonly BenchmarkRow[]): readonly Bar[];
}

/** A budget, and what was measured beside it. */
export interface Bar {
  readonly what: string;
  readonly measured: number;
  /** The least, or the most, that it may be. */
  readonly least?: number;
  readonly most?: number;
}

/** Whether a bar is met; what was not measured does not meet it. */
export function isMet({ measured, least, most }: Bar): boolean {
  return (least === undefined || measured >= least) && (most === undefined || measured <= most);
}

export function geometricMean(values: readonly number[]): number {
  return Math.exp(values.reduce((sum, value) => sum + Math.log(value), 0) / values.length);
}

export interface BenchmarkRow {
  readonly label: string;
  /** Median over the rounds of the mean time of one operation, ns. */
  readonly meanNs: number;
  /** Of single operations, where they are long enough to be timed one by one; ns. */
  readonly p50Ns?: number;
  readonly p99Ns?: number;
  /** Other figures by the name of their column. */
  readonly figures?: Readonly<Record<string, number>>;
  /** Anything that a reader should know: sizes, counts, what the figure may be compared with. */
  readonly note?: string;
}

export interface Candidate {
  readonly label: string;
  /** One pass over the work. Called again for each round, on fresh state. */
  readonly pass: () => { readonly operations: number };
  readonly note?: string;
}

const ROUNDS = 7;

/** Times candidates in interleaved rounds, after a warm-up of each, so that none has the quiet half of the machine to itself. */
export function compare(candidates: readonly Candidate[]): readonly BenchmarkRow[] {
  return compareWithFirst(candidates).map(({ row }) => row);
}

/**
 * The same, each with how many times as long as the first it took: the median of the ratios within one round, which a busy machine moves less than it does the
 * times.
 */
export function compareWithFirst(candidates: readonly Candidate[]): readonly { row: BenchmarkRow; ratio: number }[] {
  for (const { pass } of candidates) for (let warm = 0; warm < 3; warm += 1) pass();
  const means = candidates.map((): number[] => []);
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const [index, { pass }] of candidates.entries()) {
      const began = process.hrtime.bigint();
      const { operations } = pass();
      means[index]?.push(Number(process.hrtime.bigint() - began) / operations);
    }
  }
  const [first = []] = means;
  return candidates.map(({ label, note }, index) => {
    const own = means[index] ?? [];
    const ratios = own.map((mean, round) => mean / (first[round] ?? Number.NaN));
    const meanNs = quantile(Float64Array.from(own), 0.5);
    return {
      row: { label, meanNs, ...(note === undefined ? {} : { note }) },
      ratio: quantile(Float64Array.from(ratios), 0.5),
    };
  });
}

/** A quantile by nearest rank. */
export function quantile(samples: Float64Array, at: number): number {
  const sorted = samples.toSorted();
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * at))] ?? Number.NaN;
}
