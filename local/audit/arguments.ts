import type { UnitRef } from '#core/control/unit.ts';
import {
  argumentsInvalid,
  ENVIRONMENT_OPTIONS,
  type EnvironmentName,
  readEnvironment,
  readOptions,
} from '../environment-arguments.ts';

/** What is to be audited. */
export interface AuditArguments {
  readonly environment: EnvironmentName;
  /** Null: all units that have lanes. */
  readonly units: readonly UnitRef[] | null;
  /** By the time of the order's intent, ms; null: any. */
  readonly from: number | null;
  readonly to: number | null;
  readonly order: string | null;
  /** Confirmations are read and compared: a request for each. */
  readonly confirmations: boolean;
}

export const USAGE = `npm run audit -- [--unit <mode>/<account>/<venue>]… [--from ISO] [--to ISO] [--order ID] [--no-confirmations] [--environment local|dev|prod]`;

/** Reads the command line. Throws `ARGUMENTS_INVALID` that lists every fault at once. */
export function parseAuditArguments(argv: readonly string[]): AuditArguments {
  const faults: string[] = [];
  const options = {
    ...ENVIRONMENT_OPTIONS,
    from: { type: 'string' },
    to: { type: 'string' },
    order: { type: 'string' },
    'no-confirmations': { type: 'boolean', default: false },
  } as const;
  const values = readOptions(argv, options, USAGE);
  const { environment, units } = readEnvironment(values, faults);
  const time = (name: string, text: string | undefined): number | null => {
    if (text === undefined) return null;
    const ms = Date.parse(text);
    if (!Number.isFinite(ms)) faults.push(`--${name} must be a time as 2026-11-21T14:00:00Z, not ${text}`);
    return ms;
  };
  const [from, to] = [time('from', values.from), time('to', values.to)];
  if (from !== null && to !== null && from >= to) faults.push('--from must be before --to');
  if (values.order === '') faults.push('--order must name an order');
  if (environment === undefined || faults.length > 0) throw argumentsInvalid(faults, USAGE);
  return {
    environment,
    units,
    from,
    to,
    order: values.order ?? null,
    confirmations: !values['no-confirmations'],
  };
}
