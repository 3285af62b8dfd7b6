import type { Instrument } from '../market/instrument.ts';
import { formatExact, parseExact } from './exact-decimal.ts';
import type { LedgerCash } from './ledger-entry.ts';
import type { LedgerPosition } from './position-fold.ts';

/** What the executions of one symbol did to money, as far as the ledger goes back. Decimal text. */
export interface SymbolMoney {
  readonly instrument: Pick<Instrument, 'kind' | 'baseCurrency' | 'quoteCurrency' | 'settlementCurrency'>;
  readonly realizedProfit: string;
  /** Price × size of what was bought, less of what was sold. */
  readonly paid: string;
  readonly fees: Readonly<Record<string, string>>;
  readonly fills: number;
}

/** Where one currency of a wallet stands by the ledger. */
export interface CashStand {
  readonly currency: string;
  /** In units of 10^-18. */
  readonly total: bigint;
  /** Executions and payments in it: each may be rounded by the venue. */
  readonly entries: number;
}

/** The part of a position's fold that is money. */
export function moneyOf(
  position: Pick<LedgerPosition, 'realizedProfit' | 'paid' | 'fees' | 'fills'>,
): Omit<SymbolMoney, 'instrument'> {
  const { realizedProfit, paid, fees, fills } = position;
  return { realizedProfit, paid, fees, fills };
}

/** Of two times of one symbol, one after the other. */
export function addMoney(
  before: Omit<SymbolMoney, 'instrument'> | undefined,
  after: Omit<SymbolMoney, 'instrument'>,
): Omit<SymbolMoney, 'instrument'> {
  if (before === undefined) return after;
  const sum = (one: string, other: string) => formatExact(parseExact(one) + parseExact(other));
  const currencies = [...new Set([...Object.keys(before.fees), ...Object.keys(after.fees)])].sort();
  return {
    realizedProfit: sum(before.realizedProfit, after.realizedProfit),
    paid: sum(before.paid, after.paid),
    fees: Object.fromEntries(currencies.map((each) => [each, sum(before.fees[each] ?? '0', after.fees[each] ?? '0')])),
    fills: before.fills + after.fills,
  };
}

/**
 * A wallet by the ledger: payments (deposits, funding, transfers) + realised profit − fees, by currency. Spot and equities exchange money for what they buy instead of realising profit. What a spot
 * symbol trades is left out: how much of it is held is its position.
 */
export function foldCash(symbols: readonly SymbolMoney[], cash: readonly LedgerCash[]): ReadonlyMap<string, CashStand> {
  const stands = new Map<string, { total: bigint; entries: number }>();
  const add = (currency: string, amount: bigint, entries: number) => {
    const stand = stands.get(currency) ?? { total: 0n, entries: 0 };
    stands.set(currency, { total: stand.total + amount, entries: stand.entries + entries });
  };
  const traded = new Set<string>();
  for (const { instrument, realizedProfit, paid, fees, fills } of symbols) {
    const { kind, baseCurrency, quoteCurrency, settlementCurrency } = instrument;
    if (kind === 'spot') traded.add(baseCurrency);
    if (kind === 'spot' || kind === 'equity') add(quoteCurrency, -parseExact(paid), fills);
    else add(settlementCurrency, parseExact(realizedProfit), fills);
    for (const [currency, fee] of Object.entries(fees)) add(currency, -parseExact(fee), fills);
  }
  for (const { currency, amount } of cash) add(currency, parseExact(amount), 1);
  for (const currency of traded) stands.delete(currency);
  return new Map([...stands].map(([currency, stand]) => [currency, { currency, ...stand }]));
}
