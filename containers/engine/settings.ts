import { hostname } from 'node:os';
import { z } from 'zod';
import { MillraceError } from '#core/errors.ts';
import { EXPECTED_LOAD } from '#core/events/load-forecast.ts';
import { VENUES } from '#core/market/instrument.ts';

const endpoints = z.strictObject({ market: z.url(), account: z.url(), orders: z.url(), rest: z.url() });

const venueEndpoints = z
  .string()
  .transform((text, context) => {
    try {
      return JSON.parse(text) as unknown;
    } catch {
      context.addIssue({ code: 'custom', message: 'is not JSON' });
      return z.NEVER;
    }
  })
  .pipe(z.partialRecord(z.enum(VENUES), endpoints));

/** What the engine reads from its environment variables; `docs/architecture.md` says what each means. */
const schema = z
  .object({
    MILLRACE_ENVIRONMENT: z.enum(['local', 'dev', 'prod']),
    MILLRACE_BUILD: z.string().min(1),
    MILLRACE_MARKET_STREAM: z.string().min(1),
    MILLRACE_TRADING_STREAM: z.string().min(1),
    /** Of the market stream: by them is judged, before anything is sent, whether it can carry the feeds. */
    MILLRACE_MARKET_SHARDS: z.coerce.number().int().min(1).max(10_000).optional(),
    /** Partition keys of a connection whose frames may be read apart. */
    MILLRACE_MARKET_SPREAD: z.coerce.number().int().min(1).max(64).default(1),
    /** Messages a second of one symbol that are reckoned with. */
    MILLRACE_SYMBOL_RATE: z.coerce.number().positive().max(100_000).default(EXPECTED_LOAD.messagesPerSymbol),
    MILLRACE_LEDGER_TABLE: z.string().min(1),
    MILLRACE_CONTROL_TABLE: z.string().min(1),
    MILLRACE_CONFIGURATION: z.string().min(1),
    MILLRACE_SECRETS: z.string().min(1),
    /** Tasks of one service share their variables: by default the container's own host name tells them apart. */
    MILLRACE_ENGINE: z
      .string()
      .regex(/^[A-Za-z0-9._-]{1,80}$/)
      .default(() => hostname()),
    MILLRACE_LEASE_MS: z.coerce.number().int().min(1_000).max(60_000).default(4_000),
    MILLRACE_LEASE_RENEW_MS: z.coerce.number().int().min(100).max(20_000).default(1_000),
    MILLRACE_LEASE_MARGIN_MS: z.coerce.number().int().min(50).max(20_000).default(500),
    /** Over how many engines the feeds are spread evenly; those beyond them stand by. */
    MILLRACE_ENGINES: z.coerce.number().int().min(1).max(200).default(1),
    /** How many feeds this engine is to hold, instead of an even share. */
    MILLRACE_SHARE: z.coerce.number().int().min(1).max(1_000).optional(),
    /** Venues of this engine's region, by commas; all where it is not set. */
    MILLRACE_VENUES: z
      .string()
      .transform((text) => text.split(',').map((each) => each.trim()))
      .pipe(z.array(z.enum(VENUES)).min(1))
      .optional(),
    /** Where streams, tables, secrets and the configuration are, if not in the region it runs in. */
    MILLRACE_HOME_REGION: z
      .string()
      .regex(/^[a-z]{2}(-[a-z]+)+-\d$/, 'an AWS region such as eu-west-1')
      .optional(),
    MILLRACE_HTTP_PORT: z.coerce.number().int().min(0).max(65_535).default(8080),
    MILLRACE_JOURNAL: z.string().min(1),
    MILLRACE_VENUE_ENDPOINTS: venueEndpoints.optional(),
  })
  .superRefine((value, context) => {
    if (value.MILLRACE_VENUE_ENDPOINTS !== undefined && value.MILLRACE_ENVIRONMENT !== 'local') {
      context.addIssue({
        code: 'custom',
        path: ['MILLRACE_VENUE_ENDPOINTS'],
        message: 'is refused outside the local environment',
      });
    }
  });

export type EngineSettings = z.infer<typeof schema>;

/** Reads the engine's settings. Throws `SETTINGS_INVALID` that lists every fault at once. */
export function readEngineSettings(environment: Readonly<Record<string, string | undefined>>): EngineSettings {
  const parsed = schema.safeParse(environment);
  if (parsed.success) return parsed.data;
  const faults = parsed.error.issues.map((issue) => `\n  - ${issue.path.join('.')}: ${issue.message}`);
  throw new MillraceError(
    'configuration',
    'SETTINGS_INVALID',
    `the environment has ${faults.length} fault(s):${faults.join('')}`,
  );
}
