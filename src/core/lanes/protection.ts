import type { LaneState } from '../events/trading-event.ts';
import { hasReduceOnly, type Instrument } from '../market/instrument.ts';
import type { Side } from '../market/market-message.ts';
import type { OrderBook } from '../market/order-book.ts';
import type { OrderPurpose } from '../orders/order.ts';
import { exitSizeOf } from '../positions/exit-size.ts';
import type { ExitCall, OpenPosition, Strategy } from '../strategies/strategy.ts';
import type { MonoNanos } from '../time/clock.ts';
import type { LaneInput } from './lane-state.ts';
import type { Now } from './now.ts';
import type { OrderDesk } from './order-desk.ts';
import type { OrderGate } from './order-gate.ts';

const SECOND = 1e9;

/** What protection asks of its lane, and how it moves it. */
export interface ProtectedLane {
  readonly state: LaneState;
  /** Mid of the last valid book that had both sides, price units; 0 before the first. */
  readonly middle: number;
  /** Of the day, in settlement currency. */
  dailyProfit(): number;
  move(input: LaneInput, reason: string, now: Now): void;
}

/** What closes a lane's position: stop loss, holding time, take profit, and the exit that people wish. It acts on the position, whatever the lane's state. */
export class Protection {
  readonly #lane: ProtectedLane;
  readonly #instrument: Instrument;
  readonly #desk: OrderDesk;
  readonly #gate: OrderGate;
  readonly #strategy: Strategy;
  #draining = false;
  #lastMarketExit = Number.NEGATIVE_INFINITY;

  constructor(lane: ProtectedLane, instrument: Instrument, desk: OrderDesk, gate: OrderGate, strategy: Strategy) {
    this.#lane = lane;
    this.#instrument = instrument;
    this.#desk = desk;
    this.#gate = gate;
    this.#strategy = strategy;
  }

  /** Whether nothing is held that could be closed: no position, or dust, which stays in the books and counts as flat for the lane alone. */
  get isFlat(): boolean {
    const { size } = this.#desk.position;
    return size === 0 || exitSizeOf(this.#instrument, size, this.#lane.middle) === 0;
  }

  /** From here on nothing rests for the position any more. */
  drain(): void {
    this.#draining = true;
  }

  /** A valid book, while something is held. */
  act(book: OrderBook, now: Now, receivedAt: MonoNanos | null): void {
    const desk = this.#desk;
    const open: OpenPosition = {
      size: desk.position.size,
      entryPrice: desk.position.entryPrice,
      openedAt: desk.openedAt,
    };
    const call = this.#strategy.exitCall(open, book, now.mono);
    if (call !== null) {
      this.closeAtMarket(EXIT_PURPOSE[call], now, receivedAt);
      return;
    }
    const rests = this.#draining || this.#lane.state !== 'PositionOpen' || !desk.orders.quiet;
    if (rests || now.mono < desk.exitNotBefore) return;
    const side: Side = open.size > 0 ? 'sell' : 'buy';
    const size = exitSizeOf(this.#instrument, open.size, this.#lane.middle);
    const intent = this.#gate.intent(side, 'takeProfit', this.#strategy.takeProfitPrice(open), size, 'gtc');
    if (this.#gate.submit(intent, receivedAt, null, this.#lane.dailyProfit(), now) === null)
      this.#lane.move('exitSubmitted', 'take profit', now);
  }

  /**
   * Cancels what rests and closes by a reduce-only market order, at most one a second and one at a time unless the last is Unknown. Where the venue knows no reduce-only, what
   * rests must have ended first: two exits that both fill would open the other side.
   */
  closeAtMarket(purpose: OrderPurpose, now: Now, receivedAt: MonoNanos | null): void {
    // Under an ended lease nothing is even wished: the position is the successor's.
    if (this.#gate.context.closed !== null || this.isFlat || now.mono - this.#lastMarketExit < SECOND) return;
    const desk = this.#desk;
    const pending = desk.orders.pending();
    if (pending.some((order) => order.intent.type === 'market' && order.alive && order.state !== 'Unknown')) return;
    for (const order of pending) desk.cancel(order, now);
    if (!hasReduceOnly(this.#instrument.kind) && pending.some((order) => order.intent.reduceOnly)) return;
    const side: Side = desk.position.size > 0 ? 'sell' : 'buy';
    const size = exitSizeOf(this.#instrument, desk.position.size, this.#lane.middle);
    const intent = this.#gate.intent(side, purpose, null, size, 'ioc');
    this.#lastMarketExit = now.mono;
    if (this.#gate.submit(intent, receivedAt, null, this.#lane.dailyProfit(), now) !== null) return;
    const { state } = this.#lane;
    if (state === 'PositionOpen' || state === 'OrderPending') this.#lane.move('exitSubmitted', purpose, now);
  }
}

const EXIT_PURPOSE = { stopLoss: 'stopLoss', holdTime: 'flatten' } as const satisfies Record<
  NonNullable<ExitCall>,
  OrderPurpose
>;
