import type { OrderReport } from '../orders/order.ts';
import type { TrackedOrder } from '../orders/tracked-order.ts';
import type { LaneOrders } from './lane-orders.ts';
import type { Now } from './now.ts';

const SECOND = 1e9;
/** A list may be as old as this when it is read. */
const LIST_AGE = 2 * SECOND;
/** What is listed so long after its end was not taken out of the list too late: it works. */
const ENDED_LONG_AGO = 10 * SECOND;

/** What the comparison with the venue's list of open orders asks of the desk. */
export interface ListingDesk {
  readonly orders: LaneOrders;
  /** One that the lane does not know. */
  unknown(report: OrderReport, now: Now): void;
  report(report: OrderReport, now: Now): void;
  ask(order: TrackedOrder, now: Now): void;
  /** One of ours that the venue had said to have ended. */
  cancelEnded(order: TrackedOrder): void;
}

/**
 * What the venue lists as open: orders that nobody here placed are adopted, those that are not listed are asked about, and one that was taken for rejected, or ended by the word of people alone, and is
 * listed, is followed again. One whose end the venue itself had told has that end; nobody looks after what works of it, so it is cancelled, each time that it is listed.
 */
export function compareListed(desk: ListingDesk, listed: readonly OrderReport[], now: Now): void {
  const { orders } = desk;
  for (const report of listed) {
    const order = orders.find(report.clientOrderId, report.venueOrderId);
    if (order === null) {
      desk.unknown(report, now);
      continue;
    }
    const sinceMono = now.mono - order.changedAt;
    if (order.mayReturn && sinceMono > LIST_AGE) desk.report(report, now);
    else if (order.terminal && !order.foreign && sinceMono > ENDED_LONG_AGO) desk.cancelEnded(order);
  }
  for (const order of orders.followed()) {
    const found = listed.some((report) => orders.find(report.clientOrderId, report.venueOrderId) === order);
    if (!found && now.mono - order.changedAt > LIST_AGE) desk.ask(order, now);
  }
}
