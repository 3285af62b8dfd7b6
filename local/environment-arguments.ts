import { type ParseArgsOptionsConfig, parseArgs } from 'node:util';
import { parseUnitId, type UnitRef } from '#core/control/unit.ts';
import { MillraceError, messageOf } from '#core/errors.ts';

const ENVIRONMENTS = ['local', 'dev', 'prod'] as const;
/** An environment as `lib/environments` names it. */
export type EnvironmentName = (typeof ENVIRONMENTS)[number];

/** Options that say of what a command of people is to speak. */
export const ENVIRONMENT_OPTIONS = {
  unit: { type: 'string', multiple: true },
  environment: { type: 'string', default: 'local' },
} as const;

/** The options as they were given. Throws `ARGUMENTS_INVALID` for what is no option. */
export function readOptions<const Options extends ParseArgsOptionsConfig>(
  argv: readonly string[],
  options: Options,
  usage: string,
) {
  try {
    return parseArgs({ args: [...argv], options }).values;
  } catch (error) {
    throw argumentsInvalid([messageOf(error)], usage);
  }
}

/** Which environment and which units are meant; undefined, or fewer units, where a fault was added. `units` null: none was named. */
export function readEnvironment(
  values: { readonly environment: string; readonly unit?: readonly string[] | undefined },
  faults: string[],
): { readonly environment: EnvironmentName | undefined; readonly units: readonly UnitRef[] | null } {
  const environment = ENVIRONMENTS.find((each) => each === values.environment);
  if (environment === undefined) faults.push(`--environment must be local, dev or prod, not ${values.environment}`);
  const units = values.unit?.flatMap((text) => {
    const unit = parseUnitId(text);
    if (unit === null) faults.push(`--unit must read <mode>/<account>/<venue>, not ${text}`);
    return unit === null ? [] : [unit];
  });
  return { environment, units: units ?? null };
}

/** Every fault at once, and how the command is called. */
export function argumentsInvalid(faults: readonly string[], usage: string): MillraceError {
  const list = faults.map((fault) => `\n  - ${fault}`).join('');
  return new MillraceError('configuration', 'ARGUMENTS_INVALID', `${list}\n${usage}`);
}
