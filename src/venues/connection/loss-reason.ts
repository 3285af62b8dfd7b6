import { MillraceError } from '#core/errors.ts';

/** What a lost or refused connection means for the next attempt. */
export type LossKind = 'maintenance' | 'occupied' | 'other';

/** The code of the error that says that the venue still holds an earlier connection of the same keys. */
export const CONNECTION_OCCUPIED = 'CONNECTION_OCCUPIED';

const MAINTENANCE = /\bmaintenance\b|\b503\b/i;
/** Alpaca answers a second login of one key with 406 "connection limit exceeded". */
const OCCUPIED = new RegExp(`\\b${CONNECTION_OCCUPIED}\\b|\\b406\\b`);

/** Read from the reason that people see, so that they see why the connection waits as it does. */
export function lossKindOf(reason: string): LossKind {
  if (OCCUPIED.test(reason)) return 'occupied';
  return MAINTENANCE.test(reason) ? 'maintenance' : 'other';
}

/** Whether coming back sooner is pointless, or does harm: keys that the venue refuses stay refused until there are others. */
export function isRefusal(error: unknown): boolean {
  return error instanceof MillraceError && ['configuration', 'rejected', 'validation', 'fatal'].includes(error.class);
}
