import type { LaneConfiguration } from '../config/runtime-configuration.ts';
import type { DesiredState } from '../control/desired-state.ts';
import { MillraceError } from '../errors.ts';
import { type LaneState, stampsOfDecision } from '../events/trading-event.ts';
import { hasPostOnly, hasReduceOnly, type Instrument } from '../market/instrument.ts';
import type { Side } from '../market/market-message.ts';
import type { OrderBook } from '../market/order-book.ts';
import type { AdjustmentReport, ClientOrderId, FillReport, OrderReport } from '../orders/order.ts';
import type { TrackedOrder } from '../orders/tracked-order.ts';
import type { OrderAction, OrderAnswer } from '../orders/venue-ports.ts';
import type { FeePrice } from '../positions/fee-price.ts';
import type { Position } from '../positions/position.ts';
import type { RiskBook } from '../risk/risk-book.ts';
import { createStrategy } from '../strategies/create-strategy.ts';
import { EntryFilter } from '../strategies/entry-filter.ts';
import type { Signal, Strategy } from '../strategies/strategy.ts';
import type { EpochMs, MonoNanos } from '../time/clock.ts';
import { EntryPauses } from './entry-pauses.ts';
import { type ComparedLane, LaneComparison } from './lane-comparison.ts';
import { LaneCourse } from './lane-course.ts';
import type { LaneEffect, Resolution, Verification } from './lane-effects.ts';
import { type KeptHalt, LaneHalt } from './lane-halt.ts';
import type { LaneOpening } from './lane-opening.ts';
import type { LaneOrders } from './lane-orders.ts';
import { LaneOutbox } from './lane-outbox.ts';
import type { Now } from './now.ts';
import { OrderDesk } from './order-desk.ts';
import { OrderGate } from './order-gate.ts';
import { type ProtectedLane, Protection } from './protection.ts';
import { RestingEntry } from './resting-entry.ts';

/**
 * One strategy on one unit and symbol. Every method is one input of a deterministic step: it changes the state that the lane owns and writes effects into
 * `effects`; the caller carries them out and empties it. Nothing here awaits, logs or reads a clock.
 */
export class Lane {
  readonly name: string;
  readonly symbol: string;
  readonly instrument: Instrument;
  readonly configuration: LaneConfiguration;
  readonly #outbox = new LaneOutbox();
  readonly #desk: OrderDesk;
  readonly #halt = new LaneHalt();
  /** Which wish lets entries pass again after the position was adopted at its start. */
  readonly #adoption = new LaneHalt();
  readonly #strategy: Strategy;
  readonly #gate: OrderGate;
  readonly #pauses: EntryPauses;
  readonly #protection: Protection;
  readonly #resting: RestingEntry;
  readonly #filter: EntryFilter | null;
  readonly #course: LaneCourse;
  readonly #comparison: LaneComparison;
  #flatten = false;
  #opened = false;
  readonly #profit = () => this.dailyProfit();
  /** Mid of the last valid book that had both sides, price units; 0 before the first. */
  #middle = 0;

  /** `book`: what the lanes of the unit share; null: nothing limits them together. */
  constructor(
    configuration: LaneConfiguration,
    instrument: Instrument,
    nextOrderId: () => ClientOrderId,
    book: RiskBook | null = null,
  ) {
    this.name = configuration.name;
    this.symbol = configuration.symbol;
    this.configuration = configuration;
    this.instrument = instrument;
    this.#desk = new OrderDesk(configuration.name, instrument, this.#outbox, configuration.confirm === 'every');
    this.#gate = new OrderGate(configuration, instrument, nextOrderId, this.#desk, this.#outbox, book);
    this.#pauses = new EntryPauses(this, this.#gate.context, this.#outbox);
    this.#strategy = createStrategy(configuration.strategy, instrument);
    this.#filter = configuration.entryFilter === undefined ? null : new EntryFilter(configuration.entryFilter.model);
    const { restMs } = configuration.strategy;
    this.#resting = new RestingEntry(instrument, this.#desk, this.#gate, this.#strategy, restMs);
    this.#course = new LaneCourse(configuration, instrument, this.#desk, this.#resting, this.#halt, this.#outbox);
    const parts = this.#parts();
    this.#protection = new Protection(parts, this.#desk, this.#gate, this.#strategy, this.#outbox);
    this.#comparison = new LaneComparison(parts, this.#desk, this.#gate.risk, this.#outbox);
  }

  /** Effects of the steps since the caller last emptied it. */
  get effects(): LaneEffect[] {
    return this.#outbox.effects;
  }

  get state(): LaneState {
    return this.#course.state;
  }

  get orders(): LaneOrders {
    return this.#desk.orders;
  }

  get position(): Position {
    return this.#desk.position;
  }

  get activity(): number {
    return this.#desk.activity;
  }

  /** Orders that risk refused, by code. */
  get denials(): ReadonlyMap<string, number> {
    return this.#gate.denials;
  }

  get entriesPaused(): string | null {
    return this.#gate.context.entriesPaused;
  }

  /** Whether nothing of the lane can fill any more, but a stop that rests at the venue for what is held. */
  get quiet(): boolean {
    if (this.#protection.isFlat) return this.orders.quiet;
    return this.orders.quietButStops && this.orders.stopsRest;
  }

  /** Reports and inputs that did not fit the tables; each was told as an alert. */
  get refusedTransitions(): number {
    return this.#desk.refusedTransitions + this.#course.refused;
  }

  /** Whether nothing is held that could be closed: dust does not count. */
  get flat(): boolean {
    return this.#protection.isFlat;
  }

  /** Starts from what the recovery found. Called once, before any other input; throws `LANE_OPENED_TWICE` otherwise: a position would count twice. */
  open(opening: LaneOpening, now: Now): void {
    if (this.#opened) throw new MillraceError('fatal', 'LANE_OPENED_TWICE', `lane=${this.name}`);
    this.#opened = true;
    this.#desk.open(opening);
    const { positionText, entryPrice, unexplained } = opening;
    if (positionText === undefined) this.position.adopt(opening.positionSize, entryPrice);
    else this.position.adoptUnits(this.position.unitsOf(positionText), entryPrice);
    this.#desk.openedAt = now.mono;
    this.#desk.profit.resume(opening.dailyProfit, now.epoch);
    this.#desk.costs.counted(opening.countedAdjustmentIds ?? []);
    if (opening.peak !== undefined) this.#gate.risk.resume(opening.peak);
    this.#settle(now);
    if (opening.halted !== undefined) this.keepHalted(opening.halted, now);
    if (unexplained !== undefined) this.#comparison.refuseHolding(unexplained, now);
    if (opening.reducing !== undefined) this.#reduceOnly(opening.reducing);
  }

  /** Fees of other currencies that nobody has converted: the profit carries a bound for each. */
  get unpricedFees(): number {
    return this.#desk.costs.unpriced;
  }

  /** Whether it only reduces since its recovery, because nothing explained what the venue held. */
  get unagreed(): boolean {
    return this.#pauses.has('recovered');
  }

  /** Venue, ledger and lane have come to hold the same. */
  onAgreed(): void {
    this.#pauses.resume('recovered');
  }

  #reduceOnly(reason: string): void {
    this.pause('recovered', reason);
    const text = `${this.name}: ${reason}: the venue's position was adopted, and the lane only reduces until ledger and venue agree or people wish it to run`;
    this.#outbox.alert('critical', 'POSITION_DIFFERS', text, `position/${this.name}`);
  }

  /** Hot: one change of the book, valid or not. */
  onBook(book: OrderBook, receivedAt: MonoNanos, exchangeTime: EpochMs, now: Now): void {
    this.#gate.age.observe(receivedAt, exchangeTime);
    const context = this.#gate.context;
    context.bookValid = book.valid;
    if (!book.valid) {
      this.#strategy.reset();
      this.#filter?.features.reset();
      return;
    }
    this.#filter?.features.onBook(book);
    this.#gate.risk.quotedAt = now.mono;
    context.bidPrice = book.bidPrice;
    context.askPrice = book.askPrice;
    if (book.bidPrice > 0 && book.askPrice > 0) {
      this.#middle = (book.bidPrice + book.askPrice) / 2;
      this.#desk.profit.roll(this.position, this.#middle, now.epoch);
    }
    const signal = this.#strategy.onBook(book, now.mono);
    if (!this.#protection.isFlat) this.#protection.act(book, now, receivedAt);
    if (this.state === 'OrderPending') this.#resting.follow(book, this.#profit, now);
    if (signal.side !== null && this.#course.mayEnter(now.mono)) {
      this.#enter(signal, signal.side, receivedAt, exchangeTime, now);
    }
  }

  /** Whether executions in the market mean anything to it: only a learned filter looks at them. */
  get looksAtTrades(): boolean {
    return this.#filter !== null && this.#opened;
  }

  /** Hot: an execution in the market of the lane's symbol; `side` is the taker's. */
  onTrade(side: Side, size: number, receivedAt: MonoNanos): void {
    this.#filter?.features.onTrade(side, size, receivedAt);
  }

  /** What the lease, the trading stream and the reconciliation allow: `closed` stops everything, `fence` entries alone. Null: allowed. */
  onGate(closed: string | null, fence: string | null): void {
    this.#gate.context.closed = closed;
    this.#gate.context.fence = fence;
  }

  onDesired(desired: DesiredState, now: Now): void {
    this.#gate.context.frozen = desired.frozenSymbols.includes(this.symbol);
    const ended = this.#halt.endsBy(desired);
    if (this.#adoption.endsBy(desired)) this.#pauses.resume('recovered');
    if (desired.decisions !== undefined) {
      for (const decision of desired.decisions) if (this.#desk.decide(decision, now)) this.#comparison.awaitOne(now);
      this.#settle(now);
    }
    if (desired.wish === 'run') {
      this.#pauses.resume('desired');
      if (ended && this.state === 'Halted' && this.#comparison.unexplained === null) this.#resumeFromHalt(now);
    } else this.pause('desired', `${desired.wish}: ${desired.reason}`);
    if (desired.wish === 'stop' || desired.wish === 'flatten') this.#cancelEntries(now);
    this.#flatten = desired.wish === 'flatten';
    if (this.#flatten) this.#protection.closeAtMarket('flatten', now, null);
  }

  /**
   * Stops entries and cancels every working order; the position stays, and nothing rests for it any more but a stop at the venue: only a stop loss still goes out
   * (the end of a run, SIGTERM with policy `cancel`).
   */
  drain(reason: string, now: Now): void {
    this.pause('drain', reason);
    this.#protection.drain(now);
  }

  /** Gives its symbol up: no entries, what works is cancelled, what is held is closed at the market; again and again until it is flat, whatever people wish meanwhile. */
  leave(reason: string, now: Now): void {
    this.#protection.leaving = true;
    this.hold(reason);
    this.#protection.cancelAllButStops(now);
    this.#protection.closeAtMarket('flatten', now, null);
  }

  /** Keeps its symbol after all. */
  stay(): void {
    this.#protection.leaving = false;
    this.release();
  }

  /** No entries on this symbol for now. */
  hold(reason: string): void {
    this.pause('switch', reason);
  }

  release(): void {
    this.#pauses.resume('switch');
  }

  /** Gives up trading until people have looked and wish it to run again: no entries, working entries cancelled, protection stays. */
  halt(reason: string, now: Now): void {
    if (this.state === 'Halted') return;
    this.#cancelEntries(now);
    this.#halt.begin();
    this.#course.move('halt', reason, now);
    this.#outbox.alert('critical', 'LANE_HALTED', `${this.name}: ${reason}`, `halt/${this.name}`);
  }

  /** Stays halted as its predecessor was, by the ledger's word, until people wish it to run who knew of that. */
  keepHalted(halt: KeptHalt, now: Now): void {
    if (this.state === 'Halted' || !this.#halt.keep(halt)) return;
    this.#cancelEntries(now);
    this.#course.move('halt', halt.reason, now);
    const text = `${this.name} stays halted: ${halt.reason}`;
    this.#outbox.alert('warning', 'LANE_HALTED', text, `kept-halt/${this.name}`);
  }

  /** Pauses entries under a name; several pauses may hold at once. */
  pause(name: string, reason: string): void {
    this.#pauses.pause(name, reason);
  }

  onAnswer(clientOrderId: ClientOrderId, action: OrderAction, answer: OrderAnswer, now: Now): void {
    if (action === 'place') this.#gate.risk.answered(this.orders.get(clientOrderId), answer, now);
    this.#desk.answer(clientOrderId, action, answer, now);
    this.#settle(now);
  }

  onOrderReport(report: OrderReport, now: Now): void {
    this.#desk.report(report, now);
    this.#settle(now);
  }

  onFill(fill: FillReport, now: Now): void {
    this.#desk.fill(fill, now);
    this.#settle(now);
  }

  /** Money that the venue moved without an execution. */
  onAdjustment(report: AdjustmentReport, now: Now): void {
    this.#desk.costs.adjusted(report, now);
    this.#settle(now);
  }

  /** Answer to an `askPrice` effect, or a quote of the unit's own feed. */
  onFeePrice(price: FeePrice, now: Now): void {
    this.#desk.costs.priced(price, now);
    this.#settle(now);
  }

  /** Answer to a `resolve` effect. */
  onResolution(clientOrderId: ClientOrderId, resolution: Resolution, now: Now): void {
    this.#desk.resolved(clientOrderId, resolution, now);
    this.#settle(now);
  }

  /** Answer to a `verify` effect (H2): what was missed is applied, what differs is corrected or asked about. */
  onVerification(verification: Verification, now: Now): void {
    this.#comparison.verified(verification, now);
    if (verification.kind === 'complete') this.#settle(now);
  }

  /** At least every 100 ms: timeouts, protection without ticks, questions that are due. */
  onTimer(book: OrderBook | null, now: Now): void {
    if (this.#desk.timer(this.configuration.strategy.restMs, now)) this.#comparison.check.soon(now.mono);
    if (this.#middle > 0) this.#desk.profit.roll(this.position, this.#middle, now.epoch);
    if (book?.valid === true) this.#gate.risk.quotedAt = now.mono;
    this.#protection.audit(now);
    if (!this.#protection.isFlat && book?.valid === true) this.#protection.act(book, now, null);
    if (this.#flatten || this.#protection.leaving) this.#protection.closeAtMarket('flatten', now, null);
    this.#gate.risk.told(this.dailyProfit(), this.#middle, this.#protection.isFlat, now);
    // What is dust follows the price.
    if (!hasReduceOnly(this.instrument.kind)) this.#settle(now);
    if (this.#gate.context.closed === null && this.#comparison.check.start(now.mono))
      this.#outbox.push({ kind: 'verify' });
  }

  /** Follows an order of this unit that a predecessor sent; without a report it is Unknown. */
  adopt(order: TrackedOrder, report: OrderReport | null, now: Now): void {
    this.#desk.adopt(order, report, now);
    this.#settle(now);
  }

  /** Profit since 00:00 UTC, fees included, in settlement currency; none of a `day` (days since 1970) of which it has not seen anything yet. */
  dailyProfit(day = 0): number {
    return day > this.#desk.profit.day ? 0 : this.#desk.profit.at(this.position, this.#middle);
  }

  /** What its parts know of the lane and may do to it. */
  #parts(): ProtectedLane & ComparedLane {
    const lane = this;
    return {
      configuration: this.configuration,
      instrument: this.instrument,
      get state() {
        return lane.state;
      },
      get middle() {
        return lane.#middle;
      },
      dailyProfit: () => this.dailyProfit(),
      move: (input, reason, now) => this.#course.move(input, reason, now),
      pause: (name, reason) => this.pause(name, reason),
      resume: (name) => this.#pauses.resume(name),
      halt: (reason, now) => this.halt(reason, now),
    };
  }

  #enter(signal: Signal, side: Side, receivedAt: MonoNanos, exchangeTime: EpochMs, now: Now): void {
    const rests = hasPostOnly(this.instrument.kind) ? 'postOnly' : 'gtc';
    const timeInForce = signal.style === 'take' ? 'ioc' : rests;
    const intent = this.#gate.intent(side, 'entry', signal.price, signal.size, timeInForce);
    if (this.#filter !== null) this.#gate.context.entryFilter = this.#filter.declines(side, signal, now.mono);
    const stamps = stampsOfDecision(exchangeTime, receivedAt, now.mono);
    if (this.#gate.submit(intent, receivedAt, stamps, this.dailyProfit(), now) !== null) {
      this.#course.coolDown(now);
      return;
    }
    this.#course.move('entrySubmitted', 'entry', now);
    this.#resting.entered(this.orders.get(intent.clientOrderId), now);
  }

  #resumeFromHalt(now: Now): void {
    this.#course.move(this.#protection.isFlat ? 'resumeFlat' : 'resumeWithPosition', 'people wish it to run', now);
    this.#settle(now);
  }

  /** After every change: what rests to protect follows the position, and the lane moves when its orders have come to rest. */
  #settle(now: Now): void {
    const flat = this.#protection.isFlat;
    this.#gate.risk.told(this.dailyProfit(), this.#middle, flat, now);
    this.#protection.audit(now);
    this.#pauses.heedForeign(this.orders.foreignThatOpens);
    this.#course.settle(flat, this.dailyProfit(), now);
  }

  #cancelEntries(now: Now): void {
    for (const order of this.orders.pending()) if (!order.intent.reduceOnly) this.#desk.cancel(order, now);
  }
}
