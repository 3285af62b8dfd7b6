import { MillraceError } from '../errors.ts';
import type { OrderState } from '../events/trading-event.ts';
import type { Evidence } from './order.ts';

/**
 * What can happen to an order. `accepted` … `expired` are the venue's own words (account stream or query); `fill` leaves something open, `fillComplete` nothing.
 * `placeRejected`, `placeUnknown`, `placeNotSent` are answers to the placing request; `absent` is agreed absence (order, fill and position queries together).
 */
export const ORDER_INPUTS = [
  'deny',
  'submit',
  'placeAccepted',
  'placeRejected',
  'placeUnknown',
  'placeNotSent',
  'accepted',
  'fill',
  'fillComplete',
  'filled',
  'canceled',
  'rejected',
  'expired',
  'cancelSent',
  'cancelRefused',
  'cancelUnknown',
  'replaceSent',
  'replaceRefused',
  'replaceUnknown',
  'absent',
] as const;
export type OrderInput = (typeof ORDER_INPUTS)[number];

/** `working`: back to Accepted or PartiallyFilled, whichever the fills say. */
type Next = OrderState | 'working' | 'same';
type Row = Readonly<Partial<Record<OrderInput, Next>>>;

/** Every report can arrive before the answer to the request that caused it. */
const REPORTS: Row = {
  accepted: 'working',
  fill: 'PartiallyFilled',
  fillComplete: 'Filled',
  filled: 'Filled',
  canceled: 'Canceled',
  rejected: 'Rejected',
  expired: 'Expired',
};

/**
 * The one table of order transitions (H3). A pair that is not listed is refused and reported. Terminal rows list what real venues still send
 * after the end: a late fill of a cancelled order counts (Canceled → Filled), a repeated report changes nothing, and a contradiction
 * (a fill of a rejected order) leads to Unknown, never to a guess.
 */
export const ORDER_TRANSITIONS: Readonly<Record<OrderState, Row>> = {
  Initialized: { deny: 'Denied', submit: 'Submitted' },
  Denied: {},
  Submitted: {
    ...REPORTS,
    placeAccepted: 'working',
    placeRejected: 'Rejected',
    placeUnknown: 'Unknown',
    placeNotSent: 'Rejected',
    // A cancel may be wished before the acknowledgement; the venue then decides.
    cancelSent: 'PendingCancel',
    absent: 'Rejected',
  },
  Accepted: {
    ...REPORTS,
    placeAccepted: 'same',
    // The stream was faster and is the venue's own word: an unclear or refusing answer to a request that lives is no news (F2).
    placeUnknown: 'same',
    placeRejected: 'Unknown',
    cancelSent: 'PendingCancel',
    replaceSent: 'PendingReplace',
    cancelRefused: 'same',
    cancelUnknown: 'Unknown',
    absent: 'Rejected',
  },
  PartiallyFilled: {
    ...REPORTS,
    placeAccepted: 'same',
    placeUnknown: 'same',
    placeRejected: 'Unknown',
    cancelSent: 'PendingCancel',
    replaceSent: 'PendingReplace',
    cancelRefused: 'same',
    cancelUnknown: 'Unknown',
  },
  PendingCancel: {
    ...REPORTS,
    accepted: 'same',
    fill: 'same',
    // A question found it alive: the cancel goes out again.
    cancelSent: 'same',
    placeAccepted: 'same',
    placeUnknown: 'Unknown',
    placeRejected: 'Rejected',
    placeNotSent: 'Rejected',
    // Refused: it has ended some other way or never lived; only a query can tell (F13).
    cancelRefused: 'Unknown',
    cancelUnknown: 'Unknown',
    absent: 'Rejected',
  },
  PendingReplace: {
    ...REPORTS,
    placeAccepted: 'same',
    placeUnknown: 'same',
    placeRejected: 'Unknown',
    cancelSent: 'PendingCancel',
    replaceRefused: 'working',
    replaceUnknown: 'Unknown',
  },
  Unknown: {
    ...REPORTS,
    placeAccepted: 'working',
    placeUnknown: 'same',
    placeRejected: 'Rejected',
    fill: 'PartiallyFilled',
    cancelSent: 'same',
    cancelRefused: 'same',
    cancelUnknown: 'same',
    replaceUnknown: 'same',
    absent: 'Rejected',
  },
  Filled: {
    accepted: 'same',
    fill: 'same',
    fillComplete: 'same',
    filled: 'same',
    // A cancel racing the last fill: venues send both (Bybit sends Filled twice).
    canceled: 'same',
    placeAccepted: 'same',
    placeUnknown: 'same',
    cancelRefused: 'same',
    cancelUnknown: 'same',
    replaceRefused: 'same',
    replaceUnknown: 'same',
  },
  Canceled: {
    accepted: 'same',
    fill: 'same',
    fillComplete: 'Filled',
    filled: 'Filled',
    canceled: 'same',
    placeAccepted: 'same',
    placeUnknown: 'same',
    cancelRefused: 'same',
    cancelUnknown: 'same',
    replaceRefused: 'same',
    replaceUnknown: 'same',
  },
  Rejected: {
    rejected: 'same',
    placeRejected: 'same',
    // The matching engine's refusal was faster than the acknowledgement: that says only that the request was taken in.
    placeAccepted: 'same',
    placeUnknown: 'same',
    cancelRefused: 'same',
    cancelUnknown: 'same',
    accepted: 'Unknown',
    fill: 'Unknown',
    fillComplete: 'Unknown',
    filled: 'Unknown',
    canceled: 'Unknown',
    expired: 'Unknown',
  },
  Expired: {
    expired: 'same',
    accepted: 'same',
    fill: 'same',
    fillComplete: 'Filled',
    filled: 'Filled',
    canceled: 'same',
    placeAccepted: 'same',
    placeUnknown: 'same',
    cancelRefused: 'same',
    cancelUnknown: 'same',
  },
};

const TERMINAL: ReadonlySet<OrderState> = new Set(['Denied', 'Filled', 'Canceled', 'Rejected', 'Expired']);

/** Whether nothing more is due from the venue. */
export function isTerminal(state: OrderState): boolean {
  return TERMINAL.has(state);
}

/** Result of one step of the table. `refused`: the pair is not in the table; the state stays and the caller reports it. */
export type OrderStep =
  | { readonly kind: 'changed' | 'same'; readonly state: OrderState }
  | { readonly kind: 'refused' };

/**
 * One step of the table. Entering a terminal state other than `Denied` without evidence throws `ORDER_EVIDENCE_MISSING`:
 * that would be a fault of ours (invariant 4).
 */
export function stepOrder(
  state: OrderState,
  input: OrderInput,
  hasFills: boolean,
  evidence: readonly Evidence[],
): OrderStep {
  const next = ORDER_TRANSITIONS[state][input];
  if (next === undefined) return { kind: 'refused' };
  const resolved = next === 'same' ? state : next === 'working' ? (hasFills ? 'PartiallyFilled' : 'Accepted') : next;
  if (resolved === state) return { kind: 'same', state };
  if (isTerminal(resolved) && resolved !== 'Denied' && evidence.length === 0) {
    throw new MillraceError('fatal', 'ORDER_EVIDENCE_MISSING', `from=${state} input=${input} to=${resolved}`);
  }
  return { kind: 'changed', state: resolved };
}
