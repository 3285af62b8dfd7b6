import { z } from 'zod';
import { DEFAULT_DESIRED_STATE, type DesiredState } from './desired-state.ts';
import { ORDER_DECISION, type OrderDecision, withDecision } from './order-decision.ts';
import { STOP_WISHES } from './stop-request.ts';
import { parseUnitId } from './unit.ts';

/** A wish of a person or a watchdog for one unit, as it travels on the command queue. */
export const DESIRED_COMMAND = z.object({
  kind: z.literal('desiredState').default('desiredState'),
  /** Chosen by the sender, once for each wish: a repeated id changes nothing. */
  id: z.string().min(1).max(128),
  /** `<mode>/<account>/<venue>`. */
  unit: z.string().refine((text) => parseUnitId(text) !== null, 'must read <mode>/<account>/<venue>'),
  wish: z.enum(['run', 'reduce', 'stop', 'flatten']),
  /** Replaces the list; absent: the list stays as it is. */
  frozenSymbols: z
    .array(z.string().regex(/^[A-Z0-9._-]{1,40}$/))
    .max(200)
    .optional(),
  reason: z.string().min(1).max(500),
  by: z.string().min(1).max(200),
  /** When it was wished, ms since 1970; absent: when the queue took it in. */
  issuedAt: z.number().nonnegative().optional(),
  /** `alarm`: not a person's. It can make the wish stronger, never weaker, until people wish again. */
  source: z.literal('alarm').optional(),
});
export type DesiredCommand = z.infer<typeof DESIRED_COMMAND>;

/** Commands whose ids are remembered, oldest forgotten first; older ones are caught by their time. */
const REMEMBERED = 64;

/** The desired state with what tells old and repeated commands from new ones. */
export const DESIRED_RECORD = z.object({
  version: z.number().int().nonnegative(),
  wish: z.enum(['run', 'reduce', 'stop', 'flatten']),
  frozenSymbols: z.array(z.string()),
  reason: z.string(),
  by: z.string(),
  /** Precedence of the command that set the wish, and of the one that set the frozen symbols: they are two registers. */
  wishFrom: z.string(),
  frozenFrom: z.string(),
  seen: z.array(z.string()),
  /** Symbols that a watchdog has frozen, beside those of people; a later list of people lifts them. */
  watched: z.array(z.object({ symbol: z.string(), from: z.string(), reason: z.string() })).optional(),
  /** What alarms have wished, the latest of each strength; a later wish of people ends them. */
  alarms: z
    .array(z.object({ wish: z.enum(STOP_WISHES), from: z.string(), reason: z.string(), by: z.string() }))
    .optional(),
  /** The version at which people set the wish. */
  wishVersion: z.number().int().nonnegative().optional(),
  /** What people found of orders, newest last. */
  decisions: z.array(ORDER_DECISION).optional(),
});
export type DesiredRecord = z.infer<typeof DESIRED_RECORD>;

/** What one command does to a record. `superseded`: everything that it wishes was overruled by later commands. */
export type CommandOutcome =
  | { readonly kind: 'applied'; readonly record: DesiredRecord }
  | { readonly kind: 'duplicate' }
  | { readonly kind: 'superseded' };

/**
 * Applies a command to a unit's record. The result depends only on the set of commands, not on their order: the latest wish by time of issue holds,
 * and so does the latest list of frozen symbols, each by itself. `now`: wall clock, ms; what is dated after it was dated by a clock that is ahead, and does not hold off a stronger wish.
 */
export function applyCommand(
  record: DesiredRecord | null,
  command: DesiredCommand,
  issuedAt: number,
  now = Number.POSITIVE_INFINITY,
): CommandOutcome {
  const from = precedenceOf(issuedAt, command.id);
  const known = record ?? noRecord();
  const ahead = isAfter(known.wishFrom, now) && strengthOf(command) > strengthOf(strongest(known));
  const current = ahead ? { ...known, wishFrom: precedenceOf(issuedAt, '') } : known;
  if (current.seen.includes(command.id)) return { kind: 'duplicate' };
  if (command.source === 'alarm') return applyAlarm(current, command, from);
  const wishes = from > current.wishFrom;
  const freezes = command.frozenSymbols !== undefined && from > current.frozenFrom;
  if (!wishes && !freezes) return { kind: 'superseded' };
  return {
    kind: 'applied',
    record: {
      ...current,
      version: current.version + 1,
      wishVersion: wishes ? current.version + 1 : wishVersionOf(current),
      ...(wishes ? { wish: command.wish, reason: command.reason, by: command.by, wishFrom: from } : {}),
      ...(freezes ? { frozenSymbols: [...new Set(command.frozenSymbols)].sort(), frozenFrom: from } : {}),
      ...(freezes ? { watched: (current.watched ?? []).filter((each) => each.from > from) } : {}),
      seen: [...current.seen, command.id].slice(-REMEMBERED),
    },
  };
}

/** Notes what an alarm wishes, beside what people do: which of the two holds is judged when the state is told. */
function applyAlarm(current: DesiredRecord, { id, wish, reason, by }: DesiredCommand, from: string): CommandOutcome {
  // Alarms stop; that trading goes on is for people to say.
  if (wish === 'run' || from <= current.wishFrom) return { kind: 'superseded' };
  const alarms = current.alarms ?? [];
  if (alarms.some((each) => each.wish === wish && each.from >= from)) return { kind: 'superseded' };
  const kept = alarms.filter((each) => each.wish !== wish);
  return {
    kind: 'applied',
    record: {
      ...current,
      version: current.version + 1,
      wishVersion: current.version + 1,
      alarms: [...kept, { wish, from, reason, by }],
      seen: [...current.seen, id].slice(-REMEMBERED),
    },
  };
}

/** The strongest of what people wish and what alarms have wished since; `run` is the weakest. */
function strongest(record: DesiredRecord): Pick<DesiredState, 'wish' | 'reason' | 'by'> {
  const since = (record.alarms ?? []).filter((each) => each.from > record.wishFrom);
  let held: Pick<DesiredState, 'wish' | 'reason' | 'by'> = record;
  for (const each of since) if (strengthOf(each) > strengthOf(held)) held = each;
  return { wish: held.wish, reason: held.reason, by: held.by };
}

function strengthOf({ wish }: Pick<DesiredState, 'wish'>): number {
  return wish === 'run' ? -1 : STOP_WISHES.indexOf(wish);
}

/** A watchdog's word that symbols are to take no entries until people have looked. */
export interface SymbolFreeze {
  /** Chosen by the sender, once for each finding. */
  readonly id: string;
  readonly symbols: readonly string[];
  readonly reason: string;
}

/**
 * Adds symbols to the frozen ones: neither the wish nor the list of people is touched, so that it can undo neither. `duplicate`: all of them are frozen as late already; `superseded`: people
 * have set the list since. `now`: as in `applyCommand`.
 */
export function applyFreeze(
  record: DesiredRecord | null,
  freeze: SymbolFreeze,
  issuedAt: number,
  now = Number.POSITIVE_INFINITY,
): CommandOutcome {
  const from = precedenceOf(issuedAt, freeze.id);
  const known = record ?? noRecord();
  const current = isAfter(known.frozenFrom, now) ? { ...known, frozenFrom: precedenceOf(issuedAt, '') } : known;
  if (from <= current.frozenFrom) return { kind: 'superseded' };
  const watched = current.watched ?? [];
  const later = new Set(watched.filter((each) => each.from >= from).map((each) => each.symbol));
  const added = [...new Set(freeze.symbols)].filter((symbol) => !later.has(symbol));
  if (added.length === 0) return { kind: 'duplicate' };
  const kept = watched.filter((each) => !added.includes(each.symbol));
  const next = added.map((symbol) => ({ symbol, from, reason: freeze.reason }));
  return {
    kind: 'applied',
    record: {
      ...current,
      version: current.version + 1,
      wishVersion: wishVersionOf(current),
      watched: [...kept, ...next],
    },
  };
}

/** Adds what a person found of an order; nothing that anybody wishes is touched. */
export function applyDecision(record: DesiredRecord | null, decision: OrderDecision): CommandOutcome {
  const current = record ?? noRecord();
  const decisions = withDecision(current.decisions ?? [], decision);
  if (decisions === null) return { kind: 'duplicate' };
  // Older than all that are kept: the engine has long had newer ones.
  if (!decisions.some((each) => each.id === decision.id)) return { kind: 'superseded' };
  return {
    kind: 'applied',
    record: {
      ...current,
      version: current.version + 1,
      wishVersion: wishVersionOf(current),
      decisions: [...decisions],
    },
  };
}

/** Of records of before this was kept: the latest that it can have been. */
function wishVersionOf(record: DesiredRecord): number {
  return record.wishVersion ?? record.version;
}

const TIME_DIGITS = 16;

function precedenceOf(issuedAt: number, id: string): string {
  return `${String(Math.floor(issuedAt)).padStart(TIME_DIGITS, '0')}#${id}`;
}

/** Whether a precedence is dated after `now`. */
function isAfter(precedence: string, now: number): boolean {
  return Number(precedence.slice(0, TIME_DIGITS)) > now;
}

function noRecord(): DesiredRecord {
  const { version, wish, reason, by } = DEFAULT_DESIRED_STATE;
  return { version, wish, reason, by, frozenSymbols: [], wishFrom: '', frozenFrom: '', seen: [] };
}

function frozenOf(record: DesiredRecord): readonly string[] {
  if (record.watched === undefined || record.watched.length === 0) return record.frozenSymbols;
  return [...new Set([...record.frozenSymbols, ...record.watched.map((each) => each.symbol)])].sort();
}

/** What an engine is told. */
export function desiredStateOf(record: DesiredRecord | null): DesiredState {
  if (record === null) return DEFAULT_DESIRED_STATE;
  const { version } = record;
  return {
    version,
    ...strongest(record),
    frozenSymbols: frozenOf(record),
    wishVersion: wishVersionOf(record),
    ...(record.decisions === undefined ? {} : { decisions: record.decisions }),
  };
}
