import { describe, expect, it } from 'vitest';
import { NumberText, requestText } from '#venues/deribit/json-rpc.ts';
import { authorizationHeader, signatureGrant, signRequest, signSession } from '#venues/deribit/signing.ts';
import { hasSharedData, sharedText } from '../support/shared-data.ts';

const ANSWERS = 'known-answers/signatures.json';
const KEYS = { key: 'key-id', secret: 'a-secret' };

interface KnownAnswer {
  readonly exchange: string;
  readonly secret: string;
  readonly timestamp: number;
  readonly nonce: string;
  readonly data: string;
  readonly signature: string;
}

describe('Deribit signatures', () => {
  it.skipIf(!hasSharedData(ANSWERS))('agrees with the published known answer', () => {
    const all = JSON.parse(sharedText(ANSWERS)) as readonly KnownAnswer[];
    const known = all.filter((each) => each.exchange === 'deribit');
    expect(known.length).toBeGreaterThan(0);
    for (const { secret, timestamp, nonce, data, signature } of known) {
      expect(signSession(secret, timestamp, nonce, data)).toBe(signature);
    }
  });

  it('a grant by signature names key, time and nonce, and never the secret', () => {
    const grant = signatureGrant(KEYS, 1_700_000_000_000, 'abc');
    expect(grant).toEqual({
      grant_type: 'client_signature',
      client_id: 'key-id',
      timestamp: 1_700_000_000_000,
      nonce: 'abc',
      data: '',
      signature: signSession(KEYS.secret, 1_700_000_000_000, 'abc', ''),
    });
    expect(JSON.stringify(grant)).not.toContain(KEYS.secret);
    expect(signatureGrant(KEYS, 1).nonce).not.toBe(signatureGrant(KEYS, 1).nonce);
  });

  it('a REST header is signed over time, nonce, method, address and body, each ended by a line', () => {
    const request = { timestamp: 7, method: 'GET', uri: '/api/v2/private/get_positions?currency=BTC', body: '' };
    const signature = signRequest(KEYS.secret, { ...request, nonce: 'n' });
    expect(authorizationHeader(KEYS, request, 'n')).toBe(`deri-hmac-sha256 id=key-id,ts=7,sig=${signature},nonce=n`);
    expect(signRequest(KEYS.secret, { ...request, nonce: 'n', uri: '/api/v2/other' })).not.toBe(signature);
  });

  it('decimals go into a request digit by digit', () => {
    const text = requestText('a-1', 'private/buy', {
      amount: new NumberText('0.1000000000000000055'),
      label: 'x"y',
      price: undefined,
    });
    expect(text).toBe(
      '{"jsonrpc":"2.0","id":"a-1","method":"private/buy","params":{"amount":0.1000000000000000055,"label":"x\\"y"}}',
    );
  });
});
