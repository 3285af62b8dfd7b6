import type { RefusalReason } from '../exchange/simulated-exchange.ts';

/** The venue's code and text for a refusal. */
export type BybitCode = readonly [code: number, text: string];

/** Bybit V5 documentation, "Error codes": contracts. */
const LINEAR: Readonly<Record<RefusalReason, BybitCode>> = {
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

/** The same of spot, whose codes are its own. */
const SPOT: Readonly<Record<RefusalReason, BybitCode>> = {
  unknownSymbol: [170121, 'Invalid symbol.'],
  priceTick: [170134, 'Order price has too many decimals.'],
  priceBand: [170193, 'Buy order price cannot be higher than the limit.'],
  sizeLot: [170137, 'Order quantity has too many decimals.'],
  sizeTooSmall: [170136, 'Order quantity exceeded lower limit.'],
  sizeTooLarge: [170135, 'Order quantity exceeded upper limit.'],
  notionalTooSmall: [170140, 'Order value exceeded lower limit.'],
  insufficientMargin: [170131, 'Insufficient balance.'],
  reduceOnlyRejected: [170130, 'Data sent for parameter reduceOnly is not valid.'],
  duplicateClientOrderId: [170141, 'Duplicate clientOrderId'],
  wouldTriggerImmediately: [170130, 'Data sent for parameter triggerPrice is not valid.'],
  tooManyOrders: [170810, 'Cannot exceed maximum of 500 conditional, TP/SL and active orders.'],
  unknownOrder: [170213, 'Order does not exist.'],
  orderNotOpen: [170143, 'Cannot be found on order book'],
  notModified: [34040, 'Not modified'],
  maintenance: [10016, 'Server error'],
};

export const REFUSALS = { linear: LINEAR, spot: SPOT } as const;

/** More orders that wait for a trigger than a symbol may have. */
export const TOO_MANY_STOPS: Readonly<Record<'linear' | 'spot', BybitCode>> = {
  linear: [110009, 'The number of stop orders exceeds maximum limit allowed'],
  spot: SPOT.tooManyOrders,
};
