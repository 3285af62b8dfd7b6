import type { Instrument } from '../market/instrument.ts';
import { parseScaled, type Size } from '../market/scaled-decimal.ts';
import { foreignOrderId, intentOfReport } from '../orders/foreign-order.ts';
import type { ClientOrderId, FillReport, OrderReport } from '../orders/order.ts';
import { type OrderChangeNote, TrackedOrder } from '../orders/tracked-order.ts';
import type { EpochMs } from '../time/clock.ts';
import type { LaneOrders } from './lane-orders.ts';
import type { LaneOutbox } from './lane-outbox.ts';
import type { Now } from './now.ts';

/** Orders and fills of others that are remembered, so that each is told once. */
const KEPT = 1_000;
/** How far a question about such an order reaches back before it was first heard of, ms: it may have been placed long before. */
const LOOK_BACK_MS = 3_600_000;

/** What the following of others' orders asks of the desk. */
export interface FollowingDesk {
  readonly orders: LaneOrders;
  changed(order: TrackedOrder, note: OrderChangeNote, reason: string, now: Now): void;
  cancel(order: TrackedOrder, now: Now): void;
}

interface Counted {
  readonly fillIds: string[];
  size: number;
}

/**
 * Orders on the lane's symbol that nobody here placed: people's own, a liquidation, another program. They are adopted: followed to their ends with evidence, counted in the exposure, and told once. None of them
 * is ever cancelled from here. One that bears an id of the unit and that its lane does not know is a different matter: it is ours, nobody looks after it, and it is cancelled.
 */
export class ForeignOrders {
  /** What the ids of the unit's own orders begin with; null: not known, and nothing is taken for ours. */
  ownPrefix: string | null = null;
  readonly #lane: string;
  readonly #instrument: Instrument;
  readonly #outbox: LaneOutbox;
  readonly #desk: FollowingDesk;
  readonly #toldOrders = new Set<string>();
  readonly #toldFills = new Set<string>();
  readonly #counted = new Map<string, Counted>();

  constructor(lane: string, instrument: Instrument, outbox: LaneOutbox, desk: FollowingDesk) {
    this.#lane = lane;
    this.#instrument = instrument;
    this.#outbox = outbox;
    this.#desk = desk;
  }

  /** The first word of an order that the lane does not know. */
  report(report: OrderReport, now: Now): void {
    const { clientOrderId, venueOrderId, status } = report;
    const own = this.ownPrefix !== null && clientOrderId?.startsWith(this.ownPrefix) === true;
    const alive = status === 'accepted' || status === 'partiallyFilled';
    if (own) {
      // One of ours that ended long ago is old news.
      if (alive) this.#takeBack(report, clientOrderId as ClientOrderId, now);
      return;
    }
    // Without a name of the venue's there is nothing to follow it by.
    if (venueOrderId !== '') this.#follow(report, foreignOrderId(venueOrderId), true, now);
    if (!isFirst(this.#toldOrders, venueOrderId)) return;
    const { side, size, price, symbol } = report;
    const terms = `${side} ${size}${price === null ? '' : ` at ${price}`}`;
    const text = `order ${venueOrderId} on ${symbol} (${terms}, ${status}) was not placed by lane ${this.#lane}; it is followed, and while it can open or enlarge a position the lane takes no entries`;
    this.#outbox.alert('warning', 'ORDER_FOREIGN', text, `order/${venueOrderId}`);
  }

  /** An execution that belongs to no order of the lane has been counted. `order`: that of others, if it is followed. */
  filled(fill: FillReport, order: TrackedOrder | null): void {
    if (order === null) {
      const counted = this.#counted.get(fill.venueOrderId) ?? { fillIds: [], size: 0 };
      counted.fillIds.push(fill.fillId);
      counted.size += parseScaled(fill.size, this.#instrument.sizeScale);
      this.#counted.set(fill.venueOrderId, counted);
      const [oldest] = this.#counted.keys();
      if (oldest !== undefined && this.#counted.size > KEPT) this.#counted.delete(oldest);
    }
    if (!isFirst(this.#toldFills, fill.venueOrderId)) return;
    const text = `fill ${fill.fillId} of ${fill.size} ${fill.symbol} at ${fill.price} (${fill.cause}, order ${fill.venueOrderId}) belongs to no order of lane ${this.#lane}; it counts at the venue's price and fee`;
    this.#outbox.alert('critical', 'FILL_FOREIGN', text, `fill/${fill.venueOrderId}`);
  }

  #takeBack(report: OrderReport, clientOrderId: ClientOrderId, now: Now): void {
    const order = this.#follow(report, clientOrderId, false, now);
    const text = `order ${clientOrderId} works at the venue unknown to lane ${this.#lane}: it is cancelled`;
    this.#outbox.alert('critical', 'ORDER_ORPHANED', text, `order/${clientOrderId}`);
    this.#desk.cancel(order, now);
  }

  #follow(report: OrderReport, clientOrderId: ClientOrderId, foreign: boolean, now: Now): TrackedOrder {
    const order = new TrackedOrder(intentOfReport(report, this.#instrument, { clientOrderId }), foreign);
    order.step('submit', now.mono, []);
    order.submittedAt = now.mono;
    order.placedAt = (report.venueTime - (foreign ? LOOK_BACK_MS : 0)) as EpochMs;
    const counted = this.#counted.get(report.venueOrderId);
    if (counted !== undefined) order.takeCounted(counted.fillIds, counted.size as Size);
    this.#counted.delete(report.venueOrderId);
    // What a list of open orders says has filled is in the position, or the comparison with the venue's corrects that.
    const cumulative = parseScaled(report.cumulativeSize, this.#instrument.sizeScale);
    if (report.source === 'query' && cumulative > order.filledSize) order.filledSize = cumulative as Size;
    this.#desk.orders.add(order);
    this.#desk.changed(order, order.report(report, this.#instrument, now.mono), report.reason, now);
    return order;
  }
}

function isFirst(told: Set<string>, id: string): boolean {
  if (told.has(id)) return false;
  told.add(id);
  const [oldest] = told;
  if (oldest !== undefined && told.size > KEPT) told.delete(oldest);
  return true;
}
