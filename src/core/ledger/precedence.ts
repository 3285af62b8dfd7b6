import type { OrderState } from '../events/trading-event.ts';
import { isPersonsWord, type StatedEvidence } from '../orders/evidence-rule.ts';

/** Digits of a number inside a precedence: sortable as text up to 2^53. */
const WIDTH = 16;

function digits(value: number): string {
  return String(value).padStart(WIDTH, '0');
}

/** Which of two events of a unit is the later one, as text that sorts: the epoch first, then the sequence in it. */
export function eventPrecedence(epoch: number, sequence: number): string {
  return `${digits(epoch)}.${digits(sequence)}`;
}

/** Which of two statements of the venue is the later one: the venue's time in microseconds, then the event that carried it. */
export function venuePrecedence(venueTime: number, epoch: number, sequence: number): string {
  return `${digits(Math.round(venueTime * 1000))}.${eventPrecedence(epoch, sequence)}`;
}

/**
 * What an order's state can still give way to. `Filled` is for good, and so is `Denied`: it never left, whatever a successor says that had not heard of it. `Canceled` and `Expired` give way to `Filled` alone (a late fill counts, and what a
 * later epoch says before it has looked does not undo them). Everything else, `Rejected` included, gives way to what the unit said later.
 */
const FINALITY: Readonly<Record<OrderState, '0' | '1' | '2'>> = {
  Initialized: '0',
  Denied: '2',
  Submitted: '0',
  Accepted: '0',
  PartiallyFilled: '0',
  PendingCancel: '0',
  PendingReplace: '0',
  Rejected: '0',
  Unknown: '0',
  Canceled: '1',
  Expired: '1',
  Filled: '2',
};

/**
 * A total order over everything that events can say of one order's state: the highest holds, whatever order they arrive in. An end that rests on the word of people alone gives way to whatever the
 * unit says later.
 */
export function orderStatePrecedence(
  state: OrderState,
  epoch: number,
  sequence: number,
  evidence: readonly StatedEvidence[] = [],
): string {
  return `${isPersonsWord(evidence) ? '0' : FINALITY[state]}.${eventPrecedence(epoch, sequence)}`;
}
