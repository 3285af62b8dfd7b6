import { DAY_MS } from '../calendar/civil-date.ts';
import type { EpochMs } from '../time/clock.ts';
import type { Position } from './position.ts';

/** Profit since 00:00 UTC, fees and funding included, in settlement currency: realised and unrealised at the price last seen. */
export class DailyProfit {
  #day = -1;
  #openedOn = -1;
  /** By the clock as it was read last: before `#day` where it has stepped back since. */
  #clockDay = -1;
  #already = 0;
  #baseline = 0;
  #fees = 0;
  #cash = 0;

  /** UTC day (days since 1970) that the profit is of; -1: none yet. */
  get day(): number {
    return this.#day === -1 ? this.#openedOn : this.#day;
  }

  /** Fees paid since the start, all days, in the settlement currency. */
  get fees(): number {
    return this.#fees;
  }

  /** Funding and the like received since the start, all days, in the settlement currency. */
  get funding(): number {
    return this.#cash;
  }

  /** A fee paid (negative: a rebate), in the settlement currency; what bounds one whose worth is not known yet, and what puts that right. */
  fee(amount: number): void {
    this.#fees += amount;
    if (this.#day === -1) this.#already -= amount;
  }

  /** Money received (negative: paid) at that time of the venue without an execution. What belongs to a day before this one is told late, and is no profit of this. */
  cash(amount: number, venueTime: EpochMs): void {
    const day = Math.floor(venueTime / DAY_MS);
    this.#cash += amount;
    if (this.#day !== -1 && day < Math.min(this.#day, this.#clockDay)) this.#baseline += amount;
    else if (this.#day === -1 && day >= this.#openedOn) this.#already += amount;
  }

  /**
   * Starts anew when `now` lies in a later UTC day than any call before: a clock that steps back over midnight begins no other day, in which what was lost would be forgotten. Called by the lane's
   * own inputs alone, with a price that is known: reading the profit moves nothing. `already`: what a day that began before us had brought.
   */
  roll(position: Position, price: number, now: EpochMs): void {
    this.#clockDay = Math.floor(now / DAY_MS);
    const day = Math.max(this.#clockDay, this.#openedOn);
    if (day <= this.#day) return;
    // What came before the first price was known is of the day as well.
    const early = this.#day === -1 ? position.realizedProfit : 0;
    const already = day === this.#openedOn ? this.#already + early : 0;
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
    return position.realizedProfit + position.unrealizedProfit(price) - this.#fees + this.#cash;
  }
}
