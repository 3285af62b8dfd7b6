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
export function standstillOf(pulse: LeasePulse): string {
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
