import type { FillReport } from '../orders/order.ts';
import type { LaneOpening } from './lane-opening.ts';

const KEPT = 20_000;

/** Which executions are in a lane's position: each counts once, however often and by whomever it is told. */
export class CountedFills {
  /** By id, with the venue's time of each. */
  readonly #times = new Map<string, number>();
  /** Executions of before this, by the venue's time, are in the position for sure: questions that reach further back do not make them new. */
  #from = Number.NEGATIVE_INFINITY;

  open({ countedFillIds, fillsFrom }: LaneOpening): void {
    for (const id of countedFillIds) this.#times.set(id, Number.NEGATIVE_INFINITY);
    if (fillsFrom !== undefined) this.#from = fillsFrom;
  }

  has({ fillId, source, venueTime }: FillReport): boolean {
    return this.#times.has(fillId) || (source === 'query' && venueTime < this.#from);
  }

  add({ fillId, venueTime }: FillReport): void {
    this.#times.set(fillId, venueTime);
    if (this.#times.size <= KEPT) return;
    const [oldest] = this.#times;
    if (oldest === undefined) return;
    const [id, time] = oldest;
    this.#times.delete(id);
    // What is forgotten must not count again when it is listed once more.
    this.#from = Math.max(this.#from, time + 1);
  }
}
