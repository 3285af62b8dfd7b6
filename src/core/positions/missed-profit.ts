import type { Instrument } from '../market/instrument.ts';
import { type Price, parseScaled, type Size } from '../market/scaled-decimal.ts';
import type { FillReport } from '../orders/order.ts';
import { termsOfFill } from './fill-terms.ts';
import { Position } from './position.ts';

/** What the ledger has, before the fills that it lacks. */
export interface KnownPosition {
  /** Signed decimal text. */
  readonly positionSize: string;
  /** Average cost, decimal text. */
  readonly entryPrice?: string;
}

/**
 * What fills that the ledger lacks brought since `from`, less their fees, in settlement currency: a loss that its writers have not taken in yet is one all the same. Fees of another currency count at
 * their bound.
 */
export function missedProfit(
  instrument: Instrument,
  known: KnownPosition,
  missing: readonly FillReport[],
  from: number,
): number {
  const position = new Position(instrument);
  const entry = Math.round(Number(known.entryPrice ?? '0') * 10 ** instrument.priceScale);
  position.adoptUnits(position.unitsOf(known.positionSize), entry as Price);
  // Where nobody stated what it was entered at, what closing it brought is not known.
  let costKnown = entry > 0 || position.units === 0n;
  let profit = 0;
  for (const fill of [...missing].sort((one, other) => one.venueTime - other.venueTime)) {
    const terms = termsOfFill(instrument, fill);
    const before = position.realizedProfit;
    const price = parseScaled(fill.price, instrument.priceScale) as Price;
    const size = parseScaled(fill.size, instrument.sizeScale) as Size;
    position.fill(fill.side, price, size, position.unitsOf(terms.positionFee ?? '0'));
    if (fill.venueTime >= from) {
      if (costKnown) profit += position.realizedProfit - before;
      profit -= Number(terms.settlementFee ?? terms.feeBound ?? '0');
    }
    costKnown ||= position.units === 0n;
  }
  return profit;
}
