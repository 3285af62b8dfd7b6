import { z } from 'zod';
import type { OrderReport } from '#core/orders/order.ts';

/** Order statuses of all Binance markets. */
export const orderStatus = z.enum([
  'NEW',
  'PENDING_NEW',
  'NEW_INSURANCE',
  'NEW_ADL',
  'PARTIALLY_FILLED',
  'FILLED',
  'PENDING_CANCEL',
  'CANCELED',
  'REJECTED',
  'EXPIRED',
  'EXPIRED_IN_MATCH',
]);
export type OrderStatus = z.infer<typeof orderStatus>;

/** The venue's order status in Millrace's words. Orders of the insurance fund and of auto-deleveraging count as accepted; their fills follow. */
export const STATUS: Readonly<Record<OrderStatus, OrderReport['status']>> = {
  NEW: 'accepted',
  PENDING_NEW: 'accepted',
  NEW_INSURANCE: 'accepted',
  NEW_ADL: 'accepted',
  PARTIALLY_FILLED: 'partiallyFilled',
  FILLED: 'filled',
  PENDING_CANCEL: 'accepted',
  CANCELED: 'canceled',
  REJECTED: 'rejected',
  EXPIRED: 'expired',
  EXPIRED_IN_MATCH: 'expired',
};

/** Why an order ended that nobody cancelled, or ''. `venueReason`: what the venue says besides. */
export function endReason(status: OrderStatus, timeInForce: string, venueReason: string): string {
  if (status !== 'EXPIRED' && status !== 'EXPIRED_IN_MATCH' && status !== 'REJECTED') return '';
  return `${status} timeInForce=${timeInForce}${venueReason}`;
}
