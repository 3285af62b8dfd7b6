import type { Instrument } from '#core/market/instrument.ts';
import type { Side } from '#core/market/market-message.ts';
import type { BybitCategory } from './category.ts';

/** What an execution's fee was taken in, where the venue leaves it out; null: not known. */
export type FeeCurrencyOf = (symbol: string, side: Side, fee: string) => string | null;

/**
 * Contracts: in what they settle in. Spot: a fee in what is received, a rebate in what is given (Bybit V5 documentation, "Enums", "Spot Fee Currency
 * Instruction"), as far as the instrument is known.
 */
export function feeCurrencyRule(
  category: BybitCategory,
  instrumentOf: (symbol: string) => Instrument | undefined,
): FeeCurrencyOf {
  return (symbol, side, fee) => {
    const instrument = instrumentOf(symbol);
    if (category.positions === 'venue') return instrument?.settlementCurrency ?? linearSettlementCurrency(symbol);
    if (instrument === undefined) return null;
    const receivesBase = side === 'buy';
    const isRebate = fee.startsWith('-');
    return receivesBase === isRebate ? instrument.quoteCurrency : instrument.baseCurrency;
  };
}

/** Linear contracts settle in USDT or, where the symbol says PERP, USDC or a date alone, in USDC. */
function linearSettlementCurrency(symbol: string): string {
  return /USDT(-|$)/.test(symbol) ? 'USDT' : 'USDC';
}
