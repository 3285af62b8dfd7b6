import type { EpochMs } from '#core/time/clock.ts';

/** Last instant that a JavaScript date can hold, ms. */
const LAST_EPOCH_MS = 8.64e15;

/** The newest event time that one connection has told. Spot's `bookTicker` has no time of its own: it was said no earlier than that. */
export class StreamTime {
  #newest = 0;

  /** An event's `E`; what is no time is left out. */
  note(time: unknown): void {
    if (typeof time !== 'number' || !Number.isInteger(time) || time > LAST_EPOCH_MS) return;
    if (time > this.#newest) this.#newest = time;
  }

  /** The event's own time, `T` before `E`; of one that has neither (0) the newest so far, 0 before any. */
  of(transactionTime: number, eventTime: number): EpochMs {
    const own = transactionTime === 0 ? eventTime : transactionTime;
    return (own === 0 ? this.#newest : own) as EpochMs;
  }
}
