import { MillraceError } from '#core/errors.ts';
import type { Instrument } from '#core/market/instrument.ts';
import { type Price, parseScaled, type Size } from '#core/market/scaled-decimal.ts';
import type { TimeInForce } from '#core/orders/order.ts';
import type {
  RefusalReason,
  SimulatedOrder,
  SimulatedOrderRequest,
  SimulatedTarget,
} from '../exchange/simulated-exchange.ts';
import type { ApiKey } from './api-keys.ts';
import type { BybitContext } from './bybit-context.ts';
import { decimalIdOf, isOpen, uuidOf } from './bybit-rows.ts';

export type BybitOrderOperation = 'create' | 'amend' | 'cancel' | 'cancel-all';

/** What the venue answers, and whether the answer gets through. */
export interface BybitOrderOutcome {
  readonly retCode: number;
  readonly retMsg: string;
  readonly data: Readonly<Record<string, unknown>>;
  /** `lost`: no answer follows. `cut`: the connection ends instead. */
  readonly delivery: 'answered' | 'lost' | 'cut';
  /** Acknowledged, and refused after it: to be reported on the private stream. */
  readonly rejectedLater: SimulatedOrder | null;
}

/** The venue's codes and texts (Bybit V5 documentation, "Error codes"). */
const CODE_OF: Readonly<Record<RefusalReason, readonly [code: number, text: string]>> = {
  unknownSymbol: [10001, 'params error: symbol invalid'],
  priceTick: [10001, 'params error: price invalid'],
  priceBand: [110003, 'Order price exceeds the allowable range.'],
  sizeLot: [10001, 'Qty invalid'],
  sizeTooSmall: [10001, 'The number of contracts exceeds minimum limit allowed'],
  sizeTooLarge: [10001, 'The number of contracts exceeds maximum limit allowed'],
  notionalTooSmall: [110094, 'Order notional value below the lower limit'],
  insufficientMargin: [110007, 'ab not enough for new order'],
  reduceOnlyRejected: [110017, 'current position is zero, cannot fix reduce-only order qty'],
  duplicateClientOrderId: [110072, 'OrderLinkedID is duplicate'],
  wouldTriggerImmediately: [110093, 'the order would trigger immediately'],
  tooManyOrders: [110020, 'Not allowed to have more than 500 active orders'],
  unknownOrder: [110001, 'order not exists or too late to cancel'],
  orderNotOpen: [110008, 'Order has been completed or cancelled'],
  notModified: [34040, 'Not modified'],
  maintenance: [10016, 'Server error'],
};

const TIME_IN_FORCE: Readonly<Record<string, TimeInForce>> = {
  GTC: 'gtc',
  IOC: 'ioc',
  FOK: 'fok',
  PostOnly: 'postOnly',
};

/** Carries out order commands, whichever way they came, and lets the faults of orders happen. */
export function createBybitOrders(context: BybitContext) {
  const { exchange, faults } = context;
  let rejections = 0;

  function run(operation: BybitOrderOperation, key: ApiKey, args: unknown): BybitOrderOutcome {
    if (key.readOnly === true) return refuse(10005, 'Permission denied, please check your API key permissions.');
    if (!isRecord(args)) return refuse(10001, 'params error');
    if (args.category !== 'linear') return refuse(10001, 'params error: category invalid');
    switch (operation) {
      case 'create':
        return create(key.accountId, args);
      case 'amend':
        return amend(key.accountId, args);
      case 'cancel':
        return cancel(key.accountId, args);
      case 'cancel-all':
        return cancelAll(key.accountId, args);
    }
  }

  function create(accountId: string, args: Readonly<Record<string, unknown>>): BybitOrderOutcome {
    if (args.positionIdx !== undefined && Number(args.positionIdx) !== 0) {
      return refuse(10001, 'position idx not match position mode');
    }
    const request = readRequest(args);
    if ('retCode' in request) return request;
    if (faults.take('placeNotAcceptedNoAnswer')) return { ...accept('', null), delivery: 'lost' };
    if (faults.take('acceptedThenRejected')) return rejectLater(accountId, request);
    const outcome = exchange.place(accountId, request);
    if (outcome.kind === 'refused') return refuse(...CODE_OF[outcome.reason]);
    const { order } = outcome;
    if (faults.take('placeTimesOutButAccepted')) return { ...accept(order.orderId, order), delivery: 'lost' };
    if (faults.take('placeUnclearButAccepted')) return refuse(10016, 'Server error');
    if (faults.take('placeCutsLink')) return { ...accept(order.orderId, order), delivery: 'cut' };
    return accept(order.orderId, order);
  }

  /** The matching engine's refusal after the acknowledgement (margin gone in between): history, with nothing resting. */
  function rejectLater(accountId: string, request: SimulatedOrderRequest): BybitOrderOutcome {
    rejections += 1;
    const at = context.now();
    const order: SimulatedOrder = {
      ...request,
      orderId: String(10n ** 24n + BigInt(rejections)),
      accountId,
      status: 'canceled',
      endReason: '',
      cumulativeSize: 0 as Size,
      cumulativeCost: 0n,
      createdAt: at,
      updatedAt: at,
    };
    context.rejected.set(order.orderId, { order, reason: 'EC_InsufficientMargin' });
    return { ...accept(order.orderId, order), rejectedLater: order };
  }

  function readRequest(args: Readonly<Record<string, unknown>>): SimulatedOrderRequest | BybitOrderOutcome {
    const instrument = context.instrument(String(args.symbol));
    if (instrument === null) return refuse(...CODE_OF.unknownSymbol);
    const side = args.side;
    if (side !== 'Buy' && side !== 'Sell') return refuse(10001, 'params error: side invalid');
    const orderType = args.orderType;
    if (orderType !== 'Limit' && orderType !== 'Market') return refuse(10001, 'params error: orderType invalid');
    const timeInForce = orderType === 'Market' ? 'ioc' : TIME_IN_FORCE[String(args.timeInForce ?? 'GTC')];
    if (timeInForce === undefined) return refuse(10001, 'params error: timeInForce invalid');
    const orderLinkId = textOf(args.orderLinkId);
    if (orderLinkId !== null && !/^[0-9A-Za-z_-]{1,36}$/.test(orderLinkId)) {
      return refuse(10001, 'params error: orderLinkId invalid');
    }
    const size = decimalOf(args.qty, instrument.sizeScale);
    if (size === null || size <= 0) return refuse(10001, 'Qty invalid');
    const price = orderType === 'Limit' ? decimalOf(args.price, instrument.priceScale) : null;
    if (orderType === 'Limit' && (price === null || price <= 0)) return refuse(10001, 'params error: price invalid');
    const trigger = textOf(args.triggerPrice) === null ? null : decimalOf(args.triggerPrice, instrument.priceScale);
    return {
      clientOrderId: orderLinkId,
      symbol: instrument.symbol,
      side: side === 'Buy' ? 'buy' : 'sell',
      type: typeOf(orderType, trigger, side, args.triggerDirection),
      timeInForce,
      price: price as Price | null,
      triggerPrice: trigger as Price | null,
      size: size as Size,
      reduceOnly: args.reduceOnly === true,
    };
  }

  function cancel(accountId: string, args: Readonly<Record<string, unknown>>): BybitOrderOutcome {
    const target = targetOf(args);
    if (target === null) return refuse(10001, 'params error: orderId or orderLinkId needed');
    const outcome = exchange.cancel(accountId, target);
    if (outcome.kind === 'refused') return refuse(...CODE_OF[outcome.reason]);
    const answer = accept(outcome.order.orderId, outcome.order);
    return faults.take('cancelAnswerLost') ? { ...answer, delivery: 'lost' } : answer;
  }

  function amend(accountId: string, args: Readonly<Record<string, unknown>>): BybitOrderOutcome {
    const instrument: Instrument | null = context.instrument(String(args.symbol));
    if (instrument === null) return refuse(...CODE_OF.unknownSymbol);
    const target = targetOf(args);
    if (target === null) return refuse(10001, 'params error: orderId or orderLinkId needed');
    const price = textOf(args.price) === null ? null : decimalOf(args.price, instrument.priceScale);
    const size = textOf(args.qty) === null ? null : decimalOf(args.qty, instrument.sizeScale);
    if (price === null && size === null) return refuse(...CODE_OF.notModified);
    const outcome = exchange.amend(accountId, target, price as Price | null, size as Size | null);
    if (outcome.kind === 'refused') return refuse(...CODE_OF[outcome.reason]);
    return accept(outcome.order.orderId, outcome.order);
  }

  function cancelAll(accountId: string, args: Readonly<Record<string, unknown>>): BybitOrderOutcome {
    const symbol = textOf(args.symbol);
    const settleCoin = textOf(args.settleCoin);
    if (symbol === null && settleCoin === null && textOf(args.baseCoin) === null) {
      return refuse(10001, 'params error: symbol, baseCoin or settleCoin needed');
    }
    const list = [];
    for (const order of exchange.openOrders(accountId, symbol)) {
      const outcome = exchange.cancel(accountId, { orderId: order.orderId, clientOrderId: null });
      if (outcome.kind === 'canceled') {
        list.push({ orderId: uuidOf(order.orderId), orderLinkId: order.clientOrderId ?? '' });
      }
    }
    return { ...accept('', null), data: { list, success: '1' } };
  }

  return { run };
}

export type BybitOrders = ReturnType<typeof createBybitOrders>;

/** The order that a command or query names; the venue's id wins. Null: neither is given. */
export function targetOf(args: Readonly<Record<string, unknown>>): SimulatedTarget | null {
  const orderId = textOf(args.orderId);
  const clientOrderId = textOf(args.orderLinkId);
  if (orderId === null && clientOrderId === null) return null;
  // An id that is none of ours names no order.
  return { orderId: orderId === null ? null : (decimalIdOf(orderId) ?? '0'), clientOrderId };
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function accept(orderId: string, order: SimulatedOrder | null): BybitOrderOutcome {
  return {
    retCode: 0,
    retMsg: 'OK',
    data: orderId === '' ? {} : { orderId: uuidOf(orderId), orderLinkId: order?.clientOrderId ?? '' },
    delivery: 'answered',
    rejectedLater: null,
  };
}

function refuse(retCode: number, retMsg: string): BybitOrderOutcome {
  return { retCode, retMsg, data: {}, delivery: 'answered', rejectedLater: null };
}

function textOf(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null;
}

/** Decimal text at a scale; null for what is none, or too precise. */
function decimalOf(value: unknown, scale: number): number | null {
  if (typeof value !== 'string') return null;
  try {
    return parseScaled(value, scale);
  } catch (error) {
    if (error instanceof MillraceError) return null;
    throw error;
  }
}

/** `triggerDirection` 1: when the price rises to it; 2: when it falls. A sell that triggers on a fall is a stop. */
function typeOf(
  orderType: 'Limit' | 'Market',
  trigger: number | null,
  side: 'Buy' | 'Sell',
  direction: unknown,
): SimulatedOrderRequest['type'] {
  if (trigger === null) return orderType === 'Limit' ? 'limit' : 'market';
  const rises = Number(direction) === 1;
  return rises === (side === 'Buy') ? 'stopMarket' : 'takeProfitMarket';
}

/** Whether a query for open orders shows it. */
export function showsAsOpen(context: BybitContext, order: SimulatedOrder): boolean {
  return isOpen(order) && !context.rejected.has(order.orderId);
}
