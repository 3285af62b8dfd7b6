import type { VenueErrorClass } from '#core/orders/venue-ports.ts';

/** What was asked: the same code means different things to an order and to a query. */
export type DeribitOperation = 'create' | 'amend' | 'cancel' | 'query';

type Classing = VenueErrorClass | Readonly<Record<DeribitOperation, VenueErrorClass>>;

/** The venue may or may not have done it: an order is queried first, a query is simply asked again. */
const UNCLEAR: Classing = { create: 'unknown', amend: 'unknown', cancel: 'unknown', query: 'retry' };
/** Ended already: what a cancel wanted, and what an amendment can no longer have. */
const ENDED: Classing = { create: 'unknown', amend: 'reject', cancel: 'alreadySo', query: 'notFound' };
const NOT_FOUND: Classing = { create: 'unknown', amend: 'notFound', cancel: 'notFound', query: 'notFound' };

/** Out of credits: the venue ends the session as well, and nothing is taken in until the pool has refilled. */
export const TOO_MANY_REQUESTS = 10028;
/** The token is no longer good: sign in again. */
export const TOKEN_EXPIRED: readonly number[] = [13009, 10000];

/** Deribit API, "RPC Error Codes"; which class a code belongs to is ours. */
const CLASS_OF_CODE: ReadonlyMap<number, Classing> = new Map<number, Classing>([
  // Credits, settlement, queue full, too many at once, maintenance, unavailable: not done.
  ...all([TOO_MANY_REQUESTS, 10040, 10041, 10047, 10066, 11051, 11056, 13028, 13503], 'retry'),
  // The session is not (any longer) signed in: not done, and it is once it has signed in again.
  ...all([10000, 13009], 'retry'),
  ...all([11094, 13888, -32603], UNCLEAR),
  ...all([10010, 11008, 11044], ENDED),
  ...all([10004, 13020], NOT_FOUND),
  ...all([13004, 13021, 11042, 13025], 'keys'),
  ...all(
    [10001, 10002, 10003, 10005, 10006, 10007, 10009, 10011, 10012, 10020, 10021, 10022, 10023, 10025, 10026],
    'reject',
  ),
  ...all([10027, 10029, 10030, 10031, 10032, 10034, 10035, 10043, 10044, 10045, 10046], 'reject'),
  ...all([11029, 11030, 11031, 11035, 11036, 11043, 11046, 11047, 11049, 11050, 11054, 11055, 13778], 'reject'),
  ...all([-32600, -32601, -32602, -32700], 'reject'),
]);

/** Codes whose meaning the venue's newer pages give otherwise: there the text decides. */
const CLASS_OF_TEXT: readonly (readonly [RegExp, Classing])[] = [
  [/order_not_found|not_found/, NOT_FOUND],
  [/already_(closed|filled|cancell?ed)|not_open_order/, ENDED],
  [/too_many_requests|settlement_in_progress|maintenance|temporarily_unavailable/, 'retry'],
  [/timed_out|internal_server_error/, UNCLEAR],
  [/invalid_credentials|forbidden/, 'keys'],
];

function all(codes: readonly number[], classing: Classing): [number, Classing][] {
  return codes.map((code) => [code, classing]);
}

/** The class of an error's code and text; the text wins where both are known. One that is in neither table may have taken effect, as far as an order is concerned. */
export function classOfCode(code: number, text: string, operation: DeribitOperation): VenueErrorClass {
  const said = CLASS_OF_TEXT.find(([pattern]) => pattern.test(text))?.[1];
  const classing = said ?? CLASS_OF_CODE.get(code) ?? (operation === 'query' ? 'reject' : 'unknown');
  return typeof classing === 'string' ? classing : classing[operation];
}

/** Whether the code stands in the table; one that does not is for people to look at. */
export function isKnownCode(code: number): boolean {
  return CLASS_OF_CODE.has(code);
}

/** The class of an HTTP status without a readable answer. */
export function classOfStatus(status: number, operation: DeribitOperation): VenueErrorClass {
  if (status === 401 || status === 403) return 'keys';
  if (status === 429) return 'retry';
  if (operation !== 'query') return status >= 500 ? 'unknown' : 'reject';
  return status >= 500 ? 'retry' : 'reject';
}
