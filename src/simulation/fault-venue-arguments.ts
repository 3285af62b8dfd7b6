import { existsSync, statSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { MillraceError, messageOf } from '#core/errors.ts';
import { VENUES, type VenueId } from '#core/market/instrument.ts';
import type { Scenario } from './scenarios/scenario.ts';
import { scenarios } from './scenarios/scenarios.ts';

/** What one run was asked for. */
export interface FaultVenueArguments {
  readonly venue: VenueId;
  /** 0 = any free port. */
  readonly port: number;
  /** Recorded files; empty: generated flow. */
  readonly replay: readonly string[];
  readonly seed: number;
  /** To be staged one after the other; empty: faults are typed. */
  readonly scenarios: readonly Scenario[];
  /** Whether verdicts are given, and the program ends with the last. */
  readonly score: boolean;
  /** How long each scenario waits for the bot to do what it strikes. */
  readonly patienceMs: number;
}

/** How it is called. */
const FAULT_VENUE_USAGE = [
  `npm run fault-venue -- --venue ${VENUES.join('|')} [--port P] [--replay FILE[,FILE…]] [--seed N]`,
  '  --list: every scenario',
  '  --scenario F1[,F2…]: lets these happen to the bot that connects, one after the other',
  '  --score: says what the bot survived, of these or of all; --patience S: how long each waits for the bot, seconds (30)',
].join('\n');

/** Reads the command line; `list`: nothing is to be run. Throws `ARGUMENTS_INVALID` with every fault at once, `REPLAY_MISSING` for a file that is not there. */
export function parseFaultVenueArguments(argv: readonly string[]): FaultVenueArguments | 'list' {
  const { values, faults } = rawArguments(argv);
  if (values.list === true && faults.length === 0) return 'list';
  const venue = VENUES.find((each) => each === values.venue);
  if (venue === undefined) faults.push(`--venue must be one of ${VENUES.join(', ')}`);
  const port = values.port === undefined ? 0 : wholeNumber(values.port, 65_535);
  if (port === null) faults.push('--port must be a number from 0 (any free port) to 65535');
  const seed = values.seed === undefined ? 1 : wholeNumber(values.seed, 0xffffffff);
  if (seed === null) faults.push('--seed must be a whole number');
  const patience = values.patience === undefined ? 30 : wholeNumber(values.patience, 3_600);
  if (patience === null || patience === 0) faults.push('--patience must be a number of seconds from 1 to 3600');
  const chosen = chooseScenarios(values, faults);
  if (venue === undefined || port === null || seed === null || patience === null || faults.length > 0) {
    throw new MillraceError('validation', 'ARGUMENTS_INVALID', `\n  - ${faults.join('\n  - ')}\n${FAULT_VENUE_USAGE}`);
  }
  const replay = (values.replay ?? '').split(',').filter((each) => each !== '');
  for (const file of replay) {
    if (existsSync(file) && statSync(file).isFile()) continue;
    throw new MillraceError(
      'validation',
      'REPLAY_MISSING',
      `file=${path.resolve(file)} is no file; give the path of a recording`,
    );
  }
  const score = values.score === true;
  return { venue, port, replay, seed, scenarios: chosen, score, patienceMs: patience * 1_000 };
}

interface RawValues {
  readonly venue?: string | undefined;
  readonly port?: string | undefined;
  readonly replay?: string | undefined;
  readonly seed?: string | undefined;
  readonly scenario?: string | undefined;
  readonly patience?: string | undefined;
  readonly score?: boolean | undefined;
  readonly list?: boolean | undefined;
}

function chooseScenarios(values: RawValues, faults: string[]): readonly Scenario[] {
  if (values.scenario === undefined) return values.score === true ? scenarios : [];
  return values.scenario.split(',').flatMap((name) => {
    const found = scenarios.find(({ id }) => id.toUpperCase() === name.trim().toUpperCase());
    if (found === undefined) faults.push(`--scenario ${name} is none; --list says what there is`);
    return found === undefined ? [] : [found];
  });
}

function rawArguments(argv: readonly string[]): { readonly values: RawValues; readonly faults: string[] } {
  const text = { type: 'string' } as const;
  const flag = { type: 'boolean' } as const;
  try {
    const { values } = parseArgs({
      args: [...argv],
      options: {
        venue: text,
        port: text,
        replay: text,
        seed: text,
        scenario: text,
        patience: text,
        score: flag,
        list: flag,
      },
      allowPositionals: false,
    });
    return { values, faults: [] };
  } catch (error) {
    return { values: {}, faults: [messageOf(error)] };
  }
}

function wholeNumber(value: string | undefined, most: number): number | null {
  if (value === undefined || !/^\d{1,10}$/.test(value)) return null;
  return Number(value) <= most ? Number(value) : null;
}
