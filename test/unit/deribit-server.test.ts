import { createHmac } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { createDeribitWorld, type DeribitWorld, GOOD_KEYS } from '../support/deribit-world.ts';
import { until } from '../support/until.ts';

type Message = Readonly<Record<string, unknown>> & {
  readonly id?: number;
  readonly result?: unknown;
  readonly error?: { readonly code: number; readonly message: string };
  readonly method?: string;
  readonly params?: { readonly channel?: string; readonly type?: string; readonly data?: unknown };
};

/** A client of no make of ours: it speaks what the documentation says. */
async function plainClient(url: string) {
  const socket = new WebSocket(`${url}/ws/api/v2`);
  const messages: Message[] = [];
  let closed: number | null = null;
  let requests = 0;
  socket.on('message', (data) => messages.push(JSON.parse(String(data))));
  socket.on('close', (code) => {
    closed = code;
  });
  await new Promise((resolve) => socket.once('open', resolve));
  return {
    messages,
    socket,
    closed: () => closed,
    async call(method: string, params: object = {}): Promise<Message> {
      requests += 1;
      const id = requests;
      socket.send(JSON.stringify({ jsonrpc: '2.0', id, method, params }));
      await until(`an answer to ${method}`, () => messages.some((each) => each.id === id));
      return messages.find((each) => each.id === id) ?? {};
    },
    told: (channel: string) =>
      messages.filter((each) => each.params?.channel === channel).map((each) => each.params?.data),
  };
}

const CREDENTIALS = { grant_type: 'client_credentials', client_id: GOOD_KEYS.key, client_secret: GOOD_KEYS.secret };
const ORDER = { instrument_name: 'BTC-PERPETUAL', amount: 100, type: 'limit', price: 100000.5, label: 'a' };

let world: DeribitWorld;
let client: Awaited<ReturnType<typeof plainClient>>;

describe('the simulated Deribit', () => {
  beforeEach(async () => {
    world = await createDeribitWorld({}, 40);
    client = await plainClient(world.venue.urls.market);
  });
  afterEach(async () => {
    client.socket.terminate();
    await world.close();
    expect(world.venue.stats().errors).toEqual([]);
  });

  it('signs in by credentials, by signature and by refresh token; a wrong secret and an old signature are refused', async () => {
    const first = await client.call('public/auth', CREDENTIALS);
    expect(first.result).toMatchObject({
      token_type: 'bearer',
      expires_in: expect.any(Number),
      refresh_token: expect.any(String),
    });
    const { refresh_token } = first.result as { readonly refresh_token: string };
    expect((await client.call('public/auth', { grant_type: 'refresh_token', refresh_token })).result).toBeDefined();
    expect((await client.call('public/auth', { ...CREDENTIALS, client_secret: 'no' })).error?.code).toBe(13004);
    const signed = (timestamp: number) => ({
      grant_type: 'client_signature',
      client_id: GOOD_KEYS.key,
      timestamp,
      nonce: 'n',
      data: '',
      signature: createHmac('sha256', GOOD_KEYS.secret).update(`${timestamp}\nn\n`).digest('hex'),
    });
    const now = Date.now();
    expect((await client.call('public/auth', signed(now))).result).toBeDefined();
    expect((await client.call('public/auth', signed(now - 120_000))).error?.code).toBe(13004);
  });

  it('raw is only for those who have signed in; unknown channels are left out of the answer', async () => {
    world.exchange.setBook([[1_000_000, 30]], [[1_000_005, 20]]);
    const channels = ['book.BTC-PERPETUAL.raw', 'book.NOPE.100ms'];
    expect((await client.call('public/subscribe', { channels })).error?.code).toBe(13778);
    await client.call('public/auth', CREDENTIALS);
    expect((await client.call('public/subscribe', { channels })).result).toEqual(['book.BTC-PERPETUAL.raw']);
    world.exchange.setBook([[1_000_000, 40]], [[1_000_010, 20]]);
    await until('a change', () => client.told('book.BTC-PERPETUAL.raw').length === 2);
    const [snapshot, change] = client.told('book.BTC-PERPETUAL.raw') as Record<string, unknown>[];
    expect(snapshot).toMatchObject({ type: 'snapshot', bids: [['new', 100000, 30]], asks: [['new', 100000.5, 20]] });
    expect(snapshot).not.toHaveProperty('prev_change_id');
    expect(change).toMatchObject({
      type: 'change',
      prev_change_id: snapshot?.change_id,
      bids: [['change', 100000, 40]],
      asks: [
        ['new', 100001, 20],
        ['delete', 100000.5, 0],
      ],
    });
  });

  it('F15: with a token that has expired raw is refused, until another one is there', async () => {
    await client.call('public/auth', CREDENTIALS);
    world.venue.faults.arm('tokenExpires');
    const channels = ['book.BTC-PERPETUAL.raw'];
    expect((await client.call('public/subscribe', { channels })).error?.code).toBe(13778);
    await client.call('public/auth', CREDENTIALS);
    expect((await client.call('public/subscribe', { channels })).result).toEqual(channels);
  });

  it('R10: whoever leaves a test request unanswered is cut off', async () => {
    expect((await client.call('public/set_heartbeat', { interval: 5 })).error?.code).toBe(-32602);
    expect((await client.call('public/set_heartbeat', { interval: 10 })).result).toBe('ok');
    await until('asked', () => client.messages.some((each) => each.params?.type === 'test_request'));
    await client.call('public/test');
    expect(client.closed()).toBeNull();
    await until('cut off', () => client.closed() !== null);
  });

  it('F26: out of credits the request is refused and the session ends', async () => {
    const answers = Promise.allSettled(Array.from({ length: 110 }, () => client.call('public/get_time')));
    await until('cut off', () => client.closed() !== null);
    expect(client.messages.filter((each) => each.error?.code === 10028)).toHaveLength(1);
    expect(client.messages.filter((each) => each.result !== undefined).length).toBeGreaterThanOrEqual(100);
    client.messages.push(...Array.from({ length: 110 }, (_, index) => ({ id: index + 1 })));
    await answers;
  });

  it('an immediate fill stands in the answer of the order and on the user channels; orders are placed by who may', async () => {
    expect((await client.call('private/buy', ORDER)).error?.code).toBe(10000);
    await client.call('public/auth', CREDENTIALS);
    const channels = [
      'user.orders.BTC-PERPETUAL.raw',
      'user.trades.any.any.100ms',
      'user.changes.future.BTC.raw',
      'user.portfolio.any',
    ];
    expect((await client.call('private/subscribe', { channels })).result).toEqual(channels);
    const placed = await client.call('private/buy', ORDER);
    expect(placed.result).toMatchObject({
      order: { order_state: 'open', label: 'a', price: 100000.5, amount: 100 },
      trades: [],
    });
    world.exchange.fill('a', 100);
    await until('told', () => client.told('user.trades.any.any.100ms').length > 0);
    expect(client.told('user.trades.any.any.100ms')[0]).toMatchObject([
      { amount: 100, liquidity: 'M', fee_currency: 'USDT' },
    ]);
    expect(client.told('user.orders.BTC-PERPETUAL.raw').at(-1)).toMatchObject({
      order_state: 'filled',
      filled_amount: 100,
    });
    expect(client.told('user.changes.future.BTC.raw').at(-1)).toMatchObject({
      instrument_name: 'BTC-PERPETUAL',
      trades: [{ amount: 100 }],
      orders: [{ order_state: 'filled' }],
      positions: [{ size: 100, direction: 'buy' }],
    });
  });

  it('post-only that would take is moved below the spread, unless it asked to be refused', async () => {
    world.exchange.setBook([[1_000_000, 30]], [[1_000_050, 20]]);
    await client.call('public/auth', CREDENTIALS);
    const post = { ...ORDER, price: 100010, post_only: true };
    expect((await client.call('private/buy', { ...post, reject_post_only: true })).error?.code).toBe(11054);
    expect((await client.call('private/buy', post)).result).toMatchObject({
      order: { price: 100004.5, post_only: true },
    });
  });

  it('cancel-on-disconnect takes the orders of a connection that is cut, not of one that logs out', async () => {
    await client.call('public/auth', CREDENTIALS);
    expect((await client.call('private/enable_cancel_on_disconnect', { scope: 'connection' })).result).toBe('ok');
    await client.call('private/buy', ORDER);
    client.socket.terminate();
    await until('cancelled', () => world.exchange.openOrders('main', null).length === 0);
    client = await plainClient(world.venue.urls.market);
    await client.call('public/auth', CREDENTIALS);
    await client.call('private/enable_cancel_on_disconnect', { scope: 'connection' });
    await client.call('private/buy', { ...ORDER, label: 'b' });
    client.socket.send(JSON.stringify({ jsonrpc: '2.0', id: 99, method: 'private/logout', params: {} }));
    await until('closed', () => client.closed() !== null);
    expect(world.exchange.openOrders('main', null)).toHaveLength(1);
  });

  it('M2: an order past its own validity, during settlement, or with an expired token is not taken in', async () => {
    await client.call('public/auth', CREDENTIALS);
    expect((await client.call('private/buy', { ...ORDER, valid_until: Date.now() - 1 })).error?.code).toBe(13888);
    world.venue.faults.arm('settlementInProgress');
    expect((await client.call('private/buy', ORDER)).error?.code).toBe(10041);
    world.venue.faults.arm('tokenExpires');
    expect((await client.call('private/buy', ORDER)).error?.code).toBe(13009);
    expect(world.exchange.orders('main', null)).toEqual([]);
  });

  it('G8: maintenance is announced, then every connection is closed and REST answers 503', async () => {
    await client.call('public/subscribe', { channels: ['platform_state'] });
    world.venue.faults.setMaintenance(true);
    await until('closed', () => client.closed() !== null);
    expect(client.told('platform_state')).toEqual([{ maintenance: true }]);
    expect((await fetch(`${world.venue.urls.rest}/api/v2/public/get_time`)).status).toBe(503);
  });

  it('what it does not know it refuses, by websocket and by REST', async () => {
    expect((await client.call('public/nothing')).error?.code).toBe(-32601);
    const refused = await fetch(`${world.venue.urls.rest}/api/v2/private/get_positions?currency=BTC`);
    expect([refused.status, ((await refused.json()) as Message).error?.code]).toEqual([401, 13009]);
    const posted = await fetch(`${world.venue.urls.rest}/api/v2`, {
      method: 'POST',
      body: JSON.stringify({ jsonrpc: '2.0', id: 4, method: 'public/get_time', params: {} }),
    });
    expect(await posted.json()).toMatchObject({ id: 4, result: expect.any(Number) });
    client.socket.send('no JSON');
    await until('told', () => client.messages.some((each) => each.error?.code === -32700));
  });
});
