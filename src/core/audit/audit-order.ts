import type { OrderState } from '../events/trading-event.ts';
import { formatExact, parseExact, sumExact } from '../ledger/exact-decimal.ts';
import type { LedgerFill, LedgerOrder } from '../ledger/ledger-entry.ts';
import { isEnded, isPersonsWord, whyEmpty, whyUnproven } from '../orders/evidence-rule.ts';
import { isForeignOrderId } from '../orders/foreign-order.ts';

/** How the confirmation of an order ended. */
export type AuditedConfirmation =
  | { readonly kind: 'ended'; readonly state: OrderState; readonly by: string; readonly reason: string }
  | { readonly kind: 'running' }
  | { readonly kind: 'broken'; readonly reason: string };

/** What the ledger has of one order. */
export interface AuditedOrder {
  readonly order: LedgerOrder;
  /** Executions that name it, by its own id or by the venue's. */
  readonly fills: readonly LedgerFill[];
  /** Null: none is known. Undefined: confirmations were not read. */
  readonly confirmation: AuditedConfirmation | null | undefined;
}

/**
 * What an audit says of an order. `proven`: it has ended, and its evidence proves that end. `unproven`: it says that it has ended and something of that does not hold, or it has had no end for too long.
 * `open`: it has not ended.
 */
export interface OrderVerdict {
  readonly clientOrderId: string;
  readonly verdict: 'proven' | 'unproven' | 'open';
  readonly faults: readonly string[];
  /** What is worth knowing and proves nothing wrong. */
  readonly notes: readonly string[];
}

/** An order that nobody can say the state of is a matter of the audit after this, ms: before, engine and confirmation are at it. */
export const UNPROVEN_AFTER_MS = 20 * 60_000;
/** An end so young may still lack executions that are on their way, ms. */
const YOUNG_MS = 30_000;
/** States in which an order may stay for as long as it likes. */
const RESTING: ReadonlySet<OrderState> = new Set(['Accepted', 'PartiallyFilled']);

/** Holds what the ledger says of one order against the evidence that is stored with it. `now`: wall clock, ms. */
export function auditOrder({ order, fills, confirmation }: AuditedOrder, now: number): OrderVerdict {
  const { clientOrderId, state } = order;
  if (state === null || !isEnded(state.state)) return auditOpen(order, now);
  const faults = [
    ...evidenceFaults(state.state, state.evidence, fills),
    ...sizeFaults(order, fills),
    ...intentFaults(order),
  ];
  // Reports of an end come before those of its last executions: what has only just ended is looked at later.
  const young = now - state.time < YOUNG_MS && faults.length > 0;
  if (young) return { clientOrderId, verdict: 'open', faults: [], notes: ['it has only just ended', ...faults] };
  const notes: string[] = [];
  const persons = isPersonsWord(state.evidence);
  if (persons) notes.push('ended by the word of people');
  const confirmed = confirmation === undefined ? null : confirmationFault(order, confirmation);
  if (confirmed?.fault === true) faults.push(confirmed.text);
  else if (confirmed !== null) notes.push(confirmed.text);
  return { clientOrderId, verdict: faults.length === 0 ? 'proven' : 'unproven', faults, notes };
}

function auditOpen({ clientOrderId, intent, state }: LedgerOrder, now: number): OrderVerdict {
  const since = state?.time ?? intent?.time ?? now;
  const name = state?.state ?? 'nothing said of it since its intent';
  const stuck = (state === null || !RESTING.has(state.state)) && now - since > UNPROVEN_AFTER_MS;
  if (!stuck) return { clientOrderId, verdict: 'open', faults: [], notes: [name] };
  const text = `no end for ${Math.floor((now - since) / 60_000)} minutes: ${name}`;
  return { clientOrderId, verdict: 'unproven', faults: [text], notes: [] };
}

function evidenceFaults(
  end: Parameters<typeof whyUnproven>[0],
  evidence: NonNullable<LedgerOrder['state']>['evidence'],
  fills: readonly LedgerFill[],
): string[] {
  const unproven = whyUnproven(end, evidence);
  const faults = unproven === null ? [] : [`nothing proves ${end}: ${unproven}`];
  const known = new Set(fills.map((fill) => fill.fillId));
  for (const each of evidence) {
    if (unproven === null && whyEmpty(each) !== null) faults.push(`${whyEmpty(each)}`);
    if (each.kind !== 'fills') continue;
    const missing = each.fillIds.filter((id) => !known.has(id));
    if (missing.length > 0) faults.push(`cites executions that the ledger does not have of it: ${missing.join(', ')}`);
  }
  return faults;
}

function sizeFaults({ intent, state }: LedgerOrder, fills: readonly LedgerFill[]): string[] {
  if (state === null) return [];
  const faults: string[] = [];
  const filled = sumExact(fills.map((fill) => fill.size));
  const cumulative = parseExact(state.cumulativeSize);
  if (filled !== cumulative)
    faults.push(`${state.cumulativeSize} filled, its executions come to ${formatExact(filled)}`);
  if ((state.state === 'Rejected' || state.state === 'Denied') && cumulative !== 0n)
    faults.push(`${state.state}, and ${state.cumulativeSize} filled`);
  const size = state.size ?? intent?.size;
  const whole = size === undefined || cumulative === parseExact(size);
  if (state.state === 'Filled' && !whole && !isPersonsWord(state.evidence))
    faults.push(`Filled, and ${state.cumulativeSize} of ${size}`);
  const wrong = fills.filter((fill) => fill.symbol !== state.symbol || (intent !== null && fill.side !== intent.side));
  if (wrong.length > 0)
    faults.push(`executions on another side or symbol: ${wrong.map((fill) => fill.fillId).join(', ')}`);
  return faults;
}

function intentFaults({ clientOrderId, intent, state }: LedgerOrder): string[] {
  if (intent === null) return isForeignOrderId(clientOrderId) ? [] : ['it ended, and nobody intended it'];
  return state !== null && state.symbol !== intent.symbol
    ? [`intended on ${intent.symbol}, ended on ${state.symbol}`]
    : [];
}

/** Whether the confirmation, which asked for itself, says the same. What it could not prove contradicts nothing. */
function confirmationFault(
  { intent, state }: LedgerOrder,
  confirmation: AuditedConfirmation | null,
): { readonly fault: boolean; readonly text: string } | null {
  if (state === null) return null;
  if (confirmation === null) {
    const followed = intent?.confirm === true && state.state !== 'Denied';
    return followed ? { fault: false, text: 'no confirmation of it is on record' } : null;
  }
  if (confirmation.kind === 'running') return { fault: false, text: 'its confirmation is under way' };
  if (confirmation.kind === 'broken')
    return { fault: false, text: `its confirmation did not come to an end: ${confirmation.reason}` };
  if (confirmation.state === 'Unknown')
    return { fault: false, text: `its confirmation could not prove it: ${confirmation.reason}` };
  if (sameKind(confirmation.state, state.state)) return { fault: false, text: `confirmed by ${confirmation.by}` };
  return { fault: true, text: `its confirmation says ${confirmation.state} (by ${confirmation.by})` };
}

/**
 * Venues tell an order that was cancelled from one that expired in different places, and a successor that had not heard of a denial says that the order never reached the venue: the money is the same.
 */
function sameKind(one: OrderState, other: OrderState): boolean {
  const kindOf = (state: OrderState) => (state === 'Expired' ? 'Canceled' : state === 'Denied' ? 'Rejected' : state);
  return kindOf(one) === kindOf(other);
}
