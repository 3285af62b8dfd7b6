import { createHmac } from 'node:crypto';
import type { Credentials } from '../venue.ts';

/** Signature of a REST request: `payload` is the query string as sent (GET) or the exact body (POST). Lower-case hex. */
export function signRest(credentials: Credentials, timestamp: number, recvWindow: number, payload: string): string {
  return hmac(credentials.secret, `${timestamp}${credentials.key}${recvWindow}${payload}`);
}

/** Headers of a signed REST request. */
export function signedHeaders(
  credentials: Credentials,
  timestamp: number,
  recvWindow: number,
  payload: string,
): Record<string, string> {
  return {
    'X-BAPI-API-KEY': credentials.key,
    'X-BAPI-TIMESTAMP': String(timestamp),
    'X-BAPI-RECV-WINDOW': String(recvWindow),
    'X-BAPI-SIGN': signRest(credentials, timestamp, recvWindow, payload),
  };
}

/** The message that authenticates a private or trade socket; the venue takes it until `expires` (epoch ms of its own clock). */
export function authMessage(credentials: Credentials, expires: number, requestId: string): string {
  return JSON.stringify({
    req_id: requestId,
    op: 'auth',
    args: [credentials.key, expires, signAuth(credentials.secret, expires)],
  });
}

/** Signature of `authMessage`. */
export function signAuth(secret: string, expires: number): string {
  return hmac(secret, `GET/realtime${expires}`);
}

function hmac(secret: string, text: string): string {
  return createHmac('sha256', secret).update(text).digest('hex');
}
