import type { ClientOrderId } from '../orders/order.ts';
import type { TrackedOrder } from '../orders/tracked-order.ts';

/** Ended orders kept for late reports and fills. */
const ENDED_KEPT = 256;

/** Sums over a lane's orders, as risk needs them; written anew at each count. */
export interface WorkingOrders {
  count: number;
  unknown: number;
  buySize: number;
  sellSize: number;
  /** The same with what has filled and no fill told yet: what the position may still become. */
  buyAtRisk: number;
  sellAtRisk: number;
  /** Reduce-only orders that can still change the position, stop orders among them. */
  exits: number;
}

/** The orders of one lane by client order id: the ones that can still fill, and the last ended ones for late reports. */
export class LaneOrders {
  readonly #orders = new Map<string, TrackedOrder>();
  readonly #working: WorkingOrders = {
    count: 0,
    unknown: 0,
    buySize: 0,
    sellSize: 0,
    buyAtRisk: 0,
    sellAtRisk: 0,
    exits: 0,
  };

  add(order: TrackedOrder): void {
    this.#orders.set(order.intent.clientOrderId, order);
    if (this.#orders.size <= ENDED_KEPT) return;
    for (const [id, each] of this.#orders) {
      if (this.#orders.size <= ENDED_KEPT) break;
      if (!isPending(each)) this.#orders.delete(id);
    }
  }

  find(clientOrderId: string | null, venueOrderId: string | null): TrackedOrder | null {
    if (clientOrderId !== null) {
      const byClientId = this.#orders.get(clientOrderId);
      if (byClientId !== undefined) return byClientId;
    }
    if (venueOrderId === null) return null;
    for (const order of this.#orders.values()) if (order.venueOrderId === venueOrderId) return order;
    return null;
  }

  get(clientOrderId: ClientOrderId): TrackedOrder | null {
    return this.#orders.get(clientOrderId) ?? null;
  }

  /** Orders that can still change the position: alive, or ended with fill reports missing. */
  pending(): TrackedOrder[] {
    return [...this.#orders.values()].filter(isPending);
  }

  /** Whether any order can still change the position. */
  get quiet(): boolean {
    for (const order of this.#orders.values()) if (isPending(order)) return false;
    return true;
  }

  /** Sums over what can still fill; reduce-only orders add nothing to a position. */
  working(): WorkingOrders {
    const sums = this.#working;
    sums.count = 0;
    sums.unknown = 0;
    sums.buySize = 0;
    sums.sellSize = 0;
    sums.buyAtRisk = 0;
    sums.sellAtRisk = 0;
    sums.exits = 0;
    for (const order of this.#orders.values()) {
      const { alive } = order;
      if (!alive && !order.missesFills) continue;
      const { reduceOnly, side } = order.intent;
      if (reduceOnly) sums.exits += 1;
      else if (side === 'buy') sums.buyAtRisk += order.sizeAtRisk;
      else sums.sellAtRisk += order.sizeAtRisk;
      if (!alive) continue;
      sums.count += 1;
      if (order.state === 'Unknown') sums.unknown += 1;
      if (reduceOnly) continue;
      if (side === 'buy') sums.buySize += order.openSize;
      else sums.sellSize += order.openSize;
    }
    return sums;
  }
}

/** Whether the order can still change the position: it lives, or the venue reported more than the fills that arrived (G2). */
export function isPending(order: TrackedOrder): boolean {
  return order.alive || order.missesFills;
}
