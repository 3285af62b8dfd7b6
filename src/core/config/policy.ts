import { z } from 'zod';
import { MODES } from '../control/unit.ts';
import { VENUES } from '../market/instrument.ts';
import { BREAKER_KINDS } from '../risk/breaker.ts';

const positive = z.number().positive();
/** Whole smallest amounts of it are safe in a double. */
const amount = z.number().positive().max(1e11);
const name = z.string().regex(/^[a-z0-9][a-z0-9-]{0,30}$/, 'lower-case letters, digits and dashes, at most 31');
const date = z.iso.date();

const BUDGET_LIMITS = ['maxExposure', 'maxDailyLoss', 'maxDrawdown', 'maxOpenOrders', 'maxOrderRate'] as const;

const budget = z
  .strictObject({
    name,
    /** Budgets never span modes: paper money is not money. */
    mode: z.enum(MODES),
    /** What it is over; absent: all. Accounts of one tenant are that tenant's budget. */
    accounts: z.array(name).min(1).optional(),
    venues: z.array(z.enum(VENUES)).min(1).optional(),
    symbols: z.array(z.string()).min(1).optional(),
    /** Value of positions with the working and Unknown orders that could add to them, in the reporting currency (F6). */
    maxExposure: amount.optional(),
    /** In the reporting currency, since 00:00 UTC, realised and unrealised. */
    maxDailyLoss: amount.optional(),
    /** The same, from the highest profit of the day. */
    maxDrawdown: amount.optional(),
    maxOpenOrders: z.number().int().positive().optional(),
    /** Orders per second. */
    maxOrderRate: amount.optional(),
    /** How it is divided: weights by unit (`mode/account/venue`); a unit that is not named weighs 1. */
    shares: z.record(z.string(), z.number().int().min(0).max(1_000)).default({}),
  })
  .superRefine((value, context) => {
    if (BUDGET_LIMITS.every((limit) => value[limit] === undefined))
      context.addIssue({ code: 'custom', path: [], message: `budget ${value.name} limits nothing` });
    if (value.symbols === undefined) return;
    for (const limit of BUDGET_LIMITS)
      if (limit !== 'maxExposure' && value[limit] !== undefined)
        context.addIssue({ code: 'custom', path: [limit], message: 'a budget of symbols can limit exposure alone' });
  });

const breaker = z
  .strictObject({
    window: z.number().int().min(1).max(1_000),
    bad: z.number().int().min(1).max(1_000),
    withinMs: z.number().int().min(100).max(86_400_000),
    openMs: z.number().int().min(100).max(86_400_000),
    maxOpenMs: z.number().int().min(100).max(86_400_000),
    trials: z.number().int().min(1).max(100).default(1),
  })
  .superRefine((value, context) => {
    if (value.bad > value.window)
      context.addIssue({ code: 'custom', path: ['bad'], message: 'is more than the window holds' });
    if (value.maxOpenMs < value.openMs)
      context.addIssue({ code: 'custom', path: ['maxOpenMs'], message: 'is below openMs' });
  });

/** The risk policy: what holds beyond one lane. A change of it raises its version. */
export const POLICY = z
  .strictObject({
    version: z.number().int().positive(),
    /** What budgets are counted in. */
    reportingCurrency: z
      .string()
      .regex(/^[A-Z0-9]{2,10}$/)
      .default('USD'),
    /** What one unit of a currency counts for in the reporting currency. Others have no worth, and what is settled in them opens nothing where a budget holds. */
    worth: z.record(z.string(), positive).default({ USD: 1, USDT: 1, USDC: 1 }),
    /** When these worths were right; absent: they have no age (currencies that are held at one price). */
    worthAsOf: z.iso.datetime().optional(),
    /** Older ones count as unknown, but for the reporting currency's own. */
    maxWorthAgeHours: positive.default(168),
    budgets: z.array(budget).default([]),
    /** Largest part of a unit's exposure budget that one symbol may take. */
    maxConcentration: z.number().positive().max(1).optional(),
    /** Part of an entry's value that must be free in the currency that it settles in, where the venue told a balance. */
    marginRate: z.number().positive().max(1).optional(),
    marketHours: z
      .strictObject({
        /** Entries end so long before the close. */
        stopBeforeCloseMinutes: z.number().min(0).max(390).default(5),
        /** Days beyond the rules on which US exchanges are closed, or end at 13:00. */
        closed: z.array(date).default([]),
        half: z.array(date).default([]),
      })
      .default({ stopBeforeCloseMinutes: 5, closed: [], half: [] }),
    breakers: z.partialRecord(z.enum(BREAKER_KINDS), breaker).default({}),
    /** From when on an acknowledgement is a bad observation of the breaker `latency`, ms. */
    slowAckMs: positive.default(1_000),
  })
  .superRefine((value, context) => {
    const names = new Set<string>();
    for (const [index, each] of value.budgets.entries()) {
      if (names.has(each.name))
        context.addIssue({
          code: 'custom',
          path: ['budgets', index, 'name'],
          message: `budget ${each.name} is there twice`,
        });
      names.add(each.name);
    }
    if (value.maxConcentration !== undefined && value.budgets.every((each) => each.maxExposure === undefined))
      context.addIssue({
        code: 'custom',
        path: ['maxConcentration'],
        message: 'is a part of a budget of exposure, and there is none',
      });
  });
export type Policy = z.infer<typeof POLICY>;
export type Budget = Policy['budgets'][number];

/** What holds where a configuration has no policy: nothing beyond the lanes' own limits. Any policy is newer. */
export const NO_POLICY: Policy = { ...POLICY.parse({ version: 1 }), version: 0 };
