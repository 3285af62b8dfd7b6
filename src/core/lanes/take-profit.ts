import { hasReduceOnly } from '../market/instrument.ts';
import type { Side } from '../market/market-message.ts';
import type { Price, Size } from '../market/scaled-decimal.ts';
import type { TrackedOrder } from '../orders/tracked-order.ts';
import { VENUE_ABILITIES } from '../orders/venue-abilities.ts';
import { exitSizeOf } from '../positions/exit-size.ts';
import type { OpenPosition, Strategy } from '../strategies/strategy.ts';
import type { MonoNanos } from '../time/clock.ts';
import { restsUndoubted } from './lane-orders.ts';
import type { Now } from './now.ts';
import type { OrderDesk } from './order-desk.ts';
import type { OrderGate } from './order-gate.ts';
import type { ProtectedLane } from './protection.ts';

/** It follows the position at most so often, ns. */
const PACE = 250e6;

/**
 * The order that rests to take the profit of a position. Its size and price follow the position: by an amendment where the venue makes those, else it is cancelled, its end is proven, and what is held then
 * gets another one.
 */
export class TakeProfit {
  readonly #lane: ProtectedLane;
  readonly #desk: OrderDesk;
  readonly #gate: OrderGate;
  readonly #strategy: Strategy;
  #order: TrackedOrder | null = null;
  #movedAt = Number.NEGATIVE_INFINITY;

  constructor(lane: ProtectedLane, desk: OrderDesk, gate: OrderGate, strategy: Strategy) {
    this.#lane = lane;
    this.#desk = desk;
    this.#gate = gate;
    this.#strategy = strategy;
  }

  /** Something is held and need not be closed at once. `when`: `following` rests it beside an entry that goes on filling. */
  act(open: OpenPosition, when: 'afterEntry' | 'following', now: Now, receivedAt: MonoNanos | null): void {
    const order = this.#order;
    if (order?.alive === true) {
      this.#follow(order, open, now);
      return;
    }
    const { state } = this.#lane;
    const atRest = state === 'PositionOpen' && this.#desk.orders.quietButStops;
    const beside = when === 'following' && state === 'OrderPending' && this.#desk.orders.onlyEntriesRest;
    if ((!atRest && !beside) || now.mono < this.#desk.exitNotBefore) return;
    const side: Side = open.size > 0 ? 'sell' : 'buy';
    const intent = this.#gate.intent(side, 'takeProfit', this.#price(open), this.#size(open), 'gtc');
    if (this.#gate.submit(intent, receivedAt, null, this.#lane.dailyProfit(), now) !== null) return;
    this.#order = this.#desk.orders.get(intent.clientOrderId);
    this.#lane.move('exitSubmitted', 'take profit', now);
  }

  #follow(order: TrackedOrder, open: OpenPosition, now: Now): void {
    if (order.missesFills || now.mono - this.#movedAt < PACE || !restsUndoubted(order)) return;
    const size = this.#size(open);
    const price = this.#price(open);
    if (order.openSize === size && order.price === price) return;
    const total = (order.filledSize + size) as Size;
    if (!this.#desk.canAmend(order, total)) return;
    this.#movedAt = now.mono;
    const { venue, kind } = this.#lane.instrument;
    if (VENUE_ABILITIES[venue].amend !== 'priceAndSize' || !hasReduceOnly(kind)) this.#desk.cancel(order, now);
    else this.#gate.amend(order, price, total, this.#lane.dailyProfit(), now);
  }

  #size(open: OpenPosition): Size {
    return exitSizeOf(this.#lane.instrument, open.size, this.#lane.middle);
  }

  #price(open: OpenPosition): Price {
    return this.#strategy.takeProfitPrice(open);
  }
}
