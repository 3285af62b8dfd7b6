import type { Instrument } from '#core/market/instrument.ts';
import type { Price, Size } from '#core/market/scaled-decimal.ts';
import type { TimeInForce } from '#core/orders/order.ts';
import type { SimulatedOrder, SimulatedOrderRequest } from '../exchange/simulated-exchange.ts';
import type { RequestParams } from './binance-auth.ts';
import type { BinanceContext } from './binance-context.ts';
import { BinanceRefusal, badValue, NoAnswer } from './binance-errors.ts';
import { clientOrderIdOf, required, scaled, sideOf, targetOf } from './binance-params.ts';
import { isConditional, isWaiting } from './binance-usdm-algo.ts';
import { refusalOf } from './binance-usdm-errors.ts';
import { acknowledgementRow, orderRow } from './binance-usdm-rows.ts';

type Row = Record<string, unknown>;

const TIME_IN_FORCE: Readonly<Record<string, TimeInForce>> = { GTC: 'gtc', IOC: 'ioc', FOK: 'fok', GTX: 'postOnly' };
const CONDITIONAL = ['STOP', 'STOP_MARKET', 'TAKE_PROFIT', 'TAKE_PROFIT_MARKET', 'TRAILING_STOP_MARKET'];

/** Places an order from request parameters. Throws `BinanceRefusal`, or `NoAnswer` for the faults that swallow the answer. */
export function placeOrder(context: BinanceContext, accountId: string, params: RequestParams): Row {
  const { faults, exchange } = context;
  const instrument = context.instrument(required(params, 'symbol'));
  const request = requestOf(params, instrument);
  requirePositionSide(context, accountId, params);
  if (faults.take('placeNotAcceptedNoAnswer')) throw new NoAnswer(false);
  if (faults.take('acceptedThenRejected')) return placeAndReject(context, accountId, request, instrument);
  const outcome = exchange.place(accountId, request);
  if (outcome.kind === 'refused') throw refusalOf(outcome.reason, 'place', request.side);
  if (faults.take('placeTimesOutButAccepted')) throw new NoAnswer(false);
  if (faults.take('placeCutsLink')) throw new NoAnswer(true);
  if (faults.take('placeUnclearButAccepted')) {
    const text = 'Timeout waiting for response from backend server. Send status unknown; execution status unknown.';
    throw new BinanceRefusal(503, -1007, text);
  }
  if (params.get('newOrderRespType') === 'RESULT') {
    const placed = exchange.order(accountId, { orderId: outcome.order.orderId, clientOrderId: null }) ?? outcome.order;
    return orderRow(placed, instrument, context.clientIdOf(placed));
  }
  return acknowledgement(context, outcome.order, instrument);
}

/** An acknowledgement says NEW and nothing executed, whatever has happened since. */
function acknowledgement(context: BinanceContext, order: SimulatedOrder, instrument: Instrument): Row {
  const fresh: SimulatedOrder = {
    ...order,
    status: 'open',
    endReason: '',
    cumulativeSize: 0 as Size,
    cumulativeCost: 0n,
  };
  return acknowledgementRow(fresh, instrument, context.clientIdOf(order));
}

/** Acknowledged, then thrown out by the matching engine before it could trade. */
function placeAndReject(
  context: BinanceContext,
  accountId: string,
  request: SimulatedOrderRequest,
  instrument: Instrument,
): Row {
  const book = context.exchange.book(request.symbol, 1);
  const resting = request.side === 'buy' ? book.bids[0] : book.asks[0];
  const price = request.price ?? resting?.[0] ?? null;
  const outcome = context.exchange.place(accountId, { ...request, type: 'limit', timeInForce: 'postOnly', price });
  if (outcome.kind === 'refused') throw refusalOf(outcome.reason, 'place', request.side);
  context.rejectedByEngine.add(outcome.order.orderId);
  context.exchange.cancel(accountId, { orderId: outcome.order.orderId, clientOrderId: null });
  return acknowledgement(context, outcome.order, instrument);
}

export function cancelOrder(context: BinanceContext, accountId: string, params: RequestParams): Row {
  const instrument = context.instrument(required(params, 'symbol'));
  const target = targetOf(params);
  const before = context.exchange.order(accountId, target);
  if (before !== null && isWaiting(context, before)) throw refusalOf('unknownOrder', 'cancel');
  if (context.faults.take('cancelLost')) throw new NoAnswer(false);
  const outcome = context.exchange.cancel(accountId, target);
  if (outcome.kind === 'refused') throw refusalOf(outcome.reason, 'cancel');
  if (context.faults.take('cancelAnswerLost')) throw new NoAnswer(false);
  return acknowledgementRow(outcome.order, instrument, context.clientIdOf(outcome.order));
}

/** Needs both price and quantity; the quantity is the new total. */
export function modifyOrder(context: BinanceContext, accountId: string, params: RequestParams): Row {
  const instrument = context.instrument(required(params, 'symbol'));
  const side = sideOf(required(params, 'side'));
  const size = scaled(required(params, 'quantity'), instrument.sizeScale) as Size;
  const price = scaled(required(params, 'price'), instrument.priceScale) as Price;
  const target = targetOf(params);
  const before = context.exchange.order(accountId, target);
  if (before !== null && before.side !== side) throw badValue('side');
  if (before !== null && before.type !== 'limit')
    throw new BinanceRefusal(400, -5025, 'Only limit order is supported.');
  if (before !== null && size <= before.cumulativeSize && before.cumulativeSize < before.size) {
    // Nothing would be left of it: the venue cancels.
    return cancelOrder(context, accountId, params);
  }
  const outcome = context.exchange.amend(accountId, target, price, size);
  if (outcome.kind === 'refused') throw refusalOf(outcome.reason, 'modify', side);
  return acknowledgementRow(outcome.order, instrument, context.clientIdOf(outcome.order));
}

export function queryOrder(context: BinanceContext, accountId: string, params: RequestParams): Row {
  const instrument = context.instrument(required(params, 'symbol'));
  const order = context.exchange.order(accountId, targetOf(params));
  if (order === null || isWaiting(context, order) || context.faults.take('queryNotFound'))
    throw refusalOf('unknownOrder', 'query');
  return shownOrder(context, order, instrument);
}

/** An order as queries show it, ended by the engine where a fault did that. */
export function shownOrder(
  context: BinanceContext,
  order: SimulatedOrder,
  instrument = context.instrument(order.symbol),
): Row {
  const shown = orderRow(order, instrument, context.clientIdOf(order));
  const row = isConditional(order) ? { ...shown, type: 'MARKET' } : shown;
  return context.rejectedByEngine.has(order.orderId) ? { ...row, status: 'REJECTED' } : row;
}

function requestOf(params: RequestParams, instrument: Instrument): SimulatedOrderRequest {
  const side = sideOf(required(params, 'side'));
  const type = required(params, 'type');
  if (CONDITIONAL.includes(type)) {
    const text = 'Order type not supported for this endpoint. Please use the Algo Order API endpoints instead.';
    throw new BinanceRefusal(400, -4120, text);
  }
  if (type !== 'LIMIT' && type !== 'MARKET') throw new BinanceRefusal(400, -1116, 'Invalid orderType.');
  const clientOrderId = clientOrderIdOf(params, 'newClientOrderId', -4015);
  const size = scaled(required(params, 'quantity'), instrument.sizeScale) as Size;
  if (size <= 0) throw new BinanceRefusal(400, -4003, 'Quantity less than or equal to zero.');
  const common = {
    clientOrderId,
    symbol: instrument.symbol,
    side,
    triggerPrice: null,
    size,
    reduceOnly: params.get('reduceOnly') === 'true',
  };
  if (type === 'MARKET') {
    if (params.has('price')) throw notRequired('price');
    if (params.has('timeInForce')) throw notRequired('timeInForce');
    return { ...common, type: 'market', timeInForce: 'ioc', price: null };
  }
  const timeInForce = TIME_IN_FORCE[required(params, 'timeInForce')];
  if (timeInForce === undefined) throw new BinanceRefusal(400, -1115, 'Invalid timeInForce.');
  const price = scaled(required(params, 'price'), instrument.priceScale) as Price;
  if (price <= 0) throw new BinanceRefusal(400, -4001, 'Price less than 0.');
  return { ...common, type: 'limit', timeInForce, price };
}

function requirePositionSide(context: BinanceContext, accountId: string, params: RequestParams): void {
  const oneWay = (params.get('positionSide') ?? 'BOTH') === 'BOTH';
  if (oneWay !== context.hedgeMode.has(accountId)) return;
  throw new BinanceRefusal(400, -4061, "Order's position side does not match user's setting.");
}

function notRequired(name: string): BinanceRefusal {
  return new BinanceRefusal(400, -1106, `Parameter '${name}' sent when not required.`);
}
