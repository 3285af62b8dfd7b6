import type { EngineStatus } from './engine-status.ts';
import type { PositionRow } from './live-view.ts';
import type { RunningVenue } from './simulated-venues.ts';

/** The position of each tradable symbol as engine, ledger (`venue/symbol` → size) and simulated venue have it. Of several engines the newest lease's holder counts. */
export function positionRows(
  venues: readonly RunningVenue[],
  engines: readonly EngineStatus[],
  ledger: ReadonlyMap<string, string>,
): PositionRow[] {
  return venues.flatMap((venue) =>
    venue.symbols
      .filter(({ instrument }) => instrument.tradable)
      .map(({ instrument }) => {
        const { symbol } = instrument;
        const units = engines
          .flatMap((engine) => engine.units)
          .filter((unit) => unit.unit.endsWith(`/${venue.id}`))
          .sort((left, right) => right.epoch - left.epoch);
        const lane = units.flatMap((unit) => unit.lanes).find((each) => each.symbol === symbol);
        // A lane that changes its symbol has looked at each candidate: where it follows nothing, nothing is held.
        const followed = units.some((unit) => (unit.switches ?? []).some((each) => each.wanted !== null));
        return {
          venue: venue.id,
          symbol,
          engine: lane?.position ?? (followed ? '0' : null),
          ledger: ledger.get(`${venue.id}/${symbol}`) ?? '0',
          simulated: venue.position(instrument),
        };
      }),
  );
}
