import type { LaneConfiguration } from '../config/runtime-configuration.ts';
import type { LaneState } from '../events/trading-event.ts';
import { hasReduceOnly, type Instrument } from '../market/instrument.ts';
import type { Side } from '../market/market-message.ts';
import type { OrderBook } from '../market/order-book.ts';
import type { OrderPurpose } from '../orders/order.ts';
import { holdsStops } from '../orders/venue-abilities.ts';
import { exitSizeOf } from '../positions/exit-size.ts';
import type { ExitCall, OpenPosition, Strategy } from '../strategies/strategy.ts';
import type { MonoNanos } from '../time/clock.ts';
import { isProtectiveStop } from './lane-orders.ts';
import type { LaneOutbox } from './lane-outbox.ts';
import type { LaneInput } from './lane-state.ts';
import type { Now } from './now.ts';
import type { OrderDesk } from './order-desk.ts';
import type { OrderGate } from './order-gate.ts';
import { ProtectiveStop } from './protective-stop.ts';
import { TakeProfit } from './take-profit.ts';

const SECOND = 1e9;
/** How long after a breach the venue's own stop has the first word, ns. */
const VENUE_FIRST = 400e6;

/** What protection asks of its lane, and how it moves it. */
export interface ProtectedLane {
  readonly configuration: LaneConfiguration;
  readonly instrument: Instrument;
  readonly state: LaneState;
  /** Mid of the last valid book that had both sides, price units; 0 before the first. */
  readonly middle: number;
  /** Of the day, in settlement currency. */
  dailyProfit(): number;
  move(input: LaneInput, reason: string, now: Now): void;
}

/** How a lane's protection is held; see `protection` in the configuration. */
export interface ProtectionTerms {
  readonly stop: 'venue' | 'engine';
  readonly takeProfit: 'afterEntry' | 'following';
}

/** What the configuration wishes, as far as the venue can: a stop that could open the other side is held by the engine. */
function protectionTerms(
  { protection }: Pick<LaneConfiguration, 'protection'>,
  { venue, kind }: Instrument,
): ProtectionTerms {
  const canFollow = hasReduceOnly(kind);
  return {
    stop: holdsStops(venue, kind) ? (protection?.stop ?? 'venue') : 'engine',
    takeProfit: canFollow ? (protection?.takeProfit ?? 'afterEntry') : 'afterEntry',
  };
}

/** What closes a lane's position: stop loss, holding time, take profit, and the exit that people wish. It acts on the position, whatever the lane's state. */
export class Protection {
  readonly #lane: ProtectedLane;
  readonly #instrument: Instrument;
  readonly #desk: OrderDesk;
  readonly #gate: OrderGate;
  readonly #strategy: Strategy;
  readonly #terms: ProtectionTerms;
  readonly #stop: ProtectiveStop;
  readonly #takeProfit: TakeProfit;
  /** The position is being given up: nothing but a stop rests for it. */
  leaving = false;
  #draining = false;
  #lastMarketExit = Number.NEGATIVE_INFINITY;
  /** Since when the stop's price has been passed: a price that comes back takes nothing back. Null: not while this is held. */
  #breachedSince: MonoNanos | null = null;
  /** Side of what was held then. */
  #breachedSide: Side | null = null;

  constructor(lane: ProtectedLane, desk: OrderDesk, gate: OrderGate, strategy: Strategy, outbox: LaneOutbox) {
    const { configuration, instrument } = lane;
    this.#lane = lane;
    this.#instrument = instrument;
    this.#desk = desk;
    this.#gate = gate;
    this.#strategy = strategy;
    this.#terms = protectionTerms(configuration, instrument);
    this.#stop = new ProtectiveStop(configuration.name, instrument, desk, gate, strategy, outbox);
    this.#takeProfit = new TakeProfit(lane, desk, gate, strategy);
  }

  /** Whether nothing is held that could be closed: no position, or dust, which stays in the books and counts as flat for the lane alone. */
  get isFlat(): boolean {
    const { size } = this.#desk.position;
    return size === 0 || exitSizeOf(this.#instrument, size, this.#lane.middle) === 0;
  }

  /** From here on nothing but a stop rests for the position any more. */
  drain(now: Now): void {
    this.#draining = true;
    this.cancelAllButStops(now);
  }

  cancelAllButStops(now: Now): void {
    for (const order of this.#desk.orders.pending()) {
      if (!isProtectiveStop(order) || this.isFlat) this.#desk.cancel(order, now);
    }
  }

  /** After each input and with each timer: what rests at the venue is compared with the position (F24). */
  audit(now: Now): void {
    if (this.isFlat) {
      this.#breachedSince = null;
      this.#desk.cancelNeedlessExits(now);
    }
    if (this.#terms.stop === 'engine') return;
    if (this.isFlat) this.#stop.remove(now);
    else this.#stop.audit(this.#open(), this.#lane.middle, this.#lane.dailyProfit(), now);
  }

  /** A valid book, while something is held. */
  act(book: OrderBook, now: Now, receivedAt: MonoNanos | null): void {
    if (this.#cannotBe) return;
    this.#appear(now);
    const open = this.#open();
    const call = this.#strategy.exitCall(open, book, now.mono);
    if (this.#isBreached(call, open.size, now.mono)) {
      if (!this.#waitsForVenue(open.size, now.mono)) this.closeAtMarket('stopLoss', now, receivedAt);
    } else if (call !== null) this.closeAtMarket(EXIT_PURPOSE[call], now, receivedAt);
    else if (!this.#draining && !this.leaving) this.#takeProfit.act(open, this.#terms.takeProfit, now, receivedAt);
  }

  /**
   * Cancels what rests and closes by a reduce-only market order, at most one a second and one at a time unless the last is Unknown. A stop at the venue stays until the position is gone: both are
   * reduce-only. Where the venue knows no reduce-only, what rests must have ended first: two exits that both fill would open the other side.
   */
  closeAtMarket(purpose: OrderPurpose, now: Now, receivedAt: MonoNanos | null): void {
    // Under an ended lease nothing is even wished: the position is the successor's.
    if (this.#gate.context.closed !== null || this.isFlat || now.mono - this.#lastMarketExit < SECOND) return;
    if (this.#cannotBe) return;
    const desk = this.#desk;
    const pending = desk.orders.pending();
    if (pending.some((order) => order.intent.type === 'market' && order.alive && order.state !== 'Unknown')) return;
    const reduces = hasReduceOnly(this.#instrument.kind);
    for (const order of pending) if (!reduces || !isProtectiveStop(order)) desk.cancel(order, now);
    if (!reduces && pending.some((order) => order.intent.reduceOnly)) return;
    const side: Side = desk.position.size > 0 ? 'sell' : 'buy';
    const size = exitSizeOf(this.#instrument, desk.position.size, this.#lane.middle);
    const intent = this.#gate.intent(side, purpose, null, size, 'ioc');
    this.#lastMarketExit = now.mono;
    this.#appear(now);
    if (this.#gate.submit(intent, receivedAt, null, this.#lane.dailyProfit(), now) !== null) return;
    const { state } = this.#lane;
    if (state === 'PositionOpen' || state === 'OrderPending') this.#lane.move('exitSubmitted', purpose, now);
  }

  /** What was dust is worth an order since its price has risen: from here on it is a position, and nothing is opened beside it. */
  #appear(now: Now): void {
    if (this.#lane.state === 'Idle') this.#lane.move('positionAppeared', 'what is held is worth an order', now);
  }

  /** A spot holding below nothing is an error of the books, not a position: what would close it would buy. The comparison with the venue halts the lane. */
  get #cannotBe(): boolean {
    return this.#instrument.kind === 'spot' && this.#desk.position.size < 0;
  }

  #isBreached(call: ExitCall, size: number, mono: MonoNanos): boolean {
    const side: Side = size > 0 ? 'buy' : 'sell';
    if (this.#breachedSide !== side) this.#breachedSince = null;
    if (call === 'stopLoss') {
      this.#breachedSince ??= mono;
      this.#breachedSide = side;
    }
    return this.#breachedSince !== null;
  }

  /** The venue's stop closes first; if it has not a while after the breach, the engine does. */
  #waitsForVenue(size: number, mono: MonoNanos): boolean {
    if (this.#terms.stop === 'engine') return false;
    return mono - (this.#breachedSince ?? mono) < VENUE_FIRST && this.#stop.covers(size);
  }

  #open(): OpenPosition {
    const { position, openedAt } = this.#desk;
    return { size: position.size, entryPrice: position.entryPrice, openedAt };
  }
}

const EXIT_PURPOSE = { stopLoss: 'stopLoss', holdTime: 'flatten' } as const satisfies Record<
  NonNullable<ExitCall>,
  OrderPurpose
>;
