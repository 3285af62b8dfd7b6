import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { EpochMs, MonoNanos } from '#core/time/clock.ts';
import {
  createSigner,
  restPayload,
  signedParams,
  signedQuery,
  signedRequest,
  signedWindow,
  websocketPayload,
} from '#venues/binance/signing.ts';
import { createVenueClock } from '#venues/connection/venue-clock.ts';
import { hasSharedData, sharedText } from '../support/shared-data.ts';

const VECTORS = 'known-answers/signatures.json';
const credentials = {
  key: 'vmPUZE6mv9SD5VNHk4HlWFsOr6aKE2zvsw0MuIgwCIPy6utIco14y7Ju91duEh8A',
  secret: 'NhqPtmdSJYdKjVHjA7PZj4Mge3R5YNiP1e3UZjInClVN65XAbvqqM6A7H5fATj0j',
};

describe('signing', () => {
  test.skipIf(!hasSharedData(VECTORS))(
    'every published vector of the venue is met (skipped where the shared data is not there)',
    () => {
      const published = JSON.parse(sharedText(VECTORS)).filter(
        (each: { exchange: string }) => each.exchange === 'binance',
      );
      const sign = createSigner();
      expect(published.length).toBeGreaterThanOrEqual(5);
      for (const { key, secret, payload, signature } of published)
        expect(sign({ key, secret }, payload)).toBe(signature);
    },
  );

  test('R7: a REST request of the documentation is signed as it stands there', () => {
    const query = signedQuery(
      createSigner(),
      credentials,
      { symbol: 'LTCBTC', side: 'BUY', type: 'LIMIT', timeInForce: 'GTC', quantity: '1', price: '0.1' },
      { timestamp: 1499827319559 as EpochMs, recvWindow: 5000 },
    );
    expect(query).toBe(
      'symbol=LTCBTC&side=BUY&type=LIMIT&timeInForce=GTC&quantity=1&price=0.1&recvWindow=5000&timestamp=1499827319559' +
        '&signature=c8db56825ae71d6d79447849e617115f4a920fa2acdcab2b053c4b2838bd6b71',
    );
  });

  test('a request of the websocket API is signed over its sorted parameters', () => {
    const params = signedParams(
      createSigner(),
      credentials,
      { symbol: 'BTCUSDT', side: 'SELL', type: 'LIMIT', timeInForce: 'GTC', quantity: '0.01000000', price: '52000.00' },
      { timestamp: 1645423376532 as EpochMs, recvWindow: 100 },
    );
    expect(params.signature).toBe('aa1b5712c094bc4e57c05a1a5c1fd8d88dcd628338ea863fec7b88e59fe2db24');
  });

  test('a request written in one pass says what the parameters signed by themselves say, whatever they are', () => {
    const window = { timestamp: 1645423376532 as EpochMs, recvWindow: 100 };
    const sign = createSigner();
    const names = fc.oneof(
      fc.constantFrom(
        'newClientOrderId',
        'price',
        'quantity',
        'recvWindow',
        'reduceOnly',
        'side',
        'symbol',
        'timestamp',
      ),
      fc.constantFrom('apiKey', 'timeInForce', 'type', 'a', 'z', '1', '１'),
    );
    const values = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 12 }),
      fc.string({ maxLength: 12 }),
      fc.constantFrom('１２', '"', '\\', '\n', '\ud83d', '\ud83d\ude00', '\u2028'),
      fc.integer(),
      fc.boolean(),
    );
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.tuple(names, values), { selector: ([name]) => name }),
        fc.boolean(),
        (all, sorted) => {
          const params = Object.fromEntries(sorted ? all.toSorted(([a], [b]) => (a < b ? -1 : 1)) : all);
          const text = signedRequest(sign, credentials, { id: 'm1', method: 'order.place', params }, window);
          const expected = { id: 'm1', method: 'order.place', params: signedParams(sign, credentials, params, window) };
          expect(JSON.parse(text)).toEqual(expected);
        },
      ),
      { numRuns: 500 },
    );
  });

  test('text beyond ASCII is percent-encoded in REST and stands as it is in the websocket API', () => {
    expect(restPayload({ symbol: '１２' })).toBe('symbol=%EF%BC%91%EF%BC%92');
    expect(websocketPayload({ b: '１', a: true })).toBe('a=true&b=１');
  });

  test('a rotated secret signs from the next request on', () => {
    const sign = createSigner();
    const first = sign(credentials, 'x');
    expect(sign({ ...credentials, secret: 'another' }, 'x')).not.toBe(first);
    expect(sign(credentials, 'x')).toBe(first);
  });
});

describe('the window of a request', () => {
  /** Wall clock at 1,000,000; the venue is `aheadMs` before it, known from one sample of a 10 ms round trip. */
  function world(aheadMs: number) {
    const clock = { monoNanos: () => 5e9 as MonoNanos, epochMs: () => 1_000_000 as EpochMs };
    const venueClock = createVenueClock(clock);
    venueClock.sample((5e9 - 10e6) as MonoNanos, 5e9 as MonoNanos, (1_000_000 + aheadMs - 5) as EpochMs);
    return { clock, venueClock };
  }

  test('H18, R5: it ends before the lease does, in the time of a venue that is ahead or behind', () => {
    for (const aheadMs of [-3_000, -100, 0, 100, 3_000]) {
      const { clock, venueClock } = world(aheadMs);
      const window = signedWindow(venueClock, clock, 1_002_000 as EpochMs);
      expect(window).not.toBeNull();
      const end = (window?.timestamp ?? 0) + (window?.recvWindow ?? 0);
      expect(end).toBeLessThan(1_002_000 + aheadMs);
      expect(window?.timestamp).toBeLessThanOrEqual(1_000_000 + aheadMs);
    }
  });

  test('it is never longer than the venue allows by default', () => {
    const { clock, venueClock } = world(0);
    expect(signedWindow(venueClock, clock, 9_000_000 as EpochMs)?.recvWindow).toBe(5_000);
  });

  test('with less than 50 ms left there is none', () => {
    const { clock, venueClock } = world(0);
    expect(signedWindow(venueClock, clock, 1_000_049 as EpochMs)).toBeNull();
    expect(signedWindow(venueClock, clock, 999_000 as EpochMs)).toBeNull();
    expect(signedWindow(venueClock, clock, 1_000_060 as EpochMs)).not.toBeNull();
  });
});
