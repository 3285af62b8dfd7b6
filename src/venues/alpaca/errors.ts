import type { VenueErrorClass } from '#core/orders/venue-ports.ts';

/** What was asked: the same status means different things to an order and to a query. */
export type AlpacaOperation = 'create' | 'cancel' | 'query';

/** Texts with which 403 means the account or its keys, and not this order. */
const ACCOUNT_REFUSED = /forbidden|not authori[sz]ed|not allowed to trade|blocked|restricted|suspended|inactive/i;
/** 422 for an id that an earlier try has used: it has succeeded before. */
const DUPLICATE_ID = /client_order_id must be unique/i;
/** 422 for a cancel of what is ended, or being cancelled already. */
const CANCELED_ALREADY = /already|not cancelable|cannot be cancel|pending_cancel|not open/i;

/**
 * The class of an HTTP status and the venue's text (Alpaca documentation, "Orders", status codes; the classing is ours). 403: funds or shares are missing, unless the text
 * speaks of the account. 404: no such order. 422: bad input, a cancel that comes too late, an id used before. 429: too often, nothing done. 5xx (504: no answer from
 * the venue's own parts in time): an order may have been taken in.
 */
export function classOfStatus(status: number, text: string, operation: AlpacaOperation): VenueErrorClass {
  switch (status) {
    case 401:
      return 'keys';
    case 403:
      return operation === 'query' || ACCOUNT_REFUSED.test(text) ? 'keys' : 'reject';
    case 404:
      return operation === 'create' ? 'reject' : 'notFound';
    case 408:
      return operation === 'query' ? 'retry' : 'unknown';
    case 422:
      if (operation === 'create' && DUPLICATE_ID.test(text)) return 'alreadySo';
      return operation === 'cancel' && CANCELED_ALREADY.test(text) ? 'alreadySo' : 'reject';
    case 429:
      return 'retry';
    default:
      if (status < 500) return 'reject';
      return operation === 'query' ? 'retry' : 'unknown';
  }
}
