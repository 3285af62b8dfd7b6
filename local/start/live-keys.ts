import type { VenueId } from '#core/market/instrument.ts';
import type { Credentials } from '#venues/venue.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** Keys for live market data, of the venues that give none without; by the names that the venue's own tools read. Null: none are set, or none are needed. */
export function liveKeys(venue: VenueId, environment: Environment): Credentials | null {
  const { APCA_API_KEY_ID: key, APCA_API_SECRET_KEY: secret } = environment;
  if (venue !== 'alpaca' || key === undefined || secret === undefined || key === '' || secret === '') return null;
  return { key, secret };
}

/** Whether the venue's market can be read as things are. */
export function isOpenToAll(venue: VenueId, environment: Environment): boolean {
  return venue !== 'alpaca' || liveKeys(venue, environment) !== null;
}
