import { describe, expect, test } from 'vitest';
import { KEYS, openBinance } from '../support/binance-usdm-world.ts';
import { call, connect, ORDER, request } from '../support/plain-binance-client.ts';
import { until } from '../support/until.ts';

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
