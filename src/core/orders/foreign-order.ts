import type { Instrument } from '../market/instrument.ts';
import { type Price, parseScaled, type Size } from '../market/scaled-decimal.ts';
import type { ClientOrderId, OrderIntent, OrderReport } from './order.ts';

const PREFIX = 'foreign-';

/** What an order that nobody here placed is called here: by the venue's own id. Our own ids begin otherwise. */
export function foreignOrderId(venueOrderId: string): ClientOrderId {
  return `${PREFIX}${venueOrderId}` as ClientOrderId;
}

/** Whether this is the name of an order that nobody here placed. */
export function isForeignOrderId(clientOrderId: string): boolean {
  return clientOrderId.startsWith(PREFIX);
}

/** What an order is, by the venue's report and by what else is known of it. */
export interface KnownTerms {
  readonly clientOrderId: ClientOrderId;
  readonly reduceOnly?: boolean;
  readonly orderType?: OrderIntent['type'];
  readonly triggerPrice?: string;
}

/**
 * The intent behind an order that only the venue remembers, by its report, and by what is known where the report cannot say: a venue without reduce-only orders does not tell an exit from an entry.
 * There a sale on spot is an exit, since it can be nothing else.
 */
export function intentOfReport(report: OrderReport, instrument: Instrument, known: KnownTerms): OrderIntent {
  const { priceScale, sizeScale, kind } = instrument;
  const type = report.orderType ?? known.orderType ?? (report.price === null ? 'market' : 'limit');
  const trigger = report.triggerPrice ?? known.triggerPrice;
  const reduceOnly = report.reduceOnly || (known.reduceOnly ?? (kind === 'spot' && report.side === 'sell'));
  return {
    clientOrderId: known.clientOrderId,
    venue: instrument.venue,
    symbol: report.symbol,
    side: report.side,
    type,
    timeInForce: 'gtc',
    price: report.price === null || type !== 'limit' ? null : (parseScaled(report.price, priceScale) as Price),
    ...(trigger === undefined ? {} : { triggerPrice: parseScaled(trigger, priceScale) as Price }),
    size: parseScaled(report.size, sizeScale) as Size,
    reduceOnly,
    purpose: reduceOnly ? (type === 'stopMarket' ? 'stopLoss' : 'takeProfit') : 'entry',
  };
}
