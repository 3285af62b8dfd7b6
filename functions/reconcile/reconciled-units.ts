import type { RuntimeConfiguration } from '#core/config/runtime-configuration.ts';
import { lanesBySymbol } from '#core/config/scanner-configuration.ts';
import { parseUnitId, unitId } from '#core/control/unit.ts';
import { MillraceError } from '#core/errors.ts';
import type { ReconciledUnit } from './reconcile-unit.ts';

/**
 * The units that are to be compared, each with the symbols that its lanes trade, or may. Throws `RECONCILE_UNIT_UNKNOWN` (validation) for a unit that has no lanes: nobody would know which symbols
 * to compare.
 */
export function reconciledUnits(
  configuration: Pick<RuntimeConfiguration, 'lanes' | 'scanners'>,
  asked: readonly string[] | null,
): readonly ReconciledUnit[] {
  const units = new Map<string, { unit: ReconciledUnit['unit']; symbols: ReconciledUnit['symbols'][number][] }>();
  for (const { account, mode, venue, symbol, reservedSize, name } of lanesBySymbol(configuration)) {
    const unit = { account, mode, venue };
    const known = units.get(unitId(unit)) ?? { unit, symbols: [] };
    known.symbols.push({ symbol, reservedSize, lane: name });
    units.set(unitId(unit), known);
  }
  if (asked === null) return [...units.values()];
  return asked.map((id) => {
    const found = units.get(id);
    if (found !== undefined) return found;
    const why = parseUnitId(id) === null ? 'must read <mode>/<account>/<venue>' : 'has no lanes';
    throw new MillraceError('validation', 'RECONCILE_UNIT_UNKNOWN', `unit=${id} ${why}`);
  });
}
