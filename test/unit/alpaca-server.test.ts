import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { MarketMessage, Subscription } from '#core/market/market-message.ts';
import type { Price, Size } from '#core/market/scaled-decimal.ts';
import type { EpochMs } from '#core/time/clock.ts';
import { systemClock } from '#core/time/system-clock.ts';
import { parseAlpacaFrame, splitAlpacaFrame } from '#simulation/market-sources/alpaca-frame.ts';
import { alpacaFillIds } from '#simulation/protocol/alpaca-rows.ts';
import { uuidOf } from '#simulation/protocol/id-as-uuid.ts';
import { AlpacaBookSync } from '#venues/alpaca/book-sync.ts';
import {
  AAPL,
  type AlpacaWorld,
  createAlpacaRuntime,
  createAlpacaWorld,
  DOLLAR,
  GOOD_KEYS,
  listenToAccount,
  SHARE,
  watchMarket,
} from '../support/alpaca-world.ts';
import { until } from '../support/until.ts';

let world: AlpacaWorld;
beforeEach(async () => {
  world = await createAlpacaWorld();
});
afterEach(async () => {
  await world.close();
  expect(world.venue.stats().errors).toEqual([]);
});

const BOOK: readonly Subscription[] = [{ channel: 'book', symbol: 'AAPL' }];

/** A socket of the test's own, with what it heard as parsed text. */
function dial(path: string) {
  const heard: unknown[] = [];
  let closed = false;
  const socket = world.runtime.connect(`${world.venue.urls.market}${path}`, {
    onOpen: () => undefined,
    onFrame: (frame) => heard.push(JSON.parse(frame.toString('utf8'))),
    onClose: () => {
      closed = true;
    },
  });
  return { socket, heard, isClosed: () => closed, say: (message: unknown) => socket.send(JSON.stringify(message)) };
}

async function call(method: string, path: string, body?: unknown, secret = GOOD_KEYS.secret) {
  const headers = { 'APCA-API-KEY-ID': GOOD_KEYS.key, 'APCA-API-SECRET-KEY': secret };
  const init = { method, headers, ...(body === undefined ? {} : { body: JSON.stringify(body) }) };
  const answer = await fetch(`${world.venue.urls.rest}${path}`, init);
  const text = await answer.text();
  return { status: answer.status, body: text === '' ? null : JSON.parse(text) };
}

describe('the simulated Alpaca: prices', () => {
  test('greets, wants a login, answers each subscription with the whole list', async () => {
    const { socket, heard, say, isClosed } = dial('/v2/iex');
    await until('the greeting', () => heard.length === 1);
    say({ action: 'subscribe', trades: ['AAPL'] });
    socket.send('{');
    say({ action: 'auth', key: GOOD_KEYS.key, secret: GOOD_KEYS.secret });
    say({ action: 'auth', key: GOOD_KEYS.key, secret: GOOD_KEYS.secret });
    say({ action: 'subscribe', trades: ['AAPL'], quotes: ['AAPL'] });
    say({ action: 'unsubscribe', trades: ['AAPL'] });
    say({ action: 'subscribe', quotes: Array.from({ length: 31 }, (_, index) => `S${index}`) });
    await until('all answers', () => heard.length === 8);
    expect(heard.map((frame) => (frame as [{ T: string; code?: number }])[0])).toMatchObject([
      { T: 'success', msg: 'connected' },
      { T: 'error', code: 401 },
      { T: 'error', code: 400 },
      { T: 'success', msg: 'authenticated' },
      { T: 'error', code: 403 },
      { T: 'subscription', trades: ['AAPL'], quotes: ['AAPL'], bars: [], statuses: [] },
      { T: 'subscription', trades: [], quotes: ['AAPL'] },
      { T: 'error', code: 405, msg: 'symbol limit exceeded' },
    ]);
    const second = dial('/v2/iex');
    await until('the greeting', () => second.heard.length === 1);
    second.say({ action: 'auth', key: GOOD_KEYS.key, secret: GOOD_KEYS.secret });
    await until('refused', () => second.isClosed());
    expect(second.heard.at(-1)).toEqual([{ T: 'error', code: 406, msg: 'connection limit exceeded' }]);
    const third = dial('/v2/iex');
    await until('the greeting', () => third.heard.length === 1);
    third.say({ action: 'auth', key: GOOD_KEYS.key, secret: 'wrong' });
    await until('refused', () => third.isClosed());
    expect(third.heard.at(-1)).toMatchObject([{ code: 402 }]);
    expect(isClosed()).toBe(false);
    socket.terminate();
  });

  test('405 takes the connection down to what the plan allows, one symbol after the other', async () => {
    const wanted = Array.from({ length: 32 }, (_, index): Subscription => ({ channel: 'trades', symbol: `S${index}` }));
    const { connection, refused } = watchMarket(world.runtime, wanted, () => undefined);
    connection.start();
    await until('live', () => connection.status().state === 'live');
    expect(refused).toEqual([
      expect.stringMatching(/^trades S30: 405 symbol limit exceeded/),
      expect.stringMatching(/^trades S31: 405/),
    ]);
    await connection.stop();
  });

  test('G5: quotes are given up beside trades while the book of the same symbol, which is made of them, goes on', async () => {
    const channels = ['book', 'trades', 'quotes'] as const;
    const wanted = channels.map((channel): Subscription => ({ channel, symbol: 'AAPL' }));
    const said: MarketMessage[] = [];
    const { connection } = watchMarket(world.runtime, wanted, (message) => said.push(message));
    connection.start();
    await until('live', () => connection.status().state === 'live');
    await connection.unsubscribe(wanted.filter(({ channel }) => channel !== 'book'));
    said.length = 0;
    world.exchange.setBook([[225 * DOLLAR, 3 * SHARE]], [[225.01 * DOLLAR, SHARE]]);
    await until('a book', () => said.some((each) => each.type === 'book'));
    await connection.stop();
  });

  test('406: the second connection of a key waits for the release, and is let in after it', async () => {
    const first = watchMarket(world.runtime, BOOK, () => undefined);
    first.connection.start();
    await until('live', () => first.connection.status().state === 'live');
    const { timers } = world.runtime;
    const fast = {
      after: (delayMs: number, run: () => void) => timers.after(delayMs > 500 ? delayMs / 50 : delayMs, run),
    };
    const second = watchMarket(createAlpacaRuntime(world.venue, { timers: fast }), BOOK, () => undefined);
    second.connection.start();
    await until('refused', () => second.connection.status().state === 'waiting');
    expect(second.connection.status().reason).toMatch(/waiting for the venue's release.*406/);
    await first.connection.stop();
    await until('let in', () => second.connection.status().state === 'live');
    await second.connection.stop();
  });

  test('407: a slow client is told and cut; it comes back, and its book starts over', async () => {
    const said: MarketMessage[] = [];
    const { connection } = watchMarket(world.runtime, BOOK, (message) => said.push(message));
    connection.start();
    await until('live', () => connection.status().state === 'live');
    world.venue.faults.arm('slowClient');
    await until('told', () => said.some((each) => each.type === 'venueError' && each.code === '407'));
    await until('back', () => connection.counts.opened === 2 && connection.status().state === 'live');
    world.exchange.setBook([[225 * DOLLAR, 3 * SHARE]], [[225.01 * DOLLAR, SHARE]]);
    await until('a book', () => said.some((each) => each.type === 'book'));
    await connection.stop();
  });

  test('without keys the connection waits, and begins with the first that come', async () => {
    world.setCredentials(null);
    let keys: typeof GOOD_KEYS | null = null;
    const runtime = createAlpacaRuntime(world.venue, { marketCredentials: () => keys });
    const { connection } = watchMarket(runtime, BOOK, () => undefined);
    connection.start();
    await until('waiting', () => connection.status().state === 'waiting');
    expect(connection.status().reason).toContain('CREDENTIALS_MISSING');
    keys = GOOD_KEYS;
    await until('live', () => connection.status().state === 'live');
    await connection.stop();
  });

  test('F28: a quote that is lost, or comes twice, breaks no book: the next is whole', async () => {
    const sync = new AlpacaBookSync('AAPL', AAPL);
    const outcomes: string[] = [];
    const { connection } = watchMarket(world.runtime, BOOK, (message) => {
      if (message.type === 'book') outcomes.push(sync.onMessage(message).kind);
    });
    connection.start();
    await until('live', () => connection.status().state === 'live');
    world.venue.faults.arm('dropPublicFrame');
    world.exchange.setBook([[224 * DOLLAR, SHARE]], [[224.5 * DOLLAR, SHARE]]);
    world.venue.faults.arm('duplicatePublicFrame');
    world.exchange.setBook([[225 * DOLLAR, SHARE]], [[225.5 * DOLLAR, SHARE]]);
    await until('both copies', () => outcomes.length === 2);
    expect(outcomes).toEqual(['applied', 'applied']);
    expect([sync.book.bidPrice, sync.book.askPrice]).toEqual([225 * DOLLAR, 225.5 * DOLLAR]);
    world.exchange.setBook([[225 * DOLLAR, SHARE]], []);
    await until('one side', () => outcomes.length === 3);
    expect([outcomes[2], sync.book.valid]).toEqual(['buffered', false]);
    await connection.stop();
  });

  test('a bar is told once its minute is over', async () => {
    const bars: MarketMessage[] = [];
    const { connection } = watchMarket(world.runtime, [{ channel: 'candles', symbol: 'AAPL' }], (message) => {
      if (message.type === 'candle') bars.push(message);
    });
    connection.start();
    await until('live', () => connection.status().state === 'live');
    const start = Math.floor(systemClock.epochMs() / 60_000) * 60_000 - 60_000;
    for (const [price, size] of [
      [225, 2],
      [227, 1],
      [224, 3],
    ] as const) {
      world.exchange.tell({
        kind: 'trade',
        symbol: 'AAPL',
        tradeId: String(price),
        price: (price * DOLLAR) as Price,
        size: (size * SHARE) as Size,
        takerSide: 'buy',
        time: (start + price) as EpochMs,
      });
    }
    await until('the bar', () => bars.length === 1);
    expect(bars[0]).toMatchObject({ openTime: start, open: '225', high: '227', low: '224', close: '224', volume: '6' });
    await connection.stop();
  });
});

describe('the simulated Alpaca: trading', () => {
  const order = { symbol: 'AAPL', qty: '10', side: 'buy', type: 'limit', time_in_force: 'gtc', limit_price: '225' };

  test('checks the keys, and the input', async () => {
    expect(await call('GET', '/v2/account', undefined, 'wrong')).toMatchObject({
      status: 401,
      body: { code: 40110000 },
    });
    expect(await call('POST', '/v2/orders', { ...order, symbol: 'NONE' })).toMatchObject({ status: 422 });
    expect(await call('POST', '/v2/orders', { ...order, qty: '0' })).toMatchObject({ status: 422 });
    expect(await call('POST', '/v2/orders', { ...order, limit_price: undefined })).toMatchObject({ status: 422 });
    expect(await call('DELETE', `/v2/orders/${uuidOf('5')}`)).toMatchObject({ status: 404 });
    expect(await call('GET', '/v2/nothing')).toMatchObject({ status: 404 });
    expect(await call('GET', '/v2/positions/AAPL')).toMatchObject({ status: 404 });
  });

  test('a replacement is a new order that names the old one, which is replaced', async () => {
    const account = listenToAccount(world);
    account.stream.start();
    await until('live', () => account.stream.status().state === 'live');
    const old = (await call('POST', '/v2/orders', { ...order, client_order_id: 'old' })).body;
    const changed = await call('PATCH', `/v2/orders/${old.id}`, { limit_price: '226', client_order_id: 'new' });
    expect(changed).toMatchObject({ status: 200, body: { replaces: old.id, limit_price: '226', qty: '10' } });
    expect((await call('GET', `/v2/orders/${old.id}`)).body).toMatchObject({
      status: 'replaced',
      replaced_by: changed.body.id,
    });
    await until('told', () => account.reports.length >= 3);
    const said = account.reports.flatMap((each) =>
      each.kind === 'orderReport' ? [`${each.clientOrderId} ${each.status} ${each.reason}`.trim()] : [],
    );
    expect(said).toContain(`old canceled replaced by ${changed.body.id}`);
    expect(said).toContain('new accepted');
    await account.stream.stop();
  });

  test('a replacement that comes too late is acknowledged, and rejected by the stream; the old order goes on', async () => {
    const account = listenToAccount(world);
    account.stream.start();
    await until('live', () => account.stream.status().state === 'live');
    const old = (await call('POST', '/v2/orders', { ...order, client_order_id: 'old' })).body;
    world.venue.faults.arm('replaceRace');
    const late = await call('PATCH', `/v2/orders/${old.id}`, { limit_price: '226', client_order_id: 'new' });
    expect(late.status).toBe(200);
    await until('told', () => account.reports.length >= 3);
    expect((await call('GET', `/v2/orders/${late.body.id}`)).body.status).toBe('rejected');
    expect((await call('GET', `/v2/orders/${old.id}`)).body.status).toBe('new');
    await account.stream.stop();
  });

  test('an early close expires what is good for the day, and keeps the rest until the open', async () => {
    const day = (await call('POST', '/v2/orders', { ...order, time_in_force: 'day' })).body;
    const gtc = (await call('POST', '/v2/orders', order)).body;
    world.venue.faults.arm('earlyClose');
    expect((await call('GET', `/v2/orders/${day.id}`)).body.status).toBe('expired');
    expect((await call('GET', `/v2/orders/${gtc.id}`)).body.status).toBe('done_for_day');
    expect((await call('GET', '/v2/clock')).body.is_open).toBe(false);
    expect((await call('POST', '/v2/orders', order)).body.status).toBe('accepted');
    world.venue.faults.setMarketOpen(true);
    expect((await call('GET', `/v2/orders/${gtc.id}`)).body.status).toBe('new');
  });

  test('all orders can be cancelled at once, and fills page by their ids', async () => {
    await call('POST', '/v2/orders', { ...order, client_order_id: 'a' });
    await call('POST', '/v2/orders', { ...order, client_order_id: 'b' });
    world.exchange.fill('a', 2 * SHARE);
    world.exchange.fill('a', 3 * SHARE);
    const all = (await call('GET', '/v2/account/activities/FILL?direction=asc')).body;
    expect(all.map((row: { cum_qty: string }) => row.cum_qty)).toEqual(['2', '5']);
    const rest = await call('GET', `/v2/account/activities/FILL?direction=asc&page_token=${all[0].id}`);
    expect(rest.body).toEqual([all[1]]);
    expect(alpacaFillIds(world.exchange.fills('main', null), [AAPL])).toEqual(
      all.map((row: { order_id: string; cum_qty: string }) => `${row.order_id}:${row.cum_qty}`),
    );
    const canceled = await call('DELETE', '/v2/orders');
    expect(canceled).toMatchObject({ status: 207, body: [{ status: 200 }, { status: 200 }] });
    expect((await call('GET', '/v2/orders?status=open')).body).toEqual([]);
  });
});

describe('frames of Alpaca as a market source', () => {
  const quote = '{"T":"q","S":"AAPL","bp":225.10,"bs":3,"ap":0,"as":0,"c":["]",","],"t":"2021-02-22T15:51:45.3Z"}';
  const trade = '{"T":"t","S":"MSFT","i":9007199254740993,"p":430.5,"s":1,"t":"2021-02-22T15:51:45.3Z"}';

  test('a list of several messages is split byte by byte, whatever stands in its texts', () => {
    const parts = splitAlpacaFrame(Buffer.from(`[${quote},${trade}]`)).map((part) => Buffer.from(part).toString());
    expect(parts).toEqual([`[${quote}]`, `[${trade}]`]);
    for (const whole of [`[${quote}]`, '[]', '{"a":[1,2]}', `[${quote},`, '']) {
      expect(splitAlpacaFrame(Buffer.from(whole)).map((part) => Buffer.from(part).toString())).toEqual([whole]);
    }
  });

  test('each is the whole book or a trade of its symbol, digits kept', () => {
    expect(parseAlpacaFrame(Buffer.from(`[${quote}]`))).toMatchObject({
      symbol: 'AAPL',
      channel: 'book',
      content: { kind: 'book', isSnapshot: true, bids: [['225.10', '3']], asks: [], depth: 1 },
    });
    expect(parseAlpacaFrame(Buffer.from(`[${trade}]`))).toMatchObject({
      symbol: 'MSFT',
      content: { kind: 'trades', trades: [{ id: '9007199254740993', price: '430.5', takerSide: null }] },
    });
    expect(parseAlpacaFrame(Buffer.from('[{"T":"success","msg":"connected"}]'))).toEqual({ kind: 'control' });
    expect(() => parseAlpacaFrame(Buffer.from('{}'))).toThrow('FRAME_SYNTAX');
  });
});
