import { createHmac } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { authMessage, signAuth, signedHeaders, signRest } from '#venues/bybit/signing.ts';
import { hasSharedData, sharedText } from '../support/shared-data.ts';

const vectors = z.array(
  z.object({
    id: z.string(),
    key: z.string(),
    secret: z.string(),
    timestamp: z.union([z.string(), z.number()]).optional(),
    recvWindow: z.string().optional(),
    body: z.string().optional(),
    expires: z.number().optional(),
    signature: z.string(),
  }),
);

const FILE = 'known-answers/signatures.json';

describe.skipIf(!hasSharedData(FILE))('H11: published signatures of Bybit V5', () => {
  const known = vectors.parse(JSON.parse(sharedText(FILE)));
  const vector = (id: string) => {
    const found = known.find((each) => each.id === id);
    if (found === undefined) throw new Error(`no vector ${id}`);
    return found;
  };

  it.each(['bybit-get', 'bybit-post'])('%s', (id) => {
    const { key, secret, timestamp, recvWindow, body, signature } = vector(id);
    expect(signRest({ key, secret }, Number(timestamp), Number(recvWindow), body ?? '')).toBe(signature);
  });

  it('bybit-ws-auth', () => {
    const { key, secret, expires = 0, signature } = vector('bybit-ws-auth');
    expect(signAuth(secret, expires)).toBe(signature);
    expect(JSON.parse(authMessage({ key, secret }, expires, 'a1'))).toEqual({
      req_id: 'a1',
      op: 'auth',
      args: [key, expires, signature],
    });
  });
});

describe('H11: signing of Bybit V5', () => {
  it('signs timestamp, key, window and the bytes as sent, as lower-case hex', () => {
    const credentials = { key: 'k', secret: 's' };
    const expected = createHmac('sha256', 's').update('1700000000000k5000{"a":1}').digest('hex');
    expect(signedHeaders(credentials, 1_700_000_000_000, 5_000, '{"a":1}')).toEqual({
      'X-BAPI-API-KEY': 'k',
      'X-BAPI-TIMESTAMP': '1700000000000',
      'X-BAPI-RECV-WINDOW': '5000',
      'X-BAPI-SIGN': expected,
    });
  });

  it('R6: the secret is in no header', () => {
    const headers = signedHeaders({ key: 'k', secret: 'very-secret' }, 1, 1, '');
    expect(JSON.stringify(headers)).not.toContain('very-secret');
  });
});
