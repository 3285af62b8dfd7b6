import type { RefusalReason } from '../exchange/simulated-exchange.ts';
import { BinanceRefusal } from './binance-errors.ts';

interface SpotRefusal {
  readonly code: number;
  readonly text: string;
}

const FILTER = -1013;
const REJECTED = -2010;

/** The matching engine's refusals as spot states them ("Error codes", "Messages for -1010, -2010, -2011 and -2038"; filters). */
const REFUSALS: Readonly<Record<Exclude<RefusalReason, 'unknownOrder' | 'orderNotOpen'>, SpotRefusal>> = {
  unknownSymbol: { code: -1121, text: 'Invalid symbol.' },
  priceTick: { code: FILTER, text: 'Filter failure: PRICE_FILTER' },
  priceBand: { code: FILTER, text: 'Filter failure: PERCENT_PRICE_BY_SIDE' },
  sizeLot: { code: FILTER, text: 'Filter failure: LOT_SIZE' },
  sizeTooSmall: { code: FILTER, text: 'Filter failure: LOT_SIZE' },
  sizeTooLarge: { code: FILTER, text: 'Filter failure: LOT_SIZE' },
  notionalTooSmall: { code: FILTER, text: 'Filter failure: NOTIONAL' },
  insufficientMargin: { code: REJECTED, text: 'Account has insufficient balance for requested action.' },
  reduceOnlyRejected: { code: REJECTED, text: 'This action is disabled on this account.' },
  duplicateClientOrderId: { code: REJECTED, text: 'Duplicate order sent.' },
  wouldTriggerImmediately: { code: REJECTED, text: 'Stop price would trigger immediately.' },
  tooManyOrders: { code: FILTER, text: 'Filter failure: MAX_NUM_ORDERS' },
  notModified: { code: -2038, text: 'The requested action would change no state; rejecting.' },
  maintenance: { code: -1013, text: 'Market is closed.' },
};

/** The refusal of a request to place, cancel, amend or query. */
export function refusalOf(reason: RefusalReason, context: 'place' | 'cancel' | 'amend' | 'query'): BinanceRefusal {
  if (reason === 'unknownOrder' || reason === 'orderNotOpen') {
    if (context === 'query') return new BinanceRefusal(400, -2013, 'Order does not exist.');
    return new BinanceRefusal(400, context === 'cancel' ? -2011 : -2038, 'Unknown order sent.');
  }
  const { code, text } = REFUSALS[reason];
  return new BinanceRefusal(400, code, text);
}

/** A post-only order that would take. */
export function wouldTake(): BinanceRefusal {
  return new BinanceRefusal(400, REJECTED, 'Order would immediately match and take.');
}
