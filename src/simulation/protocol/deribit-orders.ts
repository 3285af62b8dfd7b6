import { MillraceError } from '#core/errors.ts';
import type { Instrument } from '#core/market/instrument.ts';
import { type Price, parseScaled, type Size } from '#core/market/scaled-decimal.ts';
import type { TimeInForce } from '#core/orders/order.ts';
import type {
  PlaceOutcome,
  RefusalReason,
  SimulatedOrder,
  SimulatedOrderRequest,
} from '../exchange/simulated-exchange.ts';
import type { ApiKey } from './api-keys.ts';
import type { DeribitContext } from './deribit-context.ts';
import { isOpen, isTriggered, orderRow, type Row, readOrderId, userTradeRow } from './deribit-rows.ts';
import {
  booleanField,
  type Fields,
  invalidParameter,
  numberField,
  type RpcOutcome,
  refuse,
  textField,
} from './deribit-rpc.ts';

/** What the venue answers, and whether the answer gets through. */
export interface DeribitOrderOutcome {
  readonly outcome: RpcOutcome;
  /** `lost`: no answer follows. `cut`: the connection ends instead. */
  readonly delivery: 'answered' | 'lost' | 'cut';
  /** The order that was placed. */
  readonly order: SimulatedOrder | null;
  /** Acknowledged, and refused after it: to be reported. */
  readonly rejectedLater: SimulatedOrder | null;
}

/** The venue's codes and texts ("RPC Error Codes"). */
const REFUSAL: Readonly<Partial<Record<RefusalReason, readonly [code: number, message: string]>>> = {
  unknownSymbol: [10020, 'invalid_or_unsupported_instrument'],
  priceTick: [10043, 'price_wrong_tick'],
  priceBand: [10007, 'price_too_high'],
  sizeLot: [10021, 'invalid_amount'],
  sizeTooSmall: [10002, 'qty_too_low'],
  sizeTooLarge: [10021, 'invalid_amount'],
  notionalTooSmall: [10032, 'whole_cost_too_low'],
  insufficientMargin: [10009, 'not_enough_funds'],
  reduceOnlyRejected: [11030, 'other_reject'],
  wouldTriggerImmediately: [11036, 'invalid_trigger_price'],
  tooManyOrders: [10013, 'pme_max_total_open_orders'],
  unknownOrder: [10004, 'order_not_found'],
  orderNotOpen: [11044, 'not_open_order'],
  notModified: [11030, 'other_reject'],
  maintenance: [11051, 'system_maintenance'],
};

const TIME_IN_FORCE: Readonly<Record<string, TimeInForce>> = {
  good_til_cancelled: 'gtc',
  good_til_day: 'gtc',
  immediate_or_cancel: 'ioc',
  fill_or_kill: 'fok',
};
const ORDER_TYPE: Readonly<Record<string, SimulatedOrderRequest['type']>> = {
  limit: 'limit',
  market: 'market',
  stop_market: 'stopMarket',
  take_market: 'takeProfitMarket',
};
const MAX_LABEL = 64;

/** Carries out order methods, whichever way they came, and lets the faults of orders happen. */
export function createDeribitOrders(context: DeribitContext) {
  const { exchange, faults } = context;
  let rejections = 0;

  function run(method: string, key: ApiKey, params: Fields): DeribitOrderOutcome {
    if (key.readOnly === true) return refused(13021, 'forbidden', { reason: 'scope trade:read_write is needed' });
    if (faults.take('settlementInProgress')) return refused(10041, 'settlement_in_progress');
    const late = lateness(params);
    if (late !== null) return late;
    switch (method) {
      case 'private/buy':
      case 'private/sell':
        return place(key.accountId, method === 'private/buy' ? 'buy' : 'sell', params);
      case 'private/edit':
      case 'private/edit_by_label':
        return edit(key.accountId, params);
      case 'private/cancel':
        return cancel(key.accountId, params);
      default:
        return cancelMany(key.accountId, method, params);
    }
  }

  /** A request that names until when it is good is refused once that has passed. */
  function lateness(params: Fields): DeribitOrderOutcome | null {
    const validUntil = numberField(params, 'valid_until');
    return validUntil !== null && validUntil <= context.now() ? refused(13888, 'timed_out') : null;
  }

  function place(accountId: string, side: 'buy' | 'sell', params: Fields): DeribitOrderOutcome {
    const request = readRequest(side, params);
    if ('outcome' in request) return request;
    if (faults.take('placeNotAcceptedNoAnswer')) return { ...answered(null, []), delivery: 'lost' };
    if (faults.take('acceptedThenRejected')) return rejectLater(accountId, request);
    const priced = repriced(request, params);
    if (priced === null) return refused(11054, 'post_only_reject');
    const fillsBefore = exchange.fills(accountId, priced.symbol).length;
    const placed = placeLabelled(accountId, priced);
    if (placed.kind === 'refused') return refusedFor(placed.reason);
    const { order } = placed;
    if (faults.take('placeUnclearButAccepted')) return { ...refused(11094, 'internal_server_error'), order };
    // What filled at once stands in the answer, and is told on the user channels as well.
    const trades = exchange.fills(accountId, priced.symbol).slice(fillsBefore);
    const instrument = context.requireInstrument(order.symbol);
    const ticker = exchange.ticker(order.symbol);
    const rows = trades
      .filter((fill) => fill.orderId === order.orderId)
      .map((fill) => userTradeRow(fill, order, instrument, context.labelOf(order), ticker));
    const accepted = { ...answered(order, rows), order };
    if (faults.take('placeTimesOutButAccepted')) return { ...accepted, delivery: 'lost' };
    if (faults.take('placeCutsLink')) return { ...accepted, delivery: 'cut' };
    return accepted;
  }

  /** Labels are no ids: one that is in use already is taken again. */
  function placeLabelled(accountId: string, request: SimulatedOrderRequest): PlaceOutcome {
    const placed = exchange.place(accountId, request);
    if (placed.kind === 'accepted' || placed.reason !== 'duplicateClientOrderId') return placed;
    context.labels.next = request.clientOrderId;
    try {
      const again = exchange.place(accountId, { ...request, clientOrderId: null });
      if (again.kind === 'accepted' && request.clientOrderId !== null) {
        context.labels.byOrder.set(again.order.orderId, request.clientOrderId);
      }
      return again;
    } finally {
      context.labels.next = null;
    }
  }

  /** Post-only that would take is put just below (above) the spread, or refused if that was asked for: null. */
  function repriced(request: SimulatedOrderRequest, params: Fields): SimulatedOrderRequest | null {
    if (request.timeInForce !== 'postOnly' || request.price === null) return request;
    const { bids, asks } = exchange.book(request.symbol, 1);
    const against = request.side === 'buy' ? asks[0]?.[0] : bids[0]?.[0];
    if (against === undefined || (request.side === 'buy' ? request.price < against : request.price > against))
      return request;
    if (booleanField(params, 'reject_post_only')) return null;
    const { tickSize } = context.requireInstrument(request.symbol);
    return { ...request, price: (request.side === 'buy' ? against - tickSize : against + tickSize) as Price };
  }

  /** The matching engine's refusal after the acknowledgement: history, with nothing resting. */
  function rejectLater(accountId: string, request: SimulatedOrderRequest): DeribitOrderOutcome {
    rejections += 1;
    const at = context.now();
    const order: SimulatedOrder = {
      ...request,
      orderId: String(10n ** 15n + BigInt(rejections)),
      accountId,
      status: 'open',
      endReason: '',
      cumulativeSize: 0 as Size,
      cumulativeCost: 0n,
      createdAt: at,
      updatedAt: at,
    };
    const answer = answered(order, []);
    context.rejected.set(order.orderId, { ...order, status: 'canceled' });
    return { ...answer, rejectedLater: order };
  }

  function readRequest(side: 'buy' | 'sell', params: Fields): SimulatedOrderRequest | DeribitOrderOutcome {
    const instrument = context.instrument(textField(params, 'instrument_name') ?? '');
    if (instrument === null) return refusedFor('unknownSymbol');
    if (!instrument.tradable) return refused(10020, 'invalid_or_unsupported_instrument', { reason: 'not traded here' });
    const type = ORDER_TYPE[textField(params, 'type') ?? 'limit'];
    if (type === undefined) return invalid('type');
    const label = textField(params, 'label');
    if (label !== null && label.length > MAX_LABEL) return invalid('label');
    const size = amountOf(params, instrument);
    if (size === null || size <= 0) return invalid('amount');
    const price = type === 'limit' ? scaled(params, 'price', instrument.priceScale) : null;
    if (type === 'limit' && (price === null || price <= 0)) return invalid('price');
    const isStop = type === 'stopMarket' || type === 'takeProfitMarket';
    const trigger = isStop ? scaled(params, 'trigger_price', instrument.priceScale) : null;
    if (isStop && (trigger === null || textField(params, 'trigger') === null)) return invalid('trigger_price');
    const timeInForce = TIME_IN_FORCE[textField(params, 'time_in_force') ?? 'good_til_cancelled'];
    if (timeInForce === undefined) return invalid('time_in_force');
    return {
      clientOrderId: label,
      symbol: instrument.symbol,
      side,
      type,
      timeInForce: type !== 'limit' ? 'ioc' : booleanField(params, 'post_only') ? 'postOnly' : timeInForce,
      price: price as Price | null,
      triggerPrice: trigger as Price | null,
      size: size as Size,
      reduceOnly: booleanField(params, 'reduce_only'),
    };
  }

  function cancel(accountId: string, params: Fields): DeribitOrderOutcome {
    const shownId = textField(params, 'order_id');
    if (shownId === null) return invalid('order_id');
    const { orderId, isWaiting } = readOrderId(shownId);
    // What has been triggered is another order: the one that waited has ended.
    const known = exchange.order(accountId, { orderId, clientOrderId: null });
    if (isWaiting && known !== null && isTriggered(known)) return refusedFor('orderNotOpen');
    if (faults.take('cancelLost')) return { ...answered(null, []), outcome: { result: true }, delivery: 'lost' };
    const done = exchange.cancel(accountId, { orderId, clientOrderId: null });
    if (done.kind === 'refused') return refusedFor(done.reason);
    const result = rowOf(done.order);
    const answer = { ...answered(done.order, []), outcome: { result } };
    return faults.take('cancelAnswerLost') ? { ...answer, delivery: 'lost' } : answer;
  }

  function edit(accountId: string, params: Fields): DeribitOrderOutcome {
    const label = textField(params, 'label');
    const shownId = textField(params, 'order_id');
    const byLabel = label === null ? null : openByLabel(accountId, label);
    const orderId = shownId === null ? byLabel : readOrderId(shownId).orderId;
    if (orderId === null) return label === null ? invalid('order_id') : refusedFor('unknownOrder');
    const known = exchange.order(accountId, { orderId, clientOrderId: null });
    if (known === null) return refusedFor('unknownOrder');
    const instrument = context.requireInstrument(known.symbol);
    const price = scaled(params, 'price', instrument.priceScale);
    const size = amountOf(params, instrument);
    if (price === null && size === null) return invalid('amount');
    context.replaced.add(orderId);
    const done = exchange.amend(
      accountId,
      { orderId, clientOrderId: null },
      price as Price | null,
      size as Size | null,
    );
    if (done.kind === 'refused') return refusedFor(done.reason);
    return answered(done.order, []);
  }

  /** The one working order with this label; with several of them the venue would not know which. */
  function openByLabel(accountId: string, label: string): string | null {
    const found = exchange.openOrders(accountId, null).filter((order) => context.labelOf(order) === label);
    return found.length === 1 ? (found[0]?.orderId ?? null) : null;
  }

  function cancelMany(accountId: string, method: string, params: Fields): DeribitOrderOutcome {
    const label = textField(params, 'label');
    const symbol = textField(params, 'instrument_name');
    const currency = textField(params, 'currency');
    if (method === 'private/cancel_by_label' && label === null) return invalid('label');
    if (method === 'private/cancel_all_by_instrument' && symbol === null) return invalid('instrument_name');
    let canceled = 0;
    if (faults.take('cancelLost')) return { ...answered(null, []), outcome: { result: canceled }, delivery: 'lost' };
    for (const order of exchange.openOrders(accountId, symbol)) {
      if (label !== null && context.labelOf(order) !== label) continue;
      const of = context.requireInstrument(order.symbol).settlementCurrency;
      if (currency !== null && currency !== 'any' && of !== currency) continue;
      if (exchange.cancel(accountId, { orderId: order.orderId, clientOrderId: null }).kind === 'canceled')
        canceled += 1;
    }
    const answer = { ...answered(null, []), outcome: { result: canceled } };
    return faults.take('cancelAnswerLost') ? { ...answer, delivery: 'lost' } : answer;
  }

  function rowOf(order: SimulatedOrder): Row {
    return orderRowOf(context, order);
  }

  function answered(order: SimulatedOrder | null, trades: readonly Row[]): DeribitOrderOutcome {
    const result = order === null ? {} : { order: rowOf(order), trades };
    return { outcome: { result }, delivery: 'answered', order: null, rejectedLater: null };
  }

  return { run };
}

/** An order as the venue shows it. */
export function orderRowOf(context: DeribitContext, order: SimulatedOrder): Row {
  const details = {
    label: context.labelOf(order),
    replaced: context.replaced.has(order.orderId),
    rejected: context.rejected.has(order.orderId),
  };
  return orderRow(order, context.requireInstrument(order.symbol), details);
}

/** All orders of an account, late refusals included, newest first. */
export function allOrders(
  context: DeribitContext,
  accountId: string,
  symbol: string | null,
): readonly SimulatedOrder[] {
  const late = [...context.rejected.values()].filter(
    (order) => order.accountId === accountId && (symbol === null || order.symbol === symbol),
  );
  return [...context.exchange.orders(accountId, symbol), ...late].sort((a, b) => b.createdAt - a.createdAt);
}

export function showsAsOpen(context: DeribitContext, order: SimulatedOrder): boolean {
  return isOpen(order) && !context.rejected.has(order.orderId);
}

/** `amount`, or as many contracts. */
function amountOf(params: Fields, instrument: Instrument): number | null {
  const contracts = numberField(params, 'contracts');
  if (params.amount === undefined && contracts !== null) return contracts * instrument.lotSize;
  return scaled(params, 'amount', instrument.sizeScale);
}

/** A number at a scale; null for none, or one that is too precise. */
function scaled(params: Fields, name: string, scale: number): number | null {
  const number = numberField(params, name);
  if (number === null) return null;
  try {
    const text = String(number);
    return parseScaled(/e/i.test(text) ? number.toFixed(scale) : text, scale);
  } catch (error) {
    if (error instanceof MillraceError) return null;
    throw error;
  }
}

function refused(code: number, message: string, data?: Fields): DeribitOrderOutcome {
  return { outcome: refuse(code, message, data), delivery: 'answered', order: null, rejectedLater: null };
}

function refusedFor(reason: RefusalReason): DeribitOrderOutcome {
  const [code, message] = REFUSAL[reason] ?? [11031, 'other_error'];
  return refused(code, message, { reason });
}

function invalid(param: string): DeribitOrderOutcome {
  return { outcome: invalidParameter(param), delivery: 'answered', order: null, rejectedLater: null };
}
