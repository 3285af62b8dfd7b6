import { createHmac, randomBytes } from 'node:crypto';
import type { Credentials } from '../venue.ts';
import type { RequestParameters } from './json-rpc.ts';

/** HMAC-SHA256 in lower-case hex over `timestamp`, `nonce` and `data`, a line each (Deribit API, "Authentication", client_signature). */
export function signSession(secret: string, timestamp: number, nonce: string, data: string): string {
  return hmac(secret, `${timestamp}\n${nonce}\n${data}`);
}

/** Parameters of `public/auth` that show the secret to nobody: for private connections. `timestamp` is the venue's time, ms. */
export function signatureGrant(credentials: Credentials, timestamp: number, nonce = createNonce()): RequestParameters {
  return {
    grant_type: 'client_signature',
    client_id: credentials.key,
    timestamp,
    nonce,
    data: '',
    signature: signSession(credentials.secret, timestamp, nonce, ''),
  };
}

/** Parameters of `public/auth` that hold the secret itself: only for connections that nobody else can read. */
export function credentialsGrant({ key, secret }: Credentials): RequestParameters {
  return { grant_type: 'client_credentials', client_id: key, client_secret: secret };
}

/** Signature of a REST request: time, nonce, method, path with query, and body, a line each with the last one ended. */
export function signRequest(
  secret: string,
  request: {
    readonly timestamp: number;
    readonly nonce: string;
    readonly method: string;
    readonly uri: string;
    readonly body: string;
  },
): string {
  const { timestamp, nonce, method, uri, body } = request;
  return hmac(secret, `${timestamp}\n${nonce}\n${method}\n${uri}\n${body}\n`);
}

/** The `Authorization` header of a signed REST request. */
export function authorizationHeader(
  credentials: Credentials,
  request: { readonly timestamp: number; readonly method: string; readonly uri: string; readonly body: string },
  nonce = createNonce(),
): string {
  const signature = signRequest(credentials.secret, { ...request, nonce });
  return `deri-hmac-sha256 id=${credentials.key},ts=${request.timestamp},sig=${signature},nonce=${nonce}`;
}

/** Used once; together with the time it makes each signature another one. */
function createNonce(): string {
  return randomBytes(8).toString('hex');
}

function hmac(secret: string, text: string): string {
  return createHmac('sha256', secret).update(text).digest('hex');
}
