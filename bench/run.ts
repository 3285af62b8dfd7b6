import os from 'node:os';
import { messageOf } from '#core/errors.ts';
import { type Benchmark, type BenchmarkRow, quantile } from './benchmark.ts';
import { bookBenchmark } from './book.ts';
import { peersBenchmark } from './comparison/peers.ts';
import { measureDecisions } from './decision.ts';
import { decodeBenchmark } from './decode.ts';
import { orderBuildingBenchmark } from './order-building.ts';
import { publishBenchmark } from './publish.ts';

const DECISIONS = 200_000;
const WARM_UP = 20_000;

const decisionBenchmark: Benchmark = {
  name: 'decision',
  what: 'one decision: book in hand → strategy → risk → intent',
  run() {
    measureDecisions(WARM_UP);
    const samples = measureDecisions(DECISIONS);
    return [
      {
        label: 'momentum scalper',
        meanNs: samples.reduce((sum, each) => sum + each, 0) / samples.length,
        p50Ns: quantile(samples, 0.5),
        p99Ns: quantile(samples, 0.99),
        note: 'clock readings included; bar: p99 < 20,000',
      },
    ];
  },
};

/** Every benchmark, in the order in which a message passes through what it measures. */
const BENCHMARKS: readonly Benchmark[] = [
  decodeBenchmark,
  bookBenchmark,
  decisionBenchmark,
  orderBuildingBenchmark,
  publishBenchmark,
];
/** Those that run only when they are named: they install what the others do without. */
const ASKED_FOR: readonly Benchmark[] = [peersBenchmark];

/** Runs the benchmarks named, all without a name. Ends with 2 for a name that is not known, with 1 if one could not be measured; the others are. */
async function main(names: readonly string[]): Promise<number> {
  const all = [...BENCHMARKS, ...ASKED_FOR];
  const unknown = names.filter((name) => !all.some((each) => each.name === name));
  if (unknown.length > 0) {
    console.error(`bench: unknown ${unknown.join(', ')}; known are ${all.map(({ name }) => name).join(', ')}`);
    return 2;
  }
  let failed = 0;
  console.log(
    `Node ${process.version}, ${os.cpus()[0]?.model ?? 'unknown processor'} × ${os.cpus().length}, load ${(os.loadavg()[0] ?? 0).toFixed(1)}; ns, median of interleaved rounds`,
  );
  for (const benchmark of names.length === 0 ? BENCHMARKS : all.filter(({ name }) => names.includes(name))) {
    console.log(`\n${benchmark.name}: ${benchmark.what}`);
    try {
      for (const row of await benchmark.run()) console.log(lineOf(row));
    } catch (error) {
      failed += 1;
      console.error(`bench: ${benchmark.name} was not measured: ${messageOf(error)}`);
    }
  }
  return failed === 0 ? 0 : 1;
}

function lineOf({ label, meanNs, p50Ns, p99Ns, note }: BenchmarkRow): string {
  const time = Number.isNaN(meanNs) ? '–' : ns(meanNs);
  const quantiles = p50Ns === undefined || p99Ns === undefined ? '' : `  p50 ${ns(p50Ns)}  p99 ${ns(p99Ns)}`;
  return `  ${label.padEnd(36)} ${time.padStart(8)}${quantiles}${note === undefined ? '' : `   ${note}`}`;
}

function ns(value: number): string {
  return Math.round(value).toLocaleString('en-GB');
}

process.exitCode = await main(process.argv.slice(2));
