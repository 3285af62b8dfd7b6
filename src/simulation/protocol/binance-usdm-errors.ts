import type { RefusalReason } from '../exchange/simulated-exchange.ts';
import { BinanceRefusal } from './binance-errors.ts';

type RefusalContext = 'place' | 'cancel' | 'modify' | 'query';

const MESSAGES: Readonly<Record<number, string>> = {
  [-1008]: 'Server is currently overloaded with other requests. Please try again in a few minutes.',
  [-1121]: 'Invalid symbol.',
  [-2011]: 'Unknown order sent.',
  [-2013]: 'Order does not exist.',
  [-2019]: 'Margin is insufficient.',
  [-2021]: 'Order would immediately trigger.',
  [-2022]: 'ReduceOnly Order is rejected.',
  [-2025]: 'Reach max open order limit.',
  [-4004]: 'Quantity less than or equal to zero.',
  [-4005]: 'Quantity greater than max quantity.',
  [-4014]: 'Price not increased by tick size.',
  [-4016]: 'Limit price is higher than the mark price multiplier cap.',
  [-4023]: 'Qty not increased by step size.',
  [-4024]: 'Limit price is lower than the mark price multiplier floor.',
  [-4116]: 'ClientOrderId is duplicated.',
  [-4164]: "Order's notional must be no smaller than the minimum (unless you choose reduce only).",
  [-5027]: 'No need to modify the order.',
};

/** The code for each reason of the matching engine, where it does not depend on the request. */
const CODES: Readonly<Record<Exclude<RefusalReason, 'unknownOrder' | 'orderNotOpen' | 'priceBand'>, number>> = {
  unknownSymbol: -1121,
  priceTick: -4014,
  sizeLot: -4023,
  sizeTooSmall: -4004,
  sizeTooLarge: -4005,
  notionalTooSmall: -4164,
  insufficientMargin: -2019,
  reduceOnlyRejected: -2022,
  duplicateClientOrderId: -4116,
  wouldTriggerImmediately: -2021,
  tooManyOrders: -2025,
  notModified: -5027,
  maintenance: -1008,
};

/** The matching engine's refusal as the venue states it. */
export function refusalOf(
  reason: RefusalReason,
  context: RefusalContext,
  side: 'buy' | 'sell' = 'buy',
): BinanceRefusal {
  const code = codeOf(reason, context, side);
  return new BinanceRefusal(reason === 'maintenance' ? 503 : 400, code, MESSAGES[code] ?? 'Order was rejected.');
}

function codeOf(reason: RefusalReason, context: RefusalContext, side: 'buy' | 'sell'): number {
  if (reason === 'unknownOrder' || reason === 'orderNotOpen') return context === 'cancel' ? -2011 : -2013;
  if (reason === 'priceBand') return side === 'buy' ? -4016 : -4024;
  return CODES[reason];
}
