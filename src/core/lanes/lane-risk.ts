import { hoursOfKind, marketHours } from '../calendar/market-hours.ts';
import { SessionClock } from '../calendar/session-clock.ts';
import { NO_POLICY, type Policy } from '../config/policy.ts';
import type { LaneConfiguration } from '../config/runtime-configuration.ts';
import { type Instrument, notional } from '../market/instrument.ts';
import type { Price, Size } from '../market/scaled-decimal.ts';
import type { OrderIntent } from '../orders/order.ts';
import type { TrackedOrder } from '../orders/tracked-order.ts';
import type { OrderAnswer, VenueErrorClass } from '../orders/venue-ports.ts';
import { BREAKER_KINDS } from '../risk/breaker.ts';
import { type BreakerChange, BreakerSet } from '../risk/breaker-set.ts';
import type { RiskBook, RiskSlot } from '../risk/risk-book.ts';
import type { RiskContext, UnitFigures } from '../risk/risk-context.ts';
import { worthOf } from '../risk/worth.ts';
import type { EpochMs } from '../time/clock.ts';
import type { DayPeak } from './lane-opening.ts';
import type { WorkingOrders } from './lane-orders.ts';
import type { LaneOutbox } from './lane-outbox.ts';
import type { Now } from './now.ts';
import type { OrderDesk } from './order-desk.ts';
import { PeakTeller } from './peak-teller.ts';
import type { PositionFinding } from './position-check.ts';

/** A price that is older than this values nothing, ns. */
const PRICE_AGE = 60e9;

/**
 * What risk has to know beyond the lane's own orders: market hours, breakers, and the book that the lanes of a unit share. It tells the lane's part to that book after each input, and fills the
 * context before each question.
 */
export class LaneRisk {
  readonly #configuration: LaneConfiguration;
  readonly #instrument: Instrument;
  readonly #context: RiskContext;
  readonly #desk: OrderDesk;
  readonly #outbox: LaneOutbox;
  readonly #book: RiskBook | null;
  readonly #slot: RiskSlot | null;
  readonly #figures: UnitFigures | null;
  readonly #breakers: BreakerSet;
  #policy: Policy = NO_POLICY;
  #session: SessionClock;
  /** Mid or ask last seen, price units; 0: none yet. */
  #price = 0;
  #peak = 0;
  #day = -1;
  readonly #peaks: PeakTeller;
  /** When the book last was valid: what it said is as old as that. */
  quotedAt = Number.NEGATIVE_INFINITY;
  /** Wall clock of the input, ms: how old the policy's worths are. */
  #epoch = 0 as EpochMs;
  /** Realised profit less fees when the lane was last flat; null while it is flat. */
  #before: number | null = null;
  #flatAt = 0;

  constructor(
    configuration: LaneConfiguration,
    instrument: Instrument,
    context: RiskContext,
    desk: OrderDesk,
    outbox: LaneOutbox,
    book: RiskBook | null,
  ) {
    this.#configuration = configuration;
    this.#instrument = instrument;
    this.#context = context;
    this.#desk = desk;
    this.#outbox = outbox;
    this.#book = book;
    this.#slot = book?.join(instrument.symbol) ?? null;
    this.#policy = book?.policy ?? NO_POLICY;
    this.#session = this.#createSession();
    this.#breakers = book?.breakersOf(configuration.name) ?? new BreakerSet({});
    this.#figures = book === null ? null : createFigures(book);
    this.#peaks = new PeakTeller(configuration.name, instrument.symbol, outbox);
  }

  /** Goes on from the height that the day had reached before this lease. */
  resume({ day, lane, unit }: DayPeak): void {
    this.#day = day;
    this.#peak = lane;
    if (unit !== null) this.#book?.resumePeak(day, unit);
  }

  /** Orders or position may have changed, or time has passed. `price`: mid, 0 while none is known; `profit`: of the day; `flat`: nothing is held, or dust. */
  told(profit: number, price: number, flat: boolean, now: Now): void {
    if (price > 0) this.#price = price;
    this.#epoch = now.epoch;
    this.#passTime(now);
    this.#followDrawdown(profit);
    this.#judgeTrade(flat, now);
    // Before the first price a position counts at what it was entered at.
    // One that was last seen long ago values nothing, and what cannot be valued opens nothing.
    const isOld = this.#price > 0 && now.mono - this.quotedAt > PRICE_AGE;
    this.#tellBook(profit, isOld ? Number.NaN : this.#price > 0 ? this.#price : this.#desk.position.entryPrice);
    this.#tellPeak(now);
  }

  /** The venue answered a placing request; `notSent` says nothing of the venue. */
  answered(order: TrackedOrder | null, answer: OrderAnswer, now: Now): void {
    if (this.#book === null || order === null || answer.kind === 'notSent') return;
    const { breakers } = this.#book;
    const code = answer.kind === 'accepted' ? '' : answer.code;
    const failed = answer.kind === 'unknown' || (answer.kind === 'rejected' && FAILURES.has(answer.errorClass));
    breakers.observe('errorRate', failed, code, now.mono);
    if (!failed) {
      const rejected = answer.kind === 'rejected' && answer.errorClass !== 'alreadySo';
      breakers.observe('rejectRate', rejected, code, now.mono);
      const ackMs = (now.mono - order.submittedAt) / 1e6;
      breakers.observe('latency', ackMs > this.#policy.slowAckMs, `ackMs=${ackMs.toFixed(0)}`, now.mono);
    }
    this.#tellBreakers(now);
  }

  /** The position was compared with the venue's. A first difference may be a report on its way: it says nothing yet. */
  compared(finding: PositionFinding, now: Now): void {
    if (finding.kind === 'differs') return;
    const agree = finding.kind === 'agree';
    this.#breakers.observe('reconciliation', !agree, agree ? '' : finding.reason, now.mono);
    this.#tellBreakers(now);
  }

  /** Fills the context for the question whether `intent` may go. */
  prepare(intent: OrderIntent, working: WorkingOrders, now: Now): void {
    const context = this.#context;
    this.#followPolicy();
    context.marketClosed = this.#session.refuses(now.epoch, this.#policy.marketHours.stopBeforeCloseMinutes * 60_000);
    const book = this.#book;
    context.unit = book?.limits === true ? this.#figures : null;
    if (book === null || this.#slot === null || this.#figures === null || context.unit === null) return;
    for (const kind of BREAKER_KINDS)
      context.breakers[kind] = this.#breakers.refusal(kind, now.mono) ?? book.breakers.refusal(kind, now.mono);
    this.#prepareUnit(this.#figures, book, this.#slot, intent, working, now);
  }

  /** The intent has passed every check and leaves. */
  admitted(intent: OrderIntent, profit: number, now: Now): void {
    const book = this.#book;
    if (book === null || !book.limits) return;
    if (!intent.reduceOnly) {
      this.#breakers.admitted(now.mono);
      book.breakers.admitted(now.mono);
    }
    book.sent(this.#instrument.settlementCurrency, this.#figures?.marginNeeded ?? 0);
    // At once: the next lane of the unit that asks must find it.
    this.#tellBook(profit, Math.max(this.#context.askPrice, intent.price ?? 0));
  }

  /** The new terms of an order have passed every check and leave. */
  amended(profit: number): void {
    if (this.#book === null || !this.#book.limits) return;
    this.#book.sent(this.#instrument.settlementCurrency, 0);
    this.#tellBook(profit, this.#context.askPrice);
  }

  /** Where a drawdown is limited, a successor must know from which height. */
  #tellPeak(now: Now): void {
    const book = this.#book?.limits === true ? this.#book : null;
    const limited =
      this.#configuration.limits.maxDrawdown !== undefined ||
      (book !== null && book.allotment.maxDrawdown < Number.POSITIVE_INFINITY);
    if (limited) this.#peaks.tell(this.#day, this.#peak, book?.peak ?? null, now);
  }

  #tellBook(profit: number, price: number): void {
    if (this.#book === null || this.#slot === null || !this.#book.limits) return;
    const { buyAtRisk, sellAtRisk, count } = this.#desk.orders.working();
    const exposure = this.#valueOf(this.#worstSize(buyAtRisk, sellAtRisk), price);
    this.#book.tell(this.#slot, exposure, this.#inReporting(profit), count, this.#desk.profit.day);
  }

  #prepareUnit(
    figures: UnitFigures,
    book: RiskBook,
    slot: RiskSlot,
    intent: OrderIntent,
    working: WorkingOrders,
    now: Now,
  ): void {
    const context = this.#context;
    const price = Math.max(context.askPrice, context.bidPrice, intent.price ?? 0);
    const buys = working.buyAtRisk + (intent.side === 'buy' ? intent.size : 0);
    const sells = working.sellAtRisk + (intent.side === 'sell' ? intent.size : 0);
    const exposure = this.#valueOf(this.#worstSize(buys, sells), price);
    const own = Number.isNaN(exposure) && !slot.unpriced ? 1 : 0;
    figures.allotment = book.allotment;
    figures.maxConcentration = book.policy.maxConcentration ?? Number.POSITIVE_INFINITY;
    figures.reportingCurrency = book.policy.reportingCurrency;
    figures.unpriced = book.unpriced + own;
    figures.exposureAfter = book.exposureWith(slot, exposure);
    figures.laneExposureAfter = exposure;
    figures.profit = book.profit;
    figures.drawdown = book.drawdown;
    figures.openOrders = book.openOrders;
    figures.orderTokens = book.orderTokens(now.mono);
    figures.available = book.available(this.#instrument.settlementCurrency);
    figures.marginNeeded = this.#marginOf(intent, price);
  }

  /** What of the settlement currency an entry binds; null: the policy states no rate. Of spot and equities all that is bought is paid. */
  #marginOf(intent: OrderIntent, price: number): number | null {
    const { kind, settlementCurrency, quoteCurrency, priceScale } = this.#instrument;
    if (intent.reduceOnly) return null;
    const value = notional(this.#instrument, price as Price, intent.size);
    const paid = kind === 'spot' || kind === 'equity';
    if (paid && intent.side === 'sell') return null;
    const rate = paid ? 1 : this.#policy.marginRate;
    if (rate === undefined) return null;
    if (settlementCurrency === quoteCurrency) return value * rate;
    return price > 0 ? (value * rate) / (price / 10 ** priceScale) : null;
  }

  /** Largest size that the position could come to, whichever orders fill. */
  #worstSize(buys: number, sells: number): number {
    const { size } = this.#desk.position;
    return Math.max(Math.abs(size), size + buys, sells - size);
  }

  /** Reporting currency; NaN: nobody states what it is worth. */
  #valueOf(size: number, price: number): number {
    if (size === 0) return 0;
    const worth = worthOf(this.#policy, this.#instrument.quoteCurrency, this.#epoch) ?? Number.NaN;
    if (Number.isNaN(price) || (this.#instrument.kind !== 'inverse' && price <= 0)) return Number.NaN;
    return notional(this.#instrument, price as Price, size as Size) * worth;
  }

  /** An amount of the settlement currency; the base currency is worth what the contract's own price says. */
  #inReporting(amount: number): number {
    if (amount === 0) return 0;
    const { settlementCurrency, baseCurrency, quoteCurrency, priceScale } = this.#instrument;
    const stated = worthOf(this.#policy, settlementCurrency, this.#epoch);
    if (stated !== undefined) return amount * stated;
    const quoted = settlementCurrency === baseCurrency ? worthOf(this.#policy, quoteCurrency, this.#epoch) : undefined;
    return quoted === undefined || this.#price <= 0 ? Number.NaN : amount * (this.#price / 10 ** priceScale) * quoted;
  }

  /** Waits of breakers end by time. */
  #passTime(now: Now): void {
    this.#breakers.timePassed(now.mono);
    this.#book?.breakers.timePassed(now.mono);
    this.#tellBreakers(now);
  }

  #followDrawdown(profit: number): void {
    const { day } = this.#desk.profit;
    if (day !== this.#day) {
      this.#day = day;
      this.#peak = 0;
    }
    if (profit > this.#peak) this.#peak = profit;
    this.#context.drawdown = this.#peak - profit;
  }

  /** A trade is what lies between two times at which the lane is flat and nothing can fill; its result is after fees. */
  #judgeTrade(flat: boolean, now: Now): void {
    const { position, profit, orders } = this.#desk;
    const result = position.realizedProfit - profit.fees + profit.funding;
    if (!flat) {
      this.#before ??= this.#flatAt;
      return;
    }
    if (!orders.quiet) return;
    this.#flatAt = result;
    if (this.#before === null) return;
    const gained = result - this.#before;
    this.#before = null;
    this.#breakers.observe('consecutiveLosses', gained < 0, `result=${gained.toFixed(2)}`, now.mono);
    this.#tellBreakers(now);
  }

  #followPolicy(): void {
    const policy = this.#book?.policy ?? NO_POLICY;
    if (policy === this.#policy) return;
    this.#policy = policy;
    this.#session = this.#createSession();
  }

  #createSession(): SessionClock {
    const { limits, mode } = this.#configuration;
    // What paper orders meet is simulated, and open whenever it gives prices.
    const usual = mode === 'paper' ? 'always' : hoursOfKind(this.#instrument.kind);
    return new SessionClock(marketHours(limits.marketHours ?? usual, this.#policy.marketHours));
  }

  /** What others have not told of the lane's own and of the unit's, it tells; and which are not closed now, so that a successor goes on with them. */
  #tellBreakers(now: Now): void {
    const own = this.#breakers.takeChanges();
    const shared = this.#book?.breakers.takeChanges() ?? NO_CHANGES;
    if (own.length === 0 && shared.length === 0) return;
    for (const change of own) this.#tellBreaker(change);
    for (const change of shared) this.#tellBreaker(change);
    const { name: lane, symbol } = this.#configuration;
    const open = [...this.#breakers.notClosed(now), ...(this.#book?.breakers.notClosed(now) ?? [])];
    this.#outbox.event('risk.breakers', { lane, symbol, open });
  }

  #tellBreaker({ breaker, from, to, reason }: BreakerChange): void {
    const lane = this.#configuration.name;
    if (to === 'open') {
      const text = `entries stop (${breaker}), as told by lane ${lane}: ${reason}`;
      this.#outbox.alert('warning', 'BREAKER_OPENED', text, `breaker/${lane}/${breaker}`);
    } else if (to === 'closed' && from !== 'closed') {
      const text = `entries go on (${breaker}), as told by lane ${lane}: ${reason}`;
      this.#outbox.alert('info', 'BREAKER_CLOSED', text, `breaker/${lane}/${breaker}`);
    }
  }
}

const NO_CHANGES: readonly BreakerChange[] = [];

/** Refusals that say nothing of the order: the venue is busy, its answer unclear, or the clock is off. */
const FAILURES: ReadonlySet<VenueErrorClass> = new Set(['retry', 'clock', 'unknown']);

function createFigures(book: RiskBook): UnitFigures {
  return {
    allotment: book.allotment,
    maxConcentration: Number.POSITIVE_INFINITY,
    reportingCurrency: book.policy.reportingCurrency,
    unpriced: 0,
    exposureAfter: 0,
    laneExposureAfter: 0,
    profit: 0,
    drawdown: 0,
    openOrders: 0,
    orderTokens: 0,
    available: null,
    marginNeeded: null,
  };
}
