import type { Instrument } from '#core/market/instrument.ts';
import { formatScaled } from '#core/market/scaled-decimal.ts';
import type { OrderIntent } from '#core/orders/order.ts';
import type { OrderChange } from '#core/orders/venue-ports.ts';
import type { OrderRow } from './account-messages.ts';
import { NumberText, type RequestParameters } from './json-rpc.ts';

const TIME_IN_FORCE = {
  gtc: 'good_til_cancelled',
  ioc: 'immediate_or_cancel',
  fok: 'fill_or_kill',
  postOnly: 'good_til_cancelled',
} as const;
const ORDER_TYPE = {
  limit: 'limit',
  market: 'market',
  stopMarket: 'stop_market',
  takeProfitMarket: 'take_market',
} as const;

/** Of `private/buy` and `private/sell`. `validUntil`: the venue's time until when it may be executed, ms. */
export function placeParameters(intent: OrderIntent, instrument: Instrument, validUntil: number): RequestParameters {
  const isLimit = intent.type === 'limit';
  const isPostOnly = isLimit && intent.timeInForce === 'postOnly';
  return {
    instrument_name: intent.symbol,
    amount: new NumberText(formatScaled(intent.size, instrument.sizeScale)),
    type: ORDER_TYPE[intent.type],
    label: intent.clientOrderId,
    price: intent.price === null ? undefined : new NumberText(formatScaled(intent.price, instrument.priceScale)),
    time_in_force: isLimit ? TIME_IN_FORCE[intent.timeInForce] : undefined,
    // Without the second the venue would move the price instead of refusing.
    post_only: isPostOnly ? true : undefined,
    reject_post_only: isPostOnly ? true : undefined,
    reduce_only: intent.reduceOnly,
    trigger: intent.triggerPrice === undefined ? undefined : 'last_price',
    trigger_price:
      intent.triggerPrice === undefined
        ? undefined
        : new NumberText(formatScaled(intent.triggerPrice, instrument.priceScale)),
    valid_until: validUntil,
  };
}

/** Of `private/edit`: the whole order again, with its new price and size. */
export function amendParameters(
  order: OrderRow,
  change: OrderChange,
  instrument: Instrument,
  validUntil: number,
): RequestParameters {
  const isPostOnly = order.post_only === true;
  return {
    order_id: order.order_id,
    amount: new NumberText(formatScaled(change.size, instrument.sizeScale)),
    price: new NumberText(formatScaled(change.price, instrument.priceScale)),
    post_only: isPostOnly ? true : undefined,
    reject_post_only: isPostOnly ? true : undefined,
    reduce_only: order.reduce_only,
    valid_until: validUntil,
  };
}
