import type { Price, Size } from '#core/market/scaled-decimal.ts';
import type { SimulatedOrder, SimulatedOrderRequest, SimulatedTarget } from '../exchange/simulated-exchange.ts';
import type { RequestParams } from './binance-auth.ts';
import type { BinanceContext } from './binance-context.ts';
import { BinanceRefusal, badValue, mandatory, NoAnswer } from './binance-errors.ts';
import { paged, pageOf } from './binance-history.ts';
import { clientOrderIdOf, required, scaled, sideOf } from './binance-params.ts';
import { fixed, idNumber, SIDE } from './binance-rows.ts';
import { refusalOf } from './binance-usdm-errors.ts';
import { typeOf } from './binance-usdm-rows.ts';

type Row = Record<string, unknown>;

/** Conditional orders have ids of their own. */
const ALGO_IDS = 3_000_000_000_000_000n;
const TYPES: Readonly<Record<string, 'stopMarket' | 'takeProfitMarket'>> = {
  STOP_MARKET: 'stopMarket',
  TAKE_PROFIT_MARKET: 'takeProfitMarket',
};
const MAX_SPAN = { ms: 7 * 24 * 3_600_000, code: -4165, text: 'Maximum time interval is 7 days.' };

export function isConditional(order: SimulatedOrder): boolean {
  return order.type === 'stopMarket' || order.type === 'takeProfitMarket';
}

/** A conditional order that has not reached the matching engine: the plain endpoints do not know it. */
export function isWaiting(context: BinanceContext, order: SimulatedOrder): boolean {
  return isConditional(order) && !context.triggered.has(order.orderId);
}

function algoIdOf(order: SimulatedOrder): string {
  return String(ALGO_IDS + BigInt(order.orderId));
}

function statusOf(context: BinanceContext, order: SimulatedOrder): string {
  const isOver = order.status === 'filled' || order.status === 'canceled' || order.status === 'expired';
  if (context.triggered.has(order.orderId)) return isOver ? 'FINISHED' : 'TRIGGERED';
  if (!isOver) return 'NEW';
  return order.status === 'expired' ? 'EXPIRED' : 'CANCELED';
}

/** A conditional order as answers and queries give it. */
export function algoRow(context: BinanceContext, order: SimulatedOrder): Row {
  const { priceScale, sizeScale } = context.instrument(order.symbol);
  const triggered = context.triggered.has(order.orderId);
  return {
    algoId: idNumber(algoIdOf(order)),
    clientAlgoId: context.clientIdOf(order),
    algoType: 'CONDITIONAL',
    orderType: typeOf(order),
    symbol: order.symbol,
    side: SIDE[order.side],
    positionSide: 'BOTH',
    timeInForce: 'GTC',
    quantity: fixed(order.size, sizeScale),
    algoStatus: statusOf(context, order),
    actualOrderId: triggered ? order.orderId : '',
    actualPrice: '0.00000',
    triggerPrice: fixed(order.triggerPrice ?? 0, priceScale),
    price: fixed(0, priceScale),
    icebergQuantity: 'null',
    selfTradePreventionMode: 'NONE',
    workingType: 'CONTRACT_PRICE',
    priceMatch: 'NONE',
    closePosition: false,
    priceProtect: false,
    reduceOnly: order.reduceOnly,
    createTime: Math.floor(order.createdAt),
    updateTime: Math.floor(order.updatedAt),
    triggerTime: triggered ? Math.floor(order.updatedAt) : 0,
    goodTillDate: 0,
  };
}

/** `ALGO_UPDATE`: what became of a conditional order. */
export function algoEvent(context: BinanceContext, order: SimulatedOrder, time: number): Row {
  const row = algoRow(context, order);
  const triggered = context.triggered.has(order.orderId);
  return {
    e: 'ALGO_UPDATE',
    T: Math.floor(time),
    E: context.now(),
    o: {
      caid: row.clientAlgoId,
      aid: row.algoId,
      at: 'CONDITIONAL',
      o: row.orderType,
      s: row.symbol,
      S: row.side,
      ps: 'BOTH',
      f: 'GTC',
      q: row.quantity,
      X: row.algoStatus,
      ai: row.actualOrderId,
      ap: '0',
      aq: fixed(order.cumulativeSize, context.instrument(order.symbol).sizeScale),
      act: triggered ? 'MARKET' : '0',
      tp: row.triggerPrice,
      p: row.price,
      V: 'NONE',
      wt: 'CONTRACT_PRICE',
      pm: 'NONE',
      cp: false,
      pP: false,
      R: order.reduceOnly,
      tt: row.triggerTime,
      gtd: 0,
    },
  };
}

/** Places a conditional order; the faults of placing happen to it as well. */
export function placeAlgoOrder(context: BinanceContext, accountId: string, params: RequestParams): Row {
  const { exchange, faults } = context;
  const instrument = context.instrument(required(params, 'symbol'));
  if (required(params, 'algoType') !== 'CONDITIONAL') throw badValue('algoType');
  const type = TYPES[required(params, 'type')];
  if (type === undefined) throw new BinanceRefusal(400, -1116, 'Invalid orderType.');
  const request: SimulatedOrderRequest = {
    clientOrderId: clientOrderIdOf(params, 'clientAlgoId', -4015),
    symbol: instrument.symbol,
    side: sideOf(required(params, 'side')),
    type,
    timeInForce: 'ioc',
    price: null,
    triggerPrice: scaled(required(params, 'triggerPrice'), instrument.priceScale) as Price,
    size: scaled(required(params, 'quantity'), instrument.sizeScale) as Size,
    reduceOnly: params.get('reduceOnly') === 'true',
  };
  if (faults.take('placeNotAcceptedNoAnswer')) throw new NoAnswer(false);
  const outcome = exchange.place(accountId, request);
  if (outcome.kind === 'refused') throw refusalOf(outcome.reason, 'place', request.side);
  if (faults.take('placeTimesOutButAccepted')) throw new NoAnswer(false);
  if (faults.take('placeCutsLink')) throw new NoAnswer(true);
  if (faults.take('placeUnclearButAccepted')) {
    const text = 'Timeout waiting for response from backend server. Send status unknown; execution status unknown.';
    throw new BinanceRefusal(503, -1007, text);
  }
  return algoRow(context, outcome.order);
}

/** Cancels one that waits; one that was triggered is the matching engine's, and a plain order. */
export function cancelAlgoOrder(context: BinanceContext, accountId: string, params: RequestParams): Row {
  const target = targetOf(params);
  const order = context.exchange.order(accountId, target);
  if (order === null || !isWaiting(context, order)) throw refusalOf('unknownOrder', 'cancel');
  if (context.faults.take('cancelLost')) throw new NoAnswer(false);
  const outcome = context.exchange.cancel(accountId, target);
  if (outcome.kind === 'refused') throw refusalOf(outcome.reason, 'cancel');
  if (context.faults.take('cancelAnswerLost')) throw new NoAnswer(false);
  const { algoId, clientAlgoId } = algoRow(context, outcome.order);
  return { algoId, clientAlgoId, code: '200', msg: 'success' };
}

export function queryAlgoOrder(context: BinanceContext, accountId: string, params: RequestParams): Row {
  const order = context.exchange.order(accountId, targetOf(params));
  if (order === null || !isConditional(order)) throw refusalOf('unknownOrder', 'query');
  return algoRow(context, order);
}

export function openAlgoOrders(context: BinanceContext, accountId: string, params: RequestParams): readonly Row[] {
  const symbol = params.get('symbol') ?? null;
  if (symbol !== null) context.instrument(symbol);
  return context.exchange
    .openOrders(accountId, symbol)
    .filter((order) => isWaiting(context, order))
    .map((order) => algoRow(context, order));
}

export function allAlgoOrders(context: BinanceContext, accountId: string, params: RequestParams): readonly Row[] {
  const { symbol } = context.instrument(required(params, 'symbol'));
  return paged(
    context.exchange.orders(accountId, symbol).filter(isConditional),
    pageOf(params, 'algoId', MAX_SPAN),
    (order) => order.createdAt,
    algoIdOf,
  ).map((order) => algoRow(context, order));
}

export function cancelOpenAlgoOrders(context: BinanceContext, accountId: string, params: RequestParams): Row {
  const { symbol } = context.instrument(required(params, 'symbol'));
  for (const order of context.exchange.openOrders(accountId, symbol)) {
    if (isWaiting(context, order)) context.exchange.cancel(accountId, { orderId: order.orderId, clientOrderId: null });
  }
  return { code: 200, msg: 'The operation of cancel all open order is done.' };
}

function targetOf(params: RequestParams): SimulatedTarget {
  const algoId = params.get('algoId');
  const clientOrderId = params.get('clientAlgoId') ?? null;
  if (algoId === undefined && clientOrderId === null) throw mandatory('algoId');
  if (algoId === undefined) return { orderId: null, clientOrderId };
  if (!/^\d{16,19}$/.test(algoId)) throw badValue('algoId');
  return { orderId: String(BigInt(algoId) - ALGO_IDS), clientOrderId: null };
}
