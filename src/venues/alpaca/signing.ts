import type { Credentials } from '../venue.ts';

/** Nothing is signed at this venue: key and secret go with every request, as headers. They are for the venue's own address alone, over TLS. */
export function authHeaders(credentials: Credentials): Record<string, string> {
  return { 'APCA-API-KEY-ID': credentials.key, 'APCA-API-SECRET-KEY': credentials.secret };
}

/** The login of a market-data or news socket, after the venue has greeted. */
export function marketAuthMessage(credentials: Credentials): string {
  return JSON.stringify({ action: 'auth', key: credentials.key, secret: credentials.secret });
}

/** The login of the account stream. */
export function accountAuthMessage(credentials: Credentials): string {
  return JSON.stringify({
    action: 'authenticate',
    data: { key_id: credentials.key, secret_key: credentials.secret },
  });
}
