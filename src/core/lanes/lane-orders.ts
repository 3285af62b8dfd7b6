import type { OrderState } from '../events/trading-event.ts';
import type { OrderChangeNote, TrackedOrder } from '../orders/tracked-order.ts';

const RESTS: ReadonlySet<OrderState> = new Set(['Initialized', 'Submitted', 'Accepted']);
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
  /** Orders that nobody here placed: they hold the lane in no state. */
  readonly #foreign = new Map<string, TrackedOrder>();
  readonly #maps = [this.#orders, this.#foreign];
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
    const orders = order.foreign ? this.#foreign : this.#orders;
    orders.set(order.intent.clientOrderId, order);
    if (orders.size <= ENDED_KEPT) return;
    for (const [id, each] of orders) {
      if (orders.size <= ENDED_KEPT) break;
      if (!isPending(each)) orders.delete(id);
    }
  }

  find(clientOrderId: string | null, venueOrderId: string | null): TrackedOrder | null {
    if (clientOrderId !== null) {
      const byClientId = this.#orders.get(clientOrderId);
      if (byClientId !== undefined) return byClientId;
    }
    if (venueOrderId === null) return null;
    for (const order of this.#orders.values()) if (order.venueOrderId === venueOrderId) return order;
    for (const order of this.#foreign.values()) if (order.venueOrderId === venueOrderId) return order;
    return null;
  }

  get(clientOrderId: string): TrackedOrder | null {
    return this.#orders.get(clientOrderId) ?? this.#foreign.get(clientOrderId) ?? null;
  }

  /** The lane's own orders that can still change the position: alive, or ended with fill reports missing. */
  pending(): TrackedOrder[] {
    return [...this.#orders.values()].filter(isPending);
  }

  /** Those, and the ones that nobody here placed: all that are followed to their ends. */
  followed(): TrackedOrder[] {
    return this.#foreign.size === 0
      ? this.pending()
      : [...this.pending(), ...[...this.#foreign.values()].filter(isPending)];
  }

  /** An order that nobody here placed and that could still open or enlarge a position, or null. */
  get foreignThatOpens(): TrackedOrder | null {
    for (const order of this.#foreign.values()) if (isPending(order) && !order.intent.reduceOnly) return order;
    return null;
  }

  /** Whether any order can still change the position. */
  get quiet(): boolean {
    for (const order of this.#orders.values()) if (isPending(order)) return false;
    return true;
  }

  /** Whether nothing but protective stops can still change the position: what rests to protect it keeps a lane from nothing. */
  get quietButStops(): boolean {
    for (const order of this.#orders.values()) if (isPending(order) && !isProtectiveStop(order)) return false;
    return true;
  }

  /** Whether every stop that is not ended rests at the venue, and nobody doubts it. */
  get stopsRest(): boolean {
    for (const order of this.#orders.values()) {
      if (isPending(order) && isProtectiveStop(order) && !restsUndoubted(order)) return false;
    }
    return true;
  }

  /** Whether all that can fill beside protective stops are entries that rest: beside one that is in doubt nothing is begun. */
  get onlyEntriesRest(): boolean {
    for (const order of this.#orders.values()) {
      if (!isPending(order) || isProtectiveStop(order)) continue;
      if (order.intent.purpose !== 'entry' || !restsUndoubted(order)) return false;
    }
    return true;
  }

  /** Protective stops that can still fill, oldest first. */
  stops(): TrackedOrder[] {
    const stops: TrackedOrder[] = [];
    for (const order of this.#orders.values()) if (isPending(order) && isProtectiveStop(order)) stops.push(order);
    return stops;
  }

  /** Whether an order at the market is at work. */
  get closesAtMarket(): boolean {
    for (const order of this.#orders.values()) if (order.intent.type === 'market' && order.alive) return true;
    return false;
  }

  /** Sums over what can still fill, `without` one of them; reduce-only orders add nothing to a position. */
  working(without: TrackedOrder | null = null): WorkingOrders {
    const sums = this.#working;
    sums.count = 0;
    sums.unknown = 0;
    sums.buySize = 0;
    sums.sellSize = 0;
    sums.buyAtRisk = 0;
    sums.sellAtRisk = 0;
    sums.exits = 0;
    for (const orders of this.#maps) for (const order of orders.values()) if (order !== without) this.#count(order);
    return sums;
  }

  #count(order: TrackedOrder): void {
    const { alive } = order;
    if (!alive && !order.missesFills) return;
    const sums = this.#working;
    const { reduceOnly, side } = order.intent;
    if (order.foreign && reduceOnly) return;
    if (reduceOnly) sums.exits += 1;
    else if (side === 'buy') sums.buyAtRisk += order.sizeAtRisk;
    else sums.sellAtRisk += order.sizeAtRisk;
    if (!alive) return;
    sums.count += 1;
    if (order.state === 'Unknown') sums.unknown += 1;
    if (reduceOnly) return;
    if (side === 'buy') sums.buySize += order.openSize;
    else sums.sellSize += order.openSize;
  }
}

/** Whether the order can still change the position: it lives, or the venue reported more than the fills that arrived (G2). */
export function isPending(order: TrackedOrder): boolean {
  return order.alive || order.missesFills;
}

/** A stop that rests at the venue for the position. */
export function isProtectiveStop({ intent }: TrackedOrder): boolean {
  return intent.type === 'stopMarket' && intent.reduceOnly;
}

/** Whether a protective stop leaves its rest by this change: triggered, ended, in doubt, or wished away. */
export function leavesRest(order: TrackedOrder, { from, to }: OrderChangeNote): boolean {
  return isProtectiveStop(order) && RESTS.has(from) && !RESTS.has(to);
}

/** Whether it rests at the venue as far as anybody knows, and nothing was asked or wished of it. */
export function restsUndoubted(order: TrackedOrder): boolean {
  const rests = order.state === 'Accepted' || order.state === 'PartiallyFilled';
  return rests && !order.cancelWished && order.unclearSince === null && !order.missesFills;
}
