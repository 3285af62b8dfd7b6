import type { TrackedOrder } from '../orders/tracked-order.ts';
import type { RiskContext } from '../risk/checks.ts';
import type { LaneOutbox } from './lane-outbox.ts';

/** The named reasons for which a lane takes no entries; several may hold at once, and risk asks for the last of them. */
export class EntryPauses {
  readonly #reasons = new Map<string, string>();
  readonly #lane: { readonly name: string; readonly symbol: string };
  readonly #context: RiskContext;
  readonly #outbox: LaneOutbox;

  constructor(lane: { readonly name: string; readonly symbol: string }, context: RiskContext, outbox: LaneOutbox) {
    this.#lane = lane;
    this.#context = context;
    this.#outbox = outbox;
  }

  pause(name: string, reason: string): void {
    if (this.#reasons.get(name) === reason) return;
    this.#reasons.set(name, reason);
    this.#context.entriesPaused = reason;
    this.#tell(true, reason);
  }

  has(name: string): boolean {
    return this.#reasons.has(name);
  }

  resume(name: string): void {
    if (!this.#reasons.delete(name)) return;
    const [left] = this.#reasons.values();
    this.#context.entriesPaused = left ?? null;
    if (left === undefined) this.#tell(false, `${name} ended`);
  }

  /** No entry beside an order of somebody else that could itself open or enlarge a position. */
  heedForeign(foreign: TrackedOrder | null): void {
    if (foreign === null) this.resume('foreign');
    else this.pause('foreign', `order ${foreign.venueOrderId} was not placed here and can still fill`);
  }

  #tell(paused: boolean, reason: string): void {
    this.#outbox.event('lane.entries', { lane: this.#lane.name, symbol: this.#lane.symbol, paused, reason });
  }
}
