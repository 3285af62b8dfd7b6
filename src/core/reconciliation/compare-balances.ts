import { parseExact } from '../ledger/exact-decimal.ts';
import type { LedgerBalance } from '../ledger/ledger-entry.ts';
import type { BalanceReport } from '../orders/order.ts';

/** A balance of the ledger that is not the venue's. Null: that party has none of the currency. */
export interface BalanceDifference {
  readonly kind: 'balance';
  readonly currency: string;
  readonly ledger: string | null;
  readonly venue: string | null;
  /** The venue's statement, where it makes one. */
  readonly report: BalanceReport | null;
}

/** Compares the balances of one venue. A currency that only one of them names counts as zero at the other. */
export function compareBalances(
  ledger: readonly LedgerBalance[],
  venue: readonly BalanceReport[],
): readonly BalanceDifference[] {
  const currencies = new Set([...ledger, ...venue].map((each) => each.currency));
  return [...currencies].sort().flatMap((currency) => {
    const known = ledger.find((each) => each.currency === currency)?.walletBalance ?? null;
    const report = venue.find((each) => each.currency === currency) ?? null;
    const stated = report?.walletBalance ?? null;
    if (parseExact(known ?? '0') === parseExact(stated ?? '0')) return [];
    return [{ kind: 'balance', currency, ledger: known, venue: stated, report }];
  });
}

/** Those that both looks show alike: the others are moving. */
export function standingBalances(
  first: readonly BalanceDifference[],
  second: readonly BalanceDifference[],
): readonly BalanceDifference[] {
  return second.filter((each) =>
    first.some(
      (other) => other.currency === each.currency && other.ledger === each.ledger && other.venue === each.venue,
    ),
  );
}
