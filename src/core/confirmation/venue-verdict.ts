import { formatExact, parseExact, sumExact } from '../ledger/exact-decimal.ts';
import { isTerminal } from '../orders/order-state.ts';
import type { ConfirmationEnd, ConfirmationQuery, EndState } from './confirmation-record.ts';

type Answered = Extract<ConfirmationQuery, { kind: 'answered' }>;

/**
 * What one round of questions proves. `absent`: order, open orders, fills and position agree that it never lived, in this round; that alone ends nothing.
 * `unclear`: the answers contradict each other or are not complete yet.
 */
export type VenueVerdict =
  | {
      readonly kind: 'ended';
      readonly state: EndState;
      readonly cumulativeSize: string;
      readonly evidence: ConfirmationEnd['evidence'];
    }
  | { readonly kind: 'open' }
  | { readonly kind: 'absent' }
  | { readonly kind: 'unclear'; readonly reason: string };

const STATE_OF_STATUS = { filled: 'Filled', canceled: 'Canceled', rejected: 'Rejected', expired: 'Expired' } as const;

/** Reads one round of questions. A terminal status counts only together with all the fills that it speaks of. */
export function verdictOf(query: Answered): VenueVerdict {
  const filled = sumExact(query.fills.map((fill) => fill.size));
  const fillEvidence =
    query.fills.length === 0 ? [] : [{ kind: 'fills' as const, fillIds: query.fills.map((fill) => fill.fillId) }];
  const { order, ledger } = query;

  if (order !== null) {
    if (order.status === 'accepted' || order.status === 'partiallyFilled') return { kind: 'open' };
    if (query.listedOpen) return { kind: 'unclear', reason: `status ${order.status} and yet listed as open` };
    const cumulative = parseExact(order.cumulativeSize);
    if (filled !== cumulative) {
      return {
        kind: 'unclear',
        reason: `status says ${order.cumulativeSize} filled, fills say ${formatExact(filled)}`,
      };
    }
    if (order.status === 'filled' && cumulative !== parseExact(order.size)) {
      return { kind: 'unclear', reason: `filled, but ${order.cumulativeSize} of ${order.size}` };
    }
    const { venueOrderId, venueTime } = order;
    return {
      kind: 'ended',
      state: STATE_OF_STATUS[order.status],
      cumulativeSize: order.cumulativeSize,
      evidence: [{ kind: 'query', venueOrderId, venueTime }, ...fillEvidence],
    };
  }

  if (query.listedOpen) return { kind: 'open' };
  const ledgerEnd = endStateOf(ledger.state);
  if (ledgerEnd !== null && ledger.evidence.length > 0) {
    // The engine has the venue's word already, and nothing that the venue still knows speaks against it.
    if (filled === parseExact(ledger.cumulativeSize)) {
      const { cumulativeSize, evidence } = ledger;
      return { kind: 'ended', state: ledgerEnd, cumulativeSize, evidence: [...evidence, ...fillEvidence] };
    }
    return {
      kind: 'unclear',
      reason: `ledger says ${ledger.cumulativeSize} filled, the venue's fills say ${formatExact(filled)}`,
    };
  }
  if (filled !== 0n) {
    // Executions prove themselves, whatever became of the order's own record.
    if (ledger.size !== null && filled === parseExact(ledger.size)) {
      return { kind: 'ended', state: 'Filled', cumulativeSize: formatExact(filled), evidence: fillEvidence };
    }
    return { kind: 'unclear', reason: `not found, and yet ${formatExact(filled)} filled` };
  }
  if (ledger.venueOrderId !== null || parseExact(ledger.cumulativeSize) !== 0n) {
    return { kind: 'unclear', reason: 'not found, and yet the venue once acknowledged it' };
  }
  if (parseExact(query.position) !== parseExact(ledger.position)) {
    return {
      kind: 'unclear',
      reason: `not found, and position ${query.position} is not the ledger's ${ledger.position}`,
    };
  }
  return { kind: 'absent' };
}

/** Whether two ends say the same of the money: both filled or both not, and equally much executed. */
export function sameEnd(
  left: { readonly state: EndState; readonly cumulativeSize: string },
  right: { readonly state: EndState; readonly cumulativeSize: string },
): boolean {
  return (
    (left.state === 'Filled') === (right.state === 'Filled') &&
    parseExact(left.cumulativeSize) === parseExact(right.cumulativeSize)
  );
}

/** The state as an end, or null while it is none. */
export function endStateOf(state: Answered['ledger']['state']): EndState | null {
  return state !== null && isTerminal(state) ? (state as EndState) : null;
}
