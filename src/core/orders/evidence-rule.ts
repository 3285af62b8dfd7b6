import type { OrderState, TradingEventBody } from '../events/trading-event.ts';
import type { Evidence } from './order.ts';

/** States in which an order has ended. */
export type EndedState = 'Denied' | 'Filled' | 'Canceled' | 'Rejected' | 'Expired';

/**
 * The one rule of which evidence may prove which end (M1, invariant 4). Executions prove nothing but a full fill; an answer to a request, agreed absence and not having been sent prove nothing but that
 * an order never worked; a person may say any end that the venue could have said.
 */
export const PROOFS: Readonly<Record<EndedState, readonly Evidence['kind'][]>> = {
  Denied: ['notSent'],
  Filled: ['accountStream', 'query', 'fills', 'person'],
  Canceled: ['accountStream', 'query', 'person'],
  Expired: ['accountStream', 'query', 'person'],
  Rejected: ['accountStream', 'query', 'answer', 'agreedAbsence', 'notSent', 'person'],
};

/** Evidence as a lane holds it, or as events and the ledger do. */
export type StatedEvidence = Evidence | TradingEventBody<'order.state'>['evidence'][number];

/** Whether nothing more is due from the venue. */
export function isEnded(state: OrderState): state is EndedState {
  return Object.hasOwn(PROOFS, state);
}

/** Why a piece of evidence says nothing: it lacks what it is meant to name. Null: it is complete. */
export function whyEmpty(evidence: StatedEvidence): string | null {
  switch (evidence.kind) {
    case 'accountStream':
    case 'query':
      return evidence.venueOrderId === '' ? `${evidence.kind} names no order of the venue` : null;
    case 'answer':
      return evidence.code === '' && evidence.text === '' ? 'the answer says nothing' : null;
    case 'fills':
      return evidence.fillIds.length === 0 ? 'fills names no execution' : null;
    case 'agreedAbsence':
      return evidence.windowFrom > evidence.queriedAt ? 'the window of the queries begins after they were asked' : null;
    case 'notSent':
      return evidence.reason === '' ? 'notSent gives no reason' : null;
    case 'person':
      return evidence.who === '' || evidence.note === '' ? 'the person, or how they know, is not named' : null;
  }
}

/** Why this evidence does not prove that an order ended so; null: one piece of it does. */
export function whyUnproven(end: EndedState, evidence: readonly StatedEvidence[]): string | null {
  if (evidence.length === 0) return 'there is no evidence';
  const faults: string[] = [];
  for (const each of evidence) {
    const fault = PROOFS[end].includes(each.kind) ? whyEmpty(each) : `${each.kind} does not prove ${end}`;
    if (fault === null) return null;
    faults.push(fault);
  }
  return faults.join(', ');
}

/** Whether an end rests on the word of people alone: it holds until the venue says otherwise. */
export function isPersonsWord(evidence: readonly StatedEvidence[]): boolean {
  return evidence.length > 0 && evidence.every((each) => each.kind === 'person');
}
