import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { EpochMs } from '#core/time/clock.ts';
import {
  type BybitWorld,
  createBybitWorld,
  enterOrders,
  intentOf,
  listenToAccount,
  place,
} from '../support/bybit-linear-world.ts';
import { hastened } from '../support/hastened.ts';
import { settle } from '../support/manual-clock.ts';
import { createMemoryTransport } from '../support/memory-transport.ts';
import { until } from '../support/until.ts';

let world: BybitWorld;
let account: ReturnType<typeof listenToAccount>;
let entry: ReturnType<typeof enterOrders>['entry'];

describe('Bybit account stream against the simulated venue', () => {
  beforeEach(async () => {
    world = await createBybitWorld();
    account = listenToAccount(world);
    entry = enterOrders(world).entry;
    account.stream.start();
    entry.start();
    await until('live', () => account.stream.status().state === 'live' && entry.notReady() === null);
  });
  afterEach(async () => {
    await Promise.all([account.stream.stop(), entry.stop()]);
    await world.close();
  });

  const kinds = (): string[] =>
    account.reports.map((report) => (report.kind === 'orderReport' ? `order ${report.status}` : report.kind));

  it('is live only after signing in and the acknowledgement of its topics', () => {
    expect(account.states.map((status) => status.state)).toEqual([
      'connecting',
      'authenticating',
      'subscribing',
      'live',
    ]);
  });

  it('H3: an acknowledgement comes first, then order, fill, position and wallet, each with the bytes it came in', async () => {
    const answer = await place(entry, intentOf('a-1'));
    expect(answer.kind).toBe('accepted');
    world.exchange.fill('a-1', 4);
    world.exchange.fill('a-1', 6);
    await until('wallet', () => kinds().filter((kind) => kind === 'balance').length === 2);
    expect(kinds()).toEqual([
      'order accepted',
      'position',
      ...['order partiallyFilled', 'fill', 'position', 'balance'],
      ...['order filled', 'fill', 'position', 'balance'],
    ]);
    const fill = account.reports.find((report) => report.kind === 'fill');
    expect(fill).toMatchObject({
      clientOrderId: 'a-1',
      venueOrderId: answer.kind === 'accepted' ? answer.venueOrderId : '',
      price: '100',
      size: '0.004',
      side: 'buy',
      liquidity: 'maker',
      cause: 'trade',
    });
    expect(account.frames.every((frame) => JSON.parse(frame).topic !== undefined)).toBe(true);
    const position = account.reports.filter((report) => report.kind === 'position').at(-1);
    expect(position).toMatchObject({ size: '0.01', entryPrice: '100' });
  });

  it('G1: a fill that comes before its acknowledgement is reported all the same', async () => {
    world.venue.faults.arm('fillBeforeAck');
    let acknowledged = false;
    const answered = place(entry, intentOf('g-1')).then(() => {
      acknowledged = true;
    });
    await until('report', () => kinds().includes('order accepted'));
    await answered;
    expect(acknowledged).toBe(true);
  });

  it('G3: accepted, then rejected by the matching engine: the report says so with its reason', async () => {
    world.venue.faults.arm('acceptedThenRejected');
    expect((await place(entry, intentOf('g-3'))).kind).toBe('accepted');
    await until('rejection', () => kinds().includes('order rejected'));
    expect(account.reports.at(-1)).toMatchObject({ clientOrderId: 'g-3', reason: 'EC_InsufficientMargin' });
    expect(world.exchange.openOrders('main', null)).toEqual([]);
  });

  it('a post-only order that would take is cancelled after its acceptance', async () => {
    world.exchange.endNext('postOnlyWouldTake');
    expect((await place(entry, intentOf('po', { timeInForce: 'postOnly' }))).kind).toBe('accepted');
    await until('cancellation', () => kinds().includes('order canceled'));
    expect(
      account.reports.find((report) => report.kind === 'orderReport' && report.status === 'canceled'),
    ).toMatchObject({ reason: 'EC_PostOnlyWillTakeLiquidity' });
  });

  it('H2, F25: a liquidation is a fill with its cause; funding is an adjustment of the balance', async () => {
    await place(entry, intentOf('liq'));
    world.exchange.fill('liq', 10, 'liquidation');
    const now = Date.now() as EpochMs;
    const balance = { currency: 'USDT', walletBalance: '998', availableBalance: '898' };
    world.exchange.tellAccount({
      kind: 'balance',
      accountId: 'main',
      balance,
      change: '-0.5',
      reason: 'funding',
      time: now,
    });
    await until('funding', () => kinds().includes('adjustment'));
    expect(account.reports.find((report) => report.kind === 'fill')).toMatchObject({ cause: 'liquidation' });
    expect(account.reports.find((report) => report.kind === 'adjustment')).toMatchObject({
      reason: 'funding',
      amount: '-0.5',
      currency: 'USDT',
      symbol: 'BTCUSDT',
    });
  });

  it('F12: a fill frame that is never sent leaves the stream healthy; a duplicated one carries the same id', async () => {
    await place(entry, intentOf('s-1'));
    world.venue.faults.arm('suppressNextFill');
    world.exchange.fill('s-1', 3);
    world.venue.faults.arm('duplicateNextFill');
    world.exchange.fill('s-1', 3);
    await until('fills', () => kinds().filter((kind) => kind === 'fill').length === 2);
    const ids = account.reports.flatMap((report) => (report.kind === 'fill' ? [report.fillId] : []));
    expect(new Set(ids).size).toBe(1);
    expect(account.stream.status().state).toBe('live');
  });

  it('F15: a session that the venue ends is noticed at once and comes back; nothing is replayed', async () => {
    await place(entry, intentOf('x-1'));
    await until('report', () => kinds().includes('order accepted'));
    const before = account.reports.length;
    world.venue.faults.arm('privateStreamExpires');
    await until('lost', () => account.states.some((status) => status.state === 'waiting'));
    await until('live again', () => account.stream.status().state === 'live');
    expect(account.reports.length).toBe(before);
    world.exchange.fill('x-1', 10);
    await until('fill', () => kinds().includes('fill'));
  });

  it('R1: without keys the account is degraded with its reason, and live once they are there', async () => {
    await account.stream.stop();
    world.setCredentials(null);
    const quick = { ...world, runtime: { ...world.runtime, timers: hastened(5_000, 30) } };
    account = listenToAccount(quick);
    account.stream.start();
    await until('degraded', () => account.states.some((status) => /CREDENTIALS_MISSING/.test(status.reason)));
    world.setCredentials({ key: 'test-key', secret: 'test-secret-of-some-length' });
    await until('live', () => account.stream.status().state === 'live');
  });
});

describe('frames of the account stream that cannot be read', () => {
  it.each([
    ['no JSON', 'REPORT_INVALID', '{"topic":"order","data":['],
    ['a topic that says nothing', 'REPORT_INVALID', '{"topic":"order","creationTime":1}'],
    ['a wrong type', 'REPORT_INVALID', '{"topic":"order","data":[{"category":"linear","orderId":7}]}'],
    [
      'hedge mode',
      'HEDGE_MODE',
      '{"topic":"position","creationTime":1,"data":[{"category":"linear","symbol":"BTCUSDT","positionIdx":1,"side":"Buy","size":"1"}]}',
    ],
  ])('%s: the connection is given up with the reason, and nothing is handed over', async (_name, code, frame) => {
    const { account: told, deliver } = await memoryStream();
    deliver(frame);
    expect(told.reports).toEqual([]);
    expect(told.stream.status()).toMatchObject({ state: 'waiting' });
    expect(told.stream.status().reason).toContain(code);
    await told.stream.stop();
  });

  it('unknown topics, fields and other categories are no errors; several executions in one message are each told', async () => {
    const { account: told, deliver, socket } = await memoryStream();
    const execution = (id: string, category: string): string =>
      `{"category":"${category}","symbol":"BTCUSDT","execId":"${id}","orderId":"o","orderLinkId":"","side":"Buy","execType":"Trade","execPrice":"1.50","execQty":"2","execFee":"0","execTime":"1700000000000","novel":1}`;
    deliver('{"topic":"greeks","data":[{"category":"linear"}]}');
    deliver(
      `{"topic":"execution","creationTime":1,"data":[${execution('1', 'linear')},${execution('2', 'option')},${execution('3', 'linear')}]}`,
    );
    expect(told.reports.map((report) => (report.kind === 'fill' ? [report.fillId, report.price] : []))).toEqual([
      ['1', '1.5'],
      ['3', '1.5'],
    ]);
    const stopped = told.stream.stop();
    socket().close(1000);
    await stopped;
  });
});

/** A stream that is live over a transport in memory. */
async function memoryStream() {
  const transport = createMemoryTransport();
  const account = listenToAccount({
    runtime: {
      endpoints: { market: '', account: 'wss://v', orders: '', rest: 'https://v' },
      clock: { monoNanos: () => 0 as never, epochMs: () => 1_700_000_000_000 as EpochMs },
      timers: { after: () => () => undefined },
      random: { next: () => 0.5 },
      connect: transport.connect,
      fetch: () => Promise.reject(new Error('no network')),
      log: () => undefined,
      account: { account: 'main', mode: 'paper' },
      credentials: () => ({ key: 'k', secret: 's' }),
    },
  });
  account.stream.start();
  await settle();
  transport.latest.open();
  await settle();
  transport.latest.deliver('{"success":true,"ret_msg":"","op":"auth","conn_id":"c"}');
  await settle();
  transport.latest.deliver('{"success":true,"ret_msg":"","op":"subscribe","req_id":"","conn_id":"c"}');
  await settle();
  return { account, deliver: (text: string) => transport.latest.deliver(text), socket: () => transport.latest };
}
