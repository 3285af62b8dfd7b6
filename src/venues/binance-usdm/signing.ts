import { createHmac, createSecretKey, type KeyObject } from 'node:crypto';
import type { Clock, EpochMs } from '#core/time/clock.ts';
import type { VenueClock } from '../connection/venue-clock.ts';
import type { Credentials } from '../venue.ts';

/** Values of request parameters; decimals are text, so that no digit is lost. */
export type Params = Readonly<Record<string, string | number | boolean>>;

/** Longest time for which a request stays valid, ms: the venue's default. */
export const MAX_RECV_WINDOW_MS = 5_000;
/** With less than this left before the fence a request would hardly arrive in time. */
export const MIN_RECV_WINDOW_MS = 50;

/** HMAC SHA256 in lower-case hex of the account's secret; keeps the prepared key while the secret stays the same. */
export function createSigner(): (credentials: Credentials, payload: string) => string {
  let secret = '';
  let key: KeyObject | null = null;
  return (credentials, payload) => {
    if (key === null || credentials.secret !== secret) {
      secret = credentials.secret;
      key = createSecretKey(secret, 'utf8');
    }
    return createHmac('sha256', key).update(payload, 'utf8').digest('hex');
  };
}

/** `name=value&…` in the given order, percent-encoded: what REST requests send and sign. */
export function restPayload(params: Params): string {
  const parts: string[] = [];
  for (const [name, value] of Object.entries(params)) parts.push(`${name}=${encodeURIComponent(String(value))}`);
  return parts.join('&');
}

/** `name=value&…` sorted by name, not encoded: what requests of the websocket API sign. */
export function websocketPayload(params: Params): string {
  const parts: string[] = [];
  for (const name of Object.keys(params).sort()) parts.push(`${name}=${params[name]}`);
  return parts.join('&');
}

/** The query string of a signed REST request, signature last. */
export function signedQuery(
  sign: ReturnType<typeof createSigner>,
  credentials: Credentials,
  params: Params,
  window: SignedWindow,
): string {
  const payload = restPayload({ ...params, recvWindow: window.recvWindow, timestamp: window.timestamp });
  return `${payload}&signature=${sign(credentials, payload)}`;
}

/** The parameters of a signed request of the websocket API. */
export function signedParams(
  sign: ReturnType<typeof createSigner>,
  credentials: Credentials,
  params: Params,
  window: SignedWindow,
): Params {
  const all = { ...params, apiKey: credentials.key, recvWindow: window.recvWindow, timestamp: window.timestamp };
  return { ...all, signature: sign(credentials, websocketPayload(all)) };
}

/** From when and for how long the venue may carry out a request, in its own time. */
export interface SignedWindow {
  readonly timestamp: EpochMs;
  readonly recvWindow: number;
}

/**
 * The window of a request that must not be carried out after the wall time `validUntil` (the venue's part of the lease fence). The venue refuses what
 * reaches it later than `timestamp + recvWindow`; `venueNow` is never ahead of the venue's clock, so neither is the end of the window.
 * Null: too little time is left.
 */
export function signedWindow(venueClock: VenueClock, clock: Clock, validUntil: EpochMs): SignedWindow | null {
  const recvWindow = Math.min(MAX_RECV_WINDOW_MS, Math.floor(validUntil - clock.epochMs()) - 1);
  if (recvWindow < MIN_RECV_WINDOW_MS) return null;
  return { timestamp: Math.floor(venueClock.venueNow()) as EpochMs, recvWindow };
}
