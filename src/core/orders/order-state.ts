import { MillraceError } from '../errors.ts';
import type { OrderState } from '../events/trading-event.ts';
import { isEnded, isPersonsWord, whyUnproven } from './evidence-rule.ts';
import type { Evidence } from './order.ts';

/**
 * What can happen to an order. `accepted` … `expired` are the venue's own words (account stream or query); `fill` leaves something open, `fillComplete` nothing.
 * `placeRejected`, `placeUnknown`, `placeNotSent` are answers to the placing request; `absent` is agreed absence (order, fill and position queries together). Of an amendment `replaced` is the
 * venue's own word that the order has its new terms, `replaceRefused` that it keeps the old ones, `replaceUnknown` that nobody can say. `person…` is what people found at the venue.
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
  'replaced',
  'replaceRefused',
  'replaceUnknown',
  'absent',
  'personFilled',
  'personCanceled',
  'personRejected',
  'personExpired',
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
    // A question was answered before the amendment was: the order works, and what of its terms is in force says a later word.
    replaced: 'same',
    replaceRefused: 'same',
    replaceUnknown: 'Unknown',
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
    // A question was answered before the amendment was: the order works, and what of its terms is in force says a later word.
    replaced: 'same',
    replaceRefused: 'same',
    replaceUnknown: 'Unknown',
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
    // An amendment that the cancel overtook: the cancel decides.
    replaced: 'same',
    replaceRefused: 'same',
    replaceUnknown: 'same',
    absent: 'Rejected',
  },
  PendingReplace: {
    ...REPORTS,
    // That it works, or fills, says nothing of the amendment (F14): it may be a report of before.
    accepted: 'same',
    fill: 'same',
    placeAccepted: 'same',
    placeUnknown: 'same',
    placeRejected: 'Unknown',
    cancelSent: 'PendingCancel',
    cancelRefused: 'same',
    cancelUnknown: 'Unknown',
    replaced: 'working',
    // Refused while it is filled or cancelled: then its own end follows.
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
    replaced: 'working',
    replaceRefused: 'same',
    replaceUnknown: 'same',
    absent: 'Rejected',
    // Nobody could ask the venue, or it forgot: people looked it up. Only here: what is known is not theirs to say.
    personFilled: 'Filled',
    personCanceled: 'Canceled',
    personRejected: 'Rejected',
    personExpired: 'Expired',
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
    replaced: 'same',
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
    replaced: 'same',
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
    replaceRefused: 'same',
    replaceUnknown: 'same',
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
    replaced: 'same',
    replaceRefused: 'same',
    replaceUnknown: 'same',
  },
};

/**
 * Where an end rests on the word of people alone, these rows come before those of the table: whatever the venue says that does not go with their word leads to Unknown again, and is told.
 */
export const AFTER_PERSON: Readonly<Partial<Record<OrderState, Row>>> = {
  Filled: { accepted: 'Unknown', canceled: 'Unknown', rejected: 'Unknown', expired: 'Unknown' },
  Canceled: {
    accepted: 'Unknown',
    fill: 'Unknown',
    fillComplete: 'Unknown',
    filled: 'Unknown',
    rejected: 'Unknown',
    expired: 'Unknown',
  },
  Expired: {
    accepted: 'Unknown',
    fill: 'Unknown',
    fillComplete: 'Unknown',
    filled: 'Unknown',
    rejected: 'Unknown',
    canceled: 'Unknown',
  },
};

/** Whether nothing more is due from the venue. */
export function isTerminal(state: OrderState): boolean {
  return isEnded(state);
}

/** Result of one step of the table. `refused`: the pair is not in the table; the state stays and the caller reports it. */
export type OrderStep =
  | { readonly kind: 'changed' | 'same'; readonly state: OrderState }
  | { readonly kind: 'refused' };

/**
 * One step of the table. What would end an order and does not prove that end (`evidence-rule.ts`) leads to Unknown, which is asked about; of an order that has ended already it is refused. An end
 * other than `Denied` with no evidence at all throws `ORDER_EVIDENCE_MISSING`: that would be a fault of ours (invariant 4). `held`: what the present state rests on.
 */
export function stepOrder(
  state: OrderState,
  input: OrderInput,
  hasFills: boolean,
  evidence: readonly Evidence[],
  held: readonly Evidence[] = [],
): OrderStep {
  const next = (isPersonsWord(held) ? AFTER_PERSON[state]?.[input] : undefined) ?? ORDER_TRANSITIONS[state][input];
  if (next === undefined) return { kind: 'refused' };
  const resolved = next === 'same' ? state : next === 'working' ? (hasFills ? 'PartiallyFilled' : 'Accepted') : next;
  if (resolved === state) return { kind: 'same', state };
  if (!isEnded(resolved) || resolved === 'Denied') return { kind: 'changed', state: resolved };
  if (evidence.length === 0) {
    throw new MillraceError('fatal', 'ORDER_EVIDENCE_MISSING', `from=${state} input=${input} to=${resolved}`);
  }
  if (whyUnproven(resolved, evidence) === null) return { kind: 'changed', state: resolved };
  if (isEnded(state)) return { kind: 'refused' };
  return state === 'Unknown' ? { kind: 'same', state } : { kind: 'changed', state: 'Unknown' };
}
