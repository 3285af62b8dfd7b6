import { VenueError } from '#core/orders/venue-error.ts';
import type { OrderAnswer } from '#core/orders/venue-ports.ts';
import { readAcknowledgement } from './private-messages.ts';
import type { RestCall, RestClient } from './rest.ts';

/** Cancels by REST, for those without a socket. `path` and `params` name the order. */
export async function cancelByRest(
  rest: RestClient,
  path: string,
  params: NonNullable<RestCall['params']>,
): Promise<OrderAnswer> {
  try {
    const answer = await rest.signed({ method: 'DELETE', path, params, weight: 1, priority: 'cancel', kind: 'order' });
    const acknowledged = readAcknowledgement(answer);
    return acknowledged === null
      ? { kind: 'unknown', cause: 'venueUnclear', code: 'ANSWER_UNREADABLE', text: 'acknowledged without an order id' }
      : { kind: 'accepted', venueOrderId: acknowledged.orderId, venueTime: acknowledged.time };
  } catch (error) {
    return cancelFailure(error);
  }
}

/** A refusal or an open outcome of a cancel by REST. What is no `VenueError` is thrown on. */
function cancelFailure(error: unknown): OrderAnswer {
  if (!(error instanceof VenueError)) throw error;
  const { venueClass, venueCode: code, message: text } = error;
  if (code === 'RATE_BUDGET') return { kind: 'notSent', reason: 'rateLimited', text };
  if (code === 'NO_KEYS') return { kind: 'notSent', reason: 'notReady', text };
  if (code === 'ANSWER_UNREADABLE') return { kind: 'unknown', cause: 'venueUnclear', code, text };
  if (venueClass !== 'unknown') return { kind: 'rejected', code, text, errorClass: venueClass };
  const cause = code === 'TIMEOUT' ? 'timeout' : code === 'NETWORK' ? 'linkLost' : 'venueUnclear';
  return { kind: 'unknown', cause, code, text };
}
