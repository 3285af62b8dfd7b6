import { DAY_MS } from '#core/calendar/civil-date.ts';
import type { Lane } from '#core/lanes/lane.ts';
import type { Instrument } from '#core/market/instrument.ts';
import type { EpochMs } from '#core/time/clock.ts';

/** How high the profit of a UTC day (days since 1970) came, by settlement currency. */
export interface DayHeights {
  readonly day: number;
  readonly of: ReadonlyMap<string, number>;
}

/**
 * The day's profit of a lane over all the symbols that it has had, and how high it came, so that a change of symbol forgets no loss, and no height from which a drawdown is measured. Days begin at 00:00 UTC; a
 * clock that steps back over midnight begins no other one.
 */
export class DayOfSymbols {
  /** Of symbols that have no lane, in their settlement currency. */
  #known = new Map<string, number>();
  /** The day of `#known`; -1: nobody has asked the ledger yet. */
  #knownDay = -1;
  #day = -1;
  readonly #heights = new Map<string, number>();

  /** What the ledger has of the candidates, and of the heights that were told. */
  resume(realizedToday: ReadonlyMap<string, number>, told: DayHeights | null, now: EpochMs): void {
    this.#passTo(now);
    this.#known = new Map(realizedToday);
    this.#knownDay = this.#day;
    if (told === null || told.day !== this.#day) return;
    for (const [currency, height] of told.of) this.#heights.set(currency, Math.max(height, this.#heightOf(currency)));
  }

  /** Time has passed, prices have moved. Before the ledger was asked nobody knows how the day stands. */
  follow(lanes: readonly Lane[], instruments: ReadonlyMap<string, Instrument>, now: EpochMs): void {
    this.#passTo(now);
    if (this.#knownDay === -1) return;
    for (const { instrument } of lanes) {
      const { settlementCurrency } = instrument;
      const profit = this.#profitIn(settlementCurrency, lanes, instruments);
      if (profit > this.#heightOf(settlementCurrency)) this.#heights.set(settlementCurrency, profit);
    }
  }

  get heights(): DayHeights {
    return { day: this.#day, of: this.#heights };
  }

  /**
   * Why `current` may enter nothing more today: all of its symbols that settle in the same currency have lost as much as it may, or have fallen as far from the day's height; null: it may.
   */
  spent(
    current: Lane | null,
    lanes: readonly Lane[],
    instruments: ReadonlyMap<string, Instrument>,
    now: EpochMs,
  ): string | null {
    if (current === null) return null;
    this.#passTo(now);
    const { settlementCurrency } = current.instrument;
    const { maxDailyLoss, maxDrawdown } = current.configuration.limits;
    const profit = this.#profitIn(settlementCurrency, lanes, instruments);
    if (profit <= -maxDailyLoss)
      return `its symbols together have lost the day's limit of ${maxDailyLoss} ${settlementCurrency}`;
    if (maxDrawdown === undefined || this.#heightOf(settlementCurrency) - profit < maxDrawdown) return null;
    return `its symbols together have fallen from the day's height by the limit of ${maxDrawdown} ${settlementCurrency}`;
  }

  #profitIn(currency: string, lanes: readonly Lane[], instruments: ReadonlyMap<string, Instrument>): number {
    let sum = 0;
    for (const lane of lanes) {
      if (lane.instrument.settlementCurrency === currency) sum += lane.dailyProfit(this.#day);
    }
    if (this.#knownDay !== this.#day) return sum;
    for (const [symbol, profit] of this.#known) {
      const other = instruments.get(symbol);
      if (other?.settlementCurrency === currency && !lanes.some((lane) => lane.symbol === symbol)) sum += profit;
    }
    return sum;
  }

  /** The day begins at nothing. */
  #heightOf(currency: string): number {
    return this.#heights.get(currency) ?? 0;
  }

  #passTo(now: EpochMs): void {
    const day = Math.floor(now / DAY_MS);
    if (day <= this.#day) return;
    this.#day = day;
    this.#heights.clear();
  }
}
