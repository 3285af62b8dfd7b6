import type { LedgerReader } from '#aws/ledger-reader.ts';
import type { ReadLaneSymbol } from './symbol-locator.ts';

/** Reads from the ledger which symbol a lane had last, or was on its way to when it had none. */
export function createLaneSymbolView(reader: Pick<LedgerReader, 'readLanes'>): ReadLaneSymbol {
  return async (unit, name) => {
    const lanes = await reader.readLanes(unit);
    const last = lanes.find((each) => each.lane === name)?.symbol ?? null;
    return last === null || last.venue !== unit.venue ? null : (last.symbol ?? last.target);
  };
}
