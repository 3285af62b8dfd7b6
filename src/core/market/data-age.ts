import type { EpochMs, MonoNanos } from '../time/clock.ts';

/** Length of one of the two windows whose minima make the recent minimum, ns. */
const WINDOW_NANOS = 30e9;

/**
 * Age of data of one connection (H10): time since receipt, plus how far (receipt − exchange time) lies above the connection's recent minimum.
 * The venue's clock may be off by any constant, or the data be years old: only what is later than the best seen lately counts.
 * Receipt is taken on the monotonic clock, so a step of the wall clock changes nothing.
 */
export class DataAge {
  #windowStart = Number.NEGATIVE_INFINITY;
  #currentMinimum = Number.POSITIVE_INFINITY;
  #previousMinimum = Number.POSITIVE_INFINITY;
  #receivedAt = Number.NEGATIVE_INFINITY;
  #lateMs = 0;

  /** One message: when it came, and the venue's stamp in it. */
  observe(receivedAt: MonoNanos, exchangeTime: EpochMs): void {
    const transit = receivedAt / 1e6 - exchangeTime;
    if (receivedAt - this.#windowStart > WINDOW_NANOS) {
      // After a silence of a whole window and more the earlier minimum says nothing any longer.
      this.#previousMinimum =
        receivedAt - this.#windowStart > 2 * WINDOW_NANOS ? Number.POSITIVE_INFINITY : this.#currentMinimum;
      this.#currentMinimum = Number.POSITIVE_INFINITY;
      this.#windowStart = receivedAt;
    }
    if (transit < this.#currentMinimum) this.#currentMinimum = transit;
    this.#receivedAt = receivedAt;
    this.#lateMs = transit - Math.min(this.#currentMinimum, this.#previousMinimum);
  }

  /** Age at `now`, ms; infinite before the first message. */
  ageMs(now: MonoNanos): number {
    return (now - this.#receivedAt) / 1e6 + this.#lateMs;
  }
}
