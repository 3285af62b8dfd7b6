import { parseArgs } from 'node:util';
import { parseUnitId, type UnitId, unitId } from '#core/control/unit.ts';
import { MillraceError, messageOf } from '#core/errors.ts';

/** What people wish from the command line. */
export interface StopArguments {
  readonly environment: 'local' | 'dev' | 'prod';
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
    unit: { type: 'string', multiple: true },
    all: { type: 'boolean', default: false },
    flatten: { type: 'boolean', default: false },
    resume: { type: 'boolean', default: false },
    reason: { type: 'string' },
    by: { type: 'string' },
    environment: { type: 'string', default: 'local' },
  } as const;
  const read = () => {
    try {
      return parseArgs({ args: [...argv], options }).values;
    } catch (error) {
      throw new MillraceError('configuration', 'ARGUMENTS_INVALID', `\n  - ${messageOf(error)}\n${USAGE}`);
    }
  };
  const values = read();
  const environment = (['local', 'dev', 'prod'] as const).find((each) => each === values.environment);
  if (environment === undefined) faults.push(`--environment must be local, dev or prod, not ${values.environment}`);
  if (values.flatten && values.resume) faults.push('--flatten and --resume exclude each other');
  if (values.all && values.unit !== undefined) faults.push('--unit and --all exclude each other');
  // What stops may stop more than was meant; what starts again must say what.
  if (values.resume && !values.all && values.unit === undefined) faults.push('--resume needs --unit or --all');
  const units = values.unit?.flatMap((text) => {
    const unit = parseUnitId(text);
    if (unit === null) faults.push(`--unit must read <mode>/<account>/<venue>, not ${text}`);
    return unit === null ? [] : [unitId(unit)];
  });
  const reason = values.reason ?? (values.resume ? 'resumed from the command line' : 'stopped from the command line');
  if (reason === '' || reason.length > 500) faults.push('--reason must have 1 to 500 characters');
  if (values.by !== undefined && (values.by === '' || values.by.length > 200))
    faults.push('--by must have 1 to 200 characters');
  if (environment === undefined || faults.length > 0) {
    const list = faults.map((fault) => `\n  - ${fault}`).join('');
    throw new MillraceError('configuration', 'ARGUMENTS_INVALID', `${list}\n${USAGE}`);
  }
  return {
    environment,
    units: units ?? null,
    wish: values.flatten ? 'flatten' : values.resume ? 'run' : 'stop',
    reason,
    by: values.by ?? null,
  };
}
