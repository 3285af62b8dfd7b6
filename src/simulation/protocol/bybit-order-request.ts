import { MillraceError } from '#core/errors.ts';
import type { Instrument } from '#core/market/instrument.ts';
import { type Price, parseScaled, type Size } from '#core/market/scaled-decimal.ts';
import type { TimeInForce } from '#core/orders/order.ts';
import type { SimulatedOrderRequest } from '../exchange/simulated-exchange.ts';
import type { BybitContext } from './bybit-context.ts';
import { type BybitCode, REFUSALS } from './bybit-refusals.ts';

type Fields = Readonly<Record<string, unknown>>;

const TIME_IN_FORCE: Readonly<Record<string, TimeInForce>> = {
  GTC: 'gtc',
  IOC: 'ioc',
  FOK: 'fok',
  PostOnly: 'postOnly',
};
/** Kinds of spot orders that wait for a trigger (Bybit V5 documentation, "Place Order", `orderFilter`). */
const STOP_FILTERS: readonly unknown[] = ['StopOrder', 'tpslOrder'];

/** Reads the fields of an `order.create`; a refusal's code where they are not as documented. */
export function readOrderRequest(context: BybitContext, args: Fields): SimulatedOrderRequest | BybitCode {
  const instrument = context.instrument(String(args.symbol));
  if (instrument === null) return REFUSALS[context.category.name].unknownSymbol;
  const side = args.side;
  if (side !== 'Buy' && side !== 'Sell') return [10001, 'params error: side invalid'];
  const orderType = args.orderType;
  if (orderType !== 'Limit' && orderType !== 'Market') return [10001, 'params error: orderType invalid'];
  const timeInForce = orderType === 'Market' ? 'ioc' : TIME_IN_FORCE[String(args.timeInForce ?? 'GTC')];
  if (timeInForce === undefined) return [10001, 'params error: timeInForce invalid'];
  const orderLinkId = textOf(args.orderLinkId);
  if (orderLinkId !== null && !/^[0-9A-Za-z_-]{1,36}$/.test(orderLinkId)) {
    return [10001, 'params error: orderLinkId invalid'];
  }
  const price = orderType === 'Limit' ? decimalOf(args.price, instrument.priceScale) : null;
  if (orderType === 'Limit' && (price === null || price <= 0)) return [10001, 'params error: price invalid'];
  const size = sizeOf(context, instrument, args, side, orderType);
  if (size === null || size <= 0) return [10001, 'Qty invalid'];
  const trigger = triggerOf(context, instrument, args);
  if (trigger !== null && typeof trigger !== 'number') return trigger;
  // A waiting limit order is none that this venue simulates.
  if (trigger !== null && orderType === 'Limit')
    return [10001, 'params error: conditional limit orders are not simulated'];
  return {
    clientOrderId: orderLinkId,
    symbol: instrument.symbol,
    side: side === 'Buy' ? 'buy' : 'sell',
    type:
      trigger === null ? (orderType === 'Limit' ? 'limit' : 'market') : stopType(context, instrument, args, trigger),
    timeInForce,
    price: price as Price | null,
    triggerPrice: trigger as Price | null,
    size: size as Size,
    reduceOnly: context.category.hasPositions && args.reduceOnly === true,
  };
}

/** The trigger price; null without one. Spot must say by `orderFilter` that it means a waiting order. */
function triggerOf(context: BybitContext, instrument: Instrument, args: Fields): number | null | BybitCode {
  const text = textOf(args.triggerPrice);
  const isStop = STOP_FILTERS.includes(args.orderFilter);
  if (!context.category.hasPositions && isStop !== (text !== null)) {
    return [170130, 'Data sent for parameter orderFilter is not valid.'];
  }
  if (text === null) return null;
  const trigger = decimalOf(text, instrument.priceScale);
  return trigger === null || trigger <= 0 ? [10001, 'params error: triggerPrice invalid'] : trigger;
}

/**
 * Contracts say by `triggerDirection` whether a rise (1) or a fall (2) is waited for; spot takes it from where the last price is. Who sells on a fall or buys on a
 * rise has a stop, the others take their profit.
 */
function stopType(
  context: BybitContext,
  instrument: Instrument,
  args: Fields,
  trigger: number,
): 'stopMarket' | 'takeProfitMarket' {
  const rises = context.category.hasPositions
    ? Number(args.triggerDirection) === 1
    : trigger > context.exchange.ticker(instrument.symbol).lastPrice;
  return rises === (args.side === 'Buy') ? 'stopMarket' : 'takeProfitMarket';
}

/** The size of an order; a spot market order may state quote currency instead, and a market buy does unless it says otherwise. */
function sizeOf(
  context: BybitContext,
  instrument: Instrument,
  args: Fields,
  side: 'Buy' | 'Sell',
  orderType: 'Limit' | 'Market',
): number | null {
  const unit = args.marketUnit ?? (side === 'Buy' ? 'quoteCoin' : 'baseCoin');
  if (context.category.hasPositions || orderType === 'Limit' || unit === 'baseCoin') {
    return decimalOf(args.qty, instrument.sizeScale);
  }
  const value = Number(textOf(args.qty));
  const book = context.exchange.book(instrument.symbol, 1);
  const best = (side === 'Buy' ? book.asks : book.bids)[0];
  if (!(value > 0) || best === undefined) return null;
  const size = (value / (best[0] / 10 ** instrument.priceScale)) * 10 ** instrument.sizeScale;
  return Math.floor(size / instrument.lotSize) * instrument.lotSize;
}

export function textOf(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null;
}

/** Decimal text at a scale; null for what is none, or too precise. */
export function decimalOf(value: unknown, scale: number): number | null {
  if (typeof value !== 'string') return null;
  try {
    return parseScaled(value, scale);
  } catch (error) {
    if (error instanceof MillraceError) return null;
    throw error;
  }
}
