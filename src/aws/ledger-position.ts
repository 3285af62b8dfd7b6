import type { UnitRef } from '#core/control/unit.ts';
import { openingOf, placeOf } from '#core/ledger/ledger-index.ts';
import { foldPosition } from '#core/ledger/position-fold.ts';
import { countingAdjustments } from '#core/ledger/superseded-adjustments.ts';
import type { LedgerIndexReader } from './ledger-checkpoints.ts';
import type { LedgerReader } from './ledger-reader.ts';

/**
 * Signed size of a symbol by the ledger, decimal text: from its checkpoint and what came since, so that asking costs the same however long the ledger is. The whole of the symbol's ledger is read
 * only where there is no checkpoint yet.
 */
export async function ledgerSizeOf(
  ledger: Pick<LedgerReader, 'readAdjustments' | 'readPositions'>,
  index: LedgerIndexReader,
  unit: UnitRef,
  symbol: string,
): Promise<string> {
  const { venue } = unit;
  const place = placeOf(venue, symbol);
  const fold = (await index.checkpoint(unit, place))?.fold ?? null;
  if (fold === null) {
    const [position] = await ledger.readPositions(unit, { venue, symbol });
    return position?.size ?? '0';
  }
  const after = await index.moves(unit, place, fold.through);
  const told = await ledger.readAdjustments(unit, { venue, symbol });
  const adjustments = [...openingOf(fold, venue, symbol), ...countingAdjustments(after.adjustments, told)];
  return foldPosition(venue, symbol, after.fills, adjustments).size;
}
