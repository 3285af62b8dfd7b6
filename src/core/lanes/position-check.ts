import type { Instrument } from '../market/instrument.ts';
import { formatScaled, type Price, parseScaled } from '../market/scaled-decimal.ts';
import type { PositionReport } from '../orders/order.ts';
import type { MonoNanos } from '../time/clock.ts';
import type { LaneOutbox } from './lane-outbox.ts';
import type { Now } from './now.ts';

const EVERY_NANOS = 5e9;
const AGAIN_NANOS = 1e9;

/** What a comparison with the venue showed. `adopt`: the difference is a fact and the venue's position is to be taken over. */
export type PositionFinding =
  | { readonly kind: 'agree' }
  | { readonly kind: 'differs'; readonly reason: string }
  | { readonly kind: 'adopt'; readonly reason: string; readonly delta: number; readonly price: Price };

/** When to ask the venue for the position, and what its answer means (H2): every 5 s, after each reconnect, and soon after any doubt. */
export class PositionCheck {
  #due: MonoNanos = 0 as MonoNanos;
  #asking = false;
  #differences = 0;

  /** Asks at the next occasion. */
  soon(now: MonoNanos): void {
    this.#due = Math.min(this.#due, now) as MonoNanos;
  }

  /** Whether to ask now; at most one question is under way. */
  start(now: MonoNanos): boolean {
    if (this.#asking || now < this.#due) return false;
    this.#asking = true;
    return true;
  }

  /** An answer came; the next question is due in 5 s, or in 1 s after an answer that could not be compared. */
  answered(now: MonoNanos, comparable: boolean): void {
    this.#asking = false;
    this.#due = (now + (comparable ? EVERY_NANOS : AGAIN_NANOS)) as MonoNanos;
  }

  /** Compares the own size with the venue's and tells it. Once may be a report on its way; twice in a row with nothing between is a fact. */
  compare(own: number, report: PositionReport, instrument: Instrument, outbox: LaneOutbox, now: Now): PositionFinding {
    const { sizeScale, priceScale } = instrument;
    const venue = parseScaled(report.size, sizeScale);
    const agree = own === venue;
    outbox.event('position.checked', {
      symbol: instrument.symbol,
      engine: formatScaled(own, sizeScale),
      venue: formatScaled(venue, sizeScale),
      agree,
    });
    if (agree) {
      this.#differences = 0;
      return { kind: 'agree' };
    }
    this.#differences += 1;
    this.#due = (now.mono + AGAIN_NANOS) as MonoNanos;
    const reason = `position differs: engine ${formatScaled(own, sizeScale)}, venue ${formatScaled(venue, sizeScale)}`;
    if (this.#differences < 2) return { kind: 'differs', reason };
    this.#differences = 0;
    return { kind: 'adopt', reason, delta: venue - own, price: adoptionPrice(report.entryPrice, priceScale) };
  }
}

/** The venue's average entry price has more digits than the tick: rounded to the scale. An unreadable one counts as 0: no price is invented. */
function adoptionPrice(text: string, scale: number): Price {
  const value = Number(text);
  return (Number.isFinite(value) && value > 0 ? Math.round(value * 10 ** scale) : 0) as Price;
}
