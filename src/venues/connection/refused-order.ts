import { VenueError } from '#core/orders/venue-error.ts';
import type { OrderAnswer, VenueErrorClass } from '#core/orders/venue-ports.ts';

/** A refusal as the answer to an order request. `code`: the venue's, or `TIMEOUT` or `LINK` where there was no answer. */
export function refusedOrder(errorClass: VenueErrorClass, code: string, text: string): OrderAnswer {
  if (errorClass !== 'unknown') return { kind: 'rejected', code, text, errorClass };
  const cause = code === 'TIMEOUT' ? 'timeout' : code === 'LINK' ? 'linkLost' : 'venueUnclear';
  return { kind: 'unknown', cause, code, text };
}

/** A failed request by REST as the answer to an order request. Anything that is no `VenueError` is thrown on. */
export function answerOfError(error: unknown): OrderAnswer {
  if (!(error instanceof VenueError)) throw error;
  return refusedOrder(error.venueClass, error.venueCode, error.message);
}
