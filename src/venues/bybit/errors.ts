import type { VenueErrorClass } from '#core/orders/venue-ports.ts';

/** What was asked: the same code means different things to an order and to a query. */
export type BybitOperation = 'create' | 'amend' | 'cancel' | 'query';

/** The order service behind a connection restarts and takes nothing new; a new connection leads to another. */
export const RESTARTING = 10019;
/** Refusals for the rate: of the account, of the system, of the session, of the address. */
export const TOO_OFTEN: ReadonlySet<number> = new Set([10006, 10429, 20003, 10403]);

type Classing = VenueErrorClass | Readonly<Record<BybitOperation, VenueErrorClass>>;

/** The venue may or may not have done it: an order is queried first, a query is simply asked again. */
const UNCLEAR: Classing = { create: 'unknown', amend: 'unknown', cancel: 'unknown', query: 'retry' };
/** Ended already: what a cancel wanted, and what an amendment can no longer have. */
const ENDED: Classing = { create: 'unknown', amend: 'reject', cancel: 'alreadySo', query: 'notFound' };
/** No such order. Of one that is being made that proves nothing. */
const ABSENT: Classing = { create: 'unknown', amend: 'notFound', cancel: 'notFound', query: 'notFound' };
/** The id is known already: a create that is repeated has succeeded before. */
const DUPLICATE: Classing = { create: 'alreadySo', amend: 'unknown', cancel: 'unknown', query: 'retry' };

/** Bybit V5 documentation, "Error codes"; which class a code belongs to is ours. */
const CLASS_OF_CODE: ReadonlyMap<number, Classing> = new Map<number, Classing>([
  ...all([...TOO_OFTEN, RESTARTING, 10018, 429, 170005], 'retry'),
  ...all([10002, -1], 'clock'),
  // 170032 is a network error behind the venue's own door: what had passed it may have taken effect.
  ...all([10000, 10016, 170007, 170032, 170146, 170147, 110079, 20006], UNCLEAR),
  ...all([110043, 110025, 34040], 'alreadySo'),
  ...all([110008, 110010, 170139, 170142, 170143], ENDED),
  ...all([10014, 110072, 170141], DUPLICATE),
  ...all([110001, 170213], ABSENT),
  ...all([10003, 10004, 10005, 10007, 10008, 10009, 10010, 10024, 10027, 10028, 33004, -2015], 'keys'),
  ...all([10001, 10029, 10404], 'reject'),
  ...all([110003, 30208, 30209, 170132, 170133, 170193, 170194], 'reject'),
  ...all([110004, 110006, 110007, 110012, 110044, 110045, 110052, 170131], 'reject'),
  ...all([110009, 110017, 110020, 110092, 110093, 110094], 'reject'),
  ...all([170115, 170116, 170117, 170121, 170124, 170130, 170134, 170135, 170136, 170137, 170140], 'reject'),
  ...all([170145, 170148, 170151, 170810], 'reject'),
]);

function all(codes: readonly number[], classing: Classing): [number, Classing][] {
  return codes.map((code) => [code, classing]);
}

/** The class of a `retCode`. One that is not in the table may have taken effect, as far as an order is concerned. */
export function classOfCode(code: number, operation: BybitOperation): VenueErrorClass {
  const classing = CLASS_OF_CODE.get(code) ?? (operation === 'query' ? 'reject' : 'unknown');
  return typeof classing === 'string' ? classing : classing[operation];
}

/** The class of an HTTP status without a readable answer. 403: the address asks too often. */
export function classOfStatus(status: number, operation: BybitOperation): VenueErrorClass {
  if (status === 401) return 'keys';
  if (status === 403 || status === 429) return 'retry';
  if (operation !== 'query') return status >= 500 ? 'unknown' : 'reject';
  return status >= 500 ? 'retry' : 'reject';
}
