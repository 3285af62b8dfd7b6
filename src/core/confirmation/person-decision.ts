import { z } from 'zod';
import type { ConfirmationEnd } from './confirmation-record.ts';

/** A person's word on an order whose end nobody could prove; it travels on the command queue. */
export const PERSON_DECISION = z.object({
  kind: z.literal('confirmationDecision'),
  clientOrderId: z.string().regex(/^[0-9A-Za-z-]{1,36}$/),
  /** What the person found at the venue. */
  outcome: z.enum(['Filled', 'Canceled', 'Rejected', 'Expired']),
  who: z.string().min(1).max(200),
  /** How the person knows. */
  note: z.string().min(1).max(1000),
});
export type PersonDecision = z.infer<typeof PERSON_DECISION>;

/** The end that a person's word makes: the person is the evidence. */
export function endByPerson(decision: PersonDecision): ConfirmationEnd {
  const { outcome, who, note } = decision;
  return { by: 'person', state: outcome, cumulativeSize: null, evidence: [{ kind: 'person', who, note }] };
}
