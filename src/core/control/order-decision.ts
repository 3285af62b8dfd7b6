import { z } from 'zod';

/** What a person found at the venue of an order whose end nobody could prove, as engines are told. */
export const ORDER_DECISION = z.object({
  /** The same for a repeated command. */
  id: z.string(),
  clientOrderId: z.string(),
  outcome: z.enum(['Filled', 'Canceled', 'Rejected', 'Expired']),
  who: z.string(),
  /** How the person knows. */
  note: z.string(),
  /** When it was said, ms since 1970: it is about nothing that became unknown later. */
  at: z.number(),
});
export type OrderDecision = Readonly<z.infer<typeof ORDER_DECISION>>;

/** Decisions that travel with each renewal: the item that holds them is written every second. */
const KEPT = 8;
const NOTE_KEPT = 300;

/** Adds one, newest last; null: it is there already. */
export function withDecision(
  decisions: readonly OrderDecision[],
  decision: OrderDecision,
): readonly OrderDecision[] | null {
  if (decisions.some((each) => each.id === decision.id)) return null;
  const { note } = decision;
  const kept = { ...decision, note: note.length > NOTE_KEPT ? `${note.slice(0, NOTE_KEPT - 1)}…` : note };
  return [...decisions, kept].sort((one, other) => one.at - other.at).slice(-KEPT);
}
