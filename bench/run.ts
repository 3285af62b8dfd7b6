import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { messageOf } from '#core/errors.ts';
import { type Benchmark, quantile } from './benchmark.ts';
import { bookBenchmark } from './book.ts';
import { peersBenchmark } from './comparison/peers.ts';
import { measureDecisions } from './decision.ts';
import { decodeBenchmark } from './decode.ts';
import { environment, lineOf, type Measured, sectionsOf, withSections } from './document.ts';
import { entryFilterBenchmark } from './entry-filter.ts';
import { latencyPicture, loopbackBenchmark } from './loopback.ts';
import { orderBuildingBenchmark } from './order-building.ts';
import { publishBenchmark } from './publish.ts';
import { putRecordsBenchmark } from './put-records.ts';

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
        note: 'clock readings included',
      },
    ];
  },
  bars: (rows) => rows.map(({ p99Ns }) => ({ what: 'p99, ns', measured: p99Ns ?? Number.NaN, most: 20_000 })),
};

/** Every benchmark, in the order in which a message passes through what it measures. */
const BENCHMARKS: readonly Benchmark[] = [
  decodeBenchmark,
  bookBenchmark,
  decisionBenchmark,
  entryFilterBenchmark,
  orderBuildingBenchmark,
  publishBenchmark,
  putRecordsBenchmark,
];
/** Those that run only when they are named: they install what the others do without. */
const ASKED_FOR: readonly Benchmark[] = [peersBenchmark, loopbackBenchmark];
const DOCS = path.join(import.meta.dirname, '../docs');
const WRITE = '--write';

/**
 * Runs the benchmarks named; all of the first kind without a name, and all there are with `--write` alone, which puts what was measured into `docs/performance.md`.
 * Ends with 2 for a name that is not known, with 1 if one could not be measured; the others are.
 */
async function main(words: readonly string[]): Promise<number> {
  const names = words.filter((word) => word !== WRITE);
  const isWritten = words.includes(WRITE);
  const all = [...BENCHMARKS, ...ASKED_FOR];
  const unknown = names.filter((name) => !all.some((each) => each.name === name));
  if (unknown.length > 0) {
    console.error(
      `bench: unknown ${unknown.join(', ')}; known are ${all.map(({ name }) => name).join(', ')}, ${WRITE}`,
    );
    return 2;
  }
  const unnamed = isWritten ? all : BENCHMARKS;
  let failed = 0;
  const results: Measured[] = [];
  for (const benchmark of names.length === 0 ? unnamed : all.filter(({ name }) => names.includes(name))) {
    const began = environment();
    console.log(`\n${benchmark.name}: ${benchmark.what}\n${began}; ns, medians of interleaved rounds`);
    try {
      const rows = await benchmark.run();
      const measured = { benchmark, rows, environment: began };
      for (const line of lineOf(measured)) console.log(line);
      results.push(measured);
    } catch (error) {
      failed += 1;
      console.error(`bench: ${benchmark.name} was not measured: ${messageOf(error)}`);
    }
  }
  if (isWritten) write(results);
  return failed === 0 ? 0 : 1;
}

/** Only what was measured now is written; the rest of the document stays. */
function write(results: readonly Measured[]): void {
  const file = path.join(DOCS, 'performance.md');
  writeFileSync(file, withSections(readFileSync(file, 'utf8'), sectionsOf(results)));
  const picture = latencyPicture();
  if (picture !== null) writeFileSync(path.join(DOCS, 'latency.svg'), picture);
  console.log(`\nWritten: docs/performance.md${picture === null ? '' : ', docs/latency.svg'}`);
}

process.exitCode = await main(process.argv.slice(2));
