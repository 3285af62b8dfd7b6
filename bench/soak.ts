import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { messageOf } from '#core/errors.ts';
import { VENUES } from '#core/market/instrument.ts';
import { pictureOf, tableOf } from './soak/report.ts';
import { runSoak, type SoakOptions } from './soak/run-soak.ts';
import { isSoakVenue } from './soak/venue-words.ts';
import { faultsOf } from './soak/verdict.ts';

const USAGE =
  'npm run soak -- [--minutes 10] [--rate 10000] [--warm-up SECONDS] [--seed 1] [--out .millrace/soak] [--leak BYTES_PER_SECOND] [--node OPTIONS]';
const MAX_MINUTES = 24 * 60;
const MAX_RATE = 1_000_000;
const WARM_UP_SECONDS = 60;
const PROGRESS_MS = 10_000;

/** Reads the command line; a text: what is wrong with it, everything at once. */
function readArguments(argv: readonly string[]): { readonly options: SoakOptions; readonly out: string } | string {
  const text = { type: 'string' } as const;
  const faults: string[] = [];
  try {
    const { values } = parseArgs({
      args: [...argv],
      options: { minutes: text, rate: text, 'warm-up': text, seed: text, out: text, leak: text, node: text },
    });
    const within = (name: keyof typeof values, normal: number, low: number, high: number) => {
      const value = values[name] === undefined ? normal : Number(values[name]);
      if (!(value >= low && value <= high)) faults.push(`--${name} must be a number from ${low} to ${high}`);
      return value;
    };
    const seconds = within('minutes', 10, 0.01, MAX_MINUTES) * 60;
    const options = {
      venues: VENUES.filter(isSoakVenue),
      seconds,
      messagesPerSecond: within('rate', 10_000, 1, MAX_RATE),
      warmUpSeconds: within('warm-up', Math.min(WARM_UP_SECONDS, seconds / 3), 0, seconds),
      seed: within('seed', 1, 0, 0xffffffff),
      leakBytesPerSecond: within('leak', 0, 0, 1e9),
      nodeOptions: values.node ?? '',
    };
    return faults.length > 0 ? faults.join('\n') : { options, out: values.out ?? '.millrace/soak' };
  } catch (error) {
    return messageOf(error);
  }
}

/** 0: flat and every frame accounted for; 1: not; 2: arguments. */
async function main(argv: readonly string[]): Promise<number> {
  const read = readArguments(argv);
  if (typeof read === 'string') {
    console.error(`${read}\n${USAGE}`);
    return 2;
  }
  const { options, out } = read;
  console.log(
    `Soak of ${options.seconds} s at ${options.messagesPerSecond} messages/s over ${options.venues.join(', ')}`,
  );
  let told = 0;
  const run = await runSoak({
    ...options,
    onSample(sample) {
      if (sample.atMs - told < PROGRESS_MS) return;
      told = sample.atMs;
      const { atMs, rss, received, publishLagMs } = sample;
      console.log(
        `  ${(atMs / 1_000).toFixed(0).padStart(5)} s  RSS ${(rss / 1e6).toFixed(0)} MB  ${received} received  lag ${publishLagMs} ms`,
      );
    },
  });
  const table = tableOf(run);
  const faults = faultsOf(run);
  const width = Math.max(...table.map(([what]) => what.length));
  console.log(`\n${table.map(([what, figures]) => `${what.padEnd(width)}  ${figures}`).join('\n')}`);
  for (const complaint of run.engine.complaints) console.log(`the engine said: ${complaint}`);
  await mkdir(out, { recursive: true });
  await writeFile(path.join(out, 'soak.json'), `${JSON.stringify({ table, faults, run }, null, 1)}\n`);
  await writeFile(path.join(out, 'soak.svg'), pictureOf(run));
  console.log(`\nWritten: ${path.join(out, 'soak.json')}, ${path.join(out, 'soak.svg')}`);
  for (const fault of faults) console.error(fault);
  console.log(faults.length === 0 ? 'Flat, and every frame accounted for.' : `${faults.length} faults.`);
  return faults.length === 0 ? 0 : 1;
}

process.exitCode = await main(process.argv.slice(2));
