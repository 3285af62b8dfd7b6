import { parseArgs } from 'node:util';
import { parseUnitId, type UnitRef } from '#core/control/unit.ts';
import { MillraceError, messageOf } from '#core/errors.ts';

/** What is to be audited. */
export interface AuditArguments {
  readonly environment: 'local' | 'dev' | 'prod';
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
    unit: { type: 'string', multiple: true },
    from: { type: 'string' },
    to: { type: 'string' },
    order: { type: 'string' },
    'no-confirmations': { type: 'boolean', default: false },
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
  const units = values.unit?.flatMap((text) => {
    const unit = parseUnitId(text);
    if (unit === null) faults.push(`--unit must read <mode>/<account>/<venue>, not ${text}`);
    return unit === null ? [] : [unit];
  });
  const time = (name: string, text: string | undefined): number | null => {
    if (text === undefined) return null;
    const ms = Date.parse(text);
    if (!Number.isFinite(ms)) faults.push(`--${name} must be a time as 2026-11-21T14:00:00Z, not ${text}`);
    return ms;
  };
  const [from, to] = [time('from', values.from), time('to', values.to)];
  if (from !== null && to !== null && from >= to) faults.push('--from must be before --to');
  if (values.order === '') faults.push('--order must name an order');
  if (environment === undefined || faults.length > 0) {
    const list = faults.map((fault) => `\n  - ${fault}`).join('');
    throw new MillraceError('configuration', 'ARGUMENTS_INVALID', `${list}\n${USAGE}`);
  }
  return {
    environment,
    units: units ?? null,
    from,
    to,
    order: values.order ?? null,
    confirmations: !values['no-confirmations'],
  };
}
