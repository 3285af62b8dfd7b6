import type { CashStand } from '../ledger/cash-fold.ts';
import { formatExact, parseExact } from '../ledger/exact-decimal.ts';
import type { VenueId } from '../market/instrument.ts';
import type { BalanceReport } from '../orders/order.ts';

/** A wallet that is not what the ledger's payments, profits and fees make of it. Decimal text. */
export interface CashDifference {
  readonly kind: 'cash';
  readonly currency: string;
  readonly ledger: string;
  readonly venue: string;
  /** Venue − ledger. */
  readonly rest: string;
}

/** When a venue's wallet has what trading brought, and what it may round by an entry, 10^-18 units. */
export const WALLETS: Readonly<
  Record<VenueId, { readonly books: 'atOnce' | 'atSettlement'; readonly rounding: bigint }>
> = {
  'binance-usdm': { books: 'atOnce', rounding: 10n ** 10n },
  'binance-spot': { books: 'atOnce', rounding: 10n ** 10n },
  'bybit-linear': { books: 'atOnce', rounding: 10n ** 10n },
  'bybit-spot': { books: 'atOnce', rounding: 10n ** 10n },
  // The profit of a session comes into the wallet with the daily settlement.
  deribit: { books: 'atSettlement', rounding: 10n ** 10n },
  alpaca: { books: 'atOnce', rounding: 10n ** 16n },
};
/** Room for the roundings of entry prices. */
const ROOM = 100n;

/** Compares wallets with the ledger's cash, within rounding: currencies that the ledger has something of. */
export function compareCash(
  venue: VenueId,
  stands: ReadonlyMap<string, CashStand>,
  balances: readonly BalanceReport[],
): readonly CashDifference[] {
  const { books, rounding } = WALLETS[venue];
  if (books === 'atSettlement') return [];
  return [...stands.values()].flatMap(({ currency, total, entries }): CashDifference[] => {
    const stated = balances.find((each) => each.currency === currency)?.walletBalance ?? '0';
    const rest = parseExact(stated) - total;
    const tolerated = rounding * (BigInt(entries) + ROOM);
    if (rest <= tolerated && rest >= -tolerated) return [];
    return [{ kind: 'cash', currency, ledger: formatExact(total), venue: stated, rest: formatExact(rest) }];
  });
}

/** Those that both looks show alike: the others are moving. */
export function standingCash(
  first: readonly CashDifference[],
  second: readonly CashDifference[],
): readonly CashDifference[] {
  return second.filter((each) =>
    first.some(
      (other) => other.currency === each.currency && other.ledger === each.ledger && other.venue === each.venue,
    ),
  );
}
