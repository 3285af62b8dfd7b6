import type { EpochMs } from '../time/clock.ts';
import type { Position } from './position.ts';

const DAY_MS = 86_400_000;

/** Profit since 00:00 UTC, fees included, in settlement currency: realised and unrealised at the price last seen. */
export class DailyProfit {
  #day = -1;
  #openedOn = -1;
  #already = 0;
  #baseline = 0;
  #fees = 0;

  /** UTC day (days since 1970) that the profit is of; -1: none yet. */
  get day(): number {
    return this.#day === -1 ? this.#openedOn : this.#day;
  }

  /** Fees paid since the start, all days, in the settlement currency. */
  get fees(): number {
    return this.#fees;
  }

  /** A fee paid (negative: a rebate), told in the settlement currency. Fees in a currency whose worth is not known are not in the profit. */
  fee(amount: number): void {
    this.#fees += amount;
  }

  /**
   * Starts anew when `now` lies in another UTC day than the last call. Called by the lane's own inputs alone, with a price that is known: reading the profit
   * moves nothing. `already`: what a day that began before us had brought.
   */
  roll(position: Position, price: number, now: EpochMs): void {
    const day = Math.floor(now / DAY_MS);
    if (day === this.#day) return;
    const already = day === this.#openedOn ? this.#already : 0;
    this.#day = day;
    this.#baseline = this.#total(position, price) - already;
  }

  /** What the day had brought, and cost, before this engine took the unit over: a restart forgets no loss. */
  resume(already: number, now: EpochMs): void {
    this.#already = already;
    this.#openedOn = Math.floor(now / DAY_MS);
  }

  /** Profit of the day at `price` (price units); before the first roll what had been there already. */
  at(position: Position, price: number): number {
    return this.#day === -1 ? this.#already : this.#total(position, price) - this.#baseline;
  }

  #total(position: Position, price: number): number {
    return position.realizedProfit + position.unrealizedProfit(price) - this.#fees;
  }
}
