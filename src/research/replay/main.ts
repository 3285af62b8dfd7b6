import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { copyArchive } from '#aws/archive.ts';
import { createS3Client } from '#aws/clients.ts';
import { decidingSources } from '#aws/deciding-sources.ts';
import { type LoadedConfiguration, loadConfiguration } from '#core/config/runtime-configuration.ts';
import { MillraceError, messageOf } from '#core/errors.ts';
import { readCommandLine } from '../command-line.ts';
import { findRuns } from './log-files.ts';
import { replayRun } from './replay-log.ts';
import { reportLines } from './replay-report.ts';
import { EXIT_CODES, type VerdictKind } from './verdict.ts';

const USAGE = `npm run -s replay -- LOG [--configuration FILE] [--trace] [--marks N]
  LOG                   what engines left: a folder of archive objects, one of them, or s3://BUCKET[/PREFIX]
  --configuration FILE  decide by this configuration instead of the recorded one
  --trace               print every input of a lane, and what it leads to
  --marks N             print both hashes every N inputs
exit codes: 0 equal, 3 changed decision, 4 broken replay, 5 not replayable, 2 arguments or log that cannot be used`;

/** The worst first: of several engines' logs it is the one that counts. */
const BY_WEIGHT: readonly VerdictKind[] = ['broken replay', 'changed decision', 'not replayable', 'equal'];

interface Arguments {
  readonly log: string;
  readonly configuration: LoadedConfiguration | null;
  readonly trace: boolean;
  readonly marks: number | null;
}

try {
  process.exitCode = await main(readArguments(process.argv.slice(2)));
} catch (error) {
  process.stderr.write(`${messageOf(error)}\n`);
  process.exitCode = 2;
}

async function main({ log, configuration, trace, marks }: Arguments): Promise<number> {
  const say = (text: string) => process.stdout.write(`${text}\n`);
  const copied = log.startsWith('s3://') ? await copyOf(log) : null;
  try {
    const kinds: VerdictKind[] = [];
    for (const run of findRuns(copied ?? log)) {
      const { result, verdict } = replayRun(run, {
        sources: decidingSources(),
        configuration,
        ...(marks === null ? {} : { markEvery: marks }),
        ...(trace ? { trace: say } : {}),
      });
      for (const { n, recorded, replayed } of marks === null ? [] : result.marks)
        say(`  ${n} then ${recorded} now ${replayed}`);
      for (const line of reportLines(run, result, verdict)) say(line);
      kinds.push(verdict.kind);
    }
    const worst = BY_WEIGHT.find((kind) => kinds.includes(kind)) ?? 'equal';
    say(worst);
    return EXIT_CODES[worst];
  } finally {
    if (copied !== null) rmSync(copied, { recursive: true, force: true });
  }
}

async function copyOf(log: string): Promise<string> {
  const [, bucket, prefix] = /^s3:\/\/([^/]+)\/?(.*)$/.exec(log) ?? [];
  if (bucket === undefined) throw new MillraceError('configuration', 'ARGUMENTS_INVALID', `${log}\n${USAGE}`);
  const folder = mkdtempSync(path.join(tmpdir(), 'millrace-replay-'));
  await copyArchive(createS3Client(), bucket, folder, prefix === '' ? undefined : prefix);
  return folder;
}

function readArguments(argv: readonly string[]): Arguments {
  const options = {
    configuration: { type: 'string' },
    trace: { type: 'boolean', default: false },
    marks: { type: 'string' },
  } as const;
  const { values, positionals } = readCommandLine({ args: [...argv], allowPositionals: true, options }, USAGE);
  const [log, ...rest] = positionals;
  const marks = values.marks === undefined ? null : Number(values.marks);
  if (log === undefined || rest.length > 0 || (marks !== null && !(Number.isSafeInteger(marks) && marks > 0)))
    throw new MillraceError('configuration', 'ARGUMENTS_INVALID', `one LOG, and --marks a whole number\n${USAGE}`);
  const file = values.configuration;
  const configuration =
    file === undefined
      ? null
      : loadConfiguration(readFileSync(file, 'utf8'), file, (named) =>
          readFileSync(path.resolve(path.dirname(file), named), 'utf8'),
        );
  return { log, configuration, trace: values.trace, marks };
}
