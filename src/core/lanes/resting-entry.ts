import { type Instrument, notional } from '../market/instrument.ts';
import type { OrderBook } from '../market/order-book.ts';
import type { Price, Size } from '../market/scaled-decimal.ts';
import type { TrackedOrder } from '../orders/tracked-order.ts';
import { VENUE_ABILITIES } from '../orders/venue-abilities.ts';
import type { Strategy } from '../strategies/strategy.ts';
import type { MonoNanos } from '../time/clock.ts';
import type { Now } from './now.ts';
import type { OrderDesk } from './order-desk.ts';
import type { OrderGate } from './order-gate.ts';

/** An entry's price is changed at most so often, ns. */
const EVERY = 200e6;

/** What a cancelled entry is to be placed anew for. */
interface Replacement {
  readonly order: TrackedOrder;
  /** When the decision was made: an entry does not outlive its resting time by being placed anew. */
  readonly decidedAt: MonoNanos;
}

/**
 * Lets a resting entry follow its touch where its strategy wishes that. Where the venue amends, in place; else it is cancelled, the cancel is proven, and what by its fills is left of it is placed anew
 * (F23), by the same decision and within its resting time.
 */
export class RestingEntry {
  readonly #instrument: Instrument;
  readonly #desk: OrderDesk;
  readonly #gate: OrderGate;
  readonly #strategy: Strategy;
  readonly #restNanos: number;
  #order: TrackedOrder | null = null;
  #decidedAt = 0 as MonoNanos;
  #movedAt = Number.NEGATIVE_INFINITY;
  #replacement: Replacement | null = null;

  constructor(instrument: Instrument, desk: OrderDesk, gate: OrderGate, strategy: Strategy, restMs: number) {
    this.#instrument = instrument;
    this.#desk = desk;
    this.#gate = gate;
    this.#strategy = strategy;
    this.#restNanos = restMs * 1e6;
  }

  /** An entry was sent. */
  entered(order: TrackedOrder | null, now: Now): void {
    this.#order = order !== null && order.intent.timeInForce !== 'ioc' ? order : null;
    this.#decidedAt = now.mono;
    this.#replacement = null;
  }

  /** Hot: a valid book while an entry is pending. */
  follow(book: OrderBook, profit: () => number, now: Now): void {
    const order = this.#order;
    if (order === null || order.price === null || now.mono - this.#movedAt < EVERY) return;
    const price = this.#strategy.restingPrice(order.intent.side, order.price, book);
    if (price === order.price || !this.#desk.canAmend(order, order.size)) return;
    this.#movedAt = now.mono;
    // A step back from what risk allows leaves the order where it is: it was allowed there.
    if (VENUE_ABILITIES[this.#instrument.venue].amend === 'priceAndSize') {
      this.#gate.amend(order, price, order.size, profit(), now);
      return;
    }
    this.#replacement = { order, decidedAt: this.#decidedAt };
    this.#desk.cancel(order, now);
  }

  /** The wish to place anew is gone: entries are cancelled for another reason. */
  forget(): void {
    this.#replacement = null;
  }

  /** Called when nothing of the lane can fill any more. True: what was left of a cancelled entry has left anew. */
  replace(profit: number, now: Now): boolean {
    const wished = this.#replacement;
    this.#replacement = null;
    if (wished === null || wished.order.state !== 'Canceled') return false;
    const { order, decidedAt } = wished;
    const { side, timeInForce } = order.intent;
    const price = (side === 'buy' ? this.#gate.context.bidPrice : this.#gate.context.askPrice) as Price;
    // Fills that were never listed and are waited for no longer were executed all the same.
    const size = (order.size - Math.max(order.filledSize, order.reportedSize)) as Size;
    const stale = now.mono - decidedAt >= this.#restNanos || !this.#gate.context.bookValid || price <= 0;
    if (stale || !this.#isOrder(price, size)) return false;
    const intent = this.#gate.intent(side, 'entry', price, size, timeInForce);
    if (this.#gate.submit(intent, null, null, profit, now) !== null) return false;
    this.#order = this.#desk.orders.get(intent.clientOrderId);
    return true;
  }

  /** Whether the rest is large enough to be an order of its own. */
  #isOrder(price: Price, size: Size): boolean {
    const { minSize, minNotional } = this.#instrument;
    return size > 0 && size >= minSize && notional(this.#instrument, price, size) >= minNotional;
  }
}
