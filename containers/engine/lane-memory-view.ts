import type { LedgerReader } from '#aws/ledger-reader.ts';
import type { ReadLaneMemory } from './symbol-locator.ts';

/** Reads from the ledger which symbol a lane had last, or was on its way to when it had none, and how high the day of all its symbols came. */
export function createLaneMemoryView(reader: Pick<LedgerReader, 'readLanes'>): ReadLaneMemory {
  return async (unit, name) => {
    const lanes = await reader.readLanes(unit);
    const lane = lanes.find((each) => each.lane === name);
    const last = lane?.symbol ?? null;
    const heights = lane?.heights ?? null;
    return {
      symbol: last === null || last.venue !== unit.venue ? null : (last.symbol ?? last.target),
      heights:
        heights === null || heights.venue !== unit.venue
          ? null
          : {
              day: heights.day,
              of: new Map(Object.entries(heights.heights).map(([name, text]) => [name, Number(text)])),
            },
    };
  };
}
