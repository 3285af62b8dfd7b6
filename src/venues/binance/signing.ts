import { createHmac, createSecretKey, type KeyObject } from 'node:crypto';
import type { Clock, EpochMs } from '#core/time/clock.ts';
import type { VenueClock } from '../connection/venue-clock.ts';
import type { Credentials } from '../venue.ts';

/** Values of request parameters; decimals are text, so that no digit is lost. */
export type Params = Readonly<Record<string, string | number | boolean>>;

/** Longest time for which a request stays valid, ms: the venue's default. */
export const MAX_RECV_WINDOW_MS = 5_000;
/** With less than this left before the fence a request would hardly arrive in time. */
const MIN_RECV_WINDOW_MS = 50;

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

/** Text that may not stand in JSON as it is: anything but what never needs an escape. Halves of pairs count as needing one. */
const NEEDS_ESCAPE = /[^ !#-[\]-\ud7ff\ue000-\uffff]/;

/**
 * The whole text of a signed request of the websocket API: `{id, method, params}` with what `signedParams` gives. Text parameters that stand sorted by name
 * are written to the payload and to the request in one pass; any others take the general way. `id` and `method` are plain words.
 */
export function signedRequest(
  sign: ReturnType<typeof createSigner>,
  credentials: Credentials,
  request: { readonly id: string; readonly method: string; readonly params: Params },
  window: SignedWindow,
): string {
  const { id, method, params } = request;
  const written = writeSorted(credentials.key, params, window);
  if (written === null) return JSON.stringify({ id, method, params: signedParams(sign, credentials, params, window) });
  const signature = sign(credentials, written.payload);
  return `{"id":"${id}","method":"${method}","params":{${written.json},"signature":"${signature}"}}`;
}

/** Payload and JSON members of the parameters, or null where they are not in order, not text or not plain. */
function writeSorted(key: string, params: Params, window: SignedWindow): { payload: string; json: string } | null {
  const { recvWindow, timestamp } = window;
  let payload = `apiKey=${key}`;
  let json = `"apiKey":"${key}"`;
  let last = 'apiKey';
  for (const name in params) {
    const value = params[name];
    if (last < 'recvWindow' && name >= 'recvWindow') {
      payload += `&recvWindow=${recvWindow}`;
      json += `,"recvWindow":${recvWindow}`;
      last = 'recvWindow';
    }
    if (last < 'timestamp' && name >= 'timestamp') {
      payload += `&timestamp=${timestamp}`;
      json += `,"timestamp":${timestamp}`;
      last = 'timestamp';
    }
    if (name <= last || name === 'signature' || typeof value !== 'string') return null;
    payload += `&${name}=${value}`;
    json += `,"${name}":"${value}"`;
    last = name;
  }
  if (last < 'recvWindow') {
    payload += `&recvWindow=${recvWindow}`;
    json += `,"recvWindow":${recvWindow}`;
  }
  if (last < 'timestamp') {
    payload += `&timestamp=${timestamp}`;
    json += `,"timestamp":${timestamp}`;
  }
  return NEEDS_ESCAPE.test(payload) ? null : { payload, json };
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
