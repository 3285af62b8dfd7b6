import type { LaneConfiguration } from '#core/config/runtime-configuration.ts';
import type { LaneEffect } from '#core/lanes/lane-effects.ts';
import type { LaneOpening } from '#core/lanes/lane-opening.ts';
import { LaneOutbox } from '#core/lanes/lane-outbox.ts';
import type { Now } from '#core/lanes/now.ts';
import { OrderDesk } from '#core/lanes/order-desk.ts';
import { OrderGate } from '#core/lanes/order-gate.ts';
import type { Instrument } from '#core/market/instrument.ts';
import type { Price, Size } from '#core/market/scaled-decimal.ts';
import type { ClientOrderId, FillReport, OrderIntent, OrderReport } from '#core/orders/order.ts';
import type { TrackedOrder } from '#core/orders/tracked-order.ts';
import type { OrderAnswer } from '#core/orders/venue-ports.ts';
import type { RiskBook } from '#core/risk/risk-book.ts';
import type { EpochMs } from '#core/time/clock.ts';
import type { JudgedLane, SeenBook } from './expected-denials.ts';

/** Nothing is cancelled for having rested so long, ms. */
const RESTS_MS = 1e9;

/** What of a lane has to do with risk: its desk and its gate, without a strategy. Whoever has it asks for whatever orders they like, also beside others that are at work. */
export class RiskSceneLane implements JudgedLane {
  readonly name: string;
  readonly symbol: string;
  readonly configuration: LaneConfiguration;
  readonly instrument: Instrument;
  readonly gate: OrderGate;
  readonly desk: OrderDesk;
  readonly #outbox = new LaneOutbox();
  #middle = 0;

  constructor(configuration: LaneConfiguration, instrument: Instrument, nextId: () => ClientOrderId, book: RiskBook) {
    this.name = configuration.name;
    this.symbol = configuration.symbol;
    this.configuration = configuration;
    this.instrument = instrument;
    this.desk = new OrderDesk(this.name, instrument, this.#outbox);
    this.gate = new OrderGate(configuration, instrument, nextId, this.desk, this.#outbox, book);
  }

  get orders(): OrderDesk['orders'] {
    return this.desk.orders;
  }

  get position(): OrderDesk['position'] {
    return this.desk.position;
  }

  get entriesPaused(): string | null {
    return this.gate.context.entriesPaused;
  }

  get flat(): boolean {
    return this.position.size === 0;
  }

  get effects(): LaneEffect[] {
    return this.#outbox.effects;
  }

  dailyProfit(): number {
    return this.desk.profit.at(this.position, this.#middle);
  }

  open(opening: LaneOpening, now: Now): void {
    this.desk.open(opening);
    this.desk.profit.resume(opening.dailyProfit, now.epoch);
    if (opening.peak !== undefined) this.gate.risk.resume(opening.peak);
    this.#settle(now);
  }

  see({ valid, bidPrice, askPrice }: SeenBook, exchangeTime: EpochMs, now: Now): void {
    const { context, age, risk } = this.gate;
    age.observe(now.mono, exchangeTime);
    context.bookValid = valid;
    if (!valid) return;
    risk.quotedAt = now.mono;
    context.bidPrice = bidPrice;
    context.askPrice = askPrice;
    this.#middle = (bidPrice + askPrice) / 2;
    this.desk.profit.roll(this.position, this.#middle, now.epoch);
  }

  submit(intent: OrderIntent, now: Now): void {
    this.gate.submit(intent, now.mono, null, this.dailyProfit(), now);
  }

  amend(order: TrackedOrder, price: Price, size: Size, now: Now): void {
    this.gate.amend(order, price, size, this.dailyProfit(), now);
  }

  answer(clientOrderId: ClientOrderId, action: 'place' | 'amend', answer: OrderAnswer, now: Now): void {
    if (action === 'place') this.gate.risk.answered(this.orders.get(clientOrderId), answer, now);
    this.desk.answer(clientOrderId, action, answer, now);
    this.#settle(now);
  }

  hear(report: OrderReport | FillReport, now: Now): void {
    if (report.kind === 'fill') this.desk.fill(report, now);
    else this.desk.report(report, now);
    this.#settle(now);
  }

  timer(now: Now): void {
    this.desk.timer(RESTS_MS, now);
    if (this.#middle > 0) this.desk.profit.roll(this.position, this.#middle, now.epoch);
    if (this.gate.context.bookValid) this.gate.risk.quotedAt = now.mono;
    this.#settle(now);
  }

  #settle(now: Now): void {
    this.gate.risk.told(this.dailyProfit(), this.#middle, this.flat, now);
  }
}
