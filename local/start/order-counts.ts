import type { LedgerOrder } from '#core/ledger/ledger-entry.ts';
import { isForeignOrderId } from '#core/orders/foreign-order.ts';
import { isTerminal } from '#core/orders/order-state.ts';

/** Orders of a run by what became of them; from the ledger. */
export interface OrderCounts {
  readonly intended: number;
  readonly denied: number;
  /** Passed risk: sent, or proven not to have been. */
  readonly submitted: number;
  readonly filled: number;
  /** Ended with a part filled. */
  readonly partlyFilled: number;
  /** Cancelled or expired. */
  readonly canceled: number;
  readonly rejected: number;
  /** Stops that rest at the venue for what is still held: they outlive a run, as the position does. */
  readonly protecting: number;
  /** Neither denied nor ended nor protecting: what became of them is not known. */
  readonly unknown: number;
  /** Submitted and ended, with evidence. */
  readonly terminal: number;
}

/** Of those that nobody here placed nothing is counted. `protecting`: ids of orders that rest at the venue to protect a position. */
export function countOrders(orders: readonly LedgerOrder[], protecting: ReadonlySet<string> = new Set()): OrderCounts {
  const counts = {
    intended: 0,
    denied: 0,
    submitted: 0,
    filled: 0,
    partlyFilled: 0,
    canceled: 0,
    rejected: 0,
    protecting: 0,
    unknown: 0,
    terminal: 0,
  };
  for (const { clientOrderId, intent, state } of orders) {
    if (isForeignOrderId(clientOrderId)) continue;
    if (intent !== null) counts.intended += 1;
    if (state?.state === 'Denied') {
      counts.denied += 1;
      continue;
    }
    counts.submitted += 1;
    if (protecting.has(clientOrderId)) {
      counts.protecting += 1;
      continue;
    }
    if (state === null || !isTerminal(state.state)) {
      counts.unknown += 1;
      continue;
    }
    if (state.evidence.length > 0) counts.terminal += 1;
    if (state.state === 'Filled') counts.filled += 1;
    else if (state.state === 'Rejected') counts.rejected += 1;
    else counts.canceled += 1;
    if (state.state !== 'Filled' && Number(state.cumulativeSize) > 0) counts.partlyFilled += 1;
  }
  return counts;
}
