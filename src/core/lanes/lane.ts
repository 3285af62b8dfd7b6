import type { LaneConfiguration } from '../config/runtime-configuration.ts';
import type { DesiredState } from '../control/desired-state.ts';
import type { LaneState, StageStamps, TradingEventBody, TradingEventType } from '../events/trading-event.ts';
import { DataAge } from '../market/data-age.ts';
import type { Instrument } from '../market/instrument.ts';
import type { Side } from '../market/market-message.ts';
import type { OrderBook } from '../market/order-book.ts';
import { formatScaled, type Price, parseScaled, type Size } from '../market/scaled-decimal.ts';
import type { ClientOrderId, FillReport, OrderIntent, OrderPurpose, OrderReport } from '../orders/order.ts';
import { type OrderChangeNote, TrackedOrder } from '../orders/tracked-order.ts';
import type { OrderAnswer } from '../orders/venue-ports.ts';
import { DailyProfit } from '../positions/daily-profit.ts';
import { Position } from '../positions/position.ts';
import { checkRisk, type Denial, type RiskContext } from '../risk/checks.ts';
import { OrderRate } from '../risk/order-rate.ts';
import { createStrategy } from '../strategies/create-strategy.ts';
import type { ExitCall, OpenPosition, Signal, Strategy } from '../strategies/strategy.ts';
import type { EpochMs, MonoNanos } from '../time/clock.ts';
import type { LaneEffect, Resolution, Verification } from './lane-effects.ts';
import { LaneOrders } from './lane-orders.ts';
import { type LaneInput, nextLaneState } from './lane-state.ts';

/** Clock readings of one input: every step takes them from outside (invariant 8). */
export interface Now {
  readonly mono: MonoNanos;
  readonly epoch: EpochMs;
}

/** What a lane starts from: what the recovery found. */
export interface LaneOpening {
  /** Signed size at the instrument's scale. */
  readonly positionSize: number;
  readonly entryPrice: Price;
  /** Fills that this position holds already. */
  readonly countedFillIds: readonly string[];
}

/** Times that govern following orders, ns. */
const SECOND = 1e9;
const VERIFY_EVERY = 5 * SECOND;
const VERIFY_AGAIN = 1 * SECOND;
/** An order that stays in a passing state this long is asked about. */
const ASK_AFTER = 3 * SECOND;
const ASK_AGAIN = 1 * SECOND;
/** Absence is believed only when the request can no longer be executed: its validity has passed, with a margin. */
const REQUEST_VALIDITY = 6 * SECOND;
const ESCALATE_AFTER = 30 * SECOND;
const COUNTED_FILLS_KEPT = 20_000;

/**
 * One strategy on one unit and symbol. Every method is one input of a deterministic step: it changes the state that the lane owns and writes effects into
 * `effects`; the caller carries them out and empties it. Nothing here awaits, logs or reads a clock.
 */
export class Lane {
  readonly name: string;
  readonly symbol: string;
  readonly instrument: Instrument;
  readonly configuration: LaneConfiguration;
  readonly effects: LaneEffect[] = [];
  readonly orders = new LaneOrders();
  readonly position: Position;
  state: LaneState = 'Idle';
  /** Rises with each report, fill and order sent: what a verification was asked before is not compared with what came after. */
  activity = 0;
  /** Entries that the strategy wished and risk or the lane's state refused, by code. */
  readonly denials = new Map<string, number>();
  refusedTransitions = 0;
  readonly #strategy: Strategy;
  readonly #nextOrderId: () => ClientOrderId;
  readonly #context: RiskContext;
  readonly #pauses = new Map<string, string>();
  readonly #rate: OrderRate;
  readonly #age = new DataAge();
  readonly #profit = new DailyProfit();
  readonly #countedFills = new Set<string>();
  readonly #foreignOrders = new Set<string>();
  readonly #escalated = new Set<string>();
  #openedAt = 0 as MonoNanos;
  #cooldownUntil = 0 as MonoNanos;
  #verifyAt = 0 as MonoNanos;
  #verifying = false;
  #differences = 0;
  #flatten = false;
  #lastMarketExit = Number.NEGATIVE_INFINITY;
  /** After an exit that risk or the venue refused, the next one waits. */
  #exitNotBefore = Number.NEGATIVE_INFINITY;

  constructor(configuration: LaneConfiguration, instrument: Instrument, nextOrderId: () => ClientOrderId) {
    this.name = configuration.name;
    this.symbol = configuration.symbol;
    this.configuration = configuration;
    this.instrument = instrument;
    this.position = new Position(instrument);
    this.#nextOrderId = nextOrderId;
    this.#strategy = createStrategy(configuration.strategy, instrument);
    this.#rate = new OrderRate(configuration.limits.maxOrderRate);
    this.#context = {
      instrument,
      limits: configuration.limits,
      maxOrderSize: parseScaled(configuration.limits.maxOrderSize, instrument.sizeScale),
      maxPositionSize: parseScaled(configuration.limits.maxPositionSize, instrument.sizeScale),
      bookValid: false,
      bidPrice: 0,
      askPrice: 0,
      dataAgeMs: Number.POSITIVE_INFINITY,
      positionSize: 0,
      workingBuySize: 0,
      workingSellSize: 0,
      openOrders: 0,
      unknownOrders: 0,
      dailyProfit: 0,
      orderTokens: 0,
      entriesPaused: null,
      frozen: false,
      fence: 'not reconciled yet',
      closed: 'no lease yet',
    };
  }

  /** Starts from what the recovery found. Called once, before any other input. */
  open(opening: LaneOpening, now: Now): void {
    for (const id of opening.countedFillIds) this.#countedFills.add(id);
    this.position.adopt(opening.positionSize, opening.entryPrice);
    this.#openedAt = now.mono;
    this.#verifyAt = now.mono;
    this.#settle(now);
  }

  /** Hot: one change of the book, valid or not. */
  onBook(book: OrderBook, receivedAt: MonoNanos, exchangeTime: EpochMs, now: Now): void {
    this.#age.observe(receivedAt, exchangeTime);
    const context = this.#context;
    context.bookValid = book.valid;
    if (!book.valid) {
      this.#strategy.reset();
      return;
    }
    context.bidPrice = book.bidPrice;
    context.askPrice = book.askPrice;
    const signal = this.#strategy.onBook(book, now.mono);
    if (this.position.size !== 0) this.#protect(book, now, receivedAt);
    if (signal.side !== null && this.state === 'Idle' && now.mono >= this.#cooldownUntil) {
      this.#enter(signal, receivedAt, exchangeTime, now);
    }
  }

  /** What the lease, the trading stream and the reconciliation allow: `closed` stops everything, `fence` entries alone. Null: allowed. */
  onGate(closed: string | null, fence: string | null): void {
    this.#context.closed = closed;
    this.#context.fence = fence;
  }

  onDesired(desired: DesiredState, now: Now): void {
    this.#context.frozen = desired.frozenSymbols.includes(this.symbol);
    if (desired.wish === 'run') this.#resume('desired');
    else this.pause('desired', `${desired.wish}: ${desired.reason}`);
    if (desired.wish === 'stop' || desired.wish === 'flatten') this.#cancelEntries(now);
    this.#flatten = desired.wish === 'flatten';
    if (this.#flatten) this.#closeAtMarket('flatten', now, null);
  }

  /** Stops entries and cancels every working order; the position stays (the end of a run, SIGTERM with policy `cancel`). */
  drain(reason: string, now: Now): void {
    this.pause('drain', reason);
    for (const order of this.orders.pending()) this.#cancel(order, now);
  }

  /** Pauses entries under a name; several pauses may hold at once. */
  pause(name: string, reason: string): void {
    if (this.#pauses.get(name) === reason) return;
    this.#pauses.set(name, reason);
    this.#context.entriesPaused = reason;
    this.#emit('lane.entries', { lane: this.name, symbol: this.symbol, paused: true, reason });
  }

  get entriesPaused(): string | null {
    return this.#context.entriesPaused;
  }

  /** Whether the drain is complete: nothing can fill any more. */
  get quiet(): boolean {
    return this.orders.quiet;
  }

  onAnswer(clientOrderId: ClientOrderId, action: 'place' | 'cancel', answer: OrderAnswer, now: Now): void {
    const order = this.orders.get(clientOrderId);
    if (order === null) return;
    this.activity += 1;
    if (action === 'place') this.#placeAnswered(order, answer, now);
    else this.#cancelAnswered(order, answer, now);
    this.#settle(now);
  }

  onOrderReport(report: OrderReport, now: Now): void {
    const order = this.orders.find(report.clientOrderId, report.venueOrderId);
    if (order === null) {
      this.#foreignOrder(report);
      return;
    }
    this.activity += 1;
    this.#changed(order, order.report(report, this.instrument, now.mono), report.reason);
    this.#settle(now);
  }

  onFill(fill: FillReport, now: Now): void {
    if (this.#countedFills.has(fill.fillId)) return;
    this.#countedFills.add(fill.fillId);
    if (this.#countedFills.size > COUNTED_FILLS_KEPT) {
      for (const oldest of this.#countedFills) {
        this.#countedFills.delete(oldest);
        break;
      }
    }
    this.activity += 1;
    const order = this.orders.find(fill.clientOrderId, fill.venueOrderId);
    const wasFlat = this.position.size === 0;
    this.position.fill(
      fill.side,
      parseScaled(fill.price, this.instrument.priceScale) as Price,
      parseScaled(fill.size, this.instrument.sizeScale) as Size,
    );
    if (wasFlat) this.#openedAt = now.mono;
    if (fill.feeCurrency === this.instrument.settlementCurrency) this.#profit.fee(Number(fill.fee));
    this.#emit('fill', {
      fillId: fill.fillId,
      symbol: fill.symbol,
      clientOrderId: order?.intent.clientOrderId ?? fill.clientOrderId,
      venueOrderId: fill.venueOrderId,
      side: fill.side,
      price: fill.price,
      size: fill.size,
      fee: fill.fee,
      feeCurrency: fill.feeCurrency,
      liquidity: fill.liquidity,
      cause: fill.cause,
      venueTime: fill.venueTime,
    });
    if (order === null) {
      const text = `fill ${fill.fillId} of ${fill.size} ${fill.symbol} (${fill.cause}) belongs to no order of lane ${this.name}`;
      this.#alert('critical', 'FILL_FOREIGN', text, `fill/${fill.fillId}`);
    } else {
      const note = order.fill(fill, this.instrument, now.mono);
      if (note !== null) this.#changed(order, note, '');
    }
    this.#settle(now);
  }

  /** Answer to a `resolve` effect. */
  onResolution(clientOrderId: ClientOrderId, resolution: Resolution, now: Now): void {
    const order = this.orders.get(clientOrderId);
    if (order === null) return;
    order.resolving = false;
    if (resolution.kind === 'failed') {
      order.changedAt = now.mono;
      return;
    }
    for (const fill of resolution.fills) this.onFill(fill, now);
    if (resolution.kind === 'found') {
      this.onOrderReport(resolution.report, now);
      if (!order.terminal && order.cancelWished) this.#sendCancel(order, now);
      return;
    }
    const canNoLongerLive = now.mono - order.submittedAt > REQUEST_VALIDITY;
    const agrees = parseSigned(resolution.position.size, this.instrument.sizeScale) === this.position.size;
    if (!canNoLongerLive || !agrees || order.reportedSize > 0) {
      order.changedAt = now.mono;
      return;
    }
    const { queriedAt, windowFrom } = resolution;
    const evidence = { kind: 'agreedAbsence', queriedAt, windowFrom, position: resolution.position.size } as const;
    this.#changed(
      order,
      order.step('absent', now.mono, [evidence], 'never reached the venue'),
      'never reached the venue',
    );
    this.#settle(now);
  }

  /** Answer to a `verify` effect (H2): what was missed is applied, what differs is corrected or asked about. */
  onVerification(verification: Verification, now: Now): void {
    this.#verifying = false;
    this.#verifyAt = (now.mono + VERIFY_EVERY) as MonoNanos;
    if (verification.kind === 'failed') return;
    const untouched = verification.activity === this.activity;
    for (const fill of verification.fills) this.onFill(fill, now);
    const missedNothing = verification.activity === this.activity;
    for (const report of verification.openOrders) {
      if (this.orders.find(report.clientOrderId, report.venueOrderId) === null) this.#foreignOrder(report);
    }
    for (const order of this.orders.pending()) {
      const listed = verification.openOrders.some((r) => r.clientOrderId === order.intent.clientOrderId);
      if (!listed && now.mono - order.changedAt > 2 * SECOND) this.#resolve(order);
    }
    if (!untouched || !missedNothing) {
      this.#verifyAt = (now.mono + VERIFY_AGAIN) as MonoNanos;
      return;
    }
    this.#comparePosition(
      parseSigned(verification.position.size, this.instrument.sizeScale),
      verification.position.entryPrice,
      now,
    );
  }

  /** At least every 100 ms: timeouts, protection without ticks, questions that are due. */
  onTimer(book: OrderBook | null, now: Now): void {
    const { restMs } = this.configuration.strategy;
    for (const order of this.orders.pending()) {
      const inState = now.mono - order.changedAt;
      const rests = order.state === 'Accepted' || order.state === 'PartiallyFilled';
      if (rests && order.intent.purpose === 'entry' && now.mono - order.submittedAt > restMs * 1e6)
        this.#cancel(order, now);
      const stuck = order.state === 'Submitted' || order.state === 'PendingCancel' || order.state === 'PendingReplace';
      if (stuck && inState > ASK_AFTER) this.#resolve(order);
      if (order.state === 'Unknown' && inState > ASK_AGAIN) this.#resolve(order);
      if (order.missesFills && inState > ASK_AGAIN) this.#verifyAt = Math.min(this.#verifyAt, now.mono) as MonoNanos;
      if (order.state === 'Unknown' && now.mono - order.submittedAt > ESCALATE_AFTER) this.#escalate(order);
    }
    if (this.position.size !== 0 && book?.valid === true) this.#protect(book, now, null);
    if (this.#flatten) this.#closeAtMarket('flatten', now, null);
    if (!this.#verifying && now.mono >= this.#verifyAt && this.#context.closed === null) {
      this.#verifying = true;
      this.effects.push({ kind: 'verify' });
    }
  }

  /** Follows an order of this unit that a predecessor sent, from the venue's own report; its fills so far are in the opening position. */
  adopt(order: TrackedOrder, report: OrderReport, now: Now): void {
    order.submittedAt = now.mono;
    order.filledSize = parseScaled(report.cumulativeSize, this.instrument.sizeScale) as Size;
    this.orders.add(order);
    this.#changed(order, order.report(report, this.instrument, now.mono), report.reason);
    if (order.alive && this.state === 'Idle') this.#move('entrySubmitted', 'adopted order', now);
    this.#settle(now);
  }

  /** Gives up trading until people have looked: no entries, working entries cancelled, protection stays. */
  halt(reason: string, now: Now): void {
    this.#cancelEntries(now);
    this.#move('halt', reason, now);
    this.#alert('critical', 'LANE_HALTED', `${this.name}: ${reason}`, `halt/${this.name}`);
  }

  dailyProfit(now: EpochMs): number {
    return this.#profit.at(this.position, (this.#context.bidPrice + this.#context.askPrice) / 2, now);
  }

  #enter(signal: Signal, receivedAt: MonoNanos, exchangeTime: EpochMs, now: Now): void {
    if (signal.side === null) return;
    const intent = this.#intent(
      signal.side,
      'entry',
      signal.price,
      signal.size,
      signal.style === 'take' ? 'ioc' : 'postOnly',
    );
    const stamps: StageStamps = {
      venue: exchangeTime,
      socket: receivedAt,
      decoded: now.mono,
      decided: null,
      sent: null,
      acked: null,
    };
    const denial = this.#submit(intent, receivedAt, stamps, now);
    if (denial === null) {
      this.#move('entrySubmitted', 'entry', now);
      return;
    }
    this.#coolDown(now);
  }

  #protect(book: OrderBook, now: Now, receivedAt: MonoNanos | null): void {
    const open: OpenPosition = {
      size: this.position.size,
      entryPrice: this.position.entryPrice,
      openedAt: this.#openedAt,
    };
    const call = this.#strategy.exitCall(open, book, now.mono);
    if (call !== null) {
      this.#closeAtMarket(EXIT_PURPOSE[call], now, receivedAt);
      return;
    }
    if (this.state !== 'PositionOpen' || !this.orders.quiet || now.mono < this.#exitNotBefore) return;
    const side: Side = open.size > 0 ? 'sell' : 'buy';
    const size = Math.abs(open.size) as Size;
    const intent = this.#intent(side, 'takeProfit', this.#strategy.takeProfitPrice(open), size, 'gtc');
    if (this.#submit(intent, receivedAt, null, now) === null) this.#move('exitSubmitted', 'take profit', now);
  }

  /** Cancels what rests and closes by a reduce-only market order, at most one a second and one at a time unless the last is Unknown. */
  #closeAtMarket(purpose: OrderPurpose, now: Now, receivedAt: MonoNanos | null): void {
    if (this.position.size === 0 || now.mono - this.#lastMarketExit < SECOND) return;
    for (const order of this.orders.pending()) {
      if (order.intent.type === 'market' && order.alive && order.state !== 'Unknown') return;
    }
    for (const order of this.orders.pending()) this.#cancel(order, now);
    const side: Side = this.position.size > 0 ? 'sell' : 'buy';
    const intent = this.#intent(side, purpose, null, Math.abs(this.position.size) as Size, 'ioc');
    this.#lastMarketExit = now.mono;
    if (this.#submit(intent, receivedAt, null, now) !== null) return;
    if (this.state === 'PositionOpen' || this.state === 'OrderPending') this.#move('exitSubmitted', purpose, now);
  }

  #intent(
    side: Side,
    purpose: OrderPurpose,
    price: Price | null,
    size: Size,
    timeInForce: OrderIntent['timeInForce'],
  ): OrderIntent {
    return {
      clientOrderId: this.#nextOrderId(),
      venue: this.instrument.venue,
      symbol: this.symbol,
      side,
      type: price === null ? 'market' : 'limit',
      timeInForce,
      price,
      size,
      reduceOnly: purpose !== 'entry',
      purpose,
    };
  }

  /** Asks risk; if it passes, the intent is told, then placed. Returns the denial, or null. */
  #submit(intent: OrderIntent, receivedAt: MonoNanos | null, stamps: StageStamps | null, now: Now): Denial | null {
    this.#refreshContext(now);
    const context = this.#context;
    const signalPrice = intent.side === 'buy' ? context.askPrice : context.bidPrice;
    this.#emit(
      'order.intended',
      {
        clientOrderId: intent.clientOrderId,
        lane: this.name,
        symbol: this.symbol,
        side: intent.side,
        orderType: intent.type,
        timeInForce: intent.timeInForce,
        price: intent.price === null ? null : formatScaled(intent.price, this.instrument.priceScale),
        size: formatScaled(intent.size, this.instrument.sizeScale),
        reduceOnly: intent.reduceOnly,
        purpose: intent.purpose,
        signalPrice: formatScaled(signalPrice, this.instrument.priceScale),
        signalAgeMs: Math.max(0, Number.isFinite(context.dataAgeMs) ? context.dataAgeMs : 0),
        confirm: this.configuration.confirm === 'every',
      },
      stamps,
    );
    const denial = checkRisk(context, intent);
    if (denial !== null) {
      if (intent.reduceOnly) this.#exitNotBefore = now.mono + SECOND;
      this.denials.set(denial.code, (this.denials.get(denial.code) ?? 0) + 1);
      const { clientOrderId } = intent;
      this.#emit('order.denied', {
        clientOrderId,
        lane: this.name,
        symbol: this.symbol,
        code: denial.code,
        detail: denial.detail,
      });
      return denial;
    }
    const order = new TrackedOrder(intent);
    order.submittedAt = now.mono;
    order.placedAt = now.epoch;
    this.orders.add(order);
    this.#rate.take();
    this.activity += 1;
    this.#changed(order, order.step('submit', now.mono, []), intent.purpose);
    this.effects.push({ kind: 'place', intent, receivedAt });
    return null;
  }

  #refreshContext(now: Now): void {
    const context = this.#context;
    const working = this.orders.working();
    context.dataAgeMs = this.#age.ageMs(now.mono);
    context.positionSize = this.position.size;
    context.workingBuySize = working.buySize;
    context.workingSellSize = working.sellSize;
    context.openOrders = working.count;
    context.unknownOrders = working.unknown;
    context.orderTokens = this.#rate.tokens(now.mono);
    context.dailyProfit = this.dailyProfit(now.epoch);
  }

  #placeAnswered(order: TrackedOrder, answer: OrderAnswer, now: Now): void {
    switch (answer.kind) {
      case 'accepted':
        order.venueOrderId ??= answer.venueOrderId;
        this.#changed(order, order.step('placeAccepted', now.mono, []), '');
        return;
      case 'rejected': {
        // The id is known to the venue already: our request lives, the order must be looked up (F2).
        const unclear = answer.errorClass === 'alreadySo' || answer.errorClass === 'unknown';
        const reason = `${answer.code} ${answer.text}`;
        const evidence = [{ kind: 'answer', code: answer.code, text: answer.text } as const];
        const note = order.step(unclear ? 'placeUnknown' : 'placeRejected', now.mono, evidence, reason);
        this.#changed(order, note, reason);
        if (answer.errorClass === 'keys') this.#alert('critical', 'VENUE_KEYS_REFUSED', reason, `keys/${this.name}`);
        return;
      }
      case 'unknown':
        this.#changed(order, order.step('placeUnknown', now.mono, [], answer.text), `${answer.cause} ${answer.text}`);
        return;
      case 'notSent':
        this.#changed(
          order,
          order.step('placeNotSent', now.mono, [{ kind: 'notSent', reason: answer.reason }], answer.reason),
          `${answer.reason} ${answer.text}`,
        );
    }
  }

  #cancelAnswered(order: TrackedOrder, answer: OrderAnswer, now: Now): void {
    if (answer.kind === 'accepted') return;
    // Refused, unclear or not sent: what the order is can only be asked (F6, F13); the wish to cancel stays.
    const input = answer.kind === 'rejected' ? 'cancelRefused' : 'cancelUnknown';
    this.#changed(order, order.step(input, now.mono, []), answer.text);
  }

  /** Tells a change, and asks at once about what became Unknown. */
  #changed(order: TrackedOrder, note: OrderChangeNote, reason: string): void {
    if (note.refused) {
      this.refusedTransitions += 1;
      const text = `order ${order.intent.clientOrderId}: the venue's report does not fit state ${note.from}`;
      this.#alert('warning', 'ORDER_TRANSITION_REFUSED', text, `transition/${order.intent.clientOrderId}`);
      return;
    }
    if (!note.changed) return;
    this.#emit('order.state', {
      clientOrderId: order.intent.clientOrderId,
      lane: this.name,
      symbol: this.symbol,
      from: note.from,
      to: note.to,
      terminal: order.terminal,
      venueOrderId: order.venueOrderId,
      cumulativeSize: formatScaled(Math.max(order.filledSize, order.reportedSize), this.instrument.sizeScale),
      size: formatScaled(order.size, this.instrument.sizeScale),
      reason,
      evidence: [...order.evidence].map((each) =>
        each.kind === 'fills' ? { ...each, fillIds: [...each.fillIds] } : each,
      ),
    });
    if (order.state === 'Rejected' && order.intent.reduceOnly) this.#exitNotBefore = order.changedAt + SECOND;
    if (order.state === 'Unknown') this.#resolve(order);
  }

  /** Moves the lane when its orders have come to rest; called after every change. */
  #settle(now: Now): void {
    const flat = this.position.size === 0;
    if (this.state === 'Idle') {
      if (!flat) this.#move('positionAppeared', 'position without an order at work', now);
      return;
    }
    if (!this.orders.quiet) return;
    if (this.state === 'OrderPending')
      this.#move(flat ? 'entryEndedFlat' : 'entryEndedWithPosition', 'entry ended', now);
    else if (this.state === 'Closing') this.#move(flat ? 'exitEndedFlat' : 'exitEndedWithPosition', 'exit ended', now);
    else if (this.state === 'PositionOpen' && flat) this.#move('positionGone', 'flat', now);
  }

  #move(input: LaneInput, reason: string, now: Now): void {
    const next = nextLaneState(this.state, input);
    if (next === null) {
      this.refusedTransitions += 1;
      this.#alert('warning', 'LANE_TRANSITION_REFUSED', `${this.name}: ${input} in ${this.state}`, `lane/${this.name}`);
      return;
    }
    const from = this.state;
    this.state = next;
    if (next === 'Idle') this.#coolDown(now);
    this.#emit('lane.state', { lane: this.name, symbol: this.symbol, from, to: next, reason });
  }

  #coolDown(now: Now): void {
    this.#cooldownUntil = (now.mono + this.configuration.strategy.cooldownMs * 1e6) as MonoNanos;
  }

  #resume(name: string): void {
    if (!this.#pauses.delete(name)) return;
    const [left] = this.#pauses.values();
    this.#context.entriesPaused = left ?? null;
    if (left === undefined)
      this.#emit('lane.entries', { lane: this.name, symbol: this.symbol, paused: false, reason: `${name} ended` });
  }

  #cancelEntries(now: Now): void {
    for (const order of this.orders.pending()) if (!order.intent.reduceOnly) this.#cancel(order, now);
  }

  /** Wishes an order cancelled; sent once, and again after each question that found it alive. */
  #cancel(order: TrackedOrder, now: Now): void {
    if (order.cancelWished || order.terminal || order.intent.type === 'market') return;
    order.cancelWished = true;
    this.#sendCancel(order, now);
  }

  #sendCancel(order: TrackedOrder, now: Now): void {
    this.activity += 1;
    const { clientOrderId } = order.intent;
    this.#changed(order, order.step('cancelSent', now.mono, []), 'cancel wished');
    this.effects.push({
      kind: 'cancel',
      target: { symbol: this.symbol, clientOrderId, venueOrderId: order.venueOrderId },
    });
  }

  #resolve(order: TrackedOrder): void {
    if (order.resolving) return;
    order.resolving = true;
    const { clientOrderId } = order.intent;
    this.effects.push({
      kind: 'resolve',
      target: { symbol: this.symbol, clientOrderId, venueOrderId: order.venueOrderId },
      windowFrom: order.placedAt,
    });
  }

  #escalate(order: TrackedOrder): void {
    const { clientOrderId } = order.intent;
    if (this.#escalated.has(clientOrderId)) return;
    this.#escalated.add(clientOrderId);
    this.#alert(
      'critical',
      'ORDER_UNKNOWN',
      `order ${clientOrderId} has been Unknown for 30 s; the lane takes no entries`,
      `unknown/${clientOrderId}`,
    );
  }

  #comparePosition(venueSize: number, entryPrice: string, now: Now): void {
    const own = this.position.size;
    const { sizeScale, priceScale } = this.instrument;
    const agree = own === venueSize;
    this.#emit('position.checked', {
      symbol: this.symbol,
      engine: formatScaled(own, sizeScale),
      venue: formatScaled(venueSize, sizeScale),
      agree,
    });
    if (agree) {
      this.#differences = 0;
      this.#resume('difference');
      return;
    }
    this.#differences += 1;
    this.pause('difference', `position differs: engine ${own}, venue ${venueSize}`);
    this.#verifyAt = (now.mono + VERIFY_AGAIN) as MonoNanos;
    // Once may be a report on its way; twice in a row with nothing in between is a fact.
    if (this.#differences < 2) return;
    this.#differences = 0;
    const delta = venueSize - own;
    const price = adoptionPrice(entryPrice, priceScale);
    this.position.adopt(delta, price);
    this.activity += 1;
    this.#emit('position.adjusted', {
      adjustmentId: `${this.name}/${this.activity}/${now.epoch}`,
      symbol: this.symbol,
      delta: formatScaled(delta, sizeScale),
      reason: 'adopted',
      evidence: `venue states ${formatScaled(venueSize, sizeScale)} in two queries with no activity between`,
      price: price === 0 ? null : formatScaled(price, priceScale),
    });
    this.#alert(
      'critical',
      'POSITION_DIFFERS',
      `${this.name}: engine ${own}, venue ${venueSize}: the venue's position was adopted`,
      `position/${this.name}`,
    );
    this.#settle(now);
  }

  #foreignOrder(report: OrderReport): void {
    if (this.#foreignOrders.has(report.venueOrderId)) return;
    this.#foreignOrders.add(report.venueOrderId);
    this.#alert(
      'warning',
      'ORDER_FOREIGN',
      `order ${report.venueOrderId} on ${report.symbol} was not placed by lane ${this.name}`,
      `order/${report.venueOrderId}`,
    );
  }

  #alert(severity: 'info' | 'warning' | 'critical', code: string, text: string, dedupeKey: string): void {
    this.#emit('alert', { severity, code, text, dedupeKey });
  }

  #emit<Type extends TradingEventType>(
    type: Type,
    body: TradingEventBody<Type>,
    stamps: StageStamps | null = null,
  ): void {
    this.effects.push({
      kind: 'event',
      note: { type, body } as Extract<LaneEffect, { kind: 'event' }>['note'],
      stamps,
    });
  }
}

const EXIT_PURPOSE = { stopLoss: 'stopLoss', holdTime: 'flatten' } as const satisfies Record<
  NonNullable<ExitCall>,
  OrderPurpose
>;

function parseSigned(text: string, scale: number): number {
  return parseScaled(text, scale);
}

/** The venue's average entry price has more digits than the tick: rounded to the scale. An unreadable one counts as 0: no invented price. */
function adoptionPrice(text: string, scale: number): Price {
  const value = Number(text);
  return (Number.isFinite(value) && value > 0 ? Math.round(value * 10 ** scale) : 0) as Price;
}
