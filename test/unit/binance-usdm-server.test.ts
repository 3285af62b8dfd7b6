import { createHmac } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { systemClock } from '#core/time/system-clock.ts';
import { createBinanceUsdmServer } from '#simulation/protocol/binance-usdm-server.ts';
import { KEYS, openBinance, until } from '../support/binance-usdm-world.ts';

type World = Awaited<ReturnType<typeof openBinance>>;

const sign = (payload: string) => createHmac('sha256', KEYS.secret).update(payload).digest('hex');

/** A REST request as any client would make it; `query` without timestamp and signature, which are added. */
async function call(
  world: World,
  method: string,
  path: string,
  query: Record<string, string> = {},
  headers: Record<string, string> = { 'X-MBX-APIKEY': KEYS.key },
) {
  const payload = new URLSearchParams({ ...query, timestamp: String(Date.now()) }).toString();
  return request(world, method, `${path}?${payload}&signature=${sign(payload)}`, headers);
}

async function request(
  world: World,
  method: string,
  pathAndQuery: string,
  headers: Record<string, string> = {},
  body?: string,
) {
  const answer = await fetch(`${world.server.urls.rest}${pathAndQuery}`, {
    method,
    headers,
    ...(body === undefined ? {} : { body }),
  });
  return { status: answer.status, headers: answer.headers, body: JSON.parse(await answer.text()) };
}

/** A plain websocket client and what it heard. */
async function connect(url: string) {
  const socket = new WebSocket(url);
  const heard: string[] = [];
  let closed: number | null = null;
  let pings = 0;
  socket.on('message', (data) => heard.push(String(data)));
  socket.on('close', (code) => {
    closed = code;
  });
  socket.on('ping', () => {
    pings += 1;
  });
  await new Promise((done, fail) => {
    socket.once('open', done);
    socket.once('error', fail);
  });
  return {
    socket,
    heard,
    get closed() {
      return closed;
    },
    get pings() {
      return pings;
    },
    send: (message: unknown) => socket.send(typeof message === 'string' ? message : JSON.stringify(message)),
    json: () => heard.map((text) => JSON.parse(text)),
  };
}

const ORDER = {
  symbol: 'BTCUSDT',
  side: 'BUY',
  type: 'LIMIT',
  timeInForce: 'GTC',
  quantity: '0.010',
  price: '60000.0',
};

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
    const world = await openBinance({ limits: { ordersPer10Seconds: 2 } });
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

describe('market streams', () => {
  test('R5: diffs join the snapshot and each other by U, u and pu, and give the book of the venue', async () => {
    const world = await openBinance();
    world.rest('buy', 599_980, 10);
    const client = await connect(`${world.server.urls.market}/public/stream?streams=btcusdt@depth@0ms`);
    world.rest('buy', 599_990, 20);
    const snapshot = (await request(world, 'GET', '/fapi/v1/depth?symbol=BTCUSDT&limit=1000')).body;
    const order = world.rest('sell', 600_010, 30);
    world.rest('sell', 600_020, 5);
    world.exchange.cancel('other', { orderId: order.orderId, clientOrderId: null });
    await until('all diffs', () => client.heard.length >= 4);
    const diffs = client.json().map((each) => each.data);
    expect(diffs.every((each, index) => index === 0 || each.pu === diffs[index - 1].u)).toBe(true);
    const after = diffs.filter((each) => each.u >= snapshot.lastUpdateId);
    expect(after[0].U <= snapshot.lastUpdateId || after[0].pu === snapshot.lastUpdateId).toBe(true);
    const book = new Map<string, string>(snapshot.asks);
    for (const each of after)
      for (const [price, size] of each.a)
        if (Number(size) === 0) book.delete(price);
        else book.set(price, size);
    expect([...book]).toEqual([['60002.0', '0.005']]);
    expect(client.json()[0].stream).toBe('btcusdt@depth@0ms');
  });

  test('changes are gathered for 100 ms', async () => {
    const world = await openBinance();
    const client = await connect(`${world.server.urls.market}/public/ws/btcusdt@depth@100ms`);
    for (let index = 0; index < 20; index += 1) world.rest('buy', 599_900 - index, 1);
    await until('a diff', () => client.heard.length > 0);
    const [first] = client.json();
    expect(first).toMatchObject({ e: 'depthUpdate', s: 'BTCUSDT' });
    expect(first.b).toHaveLength(20);
    expect(first.u - first.U).toBe(19);
  });

  test('trades, quotes and marks go to the addresses that serve them', async () => {
    const world = await openBinance();
    const streams = 'btcusdt@aggTrade/btcusdt@bookTicker/btcusdt@trade/btcusdt@markPrice@1s';
    const [open, market, legacy] = await Promise.all(
      ['/public/stream', '/market/stream', '/stream'].map((path) =>
        connect(`${world.server.urls.market}${path}?streams=${streams}`),
      ),
    );
    world.rest('sell', 600_000, 10);
    await call(world, 'POST', '/fapi/v1/order', { ...ORDER, timeInForce: 'IOC', quantity: '0.004' });
    const names = (client: typeof open) => [...new Set((client?.json() ?? []).map((each) => each.data.e))].sort();
    await until('all', () => names(legacy).length === 3);
    expect(names(open)).toEqual(['bookTicker', 'trade']);
    expect(names(market)).toEqual(['aggTrade', 'trade']);
    const aggregated = market?.json().find((each) => each.data.e === 'aggTrade').data;
    expect(aggregated).toMatchObject({ s: 'BTCUSDT', p: '60000.0', q: '0.004', m: false });
    const quote = open?.json().findLast((each) => each.data.e === 'bookTicker').data;
    expect(quote).toMatchObject({ a: '60000.0', A: '0.006', b: '0.0' });
  });

  test('subscriptions are made, listed and undone; each request is answered by its id', async () => {
    const world = await openBinance();
    const client = await connect(`${world.server.urls.market}/public/stream`);
    client.send({ method: 'SUBSCRIBE', params: ['btcusdt@bookTicker', 'btcusdt@nothing'], id: 1 });
    client.send({ method: 'LIST_SUBSCRIPTIONS', id: 'two' });
    client.send({ method: 'UNSUBSCRIBE', params: ['btcusdt@nothing'], id: 3 });
    client.send({ method: 'LIST_SUBSCRIPTIONS', id: 4 });
    client.send({ method: 'DANCE', id: 5 });
    client.send('{"method":');
    await until('six answers', () => client.heard.length === 6);
    expect(client.json()).toMatchObject([
      { result: null, id: 1 },
      { result: ['btcusdt@bookTicker', 'btcusdt@nothing'], id: 'two' },
      { result: null, id: 3 },
      { result: ['btcusdt@bookTicker'], id: 4 },
      { error: { code: 2 }, id: 5 },
      { error: { code: 3 } },
    ]);
  });

  test('more than ten client messages in a second close the connection', async () => {
    const world = await openBinance();
    const client = await connect(`${world.server.urls.market}/market/ws`);
    for (let index = 0; index < 12; index += 1) client.send({ method: 'LIST_SUBSCRIPTIONS', id: index });
    await until('closed', () => client.closed !== null);
    expect(client.closed).toBe(1008);
    expect(client.heard).toHaveLength(10);
  });

  test('the venue pings, and answers pings', async () => {
    const world = await openBinance({ pingIntervalMs: 20 });
    const client = await connect(`${world.server.urls.market}/public/ws`);
    let ponged = false;
    client.socket.on('pong', () => {
      ponged = true;
    });
    client.socket.ping();
    await until('pings and a pong', () => client.pings >= 2 && ponged);
    expect(client.closed).toBeNull();
  });

  test('T1: every frame handed to an open market connection is counted, by connection and in all', async () => {
    const world = await openBinance();
    const clients = await Promise.all(
      [0, 1].map(() => connect(`${world.server.urls.market}/public/stream?streams=btcusdt@depth@0ms`)),
    );
    clients[0]?.send({ method: 'LIST_SUBSCRIPTIONS', id: 1 });
    for (let index = 0; index < 10; index += 1) world.rest('buy', 599_900 - index, 1);
    await until('all', () => clients[0]?.heard.length === 11 && clients[1]?.heard.length === 10);
    clients[1]?.socket.close();
    await until('gone', () => world.server.stats().openSessions === 1);
    world.rest('buy', 599_000, 1);
    await until('one more', () => clients[0]?.heard.length === 12);
    const stats = world.server.stats();
    expect(stats.framesSent).toBe(22);
    expect(stats.answersSent).toBe(1);
    expect(stats.connections.map((each) => each.framesSent).sort((a, b) => a - b)).toEqual([10, 12]);
  });

  test('F17, F28: a stalled symbol and a lost frame, as ordered', async () => {
    const world = await openBinance();
    const client = await connect(`${world.server.urls.market}/public/stream?streams=btcusdt@depth@0ms`);
    world.rest('buy', 599_900, 1);
    world.server.faults.arm('dropPublicFrame');
    world.rest('buy', 599_901, 1);
    world.rest('buy', 599_902, 1);
    await until('two', () => client.heard.length === 2);
    const [first, second] = client.json().map((each) => each.data);
    expect(second.pu).toBe(first.u + 1);
    world.server.faults.pausePublic('BTCUSDT');
    world.rest('buy', 599_903, 1);
    world.server.faults.resumePublic('BTCUSDT');
    world.rest('buy', 599_904, 1);
    await until('three', () => client.heard.length === 3);
    expect(client.json()[2].data.pu).toBe(second.u);
    expect(client.json()[2].data.U).toBe(second.u + 2);
  });
});

describe('recorded frames', () => {
  const raw = (stream: string, channel: 'book' | 'trades' | 'quotes', data: string) => ({
    symbol: 'BTCUSDT',
    channel,
    stream,
    frame: Buffer.from(`{"stream":"${stream}","data":${data}}`),
  });

  test('T1: they go out byte by byte, to the equivalent subscription', async () => {
    const world = await openBinance({ origin: 'recorded' });
    const open = await connect(
      `${world.server.urls.market}/public/stream?streams=btcusdt@depth@100ms/btcusdt@bookTicker`,
    );
    const market = await connect(`${world.server.urls.market}/market/stream?streams=btcusdt@aggTrade`);
    const plain = await connect(`${world.server.urls.market}/public/ws/btcusdt@depth@500ms`);
    const frames = [
      raw('btcusdt@depth@0ms', 'book', '{"e":"depthUpdate","odd":  [1,2] }'),
      raw('btcusdt@trade', 'trades', '{"e":"trade","p":"1.0"}'),
      raw('btcusdt@bookTicker', 'quotes', '{"e":"bookTicker"}'),
    ];
    world.tell(...frames);
    await until('all', () => open.heard.length === 2 && market.heard.length === 1 && plain.heard.length === 1);
    expect(open.heard).toEqual([frames[0]?.frame.toString(), frames[2]?.frame.toString()]);
    expect(market.heard).toEqual([frames[1]?.frame.toString()]);
    expect(plain.heard).toEqual(['{"e":"depthUpdate","odd":  [1,2] }']);
    // What trades here is not made up beside the recording.
    world.rest('sell', 600_000, 10);
    await new Promise((done) => setTimeout(done, 150));
    expect(world.server.stats().framesSent).toBe(4);
  });

  test('a recording that has aggTrade serves that, and trades to those who asked for them', async () => {
    const world = await openBinance({ origin: 'recorded' });
    const client = await connect(`${world.server.urls.market}/market/stream?streams=btcusdt@aggTrade`);
    world.tell(raw('btcusdt@aggTrade', 'trades', '{"e":"aggTrade"}'));
    world.tell(raw('btcusdt@trade', 'trades', '{"e":"trade"}'));
    world.tell(raw('btcusdt@aggTrade', 'trades', '{"e":"aggTrade"}'));
    await until('both', () => client.heard.length === 2);
    expect(client.json().map((each) => each.data.e)).toEqual(['aggTrade', 'aggTrade']);
  });
});

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

describe('user streams', () => {
  test('every address of a listen key serves it; orders, then their fills and the account', async () => {
    const world = await openBinance();
    const { listenKey } = (await request(world, 'POST', '/fapi/v1/listenKey', { 'X-MBX-APIKEY': KEYS.key })).body;
    expect((await request(world, 'POST', '/fapi/v1/listenKey', { 'X-MBX-APIKEY': KEYS.key })).body.listenKey).toBe(
      listenKey,
    );
    const clients = await Promise.all(
      [`/private/stream?listenKey=${listenKey}`, `/private/ws/${listenKey}`, `/ws/${listenKey}`].map((path) =>
        connect(`${world.server.urls.market}${path}`),
      ),
    );
    world.rest('sell', 600_000, 10);
    await call(world, 'POST', '/fapi/v1/order', { ...ORDER, newClientOrderId: 'mine-1' });
    for (const [index, client] of clients.entries()) {
      await until('four events', () => client.heard.length >= 4);
      const events = client.json().map((each) => (index === 0 ? each.data : each));
      expect(events.map((each) => each.e)).toEqual([
        'ORDER_TRADE_UPDATE',
        'TRADE_LITE',
        'ORDER_TRADE_UPDATE',
        'ACCOUNT_UPDATE',
      ]);
      expect(events[0].o).toMatchObject({ c: 'mine-1', x: 'NEW', X: 'NEW', q: '0.010', p: '60000.0', ps: 'BOTH' });
      expect(events[2].o).toMatchObject({
        x: 'TRADE',
        X: 'FILLED',
        l: '0.010',
        L: '60000.0',
        z: '0.010',
        N: 'USDT',
        m: false,
      });
      expect(events[3].a).toMatchObject({
        m: 'ORDER',
        B: [{ a: 'USDT' }],
        P: [{ s: 'BTCUSDT', pa: '0.010', ps: 'BOTH' }],
      });
    }
    expect(world.server.stats().framesSent).toBe(0);
  });

  test('an unknown listen key is refused', async () => {
    const world = await openBinance();
    await expect(connect(`${world.server.urls.account}/stream?listenKey=${'0'.repeat(64)}`)).rejects.toThrow(/401/);
  });
});

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
