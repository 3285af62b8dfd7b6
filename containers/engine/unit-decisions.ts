import type { OrderDecision } from '#core/control/order-decision.ts';
import type { UnitId } from '#core/control/unit.ts';
import type { Lane } from '#core/lanes/lane.ts';
import type { EventNote } from '#core/lanes/lane-effects.ts';

/** Decisions of people on orders that no lane of the unit follows: refused and told, once each. Lanes judge those on their own orders. */
export class UnitDecisions {
  readonly #unit: UnitId;
  readonly #tell: (note: EventNote) => void;
  /** Null: none have come yet. What is there when the unit is taken over was for its predecessor, which has told of it. */
  #seen: ReadonlySet<string> | null = null;

  constructor(unit: UnitId, tell: (note: EventNote) => void) {
    this.#unit = unit;
    this.#tell = tell;
  }

  /** Called with each desired state, after the lanes have had it. */
  heed(decisions: readonly OrderDecision[], lanes: readonly Pick<Lane, 'orders'>[]): void {
    const before = this.#seen;
    this.#seen = new Set(decisions.map((each) => each.id));
    if (before === null) return;
    for (const decision of decisions) {
      const { id, clientOrderId, who, outcome } = decision;
      if (before.has(id) || lanes.some((lane) => lane.orders.get(clientOrderId) !== null)) continue;
      const text = `${who} decided that order ${clientOrderId} is ${outcome}, but no lane of ${this.#unit} follows it: it has ended, or is not of this unit; nothing is changed`;
      const body = { severity: 'warning', code: 'DECISION_REFUSED', text, dedupeKey: `decision/${id}` } as const;
      this.#tell({ type: 'alert', body });
    }
  }
}
