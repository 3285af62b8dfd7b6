import { z } from 'zod';
import { STOP_WISHES } from '#core/control/stop-request.ts';
import { MillraceError } from '#core/errors.ts';
import { VENUES } from '#core/market/instrument.ts';

const text = z.string().min(1);
const url = z.url();

/** Text that holds JSON. */
const json = z.string().transform((raw, context): unknown => {
  try {
    return JSON.parse(raw);
  } catch {
    context.addIssue({ code: 'custom', message: 'is not JSON' });
    return z.NEVER;
  }
});

/** Every variable that Lambdas know, as `docs/architecture.md` names them, with what it must be. */
const VARIABLES = {
  MILLRACE_ENVIRONMENT: z.enum(['local', 'dev', 'prod']),
  MILLRACE_BUILD: text,
  MILLRACE_MARKET_STREAM: text,
  MILLRACE_TRADING_STREAM: text,
  MILLRACE_LEDGER_TABLE: text,
  MILLRACE_CONTROL_TABLE: text,
  MILLRACE_ARCHIVE_BUCKET: text,
  MILLRACE_QUARANTINE_BUCKET: text,
  MILLRACE_QUARANTINE_QUEUE: url,
  MILLRACE_ALERT_TOPIC: text.startsWith('arn:'),
  MILLRACE_COMMAND_QUEUE: url,
  MILLRACE_CONFIRMATION_MACHINE: text.startsWith('arn:'),
  MILLRACE_DEAD_MAN_MACHINE: text.startsWith('arn:'),
  MILLRACE_STOP_TOPIC: text.startsWith('arn:'),
  /** What stops trading by itself. */
  MILLRACE_STOP_RULES: json.pipe(
    z.strictObject({ alerts: z.record(z.string(), z.enum(STOP_WISHES)), alarms: z.enum(STOP_WISHES) }),
  ),
  MILLRACE_CONFIGURATION: text,
  MILLRACE_SECRETS: text,
  /** By venue; what it does not name is where the venue says. Empty where the variable is not set. */
  MILLRACE_VENUE_ENDPOINTS: json
    .prefault('{}')
    .pipe(z.partialRecord(z.enum(VENUES), z.strictObject({ market: url, account: url, orders: url, rest: url }))),
  /** n: the callback of every n-th order is withheld; 0: of none. */
  MILLRACE_CONFIRMATION_DRILL: z.coerce.number().int().nonnegative().default(0),
} as const;

export type Variable = keyof typeof VARIABLES;
export type Settings<Names extends Variable> = { readonly [Name in Names]: z.output<(typeof VARIABLES)[Name]> };

/**
 * Reads the named variables. Throws `ENVIRONMENT_INVALID` (configuration) with every fault at once. Addresses of venues are refused outside `local`,
 * withheld callbacks in `prod`, whether asked for or not.
 */
export function readEnvironment<Names extends Variable>(
  names: readonly Names[],
  environment: Readonly<Record<string, string | undefined>>,
): Settings<Names> {
  const shape: Partial<Record<Variable, z.ZodType>> = {};
  for (const name of names) shape[name] = VARIABLES[name];
  const parsed = z.object(shape).safeParse(environment);
  const faults = parsed.success ? [] : parsed.error.issues.map((each) => `${each.path.join('.')}: ${each.message}`);
  const stage = environment.MILLRACE_ENVIRONMENT;
  if (stage !== 'local' && (environment.MILLRACE_VENUE_ENDPOINTS ?? '') !== '') {
    faults.push('MILLRACE_VENUE_ENDPOINTS: is refused outside local');
  }
  if (stage === 'prod' && Number(environment.MILLRACE_CONFIRMATION_DRILL ?? 0) !== 0) {
    faults.push('MILLRACE_CONFIRMATION_DRILL: is refused in prod');
  }
  if (parsed.success && faults.length === 0 && hasAll(parsed.data, names)) return parsed.data;
  const list = faults.map((fault) => `\n  - ${fault}`).join('');
  throw new MillraceError(
    'configuration',
    'ENVIRONMENT_INVALID',
    `the environment has ${faults.length} fault(s):${list}`,
  );
}

/** The schema was made from these very names. */
function hasAll<Names extends Variable>(data: object, names: readonly Names[]): data is Settings<Names> {
  return names.every((name) => name in data);
}
