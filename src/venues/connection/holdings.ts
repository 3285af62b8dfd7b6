import type { Instrument } from '#core/market/instrument.ts';
import type { BalanceReport, PositionReport } from '#core/orders/order.ts';

/**
 * What is held of each spot symbol, by the wallet: the balance of its base asset, told for every known symbol with that base. The venue knows no entry price of it.
 * Balances of which no symbol is known say nothing here.
 */
export function holdingsOf(
  balances: readonly BalanceReport[],
  instruments: Iterable<Instrument>,
  source: PositionReport['source'],
): PositionReport[] {
  const byCurrency = new Map(balances.map((balance) => [balance.currency, balance]));
  const holdings: PositionReport[] = [];
  for (const { symbol, baseCurrency, kind } of instruments) {
    const balance = kind === 'spot' ? byCurrency.get(baseCurrency) : undefined;
    if (balance === undefined) continue;
    const { walletBalance: size, venueTime } = balance;
    holdings.push({ kind: 'position', source, symbol, size, entryPrice: '0', venueTime });
  }
  return holdings;
}
