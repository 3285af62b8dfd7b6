import type { EndedState } from '#core/orders/evidence-rule.ts';
import type { Evidence } from '#core/orders/order.ts';
import type { OrderAnswer } from '#core/orders/venue-ports.ts';

/** Whether a refusal leaves open what became of the request. */
export function isUnclear({ errorClass }: Extract<OrderAnswer, { kind: 'rejected' }>): boolean {
  return errorClass === 'alreadySo' || errorClass === 'unknown';
}

/** Whether a piece of evidence lacks what it is to name. */
export function saysNothing(evidence: Evidence): boolean {
  switch (evidence.kind) {
    case 'accountStream':
    case 'query':
      return evidence.venueOrderId === '';
    case 'answer':
      return `${evidence.code}${evidence.text}` === '';
    case 'fills':
      return evidence.fillIds.length === 0;
    case 'agreedAbsence':
      return evidence.windowFrom > evidence.queriedAt;
    case 'notSent':
      return evidence.reason === '';
    case 'person':
      return evidence.who === '' || evidence.note === '';
  }
}

/** Whether evidence of a kind can prove an end at all: by what it is, and not by the product's list. */
export function mayProve(kind: Evidence['kind'], end: EndedState): boolean {
  switch (kind) {
    case 'accountStream':
    case 'query':
    case 'person':
      // The venue, or who looked there, may say any end but that an order was never sent.
      return end !== 'Denied';
    case 'fills':
      return end === 'Filled';
    case 'answer':
    case 'agreedAbsence':
      // It never worked: the venue refused it, or never had it.
      return end === 'Rejected';
    case 'notSent':
      return end === 'Rejected' || end === 'Denied';
  }
}
