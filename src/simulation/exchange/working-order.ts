import type { Price, Size } from '#core/market/scaled-decimal.ts';
import type { EpochMs } from '#core/time/clock.ts';
import type { SimulatedOrder, SimulatedOrderRequest, SimulatedOrderStatus } from './simulated-exchange.ts';

/** An order as the exchange works on it; what others see are its snapshots. */
export interface WorkingOrder {
  readonly orderId: string;
  readonly accountId: string;
  readonly request: SimulatedOrderRequest;
  price: Price | null;
  size: Size;
  status: SimulatedOrderStatus;
  endReason: string;
  cumulativeSize: Size;
  cumulativeCost: bigint;
  readonly createdAt: EpochMs;
  updatedAt: EpochMs;
  /** Size of others at the same price that stands before it, while it rests. */
  queueAhead: number;
  shown: SimulatedOrder | null;
}

export function createWorkingOrder(
  orderId: string,
  accountId: string,
  request: SimulatedOrderRequest,
  now: EpochMs,
): WorkingOrder {
  return {
    orderId,
    accountId,
    request,
    price: request.price,
    size: request.size,
    status: isStop(request) ? 'untriggered' : 'open',
    endReason: '',
    cumulativeSize: 0 as Size,
    cumulativeCost: 0n,
    createdAt: now,
    updatedAt: now,
    queueAhead: 0,
    shown: null,
  };
}

export function isStop(request: SimulatedOrderRequest): boolean {
  return request.type === 'stopMarket' || request.type === 'takeProfitMarket';
}

export function isWorking(order: WorkingOrder): boolean {
  return order.status === 'open' || order.status === 'partiallyFilled' || order.status === 'untriggered';
}

export function remainingOf(order: WorkingOrder): number {
  return order.size - order.cumulativeSize;
}

/** To be called after every change: the next snapshot is made anew. */
export function touch(order: WorkingOrder, now: EpochMs): void {
  order.updatedAt = now;
  order.shown = null;
}

/** The order as it stands; never changes afterwards. */
export function snapshotOf(order: WorkingOrder): SimulatedOrder {
  order.shown ??= {
    ...order.request,
    orderId: order.orderId,
    accountId: order.accountId,
    price: order.price,
    size: order.size,
    status: order.status,
    endReason: order.endReason,
    cumulativeSize: order.cumulativeSize,
    cumulativeCost: order.cumulativeCost,
    createdAt: order.createdAt,
    updatedAt: order.updatedAt,
  };
  return order.shown;
}
