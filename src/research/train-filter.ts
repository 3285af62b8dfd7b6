import { createReadStream, writeFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { parseArgs } from 'node:util';
import { MillraceError, messageOf } from '#core/errors.ts';
import { ENTRY_FILTER_MODEL, modelHash } from '#core/strategies/entry-filter-model.ts';
import { seededRandom } from '#core/time/seeded-random.ts';
import { FilterSamples, readFilterLine, type SampleSettings } from './filter-samples.ts';
import { type TrainingReport, trainFilter } from './filter-training.ts';

const USAGE = `usage: npm run -s train-filter -- --tick T LOG… [options]
  LOG             normalized data (npm run -s normalize), - for standard input
  --tick T        smallest step of the price
  --symbol S      of which symbol; without it there may be only one
  --window N      settings of the strategy whose signals are judged (default 64)
  --entry-ticks N (default 2)      --take-ticks N (default 10)
  --horizon-ms N  a signal is good if the mid has gone its way after so long (default 5000)
  --gain-bps N    by so much (default 0.5)
  --every-ms N    one signal in this time at most (default 200)
  --keep P        part of the signals that the threshold lets pass (default 0.5)
  --held P        part of the data that is kept to test the model (default 0.3)
  --ridge N       pull of the coefficients towards zero (default 1)
  --seed N        of what is kept to test (default 1)
  --out FILE      where the model goes (default: standard output)`;

export interface TrainStreams {
  readonly stdin: Readable;
  readonly stdout: Writable;
  readonly stderr: Writable;
}

const OPTIONS = {
  tick: { type: 'string' },
  symbol: { type: 'string' },
  window: { type: 'string', default: '64' },
  'entry-ticks': { type: 'string', default: '2' },
  'take-ticks': { type: 'string', default: '10' },
  'horizon-ms': { type: 'string', default: '5000' },
  'gain-bps': { type: 'string', default: '0.5' },
  'every-ms': { type: 'string', default: '200' },
  keep: { type: 'string', default: '0.5' },
  held: { type: 'string', default: '0.3' },
  ridge: { type: 'string', default: '1' },
  seed: { type: 'string', default: '1' },
  out: { type: 'string' },
} as const;

/**
 * Learns an entry filter from recorded markets and writes its model. Ends with 0; with 1 where there is too little to learn from or the data cannot be read; with 2 for arguments that cannot be used.
 */
export async function main(
  argv: readonly string[],
  streams: TrainStreams = { stdin: process.stdin, stdout: process.stdout, stderr: process.stderr },
): Promise<number> {
  const say = (text: string): void => void streams.stderr.write(`${text}\n`);
  let wished: ReturnType<typeof readArguments>;
  try {
    wished = readArguments(argv);
  } catch (error) {
    say(`train-filter: ${messageOf(error)}\n${USAGE}`);
    return 2;
  }
  const { files, symbol, settings, training, seed, out } = wished;
  try {
    const samples = new FilterSamples(settings);
    const seen = new Set<string>();
    for (const file of files) {
      let at = 0;
      for await (const text of linesOf(file, streams.stdin)) {
        at += 1;
        const line = readAt(text, file, at);
        if (line === null || (symbol !== null && line.symbol !== symbol)) continue;
        seen.add(line.symbol);
        if (seen.size > 1)
          throw new MillraceError('validation', 'SYMBOL_NEEDED', `symbols=${[...seen].join(',')}: --symbol says which`);
        samples.take(line);
      }
    }
    const origin = `${[...seen].join()} ${samples.samples.length} signals, ${settings.gainBps} bps in ${settings.horizonMs} ms`;
    const { model, report } = trainFilter(samples.samples, training, seededRandom(seed), origin);
    const text = `${JSON.stringify(ENTRY_FILTER_MODEL.parse(model), null, 2)}\n`;
    if (out === null) streams.stdout.write(text);
    else writeFileSync(out, text);
    say(`model ${modelHash(model)}: ${describe(report)}; ${samples.open} signals at the end had no outcome yet`);
    return 0;
  } catch (error) {
    say(`train-filter: ${messageOf(error)}`);
    return 1;
  }
}

function readAt(text: string, file: string, at: number): ReturnType<typeof readFilterLine> {
  try {
    return readFilterLine(text);
  } catch (error) {
    throw new MillraceError('validation', 'LINE_INVALID', `${file}:${at}: ${messageOf(error)}`, { cause: error });
  }
}

function linesOf(file: string, stdin: Readable): AsyncIterable<string> {
  return createInterface({ input: file === '-' ? stdin : createReadStream(file), crlfDelay: Number.POSITIVE_INFINITY });
}

function readArguments(argv: readonly string[]) {
  const { values, positionals } = parseArgs({ args: [...argv], options: OPTIONS, allowPositionals: true });
  const number = (name: keyof typeof values, least: number, most = Number.MAX_SAFE_INTEGER): number => {
    const value = Number(values[name]);
    if (Number.isFinite(value) && value >= least && value <= most) return value;
    throw new MillraceError(
      'configuration',
      'ARGUMENTS_INVALID',
      `${name}=${values[name]} least=${least} most=${most}`,
    );
  };
  if (positionals.length === 0) throw new MillraceError('configuration', 'ARGUMENTS_INVALID', 'no LOG');
  const settings: SampleSettings = {
    tick: number('tick', Number.MIN_VALUE),
    window: number('window', 4, 4_096),
    entryTicks: number('entry-ticks', Number.MIN_VALUE),
    takeTicks: number('take-ticks', Number.MIN_VALUE),
    horizonMs: number('horizon-ms', 1),
    gainBps: number('gain-bps', -10_000),
    everyMs: number('every-ms', 0),
  };
  return {
    files: positionals,
    symbol: values.symbol ?? null,
    out: values.out ?? null,
    settings,
    training: { keep: number('keep', 0, 1), held: number('held', 0, 1), ridge: number('ridge', 0) },
    seed: number('seed', 0),
  };
}

function describe({ trained, tested, auc, goodOfAll, goodOfPassed, passed }: TrainingReport): string {
  const percent = (part: number) => `${(part * 100).toFixed(1)} %`;
  return `learned from ${trained} signals; of ${tested} others ${percent(goodOfAll)} were good, of the ${passed} that pass ${percent(goodOfPassed)} (AUC ${auc.toFixed(3)}; 0.5 is chance)`;
}

if (import.meta.main) process.exitCode = await main(process.argv.slice(2));
