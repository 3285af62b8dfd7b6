import type { Instrument } from '#core/market/instrument.ts';
import { formatScaled } from '#core/market/scaled-decimal.ts';
import type { FillReport, OrderReport, PositionReport } from '#core/orders/order.ts';
import type { EpochMs } from '#core/time/clock.ts';
import type { SimulatedFill, SimulatedOrder, SimulatedPosition } from '../exchange/simulated-exchange.ts';

const STATUS = {
  untriggered: 'accepted',
  open: 'accepted',
  partiallyFilled: 'partiallyFilled',
  filled: 'filled',
  canceled: 'canceled',
  expired: 'expired',
} as const satisfies Record<SimulatedOrder['status'], OrderReport['status']>;

/** The exchange's order in the words of the ports. */
export function orderReportOf(
  order: SimulatedOrder,
  { priceScale, sizeScale }: Instrument,
  source: OrderReport['source'],
): OrderReport {
  const { price, triggerPrice } = order;
  return {
    kind: 'orderReport',
    source,
    symbol: order.symbol,
    clientOrderId: order.clientOrderId,
    venueOrderId: order.orderId,
    status: STATUS[order.status],
    side: order.side,
    price: price === null ? null : formatScaled(price, priceScale),
    size: formatScaled(order.size, sizeScale),
    cumulativeSize: formatScaled(order.cumulativeSize, sizeScale),
    reduceOnly: order.reduceOnly,
    orderType: order.type,
    ...(triggerPrice === null ? {} : { triggerPrice: formatScaled(triggerPrice, priceScale) }),
    reason: order.endReason,
    venueTime: order.updatedAt,
  };
}

export function fillReportOf(
  fill: SimulatedFill,
  { priceScale, sizeScale }: Instrument,
  source: FillReport['source'],
): FillReport {
  return {
    kind: 'fill',
    source,
    symbol: fill.symbol,
    fillId: fill.fillId,
    clientOrderId: fill.clientOrderId,
    venueOrderId: fill.orderId,
    side: fill.side,
    price: formatScaled(fill.price, priceScale),
    size: formatScaled(fill.size, sizeScale),
    fee: fill.fee,
    feeCurrency: fill.feeCurrency,
    liquidity: fill.liquidity,
    cause: fill.cause,
    venueTime: fill.time,
  };
}

export function positionReportOf(position: SimulatedPosition, { sizeScale }: Instrument, at: EpochMs): PositionReport {
  return {
    kind: 'position',
    source: 'query',
    symbol: position.symbol,
    size: formatScaled(position.size, sizeScale),
    entryPrice: position.entryPrice,
    venueTime: at,
  };
}
