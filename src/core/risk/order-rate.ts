import type { MonoNanos } from '../time/clock.ts';

/** A token bucket: `perSecond` tokens a second, at most one second's worth kept (at least one). */
export class OrderRate {
  readonly #perSecond: number;
  #tokens: number;
  #at: MonoNanos | null = null;

  constructor(perSecond: number) {
    this.#perSecond = perSecond;
    this.#tokens = Math.max(1, perSecond);
  }

  /** Tokens there are at `now`. */
  tokens(now: MonoNanos): number {
    if (this.#at !== null) {
      const gained = ((now - this.#at) / 1e9) * this.#perSecond;
      this.#tokens = Math.min(Math.max(1, this.#perSecond), this.#tokens + gained);
    }
    this.#at = now;
    return this.#tokens;
  }

  take(): void {
    this.#tokens -= 1;
  }
}
