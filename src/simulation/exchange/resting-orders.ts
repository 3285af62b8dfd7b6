import type { Side } from '#core/market/market-message.ts';
import { remainingOf, type WorkingOrder } from './working-order.ts';

/** The resting account orders of one side of one symbol: by price, then by time. */
export class RestingOrders {
  readonly #levels = new Map<number, WorkingOrder[]>();
  /** Best first. */
  readonly #prices: number[] = [];
  readonly #sign: 1 | -1;

  constructor(side: Side) {
    this.#sign = side === 'buy' ? -1 : 1;
  }

  /** Last in the queue of its price. */
  add(order: WorkingOrder, price: number): void {
    const level = this.#levels.get(price);
    if (level !== undefined) {
      level.push(order);
      return;
    }
    this.#levels.set(price, [order]);
    const place = this.#prices.findIndex((each) => (each - price) * this.#sign > 0);
    this.#prices.splice(place < 0 ? this.#prices.length : place, 0, price);
  }

  remove(order: WorkingOrder): boolean {
    const price = order.price;
    const level = price === null ? undefined : this.#levels.get(price);
    const index = level?.indexOf(order) ?? -1;
    if (level === undefined || price === null || index < 0) return false;
    level.splice(index, 1);
    if (level.length === 0) {
      this.#levels.delete(price);
      this.#prices.splice(this.#prices.indexOf(price), 1);
    }
    return true;
  }

  /** Null while nothing rests. */
  bestPrice(): number | null {
    return this.#prices[0] ?? null;
  }

  /** Best first. */
  prices(): readonly number[] {
    return this.#prices;
  }

  /** In the order of their time. */
  at(price: number): readonly WorkingOrder[] {
    return this.#levels.get(price) ?? [];
  }

  sizeAt(price: number): number {
    let size = 0;
    for (const order of this.at(price)) size += remainingOf(order);
    return size;
  }

  /** So much of others at the price is gone from the front of the queue. */
  passQueue(price: number, size: number): void {
    for (const order of this.at(price)) order.queueAhead = Math.max(0, order.queueAhead - size);
  }

  /** Nobody stands behind more than the price displays. */
  limitQueue(price: number, displayed: number): void {
    for (const order of this.at(price)) order.queueAhead = Math.min(order.queueAhead, displayed);
  }

  *[Symbol.iterator](): Generator<WorkingOrder> {
    for (const price of this.#prices) yield* this.at(price);
  }
}
