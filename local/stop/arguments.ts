import { type UnitId, unitId } from '#core/control/unit.ts';
import {
  argumentsInvalid,
  ENVIRONMENT_OPTIONS,
  type EnvironmentName,
  readEnvironment,
  readOptions,
} from '../environment-arguments.ts';

/** What people wish from the command line. */
export interface StopArguments {
  readonly environment: EnvironmentName;
  /** Null: all units that have lanes. */
  readonly units: readonly UnitId[] | null;
  readonly wish: 'stop' | 'flatten' | 'run';
  readonly reason: string;
  /** Null: whoever is logged in. */
  readonly by: string | null;
}

export const USAGE = `npm run stop -- [--unit <mode>/<account>/<venue>]… | [--all] [--flatten | --resume] [--reason TEXT] [--by NAME] [--environment local|dev|prod]`;

/** Reads the command line: without arguments everything is stopped. Throws `ARGUMENTS_INVALID` that lists every fault at once. */
export function parseStopArguments(argv: readonly string[]): StopArguments {
  const faults: string[] = [];
  const options = {
    ...ENVIRONMENT_OPTIONS,
    all: { type: 'boolean', default: false },
    flatten: { type: 'boolean', default: false },
    resume: { type: 'boolean', default: false },
    reason: { type: 'string' },
    by: { type: 'string' },
  } as const;
  const values = readOptions(argv, options, USAGE);
  const { environment, units } = readEnvironment(values, faults);
  if (values.flatten && values.resume) faults.push('--flatten and --resume exclude each other');
  if (values.all && values.unit !== undefined) faults.push('--unit and --all exclude each other');
  // What stops may stop more than was meant; what starts again must say what.
  if (values.resume && !values.all && values.unit === undefined) faults.push('--resume needs --unit or --all');
  const reason = values.reason ?? (values.resume ? 'resumed from the command line' : 'stopped from the command line');
  if (reason === '' || reason.length > 500) faults.push('--reason must have 1 to 500 characters');
  if (values.by !== undefined && (values.by === '' || values.by.length > 200))
    faults.push('--by must have 1 to 200 characters');
  if (environment === undefined || faults.length > 0) throw argumentsInvalid(faults, USAGE);
  return {
    environment,
    units: units?.map(unitId) ?? null,
    wish: values.flatten ? 'flatten' : values.resume ? 'run' : 'stop',
    reason,
    by: values.by ?? null,
  };
}
