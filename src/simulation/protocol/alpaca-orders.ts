import { MillraceError } from '#core/errors.ts';
import type { Instrument } from '#core/market/instrument.ts';
import { type Price, parseScaled, type Size } from '#core/market/scaled-decimal.ts';
import type { TimeInForce } from '#core/orders/order.ts';
import type { RefusalReason, SimulatedOrder, SimulatedOrderRequest } from '../exchange/simulated-exchange.ts';
import type { AlpacaAccountHub } from './alpaca-account-hub.ts';
import type { AlpacaContext } from './alpaca-context.ts';
import { isWorkingOrder, type OrderExtras } from './alpaca-rows.ts';
import { uuidOf } from './id-as-uuid.ts';
import type { VenueAnswer } from './venue-server.ts';

type Fields = Readonly<Record<string, unknown>>;

/** What the venue says to a refused order (Alpaca documentation, "Orders": 403 for funds and shares, 422 for input). */
const REFUSALS: Readonly<Record<RefusalReason, readonly [status: number, code: number, message: string]>> = {
  unknownSymbol: [422, 42210000, 'asset not found'],
  priceTick: [422, 42210000, 'invalid price. sub-penny increment does not fulfill minimum pricing criteria'],
  priceBand: [422, 42210000, 'limit price is too far from the market'],
  sizeLot: [422, 42210000, 'qty must be a whole number of shares for this order'],
  sizeTooSmall: [422, 42210000, 'qty must be > 0'],
  sizeTooLarge: [422, 42210000, 'qty is too large'],
  notionalTooSmall: [422, 42210000, 'cost basis must be >= minimal amount of order'],
  insufficientMargin: [403, 40310000, 'insufficient buying power'],
  reduceOnlyRejected: [403, 40310000, 'insufficient qty available for order'],
  duplicateClientOrderId: [422, 40010001, 'client_order_id must be unique'],
  wouldTriggerImmediately: [422, 42210000, 'stop price is on the wrong side of the market'],
  tooManyOrders: [403, 40310000, 'too many open orders'],
  unknownOrder: [404, 40410000, 'order not found'],
  orderNotOpen: [422, 42210000, 'order is already in a final state'],
  notModified: [422, 42210000, 'order parameters are not changed'],
  maintenance: [422, 42210000, 'asset is not tradable'],
};

const TIMES: Readonly<Record<string, TimeInForce>> = { day: 'gtc', gtc: 'gtc', ioc: 'ioc', fok: 'fok' };
const MAX_CLIENT_ID = 128;
/** The exchange's ids are small: those of orders that never reached it lie beyond. */
const REJECTED_IDS = 10n ** 24n;

export function answerJson(body: unknown, status = 200): VenueAnswer {
  return { status, body: JSON.stringify(body) };
}

export function refuse(status: number, code: number, message: string): VenueAnswer {
  return answerJson({ code, message }, status);
}

function refuseFor(reason: RefusalReason): VenueAnswer {
  return refuse(...REFUSALS[reason]);
}

/** Carries out order commands, and lets the faults of orders happen. */
export function createAlpacaOrders(context: AlpacaContext, hub: AlpacaAccountHub) {
  const { exchange, faults } = context;
  const accounts = new Set<string>();
  let rejections = 0;

  function create(accountId: string, body: Fields): VenueAnswer {
    const request = readRequest(accountId, body);
    if ('status' in request) return request;
    if (faults.take('placeNotAcceptedNoAnswer')) return { ...answerJson({}), lost: 'unanswered' };
    const timeInForce = String(body.time_in_force);
    if (faults.take('acceptedThenRejected')) {
      const order = rejectLater(accountId, request, extrasOf(timeInForce, null));
      return answerJson({ ...context.orderRow(order), status: 'accepted', failed_at: null });
    }
    const held = !faults.take('fillBeforeAck');
    if (held) hub.hold();
    const placed = placeIt(accountId, request, extrasOf(timeInForce, null));
    // Past the writing of the answer, which follows in this turn.
    if (held) setImmediate(() => hub.release());
    if ('status' in placed) return placed;
    const answer = answerJson(placed.row);
    if (faults.take('placeTimesOutButAccepted')) return { ...answer, lost: 'unanswered' };
    if (faults.take('placeUnclearButAccepted')) return answerJson({ message: 'gateway timeout' }, 504);
    if (faults.take('placeCutsLink')) return { ...answer, lost: true };
    return answer;
  }

  function placeIt(
    accountId: string,
    request: SimulatedOrderRequest,
    extras: OrderExtras,
  ): { readonly order: SimulatedOrder; readonly row: Fields } | VenueAnswer {
    context.expectOrder(extras);
    const outcome = exchange.place(accountId, request);
    context.expectOrder(null);
    if (outcome.kind === 'refused') return refuseFor(outcome.reason);
    accounts.add(accountId);
    context.setExtras(outcome.order.orderId, extras);
    // The order as it was taken in; what became of it at once is told by the stream.
    const asTaken: SimulatedOrder = {
      ...outcome.order,
      status: request.type === 'stopMarket' ? 'untriggered' : 'open',
      cumulativeSize: 0 as Size,
      cumulativeCost: 0n,
    };
    const row = { ...context.orderRow(asTaken), status: context.session.open ? 'pending_new' : 'accepted' };
    return { order: outcome.order, row };
  }

  /** Acknowledged, and rejected after it: history, with nothing resting. */
  function rejectLater(accountId: string, request: SimulatedOrderRequest, extras: OrderExtras): SimulatedOrder {
    rejections += 1;
    const at = context.now();
    const order: SimulatedOrder = {
      ...request,
      orderId: String(REJECTED_IDS + BigInt(rejections)),
      accountId,
      status: 'canceled',
      endReason: '',
      cumulativeSize: 0 as Size,
      cumulativeCost: 0n,
      createdAt: at,
      updatedAt: at,
    };
    context.setExtras(order.orderId, { ...extras, ended: 'rejected' });
    context.rejected.set(order.orderId, order);
    setImmediate(() => hub.tell('rejected', order));
    return order;
  }

  function readRequest(accountId: string, body: Fields): SimulatedOrderRequest | VenueAnswer {
    const instrument = context.instrument(String(body.symbol));
    if (instrument === null) return refuse(422, 42210000, `asset "${String(body.symbol).slice(0, 20)}" not found`);
    if (body.side !== 'buy' && body.side !== 'sell') return refuse(422, 40010001, 'invalid side');
    const type = body.type;
    if (type !== 'market' && type !== 'limit' && type !== 'stop') return refuse(422, 40010001, 'invalid order type');
    const timeInForce = TIMES[String(body.time_in_force)];
    if (timeInForce === undefined) return refuse(422, 40010001, 'invalid time_in_force');
    const size = decimalOf(body.qty, instrument.sizeScale);
    if (size === null || size <= 0) return refuse(422, 40010001, 'qty must be > 0');
    const price = type === 'limit' ? decimalOf(body.limit_price, instrument.priceScale) : null;
    if (type === 'limit' && (price === null || price <= 0)) return refuse(422, 40010001, 'limit_price is required');
    const trigger = type === 'stop' ? decimalOf(body.stop_price, instrument.priceScale) : null;
    if (type === 'stop' && (trigger === null || trigger <= 0)) return refuse(422, 40010001, 'stop_price is required');
    const clientOrderId = body.client_order_id === undefined ? null : body.client_order_id;
    if (clientOrderId !== null && (typeof clientOrderId !== 'string' || clientOrderId.length > MAX_CLIENT_ID)) {
      return refuse(422, 40010001, 'invalid client_order_id');
    }
    if (clientOrderId !== null && isKnown(accountId, clientOrderId)) return refuseFor('duplicateClientOrderId');
    return {
      clientOrderId,
      symbol: instrument.symbol,
      side: body.side,
      type: type === 'stop' ? 'stopMarket' : type,
      timeInForce: type === 'market' ? 'ioc' : timeInForce,
      price: price as Price | null,
      triggerPrice: trigger as Price | null,
      size: size as Size,
      reduceOnly: false,
    };
  }

  /** An id is used once for all time. */
  function isKnown(accountId: string, clientOrderId: string): boolean {
    return find(accountId, { orderId: null, clientOrderId }) !== null;
  }

  function find(
    accountId: string,
    target: { readonly orderId: string | null; readonly clientOrderId: string | null },
  ): SimulatedOrder | null {
    for (const order of context.rejected.values()) {
      if (order.accountId !== accountId) continue;
      if (target.orderId === null ? order.clientOrderId === target.clientOrderId : order.orderId === target.orderId) {
        return order;
      }
    }
    return exchange.order(accountId, target);
  }

  function cancel(accountId: string, orderId: string): VenueAnswer {
    if (context.rejected.has(orderId)) return refuseFor('orderNotOpen');
    if (faults.take('cancelLost')) return { status: 204, body: '', lost: 'unanswered' };
    const outcome = exchange.cancel(accountId, { orderId, clientOrderId: null });
    if (outcome.kind === 'refused') return refuseFor(outcome.reason);
    const answer = { status: 204, body: '' };
    return faults.take('cancelAnswerLost') ? { ...answer, lost: 'unanswered' } : answer;
  }

  function cancelAll(accountId: string): VenueAnswer {
    const list = exchange.openOrders(accountId, null).map(({ orderId }) => {
      const outcome = exchange.cancel(accountId, { orderId, clientOrderId: null });
      return { id: uuidOf(orderId), status: outcome.kind === 'canceled' ? 200 : 500 };
    });
    return answerJson(list, 207);
  }

  /**
   * A new order takes the place of the old one, under an id of its own. 200 says that this was taken in: with `replaceRace` the venue finds out later that it came too late.
   * The old order goes first here, so a replacement that the exchange then refuses ends as a rejected order with nothing resting.
   */
  function replace(accountId: string, orderId: string, body: Fields): VenueAnswer {
    const old = find(accountId, { orderId, clientOrderId: null });
    if (old === null) return refuseFor('unknownOrder');
    if (!isWorkingOrder(old)) return refuseFor('orderNotOpen');
    if (!context.session.open) return refuse(422, 42210000, 'cannot replace order in accepted status');
    const instrument = context.requireInstrument(old.symbol);
    const size = body.qty === undefined ? old.size : decimalOf(body.qty, instrument.sizeScale);
    const price = body.limit_price === undefined ? old.price : decimalOf(body.limit_price, instrument.priceScale);
    const trigger =
      body.stop_price === undefined ? old.triggerPrice : decimalOf(body.stop_price, instrument.priceScale);
    if (size === null || size <= old.cumulativeSize) return refuse(422, 40010001, 'qty must be > filled_qty');
    const clientOrderId = typeof body.client_order_id === 'string' ? body.client_order_id : null;
    if (clientOrderId !== null && isKnown(accountId, clientOrderId)) return refuseFor('duplicateClientOrderId');
    const request: SimulatedOrderRequest = {
      clientOrderId,
      symbol: old.symbol,
      side: old.side,
      type: old.type,
      timeInForce: old.timeInForce,
      price: price as Price | null,
      triggerPrice: trigger as Price | null,
      size: size as Size,
      reduceOnly: false,
    };
    const before = context.extras(old.orderId);
    const extras = extrasOf(before.timeInForce, uuidOf(old.orderId));
    if (faults.take('replaceRace')) {
      const late = rejectLater(accountId, request, extras);
      setImmediate(() => hub.tell('order_replace_rejected', old));
      return answerJson({ ...context.orderRow(late), status: 'accepted', failed_at: null });
    }
    hub.hold();
    setImmediate(() => hub.release());
    before.replacedBy = 'pending';
    exchange.cancel(accountId, { orderId: old.orderId, clientOrderId: null });
    const placed = placeIt(accountId, { ...request, size: (size - old.cumulativeSize) as Size }, extras);
    if ('status' in placed) {
      const order = rejectLater(accountId, request, extras);
      before.replacedBy = uuidOf(order.orderId);
    } else before.replacedBy = uuidOf(placed.order.orderId);
    const ended = exchange.order(accountId, { orderId: old.orderId, clientOrderId: null });
    if (ended !== null) hub.tell('replaced', ended);
    return 'status' in placed ? placed : answerJson(placed.row);
  }

  /** The end of the session: what is good for the day expires, the rest is done for the day. */
  function endDay(): void {
    context.session.open = false;
    for (const order of workingOrders()) {
      const extras = context.extras(order.orderId);
      if (extras.timeInForce === 'day') {
        extras.ended = 'expired';
        exchange.cancel(order.accountId, { orderId: order.orderId, clientOrderId: null });
      } else extras.doneForDay = true;
    }
    exchange.setMarketOpen(false);
    for (const order of workingOrders()) hub.tell('done_for_day', order);
  }

  /** What waited is told as new, and then what becomes of it. */
  function beginDay(): void {
    context.session.open = true;
    for (const order of workingOrders()) {
      context.extras(order.orderId).doneForDay = false;
      hub.tell('new', order);
    }
    exchange.setMarketOpen(true);
  }

  function workingOrders(): readonly SimulatedOrder[] {
    return [...accounts].flatMap((accountId) => exchange.openOrders(accountId, null));
  }

  return { create, cancel, cancelAll, replace, find, endDay, beginDay };
}

export type AlpacaOrders = ReturnType<typeof createAlpacaOrders>;

function extrasOf(timeInForce: string, replaces: string | null): OrderExtras {
  return { timeInForce, ended: null, doneForDay: false, replaces, replacedBy: null };
}

/** Decimal text or number at a scale; null for what is none, or too precise. */
function decimalOf(value: unknown, scale: Instrument['sizeScale']): number | null {
  if (typeof value !== 'string' && typeof value !== 'number') return null;
  try {
    return parseScaled(String(value), scale);
  } catch (error) {
    if (error instanceof MillraceError) return null;
    throw error;
  }
}
