import { accessSync, constants, existsSync, readdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { MillraceError, messageOf } from '#core/errors.ts';
import { VENUES, type VenueId } from '#core/market/instrument.ts';

/** What one run was asked for. */
export interface RunArguments {
  /** Seconds of trading; null: until Ctrl-C. */
  readonly seconds: number | null;
  readonly summaryFile: string | null;
  /** Recorded files, as absolute paths; empty: generated flow. */
  readonly replay: readonly string[];
  /** Real public market data, paper orders. */
  readonly live: boolean;
  /** Replay speed: 1 and 10 are multiples of real time. */
  readonly speed: 1 | 10 | 'max';
  /** Null: of a replay, the venues of its recordings; else all. */
  readonly venues: readonly VenueId[] | null;
  readonly seed: number;
  /** Engines at a time. Two: one trades and one stands by; more share the venues. */
  readonly engines: number;
  /** Folder for what the archive holds at the end, as an absolute path; null: it is not kept. */
  readonly keepLog: string | null;
  /** One lane for each venue, whose symbol a scanner picks, instead of one for each symbol. */
  readonly scanner: boolean;
}

export const USAGE = `npm start -- [--seconds N] [--summary FILE] [--replay FILE[,FILE…]] [--live] [--speed 1|10|max]
             [--venues ${VENUES.join(',')}] [--seed N] [--engines N] [--scanner] [--keep-log FOLDER]`;

const OPTIONS = {
  seconds: { type: 'string' },
  summary: { type: 'string' },
  replay: { type: 'string' },
  live: { type: 'boolean', default: false },
  speed: { type: 'string', default: '1' },
  venues: { type: 'string' },
  seed: { type: 'string', default: '1' },
  engines: { type: 'string', default: '2' },
  scanner: { type: 'boolean', default: false },
  'keep-log': { type: 'string' },
} as const;

/** Reads the command line. Throws `ARGUMENTS_INVALID` that lists every fault at once. */
export function parseRunArguments(argv: readonly string[]): RunArguments {
  const faults: string[] = [];
  let values: Readonly<Record<string, string | boolean | (string | boolean)[] | undefined>> = {};
  try {
    ({ values } = parseArgs({ args: [...argv], options: OPTIONS }));
  } catch (error) {
    faults.push(messageOf(error));
    // The values that can be read are looked at all the same, so that all faults are told at once.
    ({ values } = parseArgs({ args: [...argv], options: OPTIONS, strict: false }));
  }
  const text = (name: string) => (typeof values[name] === 'string' ? values[name] : null);

  const seconds = text('seconds');
  if (seconds !== null && !(Number(seconds) > 0)) faults.push(`--seconds must be a positive number, not ${seconds}`);
  const seed = text('seed') ?? '1';
  if (!/^\d{1,9}$/.test(seed)) faults.push(`--seed must be a whole number of at most 9 digits, not ${seed}`);
  const engines = text('engines') ?? '2';
  if (!/^[1-9]$/.test(engines)) faults.push(`--engines must be a whole number from 1 to 9, not ${engines}`);
  const speed = text('speed') ?? '1';
  if (!['1', '10', 'max'].includes(speed)) faults.push(`--speed must be 1, 10 or max, not ${speed}`);

  const replay = (text('replay') ?? '')
    .split(',')
    .filter((each) => each !== '')
    .map((each) => path.resolve(each));
  for (const file of replay) {
    if (!existsSync(file)) faults.push(`--replay: there is no file ${file}`);
    else if (!statSync(file).isFile()) faults.push(`--replay: ${file} is not a file`);
  }
  const live = values.live === true;
  if (live && replay.length > 0) faults.push('--live and --replay exclude each other');
  if (!live && speed === 'max' && replay.length === 0)
    faults.push('--speed max needs --replay: generated flow has no end that could be reached sooner');
  if (live && speed !== '1') faults.push('--live runs at speed 1');

  const named = text('venues')?.split(',') ?? null;
  for (const each of named ?? [])
    if (!isVenue(each)) faults.push(`--venues: '${each}' is not one of ${VENUES.join(', ')}`);
  if (named !== null && new Set(named).size < named.length) faults.push('--venues names a venue twice');
  if (new Set(replay).size < replay.length) faults.push('--replay names a file twice');
  const summary = text('summary');
  const summaryFault = summary === null ? null : whyNotWritable(path.resolve(summary));
  if (summaryFault !== null) faults.push(`--summary: ${summaryFault}`);

  const keepLog = text('keep-log');
  if (keepLog !== null && existsSync(keepLog)) {
    if (!statSync(keepLog).isDirectory()) faults.push(`--keep-log: ${keepLog} is not a folder`);
    else if (readdirSync(keepLog).length > 0) faults.push(`--keep-log: ${keepLog} is not empty`);
  }

  if (faults.length > 0) {
    throw new MillraceError(
      'configuration',
      'ARGUMENTS_INVALID',
      `\n${faults.map((fault) => `  - ${fault}`).join('\n')}\n${USAGE}`,
    );
  }
  return {
    seconds: seconds === null ? null : Number(seconds),
    summaryFile: summary === null ? null : path.resolve(summary),
    replay,
    live,
    speed: speed === 'max' ? 'max' : speed === '10' ? 10 : 1,
    venues: named?.filter(isVenue) ?? null,
    seed: Number(seed),
    engines: Number(engines),
    keepLog: keepLog === null ? null : path.resolve(keepLog),
    scanner: values.scanner === true,
  };
}

function isVenue(text: string): text is VenueId {
  return VENUES.some((venue) => venue === text);
}

/** Found out before the run, not after it. */
function whyNotWritable(file: string): string | null {
  const folder = path.dirname(file);
  if (!existsSync(folder)) return `there is no folder ${folder}`;
  if (existsSync(file) && !statSync(file).isFile()) return `${file} is not a file`;
  try {
    accessSync(existsSync(file) ? file : folder, constants.W_OK);
    return null;
  } catch (error) {
    return `${file} cannot be written: ${messageOf(error)}`;
  }
}
