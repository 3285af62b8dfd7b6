import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { ApiKey, ApiKeyRing } from './api-keys.ts';
import { type Fields, numberField, type RpcOutcome, type RpcRefusal, refuse, textField } from './deribit-rpc.ts';
import type { VenueRequest } from './venue-server.ts';

/** A signed-in holder: the key, and the token that stands for it. */
export interface SignIn {
  readonly key: ApiKey;
  readonly token: string;
}

export interface DeribitAuth {
  /** `public/auth`. Signed in on success. */
  grant(params: Fields, nowMs: number): { readonly outcome: RpcOutcome; readonly signIn: SignIn | null };
  /** The key behind a token, unless the token has expired or its key is gone. */
  keyOf(token: string | null, nowMs: number): ApiKey | null;
  /** The key behind the `Authorization` header of a REST request; null: none, or none that is good. */
  keyOfRequest(request: VenueRequest, nowMs: number): ApiKey | null;
  /** Every token is no longer good. */
  expireAll(): void;
}

const EXPIRES_S = 900;
/** How far the time of a signature may lie from the venue's. */
const WINDOW_MS = 60_000;
const INVALID = refuse(13004, 'invalid_credentials');

export function createDeribitAuth(keys: ApiKeyRing): DeribitAuth {
  const tokens = new Map<string, { readonly key: string; readonly expiresAt: number }>();
  const refreshTokens = new Map<string, string>();

  function open(key: ApiKey, nowMs: number): { readonly outcome: RpcOutcome; readonly signIn: SignIn } {
    const token = `${nowMs}.${randomBytes(12).toString('hex')}`;
    const refreshToken = `${nowMs}.${randomBytes(12).toString('hex')}`;
    tokens.set(token, { key: key.key, expiresAt: nowMs + EXPIRES_S * 1_000 });
    refreshTokens.set(refreshToken, key.key);
    const scope = `connection mainaccount trade:${key.readOnly === true ? 'read' : 'read_write'}`;
    const result = {
      access_token: token,
      expires_in: EXPIRES_S,
      refresh_token: refreshToken,
      scope,
      enabled_features: [],
      token_type: 'bearer',
    };
    return { outcome: { result }, signIn: { key, token } };
  }

  function denied(refusal: RpcRefusal = INVALID): { readonly outcome: RpcOutcome; readonly signIn: null } {
    return { outcome: refusal, signIn: null };
  }

  function isFresh(timestamp: number, nowMs: number): boolean {
    return Math.abs(timestamp - nowMs) <= WINDOW_MS;
  }

  return {
    grant(params, nowMs) {
      const key = keys.find(textField(params, 'client_id') ?? '');
      switch (params.grant_type) {
        case 'client_credentials':
          return key !== null && params.client_secret === key.secret ? open(key, nowMs) : denied();
        case 'client_signature': {
          const timestamp = numberField(params, 'timestamp');
          const nonce = textField(params, 'nonce') ?? '';
          const signature = textField(params, 'signature');
          if (key === null || timestamp === null || signature === null) return denied();
          const data = typeof params.data === 'string' ? params.data : '';
          if (!matches(signature, key.secret, `${timestamp}\n${nonce}\n${data}`)) return denied();
          return isFresh(timestamp, nowMs) ? open(key, nowMs) : denied();
        }
        case 'refresh_token': {
          const named = refreshTokens.get(textField(params, 'refresh_token') ?? '');
          const known = named === undefined ? null : keys.find(named);
          return known === null
            ? denied(refuse(13009, 'unauthorized', { reason: 'invalid_token' }))
            : open(known, nowMs);
        }
        default:
          return denied(refuse(-32602, 'Invalid params', { param: 'grant_type', reason: 'unsupported grant' }));
      }
    },
    keyOf(token, nowMs) {
      const known = token === null ? undefined : tokens.get(token);
      return known === undefined || known.expiresAt <= nowMs ? null : keys.find(known.key);
    },
    keyOfRequest(request, nowMs) {
      const header = request.headers.authorization ?? '';
      const bearer = /^bearer (\S+)$/i.exec(header)?.[1];
      if (bearer !== undefined) return this.keyOf(bearer, nowMs);
      const signed = /^deri-hmac-sha256 id=([^,]+),ts=(\d+),sig=([0-9a-f]+),nonce=([^,]+)$/.exec(header);
      const [, id = '', timestamp = '', signature = '', nonce = ''] = signed ?? [];
      const key = keys.find(id);
      if (signed === null || key === null) return null;
      const uri = request.rawQuery === '' ? request.path : `${request.path}?${request.rawQuery}`;
      const payload = `${timestamp}\n${nonce}\n${request.method}\n${uri}\n${request.body}\n`;
      return matches(signature, key.secret, payload) && isFresh(Number(timestamp), nowMs) ? key : null;
    },
    expireAll() {
      tokens.clear();
      refreshTokens.clear();
    },
  };
}

function matches(signature: string, secret: string, payload: string): boolean {
  const expected = Buffer.from(createHmac('sha256', secret).update(payload).digest('hex'));
  const given = Buffer.from(signature);
  return given.length === expected.length && timingSafeEqual(given, expected);
}
