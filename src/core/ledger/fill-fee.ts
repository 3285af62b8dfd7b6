import type { LedgerFeePrice, LedgerFill } from './ledger-entry.ts';

/** Fills with what converted their fees later. */
export function withFeePrices(fills: readonly LedgerFill[], prices: readonly LedgerFeePrice[]): readonly LedgerFill[] {
  if (prices.length === 0) return fills;
  const byFill = new Map(prices.map((each) => [`${each.venue}#${each.symbol}#${each.fillId}`, each]));
  return fills.map((fill) => {
    const found = byFill.get(`${fill.venue}#${fill.symbol}#${fill.fillId}`);
    if (found === undefined || fill.settlementFee !== undefined) return fill;
    const { settlementFee, price, source, time } = found;
    return { ...fill, settlementFee, feePrice: { price, source, time } };
  });
}

/** What a fill's fee comes to in the currency of the profit: converted, else what it cannot exceed. Fills from before their terms were told paid in the currency in which `newest` did. */
export function settledFee(fill: LedgerFill, newest: LedgerFill): number {
  if (fill.contract === undefined) return fill.feeCurrency === newest.feeCurrency ? Number(fill.fee) : 0;
  return Number(fill.settlementFee ?? fill.feeBound ?? '0');
}
