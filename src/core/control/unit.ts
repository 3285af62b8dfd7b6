import { VENUES, type VenueId } from '../market/instrument.ts';

export const MODES = ['paper', 'testnet', 'live'] as const;
/** Part of an account's identity: of its keys in the ledger, its order ids, its endpoints (H18). */
export type Mode = (typeof MODES)[number];

/** A tenant's keys on a venue in one mode. */
export interface AccountRef {
  readonly account: string;
  readonly mode: Mode;
}

/** Account × venue: what is leased and traded by one engine at a time. */
export interface UnitRef extends AccountRef {
  readonly venue: VenueId;
}

/** `paper/main/binance-usdm`: partition key of the trading stream, key of leases and desired state. */
export type UnitId = string & { readonly __id: 'unit' };

export function unitId(unit: UnitRef): UnitId {
  return `${unit.mode}/${unit.account}/${unit.venue}` as UnitId;
}

/** Reads `<mode>/<account>/<venue>`; null if it is anything else. */
export function parseUnitId(text: string): UnitRef | null {
  const [mode, account, venue, ...rest] = text.split('/');
  const knownMode = MODES.find((each) => each === mode);
  const knownVenue: VenueId | undefined = VENUES.find((each) => each === venue);
  if (knownMode === undefined || knownVenue === undefined || rest.length > 0) return null;
  if (account === undefined || !/^[a-z0-9][a-z0-9-]{0,30}$/.test(account)) return null;
  return { mode: knownMode, account, venue: knownVenue };
}
