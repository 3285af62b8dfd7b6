import type { Instrument } from '../market/instrument.ts';
import type { Side } from '../market/market-message.ts';
import type { Price, Size } from '../market/scaled-decimal.ts';
import type { TrackedOrder } from '../orders/tracked-order.ts';
import { exitSizeOf } from '../positions/exit-size.ts';
import type { OpenPosition, Strategy } from '../strategies/strategy.ts';
import { restsUndoubted } from './lane-orders.ts';
import type { LaneOutbox } from './lane-outbox.ts';
import type { Now } from './now.ts';
import type { OrderDesk } from './order-desk.ts';
import type { OrderGate } from './order-gate.ts';

/** A stop is placed or replaced at most so often, ns: an entry that fills in many parts does not make as many stops. */
const PACE = 250e6;
const LONGEST_WAIT = 30e9;
/** Stops in a row that the venue refused or dropped, from which people are told. */
const TOLD_FROM = 3;

/** While one takes another's place. */
const MOST_STOPS = 2;

/**
 * The stop loss that rests at the venue, compared with the position in each cycle (F24): one reduce-only stop of the position's side, size and price while something is held, none while nothing is. Where it
 * differs, another one is placed beside it, and it is cancelled only when that one rests: whatever becomes of either, and of the engine between them, one protects. Both are reduce-only, so that they close no
 * more than is held. Wherever the venue's is in doubt, the engine's own stop stands behind it.
 */
export class ProtectiveStop {
  readonly #lane: string;
  readonly #instrument: Instrument;
  readonly #desk: OrderDesk;
  readonly #gate: OrderGate;
  readonly #strategy: Strategy;
  readonly #outbox: LaneOutbox;
  #last: TrackedOrder | null = null;
  /** Stops in a row that ended without being filled or cancelled by us. */
  #failures = 0;
  #notBefore = Number.NEGATIVE_INFINITY;

  constructor(
    lane: string,
    instrument: Instrument,
    desk: OrderDesk,
    gate: OrderGate,
    strategy: Strategy,
    outbox: LaneOutbox,
  ) {
    this.#lane = lane;
    this.#instrument = instrument;
    this.#desk = desk;
    this.#gate = gate;
    this.#strategy = strategy;
    this.#outbox = outbox;
  }

  /** Whether the venue's stop can be relied on to close all of the position: it rests, nobody doubts it, and it is as large. */
  covers(size: number): boolean {
    const side = closingSide(size);
    return this.#desk.orders
      .stops()
      .some((each) => restsUndoubted(each) && each.intent.side === side && each.openSize >= Math.abs(size));
  }

  /** Nothing is held: no stop may fill any more. */
  remove(now: Now): void {
    this.#failures = 0;
    for (const order of this.#desk.orders.stops()) this.#desk.cancel(order, now);
  }

  /** Something is held. `middle`: mid price, 0 while none is known. */
  audit(open: OpenPosition, middle: number, profit: number, now: Now): void {
    const { orders } = this.#desk;
    if (this.#gate.context.closed !== null || orders.closesAtMarket) return;
    this.#judgeLast(now);
    const size = exitSizeOf(this.#instrument, open.size, middle);
    const price = this.#strategy.stopLossPrice(open);
    const stops = orders.stops();
    const side = closingSide(open.size);
    const fits = ({ intent, openSize, cancelWished }: TrackedOrder) =>
      intent.side === side && openSize === size && intent.triggerPrice === price && !cancelWished;
    const fitting = stops.find(fits) ?? null;
    const kept = fitting !== null && restsUndoubted(fitting) ? fitting : lastResting(stops, side);
    let ofSide = 0;
    for (const order of stops) {
      const isOfSide = order.intent.side === side;
      if (isOfSide) ofSide += 1;
      // One of the other side protects nothing; of the position's own side the one that rests, and the one that is to take its place, stay.
      if (!isOfSide || (kept !== null && order !== kept && order !== fitting)) this.#desk.cancel(order, now);
    }
    if (fitting !== null || ofSide >= MOST_STOPS) return;
    if (now.mono >= this.#notBefore && size > 0 && price > 0) this.#place(open, size, price, profit, now);
  }

  #place(open: OpenPosition, size: Size, price: Price, profit: number, now: Now): void {
    const intent = this.#gate.stopIntent(closingSide(open.size), price, size);
    const exitNotBefore = this.#desk.exitNotBefore;
    const denial = this.#gate.submit(intent, null, null, profit, now);
    // That no stop rests is no reason to let other exits wait.
    this.#desk.exitNotBefore = exitNotBefore;
    this.#notBefore = now.mono + (denial === null ? PACE : 4 * PACE);
    if (denial === null) this.#last = this.#desk.orders.get(intent.clientOrderId);
  }

  /** A stop that the venue refused, or that ended there by itself, is placed again after a pause that grows. */
  #judgeLast(now: Now): void {
    const last = this.#last;
    if (last === null) return;
    if (restsUndoubted(last)) this.#failures = 0;
    if (!last.terminal) return;
    this.#last = null;
    if (last.cancelWished || last.state === 'Filled') return;
    this.#failures += 1;
    this.#notBefore = now.mono + Math.min(LONGEST_WAIT, PACE * 2 ** this.#failures);
    if (this.#failures !== TOLD_FROM) return;
    const text = `the venue does not keep the stop of lane ${this.#lane} (${last.state} ${last.reason}): the engine alone watches it`;
    this.#outbox.alert('warning', 'STOP_NOT_HELD', text, `stop/${this.#lane}`);
  }
}

/** The youngest of the side that rests undoubted. */
function lastResting(stops: readonly TrackedOrder[], side: Side): TrackedOrder | null {
  return stops.findLast((order) => order.intent.side === side && restsUndoubted(order)) ?? null;
}

function closingSide(size: number): Side {
  return size > 0 ? 'sell' : 'buy';
}
