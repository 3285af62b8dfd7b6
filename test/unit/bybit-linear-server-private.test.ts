import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { GOOD_KEYS } from '../support/bybit-linear-world.ts';
import { authOf, useBybitServer } from '../support/plain-bybit-client.ts';
import { until } from '../support/until.ts';

const server = useBybitServer();
const { client, signedGet } = server;

describe('signing in and signatures', () => {
  it('H11: a private socket is signed in by the documented signature, and refused otherwise', async () => {
    const good = await client('/v5/private');
    expect(await good.ask({ op: 'subscribe', args: ['order'] })).toMatchObject({ success: false });
    expect(await good.ask(authOf())).toMatchObject({ success: true, op: 'auth' });
    expect(await good.ask({ op: 'subscribe', args: ['order', 'wallet'] })).toMatchObject({ success: true });
    expect(await good.ask({ op: 'subscribe', args: ['order.linear', 'position'] })).toMatchObject({ success: false });
    expect(await good.ask({ op: 'ping', req_id: 'x' })).toMatchObject({ op: 'pong', req_id: 'x' });
    const bad = await client('/v5/private');
    expect(await bad.ask(authOf(Date.now() + 5_000, 'wrong'))).toMatchObject({ success: false, retCode: 10004 });
    await until('closed', bad.isClosed);
    const late = await client('/v5/trade');
    expect(await late.ask(authOf(Date.now() - 1))).toMatchObject({ retCode: 10004, op: 'auth' });
  });

  it.each([
    ['a wrong signature', { secret: 'wrong' }, 10004],
    ['an unknown key', { key: 'nobody' }, 10003],
    ['a time too old', { time: Date.now() - 3_600_000 }, 10002],
    ['a time more than a second ahead', { time: Date.now() + 60_000 }, 10002],
  ])('H11: REST refuses %s', async (_name, change, code) => {
    expect((await signedGet('/v5/account/wallet-balance', 'accountType=UNIFIED', change)).retCode).toBe(code);
  });

  it('REST answers what is signed right, with the account of its rate limit in the headers', async () => {
    const answer = await signedGet('/v5/position/list', 'category=linear&symbol=BTCUSDT');
    expect(answer).toMatchObject({ retCode: 0, result: { list: [{ symbol: 'BTCUSDT', size: '0', positionIdx: 0 }] } });
    expect(answer.headers.get('X-Bapi-Limit')).toBe('50');
    expect(answer.headers.get('X-Bapi-Limit-Status')).toBe('49');
    expect((await signedGet('/v5/position/list', 'category=linear')).retCode).toBe(10001);
    expect((await signedGet('/v5/user/query-api', '')).result).toMatchObject({ readOnly: 0, uta: 1 });
  });
});

it('the history of orders goes back seven days unless it is asked for more, and forgets after a day what never filled', async () => {
  for (const clientOrderId of ['filled', 'untouched']) {
    server.world.exchange.place('main', {
      clientOrderId,
      symbol: 'BTCUSDT',
      side: 'buy',
      type: 'limit',
      timeInForce: 'gtc',
      price: 10_000 as never,
      triggerPrice: null,
      size: 10 as never,
      reduceOnly: false,
    });
  }
  server.world.exchange.fill('filled', 10);
  server.world.exchange.cancel('main', { orderId: null, clientOrderId: 'untouched' });
  const named = z.object({ list: z.array(z.object({ orderLinkId: z.string() })) });
  const listed = async (offsetMs: number, query = ''): Promise<string[]> => {
    server.world.venue.faults.setClockOffsetMs(offsetMs);
    const time = Date.now() + offsetMs;
    const answer = await signedGet('/v5/order/history', `category=linear&symbol=BTCUSDT${query}`, { time });
    return named.parse(answer.result).list.map((row) => row.orderLinkId);
  };
  const hour = 3_600_000;
  expect((await listed(0)).sort()).toEqual(['filled', 'untouched']);
  expect(await listed(25 * hour)).toEqual(['filled']);
  expect(await listed(200 * hour)).toEqual([]);
  expect(await listed(200 * hour, `&startTime=${Date.now() - hour}`)).toEqual(['filled']);
});

describe('order entry by websocket', () => {
  const order = {
    category: 'linear',
    symbol: 'BTCUSDT',
    side: 'Buy',
    orderType: 'Limit',
    qty: '0.01',
    price: '100',
    timeInForce: 'GTC',
  };
  const create = (reqId: string, change: Record<string, unknown> = {}, header: Record<string, string> = {}) => ({
    reqId,
    header: { 'X-BAPI-TIMESTAMP': String(Date.now()), 'X-BAPI-RECV-WINDOW': '5000', ...header },
    op: 'order.create',
    args: [{ ...order, orderLinkId: reqId, ...change }],
  });

  async function trader() {
    const trade = await client('/v5/trade');
    await trade.ask(authOf());
    return trade;
  }

  it('answers an order with its id and the limits in the header; an id used twice is refused', async () => {
    const { ask } = await trader();
    expect(await ask(create('o1'))).toMatchObject({
      reqId: 'o1',
      retCode: 0,
      op: 'order.create',
      data: { orderLinkId: 'o1' },
      header: { 'X-Bapi-Limit': '10', 'X-Bapi-Limit-Status': '9' },
    });
    expect(await ask(create('o1', { orderLinkId: 'other' }))).toMatchObject({ retCode: 20006 });
    expect(await ask(create('o2', { orderLinkId: 'o1' }))).toMatchObject({ retCode: 110072 });
  });

  it.each([
    ['a quantity that is no number', { qty: 'x' }, 10001],
    ['too fine a price', { price: '100.123' }, 10001],
    ['an unknown symbol', { symbol: 'NOPE' }, 10001],
    ['another category', { category: 'spot' }, 10001],
    ['a hedge position', { positionIdx: 1 }, 10001],
    ['an unknown time in force', { timeInForce: 'SOON' }, 10001],
  ])('refuses %s', async (_name, change, code) => {
    const { ask } = await trader();
    expect(await ask(create('bad', change))).toMatchObject({ retCode: code });
    expect(server.world.exchange.orders('main', null)).toEqual([]);
  });

  it('refuses what is late, what is not signed in, what is not known, and what comes too often', async () => {
    const stranger = await client('/v5/trade');
    expect(await stranger.ask(create('s'))).toMatchObject({ retCode: 10003 });
    const { ask } = await trader();
    const past = { 'X-BAPI-TIMESTAMP': String(Date.now() - 6_000) };
    expect(await ask(create('late', {}, past))).toMatchObject({ retCode: 10002 });
    expect(await ask({ ...create('op'), op: 'order.dance' })).toMatchObject({ retCode: 10404 });
    const answers = [];
    for (let index = 0; index < 11; index += 1) answers.push(await ask(create(`m${index}`)));
    expect(answers.filter((answer) => answer.retCode === 10006).length).toBe(1);
    expect(await ask({ op: 'ping' })).toMatchObject({ op: 'pong', retCode: 0 });
  });

  it('a read-only key may look and not trade', async () => {
    server.world.keys.add({ ...GOOD_KEYS, accountId: 'main', readOnly: true });
    const { ask } = await trader();
    expect(await ask(create('ro'))).toMatchObject({ retCode: 10005 });
    expect((await signedGet('/v5/order/realtime', 'category=linear&symbol=BTCUSDT')).retCode).toBe(0);
  });
});
