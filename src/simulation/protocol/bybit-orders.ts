import type { Instrument } from '#core/market/instrument.ts';
import type { Price, Size } from '#core/market/scaled-decimal.ts';
import type { SimulatedOrder, SimulatedOrderRequest, SimulatedTarget } from '../exchange/simulated-exchange.ts';
import type { ApiKey } from './api-keys.ts';
import type { BybitContext } from './bybit-context.ts';
import { decimalOf, readOrderRequest, textOf } from './bybit-order-request.ts';
import { REFUSALS, TOO_MANY_STOPS } from './bybit-refusals.ts';
import { isOpen, isStop } from './bybit-rows.ts';
import { decimalIdOf, uuidOf } from './id-as-uuid.ts';

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

/** Carries out order commands, whichever way they came, and lets the faults of orders happen. */
export function createBybitOrders(context: BybitContext) {
  const { exchange, faults, category } = context;
  const codeOf = REFUSALS[category.name];
  let rejections = 0;

  function run(operation: BybitOrderOperation, key: ApiKey, args: unknown): BybitOrderOutcome {
    if (key.readOnly === true) return refuse(10005, 'Permission denied, please check your API key permissions.');
    if (!isRecord(args)) return refuse(10001, 'params error');
    if (args.category !== category.name) return refuse(10001, 'params error: category invalid');
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
    if (category.hasPositions && args.positionIdx !== undefined && Number(args.positionIdx) !== 0) {
      return refuse(10001, 'position idx not match position mode');
    }
    const request = readOrderRequest(context, args);
    if (!('symbol' in request)) return refuse(...request);
    if (isStop(request) && waitingStops(accountId, request.symbol) >= category.maxStops)
      return refuse(...TOO_MANY_STOPS[category.name]);
    if (faults.take('placeNotAcceptedNoAnswer')) return { ...accept('', null), delivery: 'lost' };
    if (faults.take('acceptedThenRejected')) return rejectLater(accountId, request);
    const outcome = exchange.place(accountId, request);
    if (outcome.kind === 'refused') return refuse(...codeOf[outcome.reason]);
    const { order } = outcome;
    if (faults.take('placeTimesOutButAccepted')) return { ...accept(order.orderId, order), delivery: 'lost' };
    if (faults.take('placeUnclearButAccepted')) return refuse(10016, 'Server error');
    if (faults.take('placeCutsLink')) return { ...accept(order.orderId, order), delivery: 'cut' };
    return accept(order.orderId, order);
  }

  function waitingStops(accountId: string, symbol: string): number {
    return exchange.openOrders(accountId, symbol).filter((order) => order.status === 'untriggered').length;
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

  function cancel(accountId: string, args: Readonly<Record<string, unknown>>): BybitOrderOutcome {
    const target = targetOf(args);
    if (target === null) return refuse(10001, 'params error: orderId or orderLinkId needed');
    // Spot looks among the orders of one kind alone.
    const known = exchange.order(accountId, target);
    const wantsStop = (textOf(args.orderFilter) ?? 'Order') !== 'Order';
    if (!category.hasPositions && known !== null && isWaiting(known) !== wantsStop) {
      return refuse(...codeOf.unknownOrder);
    }
    if (known !== null && faults.take('cancelLost')) return { ...accept(known.orderId, known), delivery: 'lost' };
    const outcome = exchange.cancel(accountId, target);
    if (outcome.kind === 'refused') return refuse(...codeOf[outcome.reason]);
    const answer = accept(outcome.order.orderId, outcome.order);
    return faults.take('cancelAnswerLost') ? { ...answer, delivery: 'lost' } : answer;
  }

  function amend(accountId: string, args: Readonly<Record<string, unknown>>): BybitOrderOutcome {
    const instrument: Instrument | null = context.instrument(String(args.symbol));
    if (instrument === null) return refuse(...codeOf.unknownSymbol);
    const target = targetOf(args);
    if (target === null) return refuse(10001, 'params error: orderId or orderLinkId needed');
    const price = textOf(args.price) === null ? null : decimalOf(args.price, instrument.priceScale);
    const size = textOf(args.qty) === null ? null : decimalOf(args.qty, instrument.sizeScale);
    if (price === null && size === null) return refuse(...codeOf.notModified);
    const outcome = exchange.amend(accountId, target, price as Price | null, size as Size | null);
    if (outcome.kind === 'refused') return refuse(...codeOf[outcome.reason]);
    return accept(outcome.order.orderId, outcome.order);
  }

  function cancelAll(accountId: string, args: Readonly<Record<string, unknown>>): BybitOrderOutcome {
    const symbol = textOf(args.symbol);
    const settleCoin = textOf(args.settleCoin);
    if (category.hasPositions && symbol === null && settleCoin === null && textOf(args.baseCoin) === null) {
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

/** A stop that has triggered is an order like others. */
function isWaiting(order: SimulatedOrder): boolean {
  return (
    isStop(order) && (order.status === 'untriggered' || (order.status === 'canceled' && order.endReason === 'user'))
  );
}

/** Whether a query for open orders shows it. */
export function showsAsOpen(context: BybitContext, order: SimulatedOrder): boolean {
  return isOpen(order) && !context.rejected.has(order.orderId);
}
