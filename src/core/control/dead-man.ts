import { z } from 'zod';
import type { OrderReport } from '../orders/order.ts';

/** What of a lease says whether its holder lives. */
export interface LeasePulse {
  readonly holder: string;
  readonly epoch: number;
  /** Grows with each renewal. */
  readonly rvn: number;
  readonly released: boolean;
}

/** What the dead-man switch has on record of a unit. */
export interface DeadManRecord {
  /** The standstill that it has dealt with, or null. */
  readonly doneFor: string | null;
  /** Until when it is not to act, ms since 1970. */
  readonly disarmedUntil: number;
}

/**
 * What two looks at a lease, some time apart, say. `free`: nobody holds it, since it was given up in order or never taken. `alive`: somebody has renewed or taken it in between.
 * `done`: this standstill was dealt with. `standstill`: its holder is gone or hangs, and nobody took over.
 */
export type DeadManVerdict = 'free' | 'alive' | 'disarmed' | 'done' | 'standstill';

/** Which renewal a lease stands still at: the same for as long as it does. */
export function standstillOf(pulse: Pick<LeasePulse, 'epoch' | 'rvn'>): string {
  return `${pulse.epoch}#${pulse.rvn}`;
}

/** Judges a unit by two looks at its lease. What people wish of it is no matter: orders that nobody looks after are not to stand under any wish. */
export function judgeLease(
  first: LeasePulse | null,
  second: LeasePulse | null,
  record: DeadManRecord,
  now: number,
): DeadManVerdict {
  if (first === null || second === null || second.released) return 'free';
  if (standstillOf(first) !== standstillOf(second)) return 'alive';
  if (now < record.disarmedUntil) return 'disarmed';
  return record.doneFor === standstillOf(second) ? 'done' : 'standstill';
}

/** Whether an open order could open or enlarge a position. What only closes one stays: it is all the protection that is left. */
export function mayOpen(report: Pick<OrderReport, 'reduceOnly' | 'orderType'>): boolean {
  return !report.reduceOnly && report.orderType !== 'stopMarket' && report.orderType !== 'takeProfitMarket';
}

/** One standstill as its execution carries it from step to step. */
export const DEAD_MAN_CASE = z.object({
  unit: z.string(),
  holder: z.string(),
  epoch: z.number().int(),
  rvn: z.number().int(),
  /** How long the lease had not been renewed when it was found, s. */
  standstillSeconds: z.number(),
  /** When it was found, ms since 1970. */
  foundAt: z.number(),
  /** Until when people had switched it off last, ms since 1970; absent: never. */
  disarmedUntil: z.number().optional(),
  /** Looks at the venue so far. */
  attempts: z.number().int().nonnegative().default(0),
  /** How many of the last looks found nothing open that could open a position. */
  clean: z.number().int().nonnegative().default(0),
  /** Ids of orders that were cancelled so far. */
  cancelled: z.array(z.string()).default([]),
});
export type DeadManCase = z.output<typeof DEAD_MAN_CASE>;

/** What one step found at the venue. */
export interface DeadManLook {
  readonly cancelled: readonly string[];
  /** Why something that could open a position may still stand. */
  readonly failed: readonly string[];
}

/**
 * What to do after a step. `alive`: somebody renewed or took the lease, whose engine looks after the orders. `done`: the venue has said twice that nothing is open. `again`: another
 * look, soon where the last one was clean. `givenUp`: people were asked all the while, and nothing helped.
 */
export type DeadManDecision = { readonly kind: 'alive' | 'done' | 'soon' | 'again' | 'givenUp' };

/** One clean look may come before an order that was on its way. */
const CLEAN_LOOKS = 2;
/** At 15 s each, four hours. */
const MAX_ATTEMPTS = 1_000;

/** Decides by the lease as it is now and by what the venue said; `look` null: it was not asked, since somebody lives. */
export function decideDeadMan(
  stands: DeadManCase,
  lease: LeasePulse | null,
  look: DeadManLook | null,
): { readonly next: DeadManCase; readonly decision: DeadManDecision } {
  const still = lease !== null && !lease.released && standstillOf(lease) === standstillOf(stands);
  if (!still || look === null) return { next: stands, decision: { kind: 'alive' } };
  const isClean = look.failed.length === 0 && look.cancelled.length === 0;
  const next: DeadManCase = {
    ...stands,
    attempts: stands.attempts + 1,
    clean: isClean ? stands.clean + 1 : 0,
    cancelled: [...new Set([...stands.cancelled, ...look.cancelled])],
  };
  if (next.clean >= CLEAN_LOOKS) return { next, decision: { kind: 'done' } };
  if (next.attempts >= MAX_ATTEMPTS) return { next, decision: { kind: 'givenUp' } };
  return { next, decision: { kind: look.failed.length === 0 ? 'soon' : 'again' } };
}

/**
 * The name of the one execution of a standstill: at most 80 characters without those that Step Functions refuses. Where people have switched the unit off and on again, another than before: the one
 * that saw it switched off has ended, and its name is never taken again.
 */
export function deadManExecutionName(stands: Pick<DeadManCase, 'unit' | 'epoch' | 'rvn' | 'disarmedUntil'>): string {
  const { epoch, rvn, disarmedUntil } = stands;
  const unit = stands.unit.replaceAll('/', '_');
  if (disarmedUntil === undefined) return `${unit}-${epoch}-${rvn}`;
  return [unit, ...[epoch, rvn, Math.floor(disarmedUntil)].map((each) => each.toString(36))].join('-');
}
