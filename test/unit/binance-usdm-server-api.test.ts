import { createHmac } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { KEYS, openBinance } from '../support/binance-usdm-world.ts';
import { connect, ORDER } from '../support/plain-binance-client.ts';
import { until } from '../support/until.ts';

describe('the websocket API', () => {
  const signed = (params: Record<string, unknown>, secret = KEYS.secret) => {
    const all: Record<string, unknown> = { ...params, apiKey: KEYS.key, timestamp: Date.now() };
    const payload = Object.keys(all)
      .sort()
      .map((name) => `${name}=${all[name]}`)
      .join('&');
    return { ...all, signature: createHmac('sha256', secret).update(payload).digest('hex') };
  };

  test('requests are answered by their ids, with the limits that were used', async () => {
    const world = await openBinance();
    const client = await connect(world.server.urls.orders);
    client.send({ id: 'a', method: 'order.place', params: signed({ ...ORDER, newClientOrderId: 'mine-1' }) });
    client.send({ id: 2, method: 'order.status', params: signed({ symbol: 'BTCUSDT', origClientOrderId: 'mine-1' }) });
    client.send({
      id: 3,
      method: 'order.modify',
      params: signed({
        symbol: 'BTCUSDT',
        side: 'BUY',
        origClientOrderId: 'mine-1',
        quantity: '0.030',
        price: '58000.0',
      }),
    });
    client.send({ id: 4, method: 'order.cancel', params: signed({ symbol: 'BTCUSDT', origClientOrderId: 'mine-1' }) });
    client.send({ id: 5, method: 'v2/account.position', params: signed({}) });
    client.send({ id: 6, method: 'account.balance', params: signed({ returnRateLimits: false }) });
    await until('six answers', () => client.heard.length === 6);
    expect(client.json()).toMatchObject([
      { id: 'a', status: 200, result: { status: 'NEW', clientOrderId: 'mine-1' } },
      { id: 2, status: 200, result: { avgPrice: '0.0' } },
      { id: 3, status: 200, result: { origQty: '0.030' } },
      { id: 4, status: 200, result: { status: 'CANCELED' } },
      { id: 5, status: 200, result: [{ symbol: 'BTCUSDT' }] },
      { id: 6, status: 200, result: [{ asset: 'USDT' }] },
    ]);
    expect(client.json()[0].rateLimits).toContainEqual({
      rateLimitType: 'ORDERS',
      interval: 'SECOND',
      intervalNum: 10,
      limit: 300,
      count: 1,
    });
    expect(client.json()[5].rateLimits).toBeUndefined();
  });

  test('what is wrong is said by code', async () => {
    const world = await openBinance();
    const client = await connect(world.server.urls.orders);
    client.send({ id: 1, method: 'order.place', params: signed(ORDER, 'wrong') });
    client.send({ id: 2, method: 'order.place', params: { ...signed(ORDER), apiKey: 'who' } });
    client.send({ id: 3, method: 'order.dance', params: {} });
    client.send({ id: 4, method: 'session.logon', params: signed({}) });
    client.send('nonsense');
    await until('five answers', () => client.heard.length === 5);
    expect(client.json().map((each) => [each.id, each.error.code])).toEqual([
      [1, -1022],
      [2, -2015],
      [3, -1000],
      [4, -4056],
      [null, -1135],
    ]);
    expect(world.exchange.orders('tested', null)).toEqual([]);
  });
});
