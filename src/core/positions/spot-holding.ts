import { formatExact, parseExact } from '../ledger/exact-decimal.ts';
import type { Instrument } from '../market/instrument.ts';
import type { PositionReport } from '../orders/order.ts';

/**
 * The part of a holding that is a lane's: the venue states the balance of the base asset, of which `reservedSize` (decimal text) is not for trading. Never below nothing. Positions of other
 * kinds are as the venue states them.
 */
export function holdingOfLane(instrument: Instrument, report: PositionReport, reservedSize: string): PositionReport {
  if (instrument.kind !== 'spot') return report;
  const left = parseExact(report.size) - parseExact(reservedSize);
  return { ...report, size: left > 0n ? formatExact(left) : '0' };
}

/** What people are told of a holding that is larger than the lane's fills explain. */
export function unexplainedHolding(
  lane: { readonly name: string; readonly reservedSize: string },
  instrument: Instrument,
  excess: string,
): string {
  const { baseCurrency, symbol } = instrument;
  const wanted = formatExact(parseExact(lane.reservedSize) + parseExact(excess));
  return `the account holds ${excess} ${baseCurrency} more than lane ${lane.name} has bought of ${symbol}: not traded; set its reservedSize to ${wanted}, or move it away`;
}

/**
 * Two spot instruments of one account that both move an asset which one of them counts as its position: nobody could say whose a change of the balance is. Null: there are none.
 */
export function sharedHolding(instruments: readonly Instrument[]): readonly [Instrument, Instrument, string] | null {
  for (const [index, first] of instruments.entries()) {
    if (first.kind !== 'spot') continue;
    for (const second of instruments.slice(index + 1)) {
      if (second.kind !== 'spot') continue;
      if (first.baseCurrency === second.baseCurrency || second.quoteCurrency === first.baseCurrency) {
        return [first, second, first.baseCurrency];
      }
      if (first.quoteCurrency === second.baseCurrency) return [first, second, second.baseCurrency];
    }
  }
  return null;
}
