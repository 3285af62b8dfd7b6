import type { LaneConfiguration } from '../config/runtime-configuration.ts';
import type { StageStamps } from '../events/trading-event.ts';
import { DataAge } from '../market/data-age.ts';
import type { Instrument } from '../market/instrument.ts';
import type { Side } from '../market/market-message.ts';
import { formatScaled, type Price, parseScaled, type Size } from '../market/scaled-decimal.ts';
import type { ClientOrderId, OrderIntent, OrderPurpose } from '../orders/order.ts';
import type { TrackedOrder } from '../orders/tracked-order.ts';
import { checkRisk, type Denial, type RiskContext } from '../risk/checks.ts';
import { OrderRate } from '../risk/order-rate.ts';
import type { RiskBook } from '../risk/risk-book.ts';
import type { MonoNanos } from '../time/clock.ts';
import type { LaneOutbox } from './lane-outbox.ts';
import { LaneRisk } from './lane-risk.ts';
import type { Now } from './now.ts';
import type { OrderDesk } from './order-desk.ts';

/** After an exit that risk refused, the next one waits this long, ns. */
const EXIT_WAIT = 1e9;

/** The only way for a lane's orders to leave: what was decided is told, risk is asked, and what passes goes to the desk (invariant 3). */
export class OrderGate {
  /** What risk knows; the lane keeps the part that it learns from books, gates and wishes. */
  readonly context: RiskContext;
  readonly age = new DataAge();
  /** What lies beyond the lane: told of each input, asked before each order. */
  readonly risk: LaneRisk;
  /** Orders that risk refused, by code. */
  readonly denials = new Map<string, number>();
  readonly #configuration: LaneConfiguration;
  readonly #instrument: Instrument;
  readonly #nextOrderId: () => ClientOrderId;
  readonly #desk: OrderDesk;
  readonly #outbox: LaneOutbox;
  readonly #rate: OrderRate;

  constructor(
    configuration: LaneConfiguration,
    instrument: Instrument,
    nextOrderId: () => ClientOrderId,
    desk: OrderDesk,
    outbox: LaneOutbox,
    book: RiskBook | null,
  ) {
    this.#configuration = configuration;
    this.#instrument = instrument;
    this.#nextOrderId = nextOrderId;
    this.#desk = desk;
    this.#outbox = outbox;
    this.#rate = new OrderRate(configuration.limits.maxOrderRate);
    this.context = {
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
      exitsAtWork: 0,
      unknownOrders: 0,
      dailyProfit: 0,
      orderTokens: 0,
      entriesPaused: null,
      frozen: false,
      fence: 'not reconciled yet',
      closed: 'no lease yet',
      marketClosed: null,
      breakers: { consecutiveLosses: null, errorRate: null, rejectRate: null, latency: null, reconciliation: null },
      drawdown: 0,
      unit: null,
    };
    this.risk = new LaneRisk(configuration, instrument, this.context, desk, outbox, book);
  }

  /** A complete intent under an id of its own; a market order where there is no price. */
  intent(
    side: Side,
    purpose: OrderPurpose,
    price: Price | null,
    size: Size,
    timeInForce: OrderIntent['timeInForce'],
  ): OrderIntent {
    return {
      clientOrderId: this.#nextOrderId(),
      venue: this.#instrument.venue,
      symbol: this.#instrument.symbol,
      side,
      type: price === null ? 'market' : 'limit',
      timeInForce,
      price,
      size,
      reduceOnly: purpose !== 'entry',
      purpose,
    };
  }

  /** A reduce-only order that waits at the venue for its trigger price. */
  stopIntent(side: Side, triggerPrice: Price, size: Size): OrderIntent {
    return { ...this.intent(side, 'stopLoss', null, size, 'gtc'), type: 'stopMarket', triggerPrice };
  }

  /**
   * Asks risk about new terms of a resting order, as about an order of these terms in its place; if they pass, it is amended. The larger of old and new size counts until the outcome is known. Returns
   * the denial, or null; a denial changes nothing of the order.
   */
  amend(order: TrackedOrder, price: Price, size: Size, profit: number, now: Now): Denial | null {
    const open = (size - Math.max(order.filledSize, order.reportedSize)) as Size;
    const intent: OrderIntent = { ...order.intent, price, size: Math.max(open, order.openSize) as Size };
    this.#refresh(intent, profit, now, order);
    const denial = checkRisk(this.context, intent);
    if (denial !== null) {
      this.denials.set(denial.code, (this.denials.get(denial.code) ?? 0) + 1);
      return denial;
    }
    this.#rate.take();
    this.#desk.amend(order, price, size, now);
    this.risk.amended(profit);
    return null;
  }

  /** Tells the intent and asks risk; if it passes, the order is placed. `profit`: of the day. Returns the denial, or null. */
  submit(
    intent: OrderIntent,
    receivedAt: MonoNanos | null,
    stamps: StageStamps | null,
    profit: number,
    now: Now,
  ): Denial | null {
    this.#refresh(intent, profit, now);
    this.#tell(intent, stamps);
    const denial = checkRisk(this.context, intent);
    if (denial === null) {
      this.#rate.take();
      this.#desk.place(intent, receivedAt, now);
      this.risk.admitted(intent, profit, now);
      return null;
    }
    if (intent.reduceOnly) this.#desk.exitNotBefore = now.mono + EXIT_WAIT;
    this.denials.set(denial.code, (this.denials.get(denial.code) ?? 0) + 1);
    const { clientOrderId, symbol } = intent;
    const { code, detail } = denial;
    this.#outbox.event('order.denied', { clientOrderId, lane: this.#configuration.name, symbol, code, detail });
    return denial;
  }

  #tell(intent: OrderIntent, stamps: StageStamps | null): void {
    const { bidPrice, askPrice, dataAgeMs } = this.context;
    const { priceScale, sizeScale } = this.#instrument;
    this.#outbox.event(
      'order.intended',
      {
        clientOrderId: intent.clientOrderId,
        lane: this.#configuration.name,
        symbol: intent.symbol,
        side: intent.side,
        orderType: intent.type,
        timeInForce: intent.timeInForce,
        price: intent.price === null ? null : formatScaled(intent.price, priceScale),
        size: formatScaled(intent.size, sizeScale),
        reduceOnly: intent.reduceOnly,
        purpose: intent.purpose,
        signalPrice: formatScaled(intent.side === 'buy' ? askPrice : bidPrice, priceScale),
        signalAgeMs: Number.isFinite(dataAgeMs) ? Math.max(0, dataAgeMs) : 0,
        ...(intent.triggerPrice === undefined ? {} : { triggerPrice: formatScaled(intent.triggerPrice, priceScale) }),
        // What rests to protect may rest for days: a confirmation's deadline must not take it away. It is followed from the moment it leaves its rest.
        confirm: this.#configuration.confirm === 'every' && intent.type !== 'stopMarket',
        ...(this.#instrument.kind === 'spot' && this.#configuration.reservedSize !== '0'
          ? { reservedSize: this.#configuration.reservedSize }
          : {}),
      },
      stamps,
    );
  }

  /** `amending`: the order in whose place the intent would come. */
  #refresh(intent: OrderIntent, profit: number, now: Now, amending: TrackedOrder | null = null): void {
    const { context } = this;
    const working = this.#desk.orders.working(amending);
    context.dataAgeMs = this.age.ageMs(now.mono);
    context.positionSize = this.#desk.position.size;
    context.workingBuySize = working.buySize;
    context.workingSellSize = working.sellSize;
    context.openOrders = working.count;
    context.exitsAtWork = working.exits;
    context.unknownOrders = working.unknown;
    context.orderTokens = this.#rate.tokens(now.mono);
    context.dailyProfit = profit;
    this.risk.prepare(intent, working, now);
  }
}
