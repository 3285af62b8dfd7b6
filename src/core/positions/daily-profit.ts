import type { EpochMs } from '../time/clock.ts';
import type { Position } from './position.ts';

/** Profit since 00:00 UTC, fees included, in quote currency: realised and unrealised at the price last seen. */
export class DailyProfit {
  #day = -1;
  #baseline = 0;
  #fees = 0;

  /** A fee paid (negative: a rebate) in the settlement currency. */
  fee(amount: number): void {
    this.#fees += amount;
  }

  /** Profit of the day at `price` (price units); starts anew when `now` lies in another UTC day. */
  at(position: Position, price: number, now: EpochMs): number {
    const total = position.realizedProfit + position.unrealizedProfit(price) - this.#fees;
    const day = Math.floor(now / 86_400_000);
    if (day !== this.#day) {
      this.#day = day;
      this.#baseline = total;
    }
    return total - this.#baseline;
  }
}
