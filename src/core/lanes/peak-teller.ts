import type { LaneOutbox } from './lane-outbox.ts';
import type { Now } from './now.ts';

/** A height that keeps rising is told so often, ns. */
const EVERY = 5e9;
const DECIMALS = 8;

/** Tells the highest profit of the day as it rises, so that a successor measures drawdowns from there. */
export class PeakTeller {
  readonly #lane: string;
  readonly #symbol: string;
  readonly #outbox: LaneOutbox;
  #told = '';
  #toldAt = Number.NEGATIVE_INFINITY;

  constructor(lane: string, symbol: string, outbox: LaneOutbox) {
    this.#lane = lane;
    this.#symbol = symbol;
    this.#outbox = outbox;
  }

  /** `unit`: of all lanes in the reporting currency; null: nothing limits them together. */
  tell(day: number, peak: number, unit: number | null, now: Now): void {
    if (day < 0 || (peak <= 0 && (unit ?? 0) <= 0) || now.mono - this.#toldAt < EVERY) return;
    const unitPeak = unit === null ? undefined : unit.toFixed(DECIMALS);
    const text = peak.toFixed(DECIMALS);
    const height = `${day} ${text} ${unitPeak}`;
    if (height === this.#told) return;
    this.#told = height;
    this.#toldAt = now.mono;
    const told = { lane: this.#lane, symbol: this.#symbol, day, peak: text };
    this.#outbox.event('profit.peak', unitPeak === undefined ? told : { ...told, unitPeak });
  }
}
