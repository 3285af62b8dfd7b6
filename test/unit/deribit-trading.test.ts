import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Price, Size } from '#core/market/scaled-decimal.ts';
import type { ClientOrderId } from '#core/orders/order.ts';
import type { OrderAnswer } from '#core/orders/venue-ports.ts';
import type { EpochMs } from '#core/time/clock.ts';
import { systemTimers } from '#core/time/system-clock.ts';
import type { AccountRuntime } from '#venues/venue.ts';
import {
  askVenue,
  cancel,
  createDeribitWorld,
  type DeribitWorld,
  enterOrders,
  GOOD_KEYS,
  INVERSE_BTC,
  intentOf,
  place,
} from '../support/deribit-world.ts';
import { hastened } from '../support/hastened.ts';
import { until } from '../support/until.ts';

let world: DeribitWorld;
let entry: ReturnType<typeof enterOrders>['entry'];

async function live(): Promise<void> {
  entry.start();
  await until('order entry is live', () => entry.notReady() === null);
}

function amend(venueOrderId: string | null, price: number, size: number, on = entry): Promise<OrderAnswer> {
  const target = { symbol: INVERSE_BTC.symbol, clientOrderId: 'p-1' as ClientOrderId, venueOrderId };
  const change = { side: 'buy' as const, price: price as Price, size: size as Size };
  return new Promise((resolve) => on.amend(target, change, INVERSE_BTC, (Date.now() + 10_000) as EpochMs, resolve));
}

describe('Deribit order entry against the simulated venue', () => {
  beforeEach(async () => {
    world = await createDeribitWorld({ timers: hastened(5_000, 150) });
    entry = enterOrders(world).entry;
  });
  afterEach(async () => {
    await entry.stop();
    await world.close();
    expect(world.venue.stats().errors).toEqual([]);
  });

  it('H3: places, amends by id and by label, and cancels by id and by label; each is acknowledged with the venue id', async () => {
    await live();
    const placed = await place(entry, intentOf('p-1'));
    expect(world.exchange.openOrders('main', null)[0]).toMatchObject({
      clientOrderId: 'p-1',
      price: 1_000_005,
      size: 100,
    });
    if (placed.kind !== 'accepted') throw new Error(JSON.stringify(placed));
    expect(placed.venueTime).toBeGreaterThan(1_700_000_000_000);
    expect((await amend(placed.venueOrderId, 1_000_010, 120)).kind).toBe('accepted');
    expect((await amend(null, 1_000_015, 130)).kind).toBe('accepted');
    expect(world.exchange.openOrders('main', null)[0]).toMatchObject({ price: 1_000_015, size: 130 });
    expect(await cancel(entry, 'p-1')).toMatchObject({ kind: 'accepted', venueOrderId: placed.venueOrderId });
    const second = await place(entry, intentOf('p-2'));
    if (second.kind !== 'accepted') throw new Error(JSON.stringify(second));
    expect((await cancel(entry, 'p-2', second.venueOrderId)).kind).toBe('accepted');
    expect(world.exchange.openOrders('main', null)).toEqual([]);
  });

  it.each([
    ['insufficientMargin', '10009', 'reject'],
    ['priceTick', '10043', 'reject'],
    ['maintenance', '11051', 'retry'],
  ] as const)('a refusal for %s is answered with code %s and class %s', async (reason, code, errorClass) => {
    await live();
    world.exchange.refuseNext(reason);
    expect(await place(entry, intentOf('r-1'))).toMatchObject({ kind: 'rejected', code, errorClass });
  });

  it('labels are no ids: the venue takes the same one twice', async () => {
    await live();
    expect((await place(entry, intentOf('twice'))).kind).toBe('accepted');
    expect((await place(entry, intentOf('twice'))).kind).toBe('accepted');
    expect(world.exchange.orders('main', null)).toHaveLength(2);
  });

  it('a cancel of an order that is not there is notFound, of one that has ended alreadySo', async () => {
    await live();
    expect(await cancel(entry, 'nobody')).toMatchObject({ kind: 'rejected', code: '10004', errorClass: 'notFound' });
    await place(entry, intentOf('done'));
    world.exchange.fill('done', 100);
    expect(await cancel(entry, 'done')).toMatchObject({ kind: 'rejected', code: '11044', errorClass: 'alreadySo' });
  });

  it('before it is live, and with its lease about to end, nothing is sent, and the answer says so', async () => {
    expect(await place(entry, intentOf('n-1'))).toMatchObject({ kind: 'notSent', reason: 'notReady' });
    await live();
    expect(await place(entry, intentOf('n-2'), 40)).toMatchObject({ kind: 'notSent', reason: 'leaseEnds' });
    expect(world.exchange.orders('main', null)).toEqual([]);
  });

  it('M2: an order names until when it is good, before its lease ends: the venue refuses what arrives after it', async () => {
    await live();
    world.venue.faults.setClockOffsetMs(2_000);
    expect(await place(entry, intentOf('w-1'), 300)).toMatchObject({ kind: 'unknown', code: '13888' });
    expect(world.exchange.orders('main', null)).toEqual([]);
  });

  it('G12: with the venue 3 s off its times are right, for they follow the venue', async () => {
    world.venue.faults.setClockOffsetMs(-3_000);
    await live();
    expect((await place(entry, intentOf('c-1'), 500)).kind).toBe('accepted');
  });

  it('F1: a place without an answer is unknown, and the order lives', async () => {
    await live();
    world.venue.faults.arm('placeTimesOutButAccepted');
    expect(await place(entry, intentOf('t-1'))).toMatchObject({ kind: 'unknown', cause: 'timeout' });
    expect(world.exchange.openOrders('main', null)).toHaveLength(1);
  });

  it('F2: an unclear answer is unknown; during settlement the order is refused and may be tried again', async () => {
    await live();
    world.venue.faults.arm('placeUnclearButAccepted');
    expect(await place(entry, intentOf('u-1'))).toMatchObject({
      kind: 'unknown',
      cause: 'venueUnclear',
      code: '11094',
    });
    world.venue.faults.arm('settlementInProgress');
    expect(await place(entry, intentOf('s-1'))).toMatchObject({ kind: 'rejected', code: '10041', errorClass: 'retry' });
  });

  it('a link that is cut makes the order unknown; cancel-on-disconnect takes it off the book', async () => {
    await live();
    world.venue.faults.arm('placeCutsLink');
    expect(await place(entry, intentOf('l-1'))).toMatchObject({ kind: 'unknown', cause: 'linkLost' });
    await until('cancelled', () => world.exchange.openOrders('main', null).length === 0);
    expect(world.exchange.orders('main', null)[0]).toMatchObject({ status: 'canceled' });
  });

  it('F26: out of credits the order is refused, the venue ends the session, and nothing more leaves', async () => {
    await live();
    world.venue.faults.arm('rateLimited');
    expect(await place(entry, intentOf('q-1'))).toMatchObject({ kind: 'rejected', code: '10028', errorClass: 'retry' });
    await until('the session ends', () => entry.notReady() !== null);
    expect(await place(entry, intentOf('q-2'))).toMatchObject({ kind: 'notSent' });
    expect(world.exchange.orders('main', null)).toEqual([]);
  });

  it('F15: a token that has expired is seen with the next order, which is not taken in, and the entry signs in again', async () => {
    await live();
    await place(entry, intentOf('e-0'));
    world.venue.faults.arm('tokenExpires');
    expect(await place(entry, intentOf('e-1'))).toMatchObject({ kind: 'rejected', code: '13009', errorClass: 'retry' });
    await until('signed in again', () => world.logged.some((line) => line.includes('signed in again')));
    expect((await place(entry, intentOf('e-2'))).kind).toBe('accepted');
    // On the same connection: nothing that worked was taken off the book.
    expect(world.exchange.openOrders('main', null).map((order) => order.clientOrderId)).toEqual(['e-0', 'e-2']);
  });

  it('G9: with wrong keys it says so, and recovers by itself when the right ones come', async () => {
    world.setCredentials({ key: GOOD_KEYS.key, secret: 'wrong' });
    entry.start();
    await until('refused', () => /AUTH_REFUSED.*13004/.test(entry.status().reason));
    world.setCredentials(GOOD_KEYS);
    await until('live', () => entry.notReady() === null);
    expect(world.logged.join('\n')).not.toContain(GOOD_KEYS.secret);
  });

  it('R1: with changed keys the next connection is live before the old one leaves in order, with its orders in place', async () => {
    await live();
    await place(entry, intentOf('k-0'));
    world.keys.add({ key: 'second', secret: 'another-secret', accountId: 'main' });
    world.setCredentials({ key: 'second', secret: 'another-secret' });
    await until('changed', () => world.logged.some((line) => line.includes('keys changed')));
    await until('the old one has gone', () => world.venue.stats().openSessions === 1 && entry.notReady() === null);
    world.keys.remove(GOOD_KEYS.key);
    expect(world.exchange.openOrders('main', null).map((order) => order.clientOrderId)).toEqual(['k-0']);
    expect((await place(entry, intentOf('k-1'))).kind).toBe('accepted');
    expect(world.logged.join('\n')).not.toContain('another-secret');
  });

  it('G9: with changed keys that are wrong the entry says so, and its orders stay', async () => {
    const quick = await createDeribitWorld({
      timers: { after: (ms, run) => hastened(5_000, 100).after(ms === 10_000 ? 300 : ms, run) },
    });
    const { entry: orders } = enterOrders(quick);
    orders.start();
    await until('live', () => orders.notReady() === null);
    expect((await place(orders, intentOf('w-1'))).kind).toBe('accepted');
    quick.setCredentials({ key: GOOD_KEYS.key, secret: 'wrong' });
    await until('the old one has gone', () => quick.venue.stats().openSessions === 0);
    expect(orders.notReady()).toMatch(/AUTH_REFUSED/);
    expect(quick.exchange.openOrders('main', null).map((order) => order.clientOrderId)).toEqual(['w-1']);
    await orders.stop();
    expect(quick.exchange.openOrders('main', null)).toHaveLength(1);
    await quick.close();
  });

  it('F15: a token that cannot be renewed is signed in for anew on the same connection, with the orders in place', async () => {
    const quick = await createDeribitWorld({ timers: hastened(720_000, 200) });
    const { entry: orders, states } = enterOrders(quick);
    orders.start();
    await until('live', () => orders.notReady() === null);
    await place(orders, intentOf('t-1'));
    quick.venue.faults.arm('tokenExpires');
    await until('signed in again', () => quick.logged.some((line) => /signed in again.*not renewed/.test(line)));
    expect((await place(orders, intentOf('t-2'))).kind).toBe('accepted');
    expect(states.filter((each) => each.state === 'live')).toHaveLength(1);
    expect(quick.exchange.openOrders('main', null)).toHaveLength(2);
    await orders.stop();
    await quick.close();
  });

  it('F15: a venue that does not answer the renewal for a while costs neither the connection nor its orders', async () => {
    const short: Record<number, number> = { 720000: 150, 5000: 60, 10000: 30 };
    const quick = await createDeribitWorld({
      timers: { after: (ms, run) => systemTimers.after(short[ms] ?? ms, run) },
    });
    let swallowed = 0;
    let isDeaf = false;
    const connect: AccountRuntime['connect'] = (url, handlers) => {
      const socket = quick.runtime.connect(url, handlers);
      return {
        ...socket,
        send(text) {
          if (isDeaf && swallowed < 3 && text.includes('public/auth')) swallowed += 1;
          else socket.send(text);
        },
      };
    };
    const { entry: orders, states } = enterOrders({ runtime: { ...quick.runtime, connect } });
    orders.start();
    await until('live', () => orders.notReady() === null);
    isDeaf = true;
    await place(orders, intentOf('n-1'));
    await until('signed in again', () => quick.logged.some((line) => /signed in again/.test(line)));
    expect(swallowed).toBe(3);
    expect(states.filter((each) => each.state === 'live')).toHaveLength(1);
    expect(quick.exchange.openOrders('main', null)).toHaveLength(1);
    await orders.stop();
    await quick.close();
  });

  it('S3: where the signature alone is refused the credentials sign in, over an encrypted connection only', async () => {
    const attempts: string[] = [];
    for (const scheme of ['wss', 'ws']) {
      const quick = await createDeribitWorld();
      const { connect, endpoints } = quick.runtime;
      quick.venue.faults.setClockOffsetMs(3_600_000);
      const runtime: AccountRuntime = {
        ...quick.runtime,
        // The venue's time is not known beforehand, so that the signature is an hour old.
        fetch: () => Promise.reject(new TypeError('fetch failed')),
        endpoints: { ...endpoints, orders: endpoints.orders.replace('ws:', `${scheme}:`) },
        connect: (url, handlers) => connect(url.replace('wss:', 'ws:'), handlers),
      };
      const { entry: orders, states } = enterOrders({ runtime });
      orders.start();
      await until('decided', () => states.some(({ state }) => state === 'live' || state === 'waiting'));
      attempts.push(`${scheme} ${orders.status().state}`);
      expect(quick.logged.join('\n')).not.toContain(GOOD_KEYS.secret);
      await orders.stop();
      await quick.close();
    }
    expect(attempts).toEqual(['wss live', 'ws waiting']);
  });

  it('F6: a cancel that names a stop by its id from before the trigger reaches what the stop has become', async () => {
    await live();
    const stop = { type: 'stopMarket', timeInForce: 'ioc', price: null, triggerPrice: 900_000 as Price } as const;
    for (const id of ['s-1', 's-2']) await place(entry, intentOf(id, { ...stop, side: 'sell' }));
    const [first, second] = world.exchange.orders('main', null);
    expect(await cancel(entry, 's-1', `SLMB-${first?.orderId}`)).toMatchObject({ kind: 'accepted' });
    const target = { symbol: INVERSE_BTC.symbol, clientOrderId: 's-2' as ClientOrderId };
    const queries = askVenue(world);
    const venueOrderId = `SLMB-${second?.orderId}`;
    expect(await queries.cancelOrder({ ...target, venueOrderId })).toMatchObject({ kind: 'accepted' });
    expect(world.exchange.openOrders('main', null)).toEqual([]);
    expect(await cancel(entry, 's-1', `${first?.orderId}`)).toMatchObject({
      kind: 'rejected',
      errorClass: 'alreadySo',
    });
  });

  it('F24: an amendment says again that the order is post-only and reduce-only', async () => {
    const quick = await createDeribitWorld();
    const sent: string[] = [];
    const connect: AccountRuntime['connect'] = (url, handlers) => {
      const socket = quick.runtime.connect(url, handlers);
      return {
        ...socket,
        send(text) {
          sent.push(text);
          socket.send(text);
        },
      };
    };
    const orders = enterOrders({ runtime: { ...quick.runtime, connect } }).entry;
    orders.start();
    await until('live', () => orders.notReady() === null);
    const placed = await place(orders, intentOf('p-1', { timeInForce: 'postOnly', reduceOnly: true }));
    if (placed.kind !== 'accepted') throw new Error(JSON.stringify(placed));
    for (const venueOrderId of [placed.venueOrderId, null]) {
      const answer = await amend(venueOrderId, 1_000_010, 120, orders);
      expect(answer.kind).toBe('accepted');
      const edit = sent.findLast((text) => text.includes('private/edit')) ?? '';
      expect(edit).toMatch(/"post_only":true,"reject_post_only":true,"reduce_only":true,"valid_until":\d+/);
    }
    expect(await amend('no-such-order', 1_000_010, 120, orders)).toMatchObject({
      kind: 'rejected',
      errorClass: 'notFound',
    });
    await orders.stop();
    await quick.close();
  });

  it('G8: maintenance ends the connection with its reason; afterwards it comes back by itself', async () => {
    await live();
    world.venue.faults.setMaintenance(true);
    await until('down', () => /maintenance|503/.test(entry.notReady() ?? ''));
    expect(await place(entry, intentOf('m-1'))).toMatchObject({ kind: 'notSent', reason: 'notReady' });
    world.venue.faults.setMaintenance(false);
    await until('back', () => entry.notReady() === null);
    expect((await place(entry, intentOf('m-2'))).kind).toBe('accepted');
  });

  it('post-only, reduce-only, stops and times in force arrive as the venue writes them', async () => {
    await live();
    world.exchange.setBook([[999_990, 10]], [[1_000_500, 10]]);
    await place(entry, intentOf('post', { timeInForce: 'postOnly' }));
    await place(entry, intentOf('fok', { timeInForce: 'fok', reduceOnly: true }));
    const trigger = {
      type: 'takeProfitMarket',
      timeInForce: 'ioc',
      price: null,
      triggerPrice: 1_100_000 as Price,
    } as const;
    await place(entry, intentOf('take', { ...trigger, side: 'sell' }));
    expect(
      world.exchange
        .orders('main', null)
        .map((each) => [each.type, each.timeInForce, each.reduceOnly, each.triggerPrice]),
    ).toEqual([
      ['limit', 'postOnly', false, null],
      ['limit', 'fok', true, null],
      ['takeProfitMarket', 'ioc', false, 1_100_000],
    ]);
    expect(await place(entry, intentOf('over', { timeInForce: 'postOnly', price: 1_000_500 as Price }))).toMatchObject({
      kind: 'rejected',
      code: '11054',
    });
  });
});
