import { createHmac, timingSafeEqual } from 'node:crypto';
import type { ApiKey, ApiKeyRing } from './api-keys.ts';
import { BinanceRefusal, mandatory } from './binance-errors.ts';
import type { VenueRequest } from './venue-server.ts';

const DEFAULT_RECV_WINDOW_MS = 5_000;
const MAX_RECV_WINDOW_MS = 60_000;
/** A timestamp this far ahead of the venue's clock is refused. */
const MAX_AHEAD_MS = 1_000;

/** Parameters of a request, all as text, in the order in which they were sent. */
export type RequestParams = ReadonlyMap<string, string>;

/** The key of a request, without a signature. Throws -2014 without one and -2015 for one that the venue does not know. */
export function keyOf(keys: ApiKeyRing, sent: string | undefined): ApiKey {
  if (sent === undefined || sent === '') throw new BinanceRefusal(401, -2014, 'API-key format invalid.');
  const key = keys.find(sent);
  if (key === null) throw new BinanceRefusal(401, -2015, 'Invalid API-key, IP, or permissions for action.');
  return key;
}

/** Orders need a key that may trade. */
export function requireTrading(key: ApiKey): void {
  if (key.readOnly === true) throw new BinanceRefusal(401, -2015, 'Invalid API-key, IP, or permissions for action.');
}

/** Checks timestamp, window and signature of a REST request; the signature is over query and body as they were sent. */
export function authenticateRest(
  keys: ApiKeyRing,
  request: VenueRequest,
  params: RequestParams,
  venueNow: number,
): ApiKey {
  const key = keyOf(keys, request.headers['x-mbx-apikey']);
  checkWindow(params, venueNow);
  const payload = withoutSignature(request.rawQuery) + withoutSignature(request.body);
  checkSignature(key, payload, params.get('signature'));
  return key;
}

/** The same for the websocket API: the signature is over the sorted parameters. */
export function authenticateWebsocket(keys: ApiKeyRing, params: RequestParams, venueNow: number): ApiKey {
  const key = keyOf(keys, params.get('apiKey'));
  checkWindow(params, venueNow);
  const payload = [...params]
    .filter(([name]) => name !== 'signature')
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => `${name}=${value}`)
    .join('&');
  checkSignature(key, payload, params.get('signature'));
  return key;
}

function checkWindow(params: RequestParams, venueNow: number): void {
  const timestamp = wholeNumber(params.get('timestamp'));
  if (timestamp === null) throw mandatory('timestamp');
  const stated = params.get('recvWindow');
  const recvWindow = stated === undefined ? DEFAULT_RECV_WINDOW_MS : wholeNumber(stated);
  if (recvWindow === null || recvWindow > MAX_RECV_WINDOW_MS) {
    throw new BinanceRefusal(400, -1131, 'recvWindow must be less than 60000');
  }
  if (timestamp >= venueNow + MAX_AHEAD_MS) {
    throw new BinanceRefusal(400, -1021, "Timestamp for this request was 1000ms ahead of the server's time.");
  }
  if (venueNow - timestamp > recvWindow) {
    throw new BinanceRefusal(400, -1021, 'Timestamp for this request is outside of the recvWindow.');
  }
}

function checkSignature(key: ApiKey, payload: string, signature: string | undefined): void {
  if (signature === undefined || signature === '') throw mandatory('signature');
  const expected = Buffer.from(createHmac('sha256', key.secret).update(payload, 'utf8').digest('hex'));
  const given = Buffer.from(signature.toLowerCase());
  if (expected.length !== given.length || !timingSafeEqual(expected, given)) {
    throw new BinanceRefusal(400, -1022, 'Signature for this request is not valid.');
  }
}

function withoutSignature(raw: string): string {
  return raw
    .split('&')
    .filter((part) => !part.startsWith('signature='))
    .join('&');
}

function wholeNumber(text: string | undefined): number | null {
  if (text === undefined || !/^\d{1,15}$/.test(text)) return null;
  return Number(text);
}
