import type { Lane } from '#core/lanes/lane.ts';
import type { Instrument } from '#core/market/instrument.ts';
import type { EpochMs } from '#core/time/clock.ts';

const DAY_MS = 86_400_000;

/** The day's profit of a lane over all the symbols that it has had, so that a change of symbol forgets no loss. Days begin at 00:00 UTC. */
export class DayOfSymbols {
  /** Of symbols that have no lane, in their settlement currency. */
  #known = new Map<string, number>();
  #day = -1;

  /** What the ledger has of the candidates. */
  resume(realizedToday: ReadonlyMap<string, number>, now: EpochMs): void {
    this.#known = new Map(realizedToday);
    this.#day = dayOf(now);
  }

  /** Why `current` may enter nothing more today: all of its symbols that settle in the same currency have lost as much as it may; null: it may. */
  spent(
    current: Lane | null,
    lanes: readonly Lane[],
    instruments: ReadonlyMap<string, Instrument>,
    now: EpochMs,
  ): string | null {
    if (current === null) return null;
    const { settlementCurrency } = current.instrument;
    let sum = 0;
    for (const lane of lanes) if (lane.instrument.settlementCurrency === settlementCurrency) sum += lane.dailyProfit();
    if (this.#day === dayOf(now)) {
      for (const [symbol, profit] of this.#known) {
        const other = instruments.get(symbol);
        if (other?.settlementCurrency === settlementCurrency && !lanes.some((lane) => lane.symbol === symbol))
          sum += profit;
      }
    }
    if (sum > -current.configuration.limits.maxDailyLoss) return null;
    return `its symbols together have lost the day's limit of ${current.configuration.limits.maxDailyLoss} ${settlementCurrency}`;
  }
}

function dayOf(now: EpochMs): number {
  return Math.floor(now / DAY_MS);
}
