import type { FillReport, OrderReport } from '#core/orders/order.ts';

/** Which conditional order became which order of the matching engine. */
export interface TriggeredOrders {
  remember(venueOrderId: string, clientOrderId: string): void;
  /** The report under the conditional order's client id. */
  named<Report extends OrderReport | FillReport>(report: Report): Report;
}

/** Triggered orders that are remembered; the oldest is forgotten first. */
const MAX_REMEMBERED = 10_000;

export function createTriggeredOrders(): TriggeredOrders {
  const clientIds = new Map<string, string>();
  return {
    remember(venueOrderId, clientOrderId) {
      clientIds.set(venueOrderId, clientOrderId);
      for (const oldest of clientIds.keys()) {
        if (clientIds.size <= MAX_REMEMBERED) break;
        clientIds.delete(oldest);
      }
    },
    named(report) {
      const clientOrderId = clientIds.get(report.venueOrderId);
      return clientOrderId === undefined || clientOrderId === report.clientOrderId
        ? report
        : { ...report, clientOrderId };
    },
  };
}
