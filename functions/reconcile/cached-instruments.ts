import { type UnitRef, unitId } from '#core/control/unit.ts';
import type { Instrument } from '#core/market/instrument.ts';
import type { ReadOnlyQueries } from './ask-parties.ts';

/** The same questions, but that a unit's instruments are asked for once in `freshMs`. */
export function withInstruments(
  freshMs: number,
  nowMs: () => number,
  venue: (unit: UnitRef) => Promise<ReadOnlyQueries>,
): (unit: UnitRef) => Promise<ReadOnlyQueries> {
  const known = new Map<string, { readonly at: number; readonly instruments: readonly Instrument[] }>();
  return async (unit) => {
    const queries = await venue(unit);
    const id = unitId(unit);
    return {
      ...queries,
      async instruments() {
        const kept = known.get(id);
        if (kept !== undefined && nowMs() - kept.at < freshMs) return kept.instruments;
        const instruments = await queries.instruments();
        known.set(id, { at: nowMs(), instruments });
        return instruments;
      },
    };
  };
}
