import type { Instrument } from '#core/market/instrument.ts';
import { formatScaled } from '#core/market/scaled-decimal.ts';
import type { OrderIntent } from '#core/orders/order.ts';
import type { OrderAnswer, OrderChange, OrderTarget } from '#core/orders/venue-ports.ts';
import type { BybitCategory } from './category.ts';

const TIME_IN_FORCE = { gtc: 'GTC', ioc: 'IOC', fok: 'FOK', postOnly: 'PostOnly' } as const;

/** How spot calls orders that wait for a trigger and occupy no balance until then. */
export const STOP_FILTER = 'StopOrder';

/** The one object of an `order.create` (Bybit V5 documentation, "Place Order"). */
export function createArguments(
  category: BybitCategory,
  intent: OrderIntent,
  instrument: Instrument,
): Record<string, unknown> {
  const isLimit = intent.type === 'limit';
  const { price, triggerPrice } = intent;
  const order: Record<string, unknown> = {
    category: category.name,
    symbol: intent.symbol,
    side: intent.side === 'buy' ? 'Buy' : 'Sell',
    orderType: isLimit ? 'Limit' : 'Market',
    qty: formatScaled(intent.size, instrument.sizeScale),
    timeInForce: isLimit ? TIME_IN_FORCE[intent.timeInForce] : 'IOC',
    orderLinkId: intent.clientOrderId,
  };
  if (price !== null) order.price = formatScaled(price, instrument.priceScale);
  category.completeOrder(
    order,
    intent,
    triggerPrice === undefined ? null : formatScaled(triggerPrice, instrument.priceScale),
  );
  return order;
}

/** What names an order to the venue; its own id wins. */
export function cancelBody(category: BybitCategory, target: OrderTarget): Record<string, string> {
  const named = target.venueOrderId === null ? { orderLinkId: target.clientOrderId } : { orderId: target.venueOrderId };
  return { category: category.name, symbol: target.symbol, ...named };
}

export function amendArguments(
  category: BybitCategory,
  target: OrderTarget,
  change: OrderChange,
  instrument: Instrument,
): Record<string, unknown> {
  return {
    ...cancelBody(category, target),
    price: formatScaled(change.price, instrument.priceScale),
    qty: formatScaled(change.size, instrument.sizeScale),
  };
}

/** The venue knows no such order among those that it was asked for. */
export function isNotFound(answer: OrderAnswer): boolean {
  return answer.kind === 'rejected' && answer.errorClass === 'notFound';
}
