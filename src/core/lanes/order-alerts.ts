import type { OrderDecision } from '../control/order-decision.ts';
import type { OrderState } from '../events/trading-event.ts';
import type { Instrument } from '../market/instrument.ts';
import { formatScaled } from '../market/scaled-decimal.ts';
import type { TrackedOrder } from '../orders/tracked-order.ts';
import type { LaneOutbox } from './lane-outbox.ts';
import type { Now } from './now.ts';

/** What people hear of a lane's orders. */
export class OrderAlerts {
  readonly #lane: string;
  readonly #instrument: Instrument;
  readonly #outbox: LaneOutbox;

  constructor(lane: string, instrument: Instrument, outbox: LaneOutbox) {
    this.#lane = lane;
    this.#instrument = instrument;
    this.#outbox = outbox;
  }

  /** Nobody can say what became of it: told by the table of times, with what was asked and answered. */
  unclear(order: TrackedOrder, now: Now): void {
    const due = order.inquiry.due(now.mono);
    if (due === null) return;
    const { clientOrderId, side, symbol } = order.intent;
    const terms = `${side} ${formatScaled(order.size, this.#instrument.sizeScale)} ${symbol}, ${order.state}`;
    const text = `for ${due.seconds} s nobody can say what became of order ${clientOrderId} (${terms}): ${due.asked}; lane ${this.#lane} takes no entries. Look at the venue, and decide: docs/runbook.md, "Deciding on an order"`;
    this.#outbox.alert(due.severity, 'ORDER_UNKNOWN', text, `unknown/${clientOrderId}/${due.time}`);
  }

  /** It is known what the order is: people hear of it if they heard that it was not. */
  known(order: TrackedOrder, now: Now): void {
    const seconds = order.inquiry.end(now.mono);
    if (seconds === null) return;
    const { clientOrderId } = order.intent;
    const kinds = order.evidence.map((each) => each.kind).join(', ') || "the venue's word";
    const text = `order ${clientOrderId} is ${order.state} (${kinds}), after ${seconds} s: ${order.inquiry.summary}`;
    this.#outbox.alert('info', 'ORDER_RESOLVED', text, `resolved/${clientOrderId}`);
  }

  /** What the venue says does not go with an end that was held for proven. */
  contradicted(clientOrderId: string, from: OrderState): void {
    const text = `the venue contradicts the end of order ${clientOrderId}: it was ${from}, and is Unknown again`;
    this.#outbox.alert('critical', 'END_CONTRADICTED', text, `contradicted/${clientOrderId}`);
  }

  /** The venue lists as open what it had told the end of. */
  worksAfterEnd({ intent, state }: TrackedOrder): void {
    const { clientOrderId } = intent;
    const text = `order ${clientOrderId} works at the venue, which had said that it is ${state}: it is cancelled`;
    this.#outbox.alert('critical', 'ORDER_ORPHANED', text, `order/${clientOrderId}`);
  }

  refusedDecision({ id, clientOrderId, who, outcome }: OrderDecision, why: string): void {
    const text = `${who} decided that order ${clientOrderId} is ${outcome}, but it ${why}: nothing is changed`;
    this.#outbox.alert('warning', 'DECISION_REFUSED', text, `decision/${id}`);
  }

  transitionRefused(clientOrderId: string, state: OrderState): void {
    const text = `order ${clientOrderId}: the venue's report does not fit state ${state}`;
    this.#outbox.alert('warning', 'ORDER_TRANSITION_REFUSED', text, `transition/${clientOrderId}`);
  }

  fillsMissing(clientOrderId: string): void {
    const text = `the venue never listed all fills of order ${clientOrderId}; the position agrees without them`;
    this.#outbox.alert('critical', 'FILLS_MISSING', text, `fills/${clientOrderId}`);
  }
}
