import type { ConfirmedOrder } from '#core/confirmation/confirmation-record.ts';
import type { FillReport, OrderReport } from '#core/orders/order.ts';
import type { OrderAnswer, VenueQueries } from '#core/orders/venue-ports.ts';
import type { EpochMs } from '#core/time/clock.ts';

const SIZE = '0.02';
const VENUE_ORDER_ID = '4711';

/**
 * The questions of the port `VenueQueries` about one order of size 0.02, answered consistently from its status: null = not found. A status that throws is a
 * venue that cannot be asked. Questions that a confirmation has no business asking are refused.
 */
export function scriptedQueries(
  order: ConfirmedOrder,
  status: () => OrderReport['status'] | null,
  cancel: () => OrderAnswer = () => ({ kind: 'accepted', venueOrderId: VENUE_ORDER_ID, venueTime: null }),
): VenueQueries {
  const venueTime = order.intendedAt as EpochMs;
  const common = {
    symbol: order.symbol,
    venueOrderId: VENUE_ORDER_ID,
    side: 'buy',
    price: '100',
    size: SIZE,
    venueTime,
  } as const;
  const report = (at: OrderReport['status']): OrderReport => ({
    ...common,
    kind: 'orderReport',
    source: 'query',
    clientOrderId: order.clientOrderId,
    status: at,
    cumulativeSize: at === 'filled' ? SIZE : '0',
    reduceOnly: false,
    reason: '',
  });
  const fill: FillReport = {
    ...common,
    kind: 'fill',
    source: 'query',
    fillId: `fill-of-${order.clientOrderId}`,
    // As Binance: its trades do not name the client's id.
    clientOrderId: null,
    fee: '0',
    feeCurrency: 'USDT',
    liquidity: 'taker',
    cause: 'trade',
  };
  const refuse = () => Promise.reject(new Error('not asked in a confirmation'));
  return {
    serverTime: refuse,
    instruments: refuse,
    ordersSince: refuse,
    balances: refuse,
    async orderByClientId() {
      const found = status();
      return found === null ? { kind: 'notFound' } : { kind: 'found', report: report(found) };
    },
    openOrders: async () => (status() === 'accepted' ? [report('accepted')] : []),
    fillsSince: async () => (status() === 'filled' ? [fill] : []),
    positions: async () => [],
    cancelOrder: async () => cancel(),
  };
}
