import { z } from 'zod';
import type { OrderDecision } from '../control/order-decision.ts';
import { parseUnitId } from '../control/unit.ts';
import type { ConfirmationEnd } from './confirmation-record.ts';

/** A person's word on an order whose end nobody could prove; it travels on the command queue. */
export const PERSON_DECISION = z.object({
  kind: z.literal('confirmationDecision'),
  /** As the engine names it: our own id, or `foreign-<the venue's id>`. */
  clientOrderId: z.string().regex(/^[0-9A-Za-z._-]{1,100}$/),
  /** What the person found at the venue. */
  outcome: z.enum(['Filled', 'Canceled', 'Rejected', 'Expired']),
  who: z.string().min(1).max(200),
  /** How the person knows. */
  note: z.string().min(1).max(1000),
  /** `<mode>/<account>/<venue>`; needed only for an order that no confirmation follows. */
  unit: z
    .string()
    .refine((text) => parseUnitId(text) !== null, 'must read <mode>/<account>/<venue>')
    .optional(),
});
export type PersonDecision = z.infer<typeof PERSON_DECISION>;

/** The end that a person's word makes: the person is the evidence. */
export function endByPerson(decision: PersonDecision): ConfirmationEnd {
  const { outcome, who, note } = decision;
  return { by: 'person', state: outcome, cumulativeSize: null, evidence: [{ kind: 'person', who, note }] };
}

/** The same for the engine that follows the order. `issuedAt`: when it was said, ms. */
export function decisionFor(decision: PersonDecision, issuedAt: number): OrderDecision {
  const { clientOrderId, outcome, who, note } = decision;
  return { id: `${clientOrderId}/${outcome}/${issuedAt}`, clientOrderId, outcome, who, note, at: issuedAt };
}
