import { EXACT_SCALE, formatExact, parseExact } from '../ledger/exact-decimal.ts';
import type { Instrument, InstrumentKind } from '../market/instrument.ts';
import type { FillReport } from '../orders/order.ts';

/** What an execution means by the terms of its instrument: told with it, so that whoever folds fills needs to know no instruments. */
export interface FillTerms {
  readonly contract: InstrumentKind;
  /** What the fee took from the position itself, decimal text in base units: only where spot fees are kept back from the base asset; negative: a rebate. */
  readonly positionFee?: string;
  /** The fee in the currency of the profit, decimal text; absent: paid in another one (BNB), whose worth nobody here knows. */
  readonly settlementFee?: string;
}

/** Reads the fee of a fill by the instrument's terms. Throws `DECIMAL_SYNTAX`. */
export function termsOfFill(
  instrument: Instrument,
  fill: Pick<FillReport, 'fee' | 'feeCurrency' | 'price'>,
): FillTerms {
  const contract = instrument.kind;
  if (fill.feeCurrency === instrument.settlementCurrency) return { contract, settlementFee: fill.fee };
  if (contract !== 'spot' || fill.feeCurrency !== instrument.baseCurrency) return { contract };
  const worth = (parseExact(fill.fee) * parseExact(fill.price)) / 10n ** BigInt(EXACT_SCALE);
  return { contract, positionFee: fill.fee, settlementFee: formatExact(worth) };
}
