import type { Instrument } from '../market/instrument.ts';
import { formatScaled, type Price, type Size } from '../market/scaled-decimal.ts';
import type { AmendmentOutcome } from '../orders/amendment.ts';
import type { OrderInput } from '../orders/order-state.ts';
import type { TrackedOrder } from '../orders/tracked-order.ts';
import type { OrderAnswer } from '../orders/venue-ports.ts';
import type { LaneOutbox } from './lane-outbox.ts';
import type { Now } from './now.ts';

const SECOND = 1e9;
/** An amendment whose outcome is not known for so long is asked about. */
const ASK_AFTER = 3 * SECOND;
/** After this the request can no longer be carried out. */
const REQUEST_VALIDITY = 6 * SECOND;

/** What an amendment asks of the desk that follows its order. */
export interface AmendingDesk {
  step(order: TrackedOrder, input: OrderInput, reason: string, now: Now): void;
  ask(order: TrackedOrder, now: Now): void;
}

/** Follows amendments to their outcomes, apart from their orders: until then the larger of both sizes counts, and no other amendment of the order leaves (F14). */
export class Amendments {
  readonly #lane: string;
  readonly #instrument: Instrument;
  readonly #outbox: LaneOutbox;
  readonly #desk: AmendingDesk;

  constructor(lane: string, instrument: Instrument, outbox: LaneOutbox, desk: AmendingDesk) {
    this.#lane = lane;
    this.#instrument = instrument;
    this.#outbox = outbox;
    this.#desk = desk;
  }

  /** Whether the order can be amended to this total size now: it rests, nothing is wished or asked of it, and the size leaves something open. */
  allows(order: TrackedOrder, size: number): boolean {
    const rests = order.state === 'Accepted' || order.state === 'PartiallyFilled';
    const busy = order.cancelWished || order.amendment !== null || order.unclearSince !== null;
    return rests && !busy && size > Math.max(order.filledSize, order.reportedSize);
  }

  /** Sends it. The caller has asked `allows`, and risk. */
  send(order: TrackedOrder, price: Price, size: Size, now: Now): void {
    const { clientOrderId, symbol, side } = order.intent;
    const sentAt = now.mono;
    order.amendment = { price, size, sentAt, knownAt: order.reportedAt, applied: false, answered: false };
    this.#desk.step(order, 'replaceSent', 'amendment wished', now);
    this.#outbox.push({
      kind: 'amend',
      target: { symbol, clientOrderId, venueOrderId: order.venueOrderId },
      change: { side, price, size },
    });
  }

  /** The venue's answer to the request. `accepted` says only that it was taken in. */
  answered(order: TrackedOrder, answer: OrderAnswer, now: Now): void {
    const { amendment } = order;
    if (amendment === null) return;
    amendment.answered = true;
    if (amendment.applied) {
      this.#end(order, 'applied', '');
      return;
    }
    if (answer.kind === 'accepted') return;
    if (answer.kind === 'notSent') {
      this.#end(order, 'notSent', `${answer.reason} ${answer.text}`);
      this.#desk.step(order, 'replaceRefused', answer.text, now);
      return;
    }
    const reason = `${answer.code} ${answer.text}`;
    const unclear = answer.kind === 'unknown' || answer.errorClass === 'unknown' || answer.errorClass === 'alreadySo';
    if (unclear) {
      this.#desk.step(order, 'replaceUnknown', reason, now);
      return;
    }
    this.#end(order, 'refused', reason);
    // An order that is not found there has ended some other way, or was forgotten: only a question can tell.
    const lost = answer.kind === 'rejected' && answer.errorClass === 'notFound';
    this.#desk.step(order, lost ? 'replaceUnknown' : 'replaceRefused', reason, now);
    if (!order.terminal) this.#desk.ask(order, now);
  }

  /** The order was reported, or has filled. `askedAt`: when the question was asked that this answers, null: nobody asked. */
  reported(order: TrackedOrder, askedAt: number | null, now: Now): void {
    const { amendment } = order;
    if (amendment === null) return;
    if (order.terminal) {
      this.#end(order, amendment.applied ? 'applied' : 'overtaken', order.state);
      return;
    }
    if (amendment.applied) {
      if (order.state === 'PendingReplace') this.#desk.step(order, 'replaced', 'amended', now);
      if (amendment.answered || isPast(amendment.sentAt, now)) this.#end(order, 'applied', '');
    } else if (askedAt !== null && askedAt - amendment.sentAt > REQUEST_VALIDITY) {
      this.#end(order, 'lapsed', 'the venue says the old terms');
      this.#desk.step(order, 'replaceRefused', 'the venue says the old terms', now);
    }
  }

  /** Asks about an amendment that stays without an outcome. */
  timer(order: TrackedOrder, now: Now): void {
    const { amendment } = order;
    if (amendment === null) return;
    if (amendment.applied && isPast(amendment.sentAt, now)) this.#end(order, 'applied', '');
    else if (now.mono - amendment.sentAt > ASK_AFTER) this.#desk.ask(order, now);
  }

  #end(order: TrackedOrder, outcome: AmendmentOutcome, reason: string): void {
    const { amendment } = order;
    if (amendment === null) return;
    order.amendment = null;
    const { clientOrderId, symbol } = order.intent;
    const { priceScale, sizeScale } = this.#instrument;
    this.#outbox.event('order.amended', {
      clientOrderId,
      lane: this.#lane,
      symbol,
      price: formatScaled(amendment.price, priceScale),
      size: formatScaled(amendment.size, sizeScale),
      outcome,
      reason,
    });
  }
}

function isPast(sentAt: number, now: Now): boolean {
  return now.mono - sentAt > REQUEST_VALIDITY;
}
