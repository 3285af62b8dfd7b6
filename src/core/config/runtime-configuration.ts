import { createHash } from 'node:crypto';
import { z } from 'zod';
import { MARKET_HOURS } from '../calendar/market-hours.ts';
import { MODES, type UnitRef, unitId } from '../control/unit.ts';
import { MillraceError } from '../errors.ts';
import { VENUES } from '../market/instrument.ts';
import { CHANNELS } from '../market/market-message.ts';
import { comparisonFaults } from '../reconciliation/comparison-budget.ts';
import { ENTRY_FILTER_MODEL } from '../strategies/entry-filter-model.ts';
import { inlineEntryFilters, type ReadNamedFile } from './entry-filter-files.ts';
import { POLICY } from './policy.ts';
import { policyFaults } from './policy-faults.ts';
import { SCANNER, scannerFaults } from './scanner-configuration.ts';

const positive = z.number().positive();
const name = z.string().regex(/^[a-z0-9][a-z0-9-]{0,30}$/, 'lower-case letters, digits and dashes, at most 31');

const momentumScalper = z.strictObject({
  kind: z.literal('momentum-scalper'),
  /** Book changes in the window whose drift makes the signal. */
  window: z.number().int().min(4).max(4096),
  /** Drift of the mid price over the window that opens, in ticks. */
  entryTicks: positive,
  /** A resting entry follows its touch when that is so many ticks ahead; absent: it stays where it is. */
  repegTicks: positive.optional(),
  /** Drift from which the entry takes (IOC at the touch) instead of resting at it. */
  takeTicks: positive,
  takeProfitTicks: positive,
  stopLossTicks: positive,
  /** A resting entry or exit is cancelled after this. */
  restMs: z.number().int().min(50).max(600_000),
  /** A position is closed at the market after this. */
  holdMs: z.number().int().min(100).max(86_400_000),
  /** No entry for this long after the last one ended. */
  cooldownMs: z.number().int().min(0).max(3_600_000),
  /** Size of an entry at the entry threshold, decimal text in units of size (base, of inverse contracts quote currency); it grows with the drift. */
  baseSize: z.string().regex(/^\d+(\.\d+)?$/),
  maxSizeFactor: z.number().min(1).max(10),
});

const limits = z.strictObject({
  /** In units of size (base, of inverse contracts quote currency), decimal text. */
  maxOrderSize: z.string().regex(/^\d+(\.\d+)?$/),
  maxPositionSize: z.string().regex(/^\d+(\.\d+)?$/),
  /** Distance of a limit price from the mid, basis points. */
  priceBandBps: positive,
  maxSpreadBps: positive,
  /** Age of data as defined in the architecture, ms (H10). */
  maxDataAgeMs: positive,
  /** In settlement currency, a positive number; realised and unrealised since 00:00 UTC. */
  maxDailyLoss: positive,
  /** In settlement currency, from the highest profit of the day; absent: no limit. */
  maxDrawdown: positive.optional(),
  /** When entries may be sent; absent: by the kind of the instrument, in `paper` always (its venues never close). */
  marketHours: z.enum(MARKET_HOURS).optional(),
  maxOpenOrders: z.number().int().positive(),
  /** Orders per second of one lane. */
  maxOrderRate: positive,
});

/** How a position is protected. */
const protection = z.strictObject({
  /** Who holds the stop loss; absent: the venue, where it can (reduce-only stop orders), with the engine's own behind it. */
  stop: z.enum(['venue', 'engine']).optional(),
  /** `following`: the take profit rests beside an entry that goes on filling, and follows it; absent: it comes after the entry. */
  takeProfit: z.enum(['afterEntry', 'following']).optional(),
});

/** A learned model that judges entries (H16): given here, or as the path of a file that is read with the configuration. */
const entryFilter = z.strictObject({ path: z.string().min(1).optional(), model: ENTRY_FILTER_MODEL });

const onSymbol = {
  strategy: z.discriminatedUnion('kind', [momentumScalper]),
  limits,
  protection: protection.optional(),
  /** Absent: every entry that the strategy signals goes on to risk. */
  entryFilter: entryFilter.optional(),
  /**
   * Spot only: what of the base asset in the account is not for trading, decimal text in base units. The lane's position is the venue's balance less this; a larger balance than its fills
   * explain halts the lane.
   */
  reservedSize: z
    .string()
    .regex(/^\d+(\.\d{1,18})?$/)
    .default('0'),
};

const lane = z.strictObject({
  name,
  account: name,
  mode: z.enum(MODES),
  venue: z.enum(VENUES),
  /** With `symbolFrom`, the first one. */
  symbol: z.string().regex(/^[A-Z0-9._-]{1,40}$/),
  ...onSymbol,
  /** The scanner that picks the symbol; absent: it stays. */
  symbolFrom: name.optional(),
  /** How the scanner's other candidates are traded: sizes and ticks are each symbol's own. */
  perSymbol: z.record(z.string(), z.strictObject(onSymbol)).optional(),
  /** `every`: Step Functions follow each order. `unseen`: only those whose end the engine did not see in time. */
  confirm: z.enum(['every', 'unseen']),
});

const account = z.strictObject({
  name,
  mode: z.enum(MODES),
  venue: z.enum(VENUES),
  /** `live` is asked for twice (H18): here and by the environment. */
  liveConfirmed: z.boolean().default(false),
  /** What happens to working orders at SIGTERM. */
  onShutdown: z.enum(['cancel', 'keep']),
});

const feed = z.strictObject({
  /** What it is leased as; absent: as its venue. With names of their own, several feeds of a venue can be held by several engines. */
  name: z
    .string()
    .regex(/^[a-z0-9][a-z0-9-]{0,23}$/, 'lower-case letters, digits and dashes, at most 24')
    .optional(),
  venue: z.enum(VENUES),
  symbols: z.array(z.string()).min(1),
  /** What is subscribed for each symbol; a channel that stays silent is taken for a fault (R10). */
  channels: z
    .array(z.enum(CHANNELS))
    .refine((channels) => channels.includes('book'), 'lanes need the book')
    .default(['book', 'trades', 'quotes', 'ticker']),
});

const document = z
  .strictObject({
    version: z.number().int().positive(),
    /** Without accounts and lanes an engine only records what its feeds carry. */
    accounts: z.array(account),
    lanes: z.array(lane),
    feeds: z.array(feed).min(1),
    /** What picks symbols for lanes; absent: each lane stays on its own. */
    scanners: z.array(SCANNER).optional(),
    /** What holds beyond one lane; absent: nothing does. */
    policy: POLICY.optional(),
  })
  .superRefine((value, context) => {
    const seen = new Set<string>();
    for (const [index, each] of value.lanes.entries()) {
      const at = ['lanes', index];
      if (seen.has(`name ${each.name}`))
        context.addIssue({ code: 'custom', path: [...at, 'name'], message: `lane ${each.name} is declared twice` });
      seen.add(`name ${each.name}`);
      const place = `${each.mode}/${each.account}/${each.venue}/${each.symbol}`;
      if (seen.has(place))
        context.addIssue({ code: 'custom', path: at, message: `at most one lane per unit and symbol: ${place}` });
      seen.add(place);
      const owner = value.accounts.find(
        (a) => a.name === each.account && a.mode === each.mode && a.venue === each.venue,
      );
      if (owner === undefined)
        context.addIssue({
          code: 'custom',
          path: [...at, 'account'],
          message: `no account ${each.account} (${each.mode}) on ${each.venue}`,
        });
      const fed = value.feeds.some((feed) => feed.venue === each.venue && feed.symbols.includes(each.symbol));
      if (!fed)
        context.addIssue({
          code: 'custom',
          path: [...at, 'symbol'],
          message: `no feed of ${each.venue} carries ${each.symbol}`,
        });
      if (each.strategy.takeTicks < each.strategy.entryTicks)
        context.addIssue({
          code: 'custom',
          path: [...at, 'strategy', 'takeTicks'],
          message: 'must not be below entryTicks',
        });
    }
    checkFeeds(value, context);
    for (const fault of scannerFaults(value))
      context.addIssue({ code: 'custom', path: [...fault.path], message: fault.message });
    for (const fault of value.policy === undefined ? [] : policyFaults(value.policy, value.lanes))
      context.addIssue({ code: 'custom', path: ['policy', ...fault.path], message: fault.message });
    for (const { index, message } of comparisonFaults(value.lanes))
      context.addIssue({ code: 'custom', path: ['lanes', index], message });
    for (const [index, each] of value.accounts.entries()) {
      if (each.mode === 'live' && !each.liveConfirmed)
        context.addIssue({
          code: 'custom',
          path: ['accounts', index, 'liveConfirmed'],
          message: 'a live account must say liveConfirmed: true',
        });
    }
  });

/** The runtime configuration: one versioned document, validated whole (R3). Its hash is on every event. */
export type RuntimeConfiguration = z.infer<typeof document>;
export type LaneConfiguration = RuntimeConfiguration['lanes'][number];
export type AccountConfiguration = RuntimeConfiguration['accounts'][number];
export type FeedConfiguration = RuntimeConfiguration['feeds'][number];
export type LaneLimits = LaneConfiguration['limits'];
export type MomentumScalperSettings = z.infer<typeof momentumScalper>;

/** A configuration with the hash of its canonical text. */
export interface LoadedConfiguration {
  readonly configuration: RuntimeConfiguration;
  readonly hash: string;
}

/** What a feed is leased as. */
export function feedName(feed: Pick<FeedConfiguration, 'name' | 'venue'>): string {
  return feed.name ?? feed.venue;
}

/** The units whose lanes trade what a feed carries: they are held where the feed is. */
export function unitsOf(
  { lanes }: Pick<RuntimeConfiguration, 'lanes'>,
  feed: Pick<FeedConfiguration, 'venue' | 'symbols'>,
): readonly UnitRef[] {
  const units = new Map<string, UnitRef>();
  for (const { account, mode, venue, symbol } of lanes) {
    if (venue === feed.venue && feed.symbols.includes(symbol))
      units.set(unitId({ account, mode, venue }), { account, mode, venue });
  }
  return [...units.values()];
}

/** Each symbol of a venue has one feed, and each unit all its lanes in one: its lanes must find their books in the engine that holds the unit. */
function checkFeeds(value: Pick<RuntimeConfiguration, 'lanes' | 'feeds'>, context: z.RefinementCtx): void {
  const names = new Set<string>();
  const carriers = new Map<string, string>();
  for (const [index, feed] of value.feeds.entries()) {
    const name = feedName(feed);
    const fault = (path: PropertyKey[], message: string) =>
      context.addIssue({ code: 'custom', path: ['feeds', index, ...path], message });
    if (names.has(name))
      fault(['name'], `there are two feeds ${name}: several feeds of a venue need names of their own`);
    else if (name !== feed.venue && VENUES.some((venue) => venue === name)) fault(['name'], `${name} is another venue`);
    names.add(name);
    for (const [at, symbol] of feed.symbols.entries()) {
      const place = `${feed.venue}/${symbol}`;
      const carrier = carriers.get(place);
      if (carrier !== undefined) fault(['symbols', at], `${place} is carried by feed ${carrier} already`);
      else carriers.set(place, name);
    }
  }
  const homes = new Map<string, string>();
  for (const [index, lane] of value.lanes.entries()) {
    const feed = carriers.get(`${lane.venue}/${lane.symbol}`);
    if (feed === undefined) continue;
    const unit = unitId({ account: lane.account, mode: lane.mode, venue: lane.venue });
    const home = homes.get(unit) ?? feed;
    homes.set(unit, home);
    if (home === feed) continue;
    const message = `${lane.symbol} is in feed ${feed}, other lanes of ${unit} in feed ${home}: all lanes of a unit need one feed`;
    context.addIssue({ code: 'custom', path: ['lanes', index, 'symbol'], message });
  }
}

/**
 * Reads and validates a configuration document. Throws `CONFIGURATION_INVALID` that lists every fault at once. `readFile` reads what the document names by its path; absent: it may name nothing.
 */
export function loadConfiguration(
  text: string,
  origin: string,
  readFile: ReadNamedFile | null = null,
): LoadedConfiguration {
  let raw: unknown;
  try {
    raw = JSON.parse(text);
  } catch (error) {
    throw new MillraceError(
      'configuration',
      'CONFIGURATION_INVALID',
      `${origin} is not JSON: ${(error as Error).message}`,
    );
  }
  const unread = inlineEntryFilters(raw, readFile);
  const parsed = document.safeParse(raw);
  if (!parsed.success || unread.length > 0) {
    // A model that could not be read is missing as well: said once is enough.
    const within = (path: readonly PropertyKey[]) =>
      unread.some((each) => path.join('.').startsWith(each.path.slice(0, -1).join('.')));
    const invalid = (parsed.error?.issues ?? []).filter((issue) => !within(issue.path));
    const faults = [...unread, ...invalid].map(
      (issue) => `\n  - ${issue.path.join('.') || '(document)'}: ${issue.message}`,
    );
    throw new MillraceError(
      'configuration',
      'CONFIGURATION_INVALID',
      `${origin} has ${faults.length} fault(s):${faults.join('')}`,
    );
  }
  const hash = createHash('sha256').update(JSON.stringify(parsed.data)).digest('hex').slice(0, 16);
  return { configuration: parsed.data, hash };
}
