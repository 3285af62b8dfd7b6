import type { Instrument } from '#core/market/instrument.ts';
import type { Price, Size } from '#core/market/scaled-decimal.ts';
import type { OrderType, TimeInForce } from '#core/orders/order.ts';
import type { SimulatedOrder, SimulatedOrderRequest } from '../exchange/simulated-exchange.ts';
import type { RequestParams } from './binance-auth.ts';
import type { BinanceContext } from './binance-context.ts';
import { BinanceRefusal, mandatory, NoAnswer } from './binance-errors.ts';
import { clientOrderIdOf, generateId, required, scaled, sideOf, targetOf } from './binance-params.ts';
import { idNumber, SIDE, statusOf } from './binance-rows.ts';
import { refusalOf, wouldTake } from './binance-spot-errors.ts';
import {
  acknowledgementRow,
  cancelRow,
  eight,
  orderRow,
  quoteOf,
  resultRow,
  timeInForceOf,
  typeOf,
} from './binance-spot-rows.ts';

type Row = Record<string, unknown>;

const TIME_IN_FORCE: Readonly<Record<string, TimeInForce>> = { GTC: 'gtc', IOC: 'ioc', FOK: 'fok' };
const AT_MARKET: Readonly<Record<string, OrderType>> = {
  MARKET: 'market',
  STOP_LOSS: 'stopMarket',
  TAKE_PROFIT: 'takeProfitMarket',
};
const RESPONSES = ['ACK', 'RESULT', 'FULL'];
const ILLEGAL_ID = -1100;

/** Names of cancels and amendments, by order: the account stream tells them beside the order's own. */
export interface RequestNames {
  readonly ofCancel: Map<string, string>;
}

/** Places an order from request parameters. Throws `BinanceRefusal`, or `NoAnswer` for the faults that swallow the answer. */
export function placeOrder(context: BinanceContext, accountId: string, params: RequestParams): Row {
  const { faults, exchange } = context;
  const instrument = context.instrument(required(params, 'symbol'));
  const request = requestOf(params, instrument);
  const respond = params.get('newOrderRespType') ?? (request.triggerPrice === null ? 'FULL' : 'ACK');
  if (!RESPONSES.includes(respond))
    throw new BinanceRefusal(400, -1100, "Illegal characters found in parameter 'newOrderRespType'.");
  if (faults.take('placeNotAcceptedNoAnswer')) throw new NoAnswer(false);
  if (request.timeInForce === 'postOnly' && takes(context, request)) throw wouldTake();
  if (faults.take('acceptedThenRejected')) return placeAndReject(context, accountId, request);
  const outcome = exchange.place(accountId, request);
  if (outcome.kind === 'refused') throw refusalOf(outcome.reason, 'place');
  if (faults.take('placeTimesOutButAccepted')) throw new NoAnswer(false);
  if (faults.take('placeCutsLink')) throw new NoAnswer(true);
  if (faults.take('placeUnclearButAccepted')) {
    const text = 'Timeout waiting for response from backend server. Send status unknown; execution status unknown.';
    throw new BinanceRefusal(503, -1007, text);
  }
  const clientOrderId = context.clientIdOf(outcome.order);
  if (respond === 'ACK') return acknowledgementRow(outcome.order, clientOrderId);
  const { orderId } = outcome.order;
  const placed = exchange.order(accountId, { orderId, clientOrderId: null }) ?? outcome.order;
  const fills = exchange.fills(accountId, instrument.symbol).filter((fill) => fill.orderId === orderId);
  return resultRow(placed, instrument, clientOrderId, respond === 'FULL' ? fills : null);
}

/** Acknowledged, then thrown out by the matching engine before it could trade. */
function placeAndReject(context: BinanceContext, accountId: string, request: SimulatedOrderRequest): Row {
  const book = context.exchange.book(request.symbol, 1);
  const resting = request.side === 'buy' ? book.bids[0] : book.asks[0];
  const price = request.price ?? resting?.[0] ?? null;
  const outcome = context.exchange.place(accountId, { ...request, type: 'limit', timeInForce: 'postOnly', price });
  if (outcome.kind === 'refused') throw refusalOf(outcome.reason, 'place');
  context.rejectedByEngine.add(outcome.order.orderId);
  context.exchange.cancel(accountId, { orderId: outcome.order.orderId, clientOrderId: null });
  return acknowledgementRow(outcome.order, context.clientIdOf(outcome.order));
}

function takes(context: BinanceContext, request: SimulatedOrderRequest): boolean {
  const book = context.exchange.book(request.symbol, 1);
  const price = request.price ?? 0;
  const best = request.side === 'buy' ? book.asks[0]?.[0] : book.bids[0]?.[0];
  return best !== undefined && (request.side === 'buy' ? price >= best : price <= best);
}

/** The cancel has a client id of its own, which the account stream tells as `c`. */
export function cancelOrder(
  context: BinanceContext,
  names: RequestNames,
  accountId: string,
  params: RequestParams,
): Row {
  const instrument = context.instrument(required(params, 'symbol'));
  const target = targetOf(params);
  const own = clientOrderIdOf(params, 'newClientOrderId', ILLEGAL_ID);
  if (context.faults.take('cancelLost')) throw new NoAnswer(false);
  const before = context.exchange.order(accountId, target);
  if (before !== null) names.ofCancel.set(before.orderId, own);
  const outcome = context.exchange.cancel(accountId, target);
  if (outcome.kind === 'refused') {
    if (before !== null) names.ofCancel.delete(before.orderId);
    throw refusalOf(outcome.reason, 'cancel');
  }
  if (context.faults.take('cancelAnswerLost')) throw new NoAnswer(false);
  return cancelRow(outcome.order, instrument, { original: context.clientIdOf(outcome.order), own });
}

/** Lowers an order's quantity in place. It gets another client id unless the request says which it keeps. */
export function amendOrder(context: BinanceContext, accountId: string, params: RequestParams): Row {
  const instrument = context.instrument(required(params, 'symbol'));
  const size = scaled(required(params, 'newQty'), instrument.sizeScale) as Size;
  const target = targetOf(params);
  const before = context.exchange.order(accountId, target);
  if (before === null) throw refusalOf('unknownOrder', 'amend');
  const original = context.clientIdOf(before);
  const own = params.has('newClientOrderId') ? clientOrderIdOf(params, 'newClientOrderId', ILLEGAL_ID) : generateId();
  if (size <= 0 || size >= before.size) {
    throw new BinanceRefusal(400, -2038, 'The requested action would not lower the quantity of the order.');
  }
  if (own !== original) context.nameOwnOrder(before.orderId, own);
  const outcome = context.exchange.amend(accountId, target, null, size);
  if (outcome.kind === 'refused') throw refusalOf(outcome.reason, 'amend');
  const { order } = outcome;
  return {
    transactTime: Math.floor(order.updatedAt),
    executionId: idNumber(order.orderId),
    amendedOrder: {
      symbol: order.symbol,
      orderId: idNumber(order.orderId),
      orderListId: -1,
      origClientOrderId: original,
      clientOrderId: own,
      price: eight(order.price ?? 0, instrument.priceScale),
      qty: eight(order.size, instrument.sizeScale),
      executedQty: eight(order.cumulativeSize, instrument.sizeScale),
      preventedQty: '0.00000000',
      quoteOrderQty: '0.00000000',
      cumulativeQuoteQty: quoteOf(order, instrument),
      status: statusOf(order),
      timeInForce: timeInForceOf(order),
      type: typeOf(order),
      side: SIDE[order.side],
      workingTime: Math.floor(order.createdAt),
      selfTradePreventionMode: 'NONE',
    },
  };
}

export function queryOrder(context: BinanceContext, accountId: string, params: RequestParams): Row {
  const instrument = context.instrument(required(params, 'symbol'));
  const order = context.exchange.order(accountId, targetOf(params));
  if (order === null || context.faults.take('queryNotFound')) throw refusalOf('unknownOrder', 'query');
  return shownOrder(context, order, instrument);
}

/** An order as queries show it, ended by the engine where a fault did that. */
export function shownOrder(
  context: BinanceContext,
  order: SimulatedOrder,
  instrument = context.instrument(order.symbol),
): Row {
  const row = orderRow(order, instrument, context.clientIdOf(order));
  return context.rejectedByEngine.has(order.orderId) ? { ...row, status: 'REJECTED' } : row;
}

function requestOf(params: RequestParams, instrument: Instrument): SimulatedOrderRequest {
  const type = required(params, 'type');
  for (const name of ['reduceOnly', 'positionSide']) {
    if (params.has(name))
      throw new BinanceRefusal(
        400,
        -1104,
        `Not all sent parameters were read; read '${params.size - 1}' parameter(s) but was sent '${params.size}'.`,
      );
  }
  const size = scaled(required(params, 'quantity'), instrument.sizeScale) as Size;
  if (size <= 0) throw new BinanceRefusal(400, -1013, 'Invalid quantity.');
  const common = {
    clientOrderId: clientOrderIdOf(params, 'newClientOrderId', ILLEGAL_ID),
    symbol: instrument.symbol,
    side: sideOf(required(params, 'side')),
    size,
    reduceOnly: false,
  };
  const atMarket = AT_MARKET[type];
  if (atMarket !== undefined) {
    for (const name of ['price', 'timeInForce']) if (params.has(name)) throw notRequired(name);
    const triggerPrice = atMarket === 'market' ? null : priceOf(params, 'stopPrice', instrument);
    return { ...common, type: atMarket, timeInForce: 'ioc', price: null, triggerPrice };
  }
  if (type !== 'LIMIT' && type !== 'LIMIT_MAKER') throw new BinanceRefusal(400, -1116, 'Invalid orderType.');
  if (type === 'LIMIT_MAKER' && params.has('timeInForce')) throw notRequired('timeInForce');
  const timeInForce = type === 'LIMIT_MAKER' ? 'postOnly' : TIME_IN_FORCE[required(params, 'timeInForce')];
  if (timeInForce === undefined) throw new BinanceRefusal(400, -1115, 'Invalid timeInForce.');
  return { ...common, type: 'limit', timeInForce, price: priceOf(params, 'price', instrument), triggerPrice: null };
}

function priceOf(params: RequestParams, name: string, instrument: Instrument): Price {
  const text = params.get(name);
  if (text === undefined || text === '') throw mandatory(name);
  const price = scaled(text, instrument.priceScale) as Price;
  if (price <= 0) throw new BinanceRefusal(400, -1013, 'Invalid price.');
  return price;
}

function notRequired(name: string): BinanceRefusal {
  return new BinanceRefusal(400, -1106, `Parameter '${name}' sent when not required.`);
}
