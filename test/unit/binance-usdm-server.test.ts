import { describe, expect, test } from 'vitest';
import { systemClock } from '#core/time/system-clock.ts';
import { createBinanceUsdmServer } from '#simulation/protocol/binance-usdm-server.ts';
import { KEYS, openBinance } from '../support/binance-usdm-world.ts';
import { call, connect, ORDER, request, sign, type BinanceWorld as World } from '../support/plain-binance-client.ts';
import { until } from '../support/until.ts';

describe('REST', () => {
  test('public questions need no key', async () => {
    const world = await openBinance();
    world.rest('buy', 599_990, 20);
    world.rest('sell', 600_010, 10);
    const get = async (path: string) => (await request(world, 'GET', path)).body;
    expect(await get('/fapi/v1/ping')).toEqual({});
    expect(Math.abs((await get('/fapi/v1/time')).serverTime - Date.now())).toBeLessThan(500);
    const info = await get('/fapi/v1/exchangeInfo');
    expect(info.symbols[0]).toMatchObject({
      symbol: 'BTCUSDT',
      contractType: 'PERPETUAL',
      status: 'TRADING',
      pricePrecision: 1,
      quantityPrecision: 3,
    });
    expect(info.symbols[0].filters).toContainEqual({ filterType: 'MIN_NOTIONAL', notional: '5' });
    expect(await get('/fapi/v1/depth?symbol=BTCUSDT&limit=5')).toMatchObject({
      bids: [['59999.0', '0.020']],
      asks: [['60001.0', '0.010']],
    });
    expect(await get('/fapi/v1/ticker/bookTicker?symbol=BTCUSDT')).toMatchObject({
      bidPrice: '59999.0',
      askPrice: '60001.0',
      askQty: '0.010',
    });
    expect(await get('/fapi/v1/ticker/price')).toMatchObject([{ symbol: 'BTCUSDT' }]);
    expect(await get('/fapi/v1/premiumIndex?symbol=BTCUSDT')).toMatchObject({
      symbol: 'BTCUSDT',
      lastFundingRate: expect.any(String),
    });
  });

  test('an order is placed, seen, changed and cancelled, each answer in the venue’s form', async () => {
    const world = await openBinance();
    const placed = await call(world, 'POST', '/fapi/v1/order', { ...ORDER, newClientOrderId: 'mine-1' });
    expect(placed).toMatchObject({
      status: 200,
      body: {
        status: 'NEW',
        clientOrderId: 'mine-1',
        price: '60000.0',
        origQty: '0.010',
        executedQty: '0.000',
        positionSide: 'BOTH',
      },
    });
    expect(typeof placed.body.orderId).toBe('number');
    expect(placed.headers.get('x-mbx-order-count-10s')).toBe('1');
    expect((await call(world, 'GET', '/fapi/v1/openOrders', { symbol: 'BTCUSDT' })).body).toHaveLength(1);
    const changed = await call(world, 'PUT', '/fapi/v1/order', {
      symbol: 'BTCUSDT',
      side: 'BUY',
      origClientOrderId: 'mine-1',
      quantity: '0.020',
      price: '59000.0',
    });
    expect(changed.body).toMatchObject({ price: '59000.0', origQty: '0.020', orderId: placed.body.orderId });
    const canceled = await call(world, 'DELETE', '/fapi/v1/order', {
      symbol: 'BTCUSDT',
      orderId: String(placed.body.orderId),
    });
    expect(canceled.body).toMatchObject({ status: 'CANCELED' });
    expect(
      (await call(world, 'GET', '/fapi/v1/order', { symbol: 'BTCUSDT', origClientOrderId: 'mine-1' })).body,
    ).toMatchObject({ status: 'CANCELED', time: expect.any(Number) });
    expect((await call(world, 'GET', '/fapi/v1/allOrders', { symbol: 'BTCUSDT' })).body).toHaveLength(1);
  });

  test('parameters may come in the body, signed there', async () => {
    const world = await openBinance();
    const body = new URLSearchParams({ ...ORDER, timestamp: String(Date.now()) }).toString();
    const headers = { 'X-MBX-APIKEY': KEYS.key, 'content-type': 'application/x-www-form-urlencoded' };
    expect((await request(world, 'POST', '/fapi/v1/order', headers, `${body}&signature=${sign(body)}`)).status).toBe(
      200,
    );
    const mixed = `timestamp=${Date.now()}`;
    const rest = new URLSearchParams(ORDER).toString();
    expect(
      (await request(world, 'POST', `/fapi/v1/order?${mixed}`, headers, `${rest}&signature=${sign(mixed + rest)}`))
        .status,
    ).toBe(200);
  });

  test('fills, positions, balances and account after a trade', async () => {
    const world = await openBinance();
    world.rest('sell', 600_000, 10);
    await call(world, 'POST', '/fapi/v1/order', { symbol: 'BTCUSDT', side: 'BUY', type: 'MARKET', quantity: '0.010' });
    expect((await call(world, 'GET', '/fapi/v1/userTrades', { symbol: 'BTCUSDT' })).body).toMatchObject([
      {
        price: '60000.0',
        qty: '0.010',
        quoteQty: '600.0000',
        side: 'BUY',
        maker: false,
        buyer: true,
        commissionAsset: 'USDT',
        positionSide: 'BOTH',
      },
    ]);
    for (const version of ['v2', 'v3']) {
      expect((await call(world, 'GET', `/fapi/${version}/positionRisk`)).body).toMatchObject([
        { symbol: 'BTCUSDT', positionAmt: '0.010', positionSide: 'BOTH' },
      ]);
      expect((await call(world, 'GET', `/fapi/${version}/balance`)).body).toMatchObject([{ asset: 'USDT' }]);
      expect((await call(world, 'GET', `/fapi/${version}/account`)).body).toMatchObject({
        assets: [{ asset: 'USDT' }],
        positions: [{ positionAmt: '0.010' }],
      });
    }
  });

  test('everything open is cancelled at once', async () => {
    const world = await openBinance();
    await call(world, 'POST', '/fapi/v1/order', ORDER);
    await call(world, 'POST', '/fapi/v1/order', ORDER);
    expect((await call(world, 'DELETE', '/fapi/v1/allOpenOrders', { symbol: 'BTCUSDT' })).body).toMatchObject({
      code: 200,
    });
    expect(world.exchange.openOrders('tested', null)).toEqual([]);
  });
});

describe('refusals', () => {
  test.each<[string, (world: World) => Promise<{ status: number; body: { code: number } }>, number, number]>([
    ['no key', (world) => call(world, 'GET', '/fapi/v1/openOrders', {}, {}), 401, -2014],
    ['an unknown key', (world) => call(world, 'GET', '/fapi/v1/openOrders', {}, { 'X-MBX-APIKEY': 'who' }), 401, -2015],
    [
      'a wrong signature',
      (world) =>
        request(world, 'GET', `/fapi/v2/balance?timestamp=${Date.now()}&signature=00`, { 'X-MBX-APIKEY': KEYS.key }),
      400,
      -1022,
    ],
    [
      'no signature',
      (world) => request(world, 'GET', `/fapi/v2/balance?timestamp=${Date.now()}`, { 'X-MBX-APIKEY': KEYS.key }),
      400,
      -1102,
    ],
    [
      'no timestamp',
      (world) => request(world, 'GET', `/fapi/v2/balance?signature=${sign('')}`, { 'X-MBX-APIKEY': KEYS.key }),
      400,
      -1102,
    ],
    [
      'an old timestamp',
      (world) => request(world, 'GET', signedAt(Date.now() - 6_000), { 'X-MBX-APIKEY': KEYS.key }),
      400,
      -1021,
    ],
    [
      'a timestamp ahead',
      (world) => request(world, 'GET', signedAt(Date.now() + 1_500), { 'X-MBX-APIKEY': KEYS.key }),
      400,
      -1021,
    ],
    ['an unknown path', (world) => request(world, 'GET', '/fapi/v9/nothing'), 404, -5000],
    ['an unknown symbol', (world) => call(world, 'POST', '/fapi/v1/order', { ...ORDER, symbol: 'NOPE' }), 400, -1121],
    ['no quantity', (world) => call(world, 'POST', '/fapi/v1/order', { ...ORDER, quantity: '' }), 400, -1102],
    [
      'too many decimals',
      (world) => call(world, 'POST', '/fapi/v1/order', { ...ORDER, quantity: '0.0101' }),
      400,
      -1111,
    ],
    ['no number', (world) => call(world, 'POST', '/fapi/v1/order', { ...ORDER, price: 'cheap' }), 400, -1100],
    ['a wrong side', (world) => call(world, 'POST', '/fapi/v1/order', { ...ORDER, side: 'UP' }), 400, -1117],
    ['a wrong type', (world) => call(world, 'POST', '/fapi/v1/order', { ...ORDER, type: 'MAYBE' }), 400, -1116],
    [
      'a conditional order',
      (world) => call(world, 'POST', '/fapi/v1/order', { ...ORDER, type: 'STOP_MARKET' }),
      400,
      -4120,
    ],
    [
      'a wrong time in force',
      (world) => call(world, 'POST', '/fapi/v1/order', { ...ORDER, timeInForce: 'SOON' }),
      400,
      -1115,
    ],
    [
      'a long client id',
      (world) => call(world, 'POST', '/fapi/v1/order', { ...ORDER, newClientOrderId: 'x'.repeat(37) }),
      400,
      -4015,
    ],
    [
      'a hedge-mode order',
      (world) => call(world, 'POST', '/fapi/v1/order', { ...ORDER, positionSide: 'LONG' }),
      400,
      -4061,
    ],
    [
      'a price for a market order',
      (world) => call(world, 'POST', '/fapi/v1/order', { ...ORDER, type: 'MARKET' }),
      400,
      -1106,
    ],
    [
      'an unknown order',
      (world) => call(world, 'GET', '/fapi/v1/order', { symbol: 'BTCUSDT', orderId: '9' }),
      400,
      -2013,
    ],
    [
      'cancelling it',
      (world) => call(world, 'DELETE', '/fapi/v1/order', { symbol: 'BTCUSDT', orderId: '9' }),
      400,
      -2011,
    ],
    ['naming no order', (world) => call(world, 'DELETE', '/fapi/v1/order', { symbol: 'BTCUSDT' }), 400, -1102],
    ['a wrong depth', (world) => request(world, 'GET', '/fapi/v1/depth?symbol=BTCUSDT&limit=7'), 400, -4021],
    [
      'eight days at once',
      (world) =>
        call(world, 'GET', '/fapi/v1/userTrades', {
          symbol: 'BTCUSDT',
          startTime: '1',
          endTime: String(8 * 86_400_000),
        }),
      400,
      -4165,
    ],
    [
      'a listen key that is none',
      (world) => request(world, 'PUT', '/fapi/v1/listenKey', { 'X-MBX-APIKEY': KEYS.key }),
      400,
      -1125,
    ],
  ])('refused: %s', async (_what, send, status, code) => {
    const world = await openBinance();
    const answer = await send(world);
    expect([answer.status, answer.body.code]).toEqual([status, code]);
    expect(world.exchange.orders('tested', null)).toEqual([]);
    expect(world.server.stats().errors).toEqual([]);
  });

  test.each([
    ['off the tick', { price: '60000.05' }, -1111],
    ['far above the mark', { price: '70000.0' }, -4016],
    ['far below the mark', { side: 'SELL', price: '50000.0' }, -4024],
    ['too small', { quantity: '0.000' }, -4003],
    ['too large', { quantity: '1000.001' }, -4005],
    ['worth too little', { quantity: '0.001', price: '59900.0', side: 'BUY' }, -4164],
    ['beyond the margin', { quantity: '900.000' }, -2019],
    ['reducing nothing', { reduceOnly: 'true' }, -2022],
  ])('S3: the matching engine refuses what is %s by its own code', async (_what, parts, code) => {
    const world = await openBinance({}, { minNotional: 100 });
    world.mark(600_000);
    world.rest('buy', 599_950, 10);
    world.rest('sell', 600_050, 10);
    const answer = await call(world, 'POST', '/fapi/v1/order', { ...ORDER, ...parts });
    expect([answer.status, answer.body.code]).toEqual([400, code]);
  });

  test('F14: an amendment below what was filled cancels the rest', async () => {
    const world = await openBinance();
    world.rest('sell', 600_000, 4);
    await call(world, 'POST', '/fapi/v1/order', { ...ORDER, newClientOrderId: 'mine-1' });
    const changed = await call(world, 'PUT', '/fapi/v1/order', {
      symbol: 'BTCUSDT',
      side: 'BUY',
      origClientOrderId: 'mine-1',
      quantity: '0.004',
      price: '60000.0',
    });
    expect(changed.body).toMatchObject({ status: 'CANCELED', executedQty: '0.004' });
  });

  test('a post-only order that would take is acknowledged and expires', async () => {
    const world = await openBinance();
    world.rest('sell', 600_000, 4);
    expect(
      (await call(world, 'POST', '/fapi/v1/order', { ...ORDER, timeInForce: 'GTX', newClientOrderId: 'mine-1' })).body,
    ).toMatchObject({ status: 'NEW' });
    expect(
      (await call(world, 'GET', '/fapi/v1/order', { symbol: 'BTCUSDT', origClientOrderId: 'mine-1' })).body,
    ).toMatchObject({
      status: 'EXPIRED',
      timeInForce: 'GTX',
      executedQty: '0.000',
    });
  });

  test('a key that may only read places nothing', async () => {
    const world = await openBinance();
    world.keys.add({ ...KEYS, accountId: 'tested', readOnly: true });
    expect((await call(world, 'GET', '/fapi/v1/openOrders')).status).toBe(200);
    expect((await call(world, 'POST', '/fapi/v1/order', ORDER)).body.code).toBe(-2015);
  });

  test('F26: weight is counted by address; beyond it 429 with a wait, then 418', async () => {
    const world = await openBinance({ limits: { weightPerMinute: 10 } });
    const statuses: number[] = [];
    for (let index = 0; index < 40; index += 1) statuses.push((await request(world, 'GET', '/fapi/v1/ping')).status);
    expect(statuses.slice(0, 10)).toEqual(Array(10).fill(200));
    expect(statuses[10]).toBe(429);
    expect(statuses.at(-1)).toBe(418);
    const banned = await request(world, 'GET', '/fapi/v1/ping');
    expect(Number(banned.headers.get('retry-after'))).toBeGreaterThan(60);
  });

  test('F26: orders are counted by account, in 10 s', async () => {
    const world = await openBinance({ limits: { orders: [{ interval: 'SECOND', intervalNum: 10, limit: 2 }] } });
    const codes: unknown[] = [];
    for (let index = 0; index < 3; index += 1)
      codes.push((await call(world, 'POST', '/fapi/v1/order', ORDER)).body.code);
    expect(codes).toEqual([undefined, undefined, -1015]);
  });

  test('G8: maintenance answers 503 and closes the sockets', async () => {
    const world = await openBinance();
    const client = await connect(`${world.server.urls.market}/public/stream`);
    world.server.faults.setMaintenance(true);
    expect((await request(world, 'GET', '/fapi/v1/ping')).status).toBe(503);
    await until('closed', () => client.closed === 1012);
    await expect(connect(`${world.server.urls.market}/public/stream`)).rejects.toThrow(/503/);
    world.server.faults.setMaintenance(false);
    expect((await request(world, 'GET', '/fapi/v1/ping')).status).toBe(200);
  });
});

function signedAt(timestamp: number): string {
  return `/fapi/v2/balance?timestamp=${timestamp}&signature=${sign(`timestamp=${timestamp}`)}`;
}

describe('the server', () => {
  test('a port in use is one clear error, and nothing is left running', async () => {
    const world = await openBinance();
    const second = createBinanceUsdmServer({
      exchange: world.exchange,
      keys: world.keys,
      clock: systemClock,
      host: '127.0.0.1',
      port: world.server.port,
    });
    await expect(second).rejects.toThrow(/^PORT_IN_USE: host=127.0.0.1 port=\d+/);
  });

  test('an unknown address is refused', async () => {
    const world = await openBinance();
    await expect(connect(`${world.server.urls.market}/elsewhere`)).rejects.toThrow(/404/);
  });

  test('nothing that a client sends breaks it', async () => {
    const world = await openBinance();
    const client = await connect(`${world.server.urls.market}/market/stream`);
    for (const text of ['[]', 'null', '{"method":5}', '{"method":"SUBSCRIBE","params":{"a":1},"id":{}}', '\u0000'])
      client.send(text);
    const api = await connect(world.server.urls.orders);
    for (const text of [
      '[]',
      'null',
      '{"method":5}',
      '{"id":1,"method":"order.place","params":null}',
      '{"id":2,"method":"__proto__"}',
      '{"id":3,"method":"constructor"}',
    ])
      api.send(text);
    await until('answers', () => client.heard.length === 5 && api.heard.length === 6);
    expect(world.server.stats().errors).toEqual([]);
  });
});
