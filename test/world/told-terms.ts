import type { Price, Size } from '#core/market/scaled-decimal.ts';
import type { MonoNanos } from '#core/time/clock.ts';

/** A request of six seconds ago can no longer be carried out. */
export const REQUEST_LIVES = 6e9;

/** What a report says of the terms of its order, integers at the instrument's scales; null: it names no price. */
export interface SaidTerms {
  readonly size: number;
  readonly price: number | null;
  readonly venueTime: number;
}

/** Terms that were asked for, and what was heard of that. */
interface AskedTerms {
  readonly size: number;
  readonly price: number;
  readonly sentAt: number;
  /** What the venue says of before this cannot be about it. */
  readonly knownAt: number;
  applied: boolean;
  answered: boolean;
}

/** Size and price of one order by what was said of them, and the amendment that is under way (F14). */
export class ToldTerms {
  size: number;
  #price: number | null;
  /** The venue's time of the latest word. */
  #saidAt = 0;
  asked: AskedTerms | null = null;

  constructor(size: number, price: number | null) {
    this.size = size;
    this.#price = price;
  }

  /** How much it may come to: where an amendment is open, the larger of both sizes. */
  get most(): number {
    return this.asked === null || this.asked.applied ? this.size : Math.max(this.size, this.asked.size);
  }

  /** Whether an amendment is under way: what was carried out is answered, or never will be. */
  isOpen(now: number): boolean {
    return this.asked !== null && !(this.asked.applied && now - this.asked.sentAt > REQUEST_LIVES);
  }

  ask(price: Price, size: Size, sentAt: MonoNanos): void {
    this.asked = { price, size, sentAt, knownAt: this.#saidAt, applied: false, answered: false };
  }

  /** The venue states terms. `filled`: what has been executed; terms that are smaller are of before, whatever time they bear. */
  said({ size, price, venueTime }: SaidTerms, filled: number): void {
    if (venueTime < this.#saidAt || (size > 0 && size < filled)) return;
    this.#saidAt = venueTime;
    if (size > 0) this.size = size;
    if (price !== null && price > 0 && this.#price !== null) this.#price = price;
    const { asked } = this;
    if (asked !== null && venueTime >= asked.knownAt && this.size === asked.size && this.#price === asked.price)
      asked.applied = true;
  }

  /** More has been executed than it had: that could only be under the terms that were asked for. */
  executed(filled: number, venueTime: number): void {
    const { asked } = this;
    if (asked === null || filled <= this.size || filled > asked.size) return;
    asked.applied = true;
    this.size = asked.size;
    this.#price = asked.price;
    this.#saidAt = Math.max(this.#saidAt, venueTime);
  }
}
