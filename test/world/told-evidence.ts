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
