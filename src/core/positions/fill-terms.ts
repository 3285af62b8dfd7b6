import { EXACT_SCALE, formatExact, parseExact } from '../ledger/exact-decimal.ts';
import type { Instrument, InstrumentKind } from '../market/instrument.ts';
import type { FillReport } from '../orders/order.ts';
import { type FeePrice, UNPRICED_FEE_RATE } from './fee-price.ts';

const ONE = 10n ** BigInt(EXACT_SCALE);
/** `UNPRICED_FEE_RATE` exactly. */
const BOUND = parseExact(String(UNPRICED_FEE_RATE));

/** What an execution means by the terms of its instrument: told with it, so that whoever folds fills needs to know no instruments. */
export interface FillTerms {
  readonly contract: InstrumentKind;
  /** What the fee took from the position itself, decimal text in base units: only where spot fees are kept back from the base asset; negative: a rebate. */
  readonly positionFee?: string;
  /** The fee in the currency of the profit, decimal text; absent: paid in another one (BNB), and no price of it is known yet. */
  readonly settlementFee?: string;
  /** What converted a fee of another currency. */
  readonly feePrice?: { readonly price: string; readonly source: string; readonly time: number };
  /** What the day's profit carries while `settlementFee` is not known: more than the fee can be. */
  readonly feeBound?: string;
}

type Execution = Pick<FillReport, 'fee' | 'feeCurrency' | 'price' | 'size'>;

/** Reads the fee of a fill by the instrument's terms; `price`: of the fee's currency, if one of its time is known. Throws `DECIMAL_SYNTAX`. */
export function termsOfFill(instrument: Instrument, fill: Execution, price: FeePrice | null = null): FillTerms {
  const contract = instrument.kind;
  if (fill.feeCurrency === instrument.settlementCurrency) return { contract, settlementFee: fill.fee };
  if (contract === 'spot' && fill.feeCurrency === instrument.baseCurrency)
    return { contract, positionFee: fill.fee, settlementFee: convertFee(fill.fee, fill.price) };
  if (parseExact(fill.fee) === 0n) return { contract, settlementFee: '0' };
  if (price === null) return { contract, feeBound: boundOf(instrument, fill) };
  const feePrice = { price: price.price, source: price.source, time: price.epoch };
  return { contract, settlementFee: convertFee(fill.fee, price.price), feePrice };
}

/** An amount at a price, exactly, cut at 10^-18. */
export function convertFee(fee: string, price: string): string {
  return formatExact((parseExact(fee) * parseExact(price)) / ONE);
}

/** A rebate is no cost, whatever it is worth. */
function boundOf(instrument: Instrument, { fee, price, size }: Execution): string {
  if (parseExact(fee) < 0n) return '0';
  const multiplier = parseExact(instrument.multiplier.toFixed(EXACT_SCALE));
  const units = (parseExact(size) * multiplier) / ONE;
  const quoted = parseExact(price);
  // An inverse contract is counted in quote currency and settled in the base currency.
  const value = instrument.kind !== 'inverse' ? (units * quoted) / ONE : quoted === 0n ? units : (units * ONE) / quoted;
  return formatExact((value * BOUND) / ONE);
}
