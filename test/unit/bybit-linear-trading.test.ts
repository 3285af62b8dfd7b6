import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { OrderAnswer } from '#core/orders/venue-ports.ts';
import type { EpochMs } from '#core/time/clock.ts';
import {
  type BybitWorld,
  cancel,
  createBybitWorld,
  enterOrders,
  GOOD_KEYS,
  intentOf,
  place,
} from '../support/bybit-linear-world.ts';
import { hastened } from '../support/hastened.ts';
import { LINEAR_BTC } from '../support/scripted-exchange.ts';
import { until } from '../support/until.ts';

let world: BybitWorld;
let entry: ReturnType<typeof enterOrders>['entry'];

async function live(): Promise<void> {
  entry.start();
  await until('order entry is live', () => entry.notReady() === null);
}

describe('Bybit order entry against the simulated venue', () => {
  beforeEach(async () => {
    world = await createBybitWorld();
    entry = enterOrders(world).entry;
  });
  afterEach(async () => {
    await entry.stop();
    await world.close();
  });

  it('H3: places, amends and cancels; each is acknowledged with the venue id, and carried out', async () => {
    await live();
    const placed = await place(entry, intentOf('p-1'));
    const [order] = world.exchange.openOrders('main', null);
    expect(order).toMatchObject({ clientOrderId: 'p-1', price: 10_000, size: 10, timeInForce: 'gtc', side: 'buy' });
    if (placed.kind !== 'accepted') throw new Error(JSON.stringify(placed));
    expect(placed.venueOrderId).toMatch(/^[0-9a-f]{8}-/);
    expect(placed.venueTime).toBeGreaterThan(1_700_000_000_000);
    const target = {
      symbol: 'BTCUSDT',
      clientOrderId: intentOf('p-1').clientOrderId,
      venueOrderId: placed.venueOrderId,
    };
    const amended = await new Promise<OrderAnswer>((resolve) =>
      entry.amend(
        target,
        { side: 'buy', price: intentOf('x', { price: 10_010 as never }).price ?? (0 as never), size: 12 as never },
        LINEAR_BTC,
        (Date.now() + 10_000) as EpochMs,
        resolve,
      ),
    );
    expect(amended.kind).toBe('accepted');
    expect(world.exchange.openOrders('main', null)[0]).toMatchObject({ price: 10_010, size: 12 });
    expect((await cancel(entry, 'p-1')).kind).toBe('accepted');
    expect(world.exchange.openOrders('main', null)).toEqual([]);
  });

  it.each([
    ['insufficientMargin', '110007', 'reject'],
    ['duplicateClientOrderId', '110072', 'alreadySo'],
    ['reduceOnlyRejected', '110017', 'reject'],
  ] as const)('a refusal for %s is answered with code %s and class %s', async (reason, code, errorClass) => {
    await live();
    world.exchange.refuseNext(reason);
    expect(await place(entry, intentOf('r-1'))).toMatchObject({ kind: 'rejected', code, errorClass });
  });

  it('a cancel of an order that is not there is notFound, of one that has ended alreadySo', async () => {
    await live();
    expect(await cancel(entry, 'nobody')).toMatchObject({ kind: 'rejected', code: '110001', errorClass: 'notFound' });
    await place(entry, intentOf('done'));
    world.exchange.fill('done', 10);
    expect(await cancel(entry, 'done')).toMatchObject({ kind: 'rejected', code: '110008', errorClass: 'alreadySo' });
  });

  it('before it is live, and with its lease about to end, nothing is sent, and the answer says so', async () => {
    expect(await place(entry, intentOf('n-1'))).toMatchObject({ kind: 'notSent', reason: 'notReady' });
    await live();
    expect(await place(entry, intentOf('n-2'), 40)).toMatchObject({ kind: 'notSent', reason: 'leaseEnds' });
    expect(world.exchange.orders('main', null)).toEqual([]);
  });

  it('M2: the window of an order ends before its lease: the venue refuses what arrives after it', async () => {
    await live();
    world.venue.faults.setClockOffsetMs(400);
    expect(await place(entry, intentOf('w-1'), 300)).toMatchObject({
      kind: 'rejected',
      code: '10002',
      errorClass: 'clock',
    });
    expect(world.exchange.orders('main', null)).toEqual([]);
  });

  it('G12: with the venue 3 s off its times are right, for they follow the venue', async () => {
    world.venue.faults.setClockOffsetMs(3_000);
    await live();
    expect((await place(entry, intentOf('c-1'))).kind).toBe('accepted');
    expect(world.logged.join('\n')).toMatch(/error venue clock and ours .*"raised":true/);
    world.venue.faults.setClockOffsetMs(-3_000);
    expect(await place(entry, intentOf('c-2'))).toMatchObject({ kind: 'rejected', errorClass: 'clock' });
  });

  it('G12: a venue whose clock steps refuses what was signed before, and nothing after its time was read once more', async () => {
    await live();
    for (const id of ['s-1', 's-2', 's-3']) expect((await place(entry, intentOf(id))).kind).toBe('accepted');
    world.venue.faults.setClockOffsetMs(20_000);
    expect(await place(entry, intentOf('s-4'))).toMatchObject({ kind: 'rejected', errorClass: 'clock' });
    const asked = world.venue.stats().requests;
    await until('its time is read', () => world.venue.stats().requests > asked);
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect((await place(entry, intentOf('s-5'))).kind).toBe('accepted');
  });

  it('G12: a venue whose clock stepped while the connection was away lets it in again at once', async () => {
    await live();
    await until('more readings', () => world.venue.stats().requests >= 3);
    world.venue.faults.setClockOffsetMs(60_000);
    world.venue.faults.arm('serverShutdown');
    await until('left', () => entry.notReady() !== null);
    await until('live again', () => entry.notReady() === null);
    console.log(world.logged.join('\n'), world.venue.stats().requests);
    expect(world.logged.filter((line) => line.includes('AUTH_REFUSED')).length).toBeLessThanOrEqual(1);
  });

  it('F1: an answer that never comes is unknown after its time, and the order may live', async () => {
    await entry.stop();
    entry = enterOrders({ ...world, runtime: { ...world.runtime, timers: hastened(5_000, 60) } }).entry;
    await live();
    world.venue.faults.arm('placeTimesOutButAccepted');
    expect(await place(entry, intentOf('t-1'))).toMatchObject({ kind: 'unknown', cause: 'timeout' });
    expect(world.exchange.openOrders('main', null).length).toBe(1);
  });

  it('F2: an outcome that the venue does not know is unknown, not a rejection', async () => {
    await live();
    world.venue.faults.arm('placeUnclearButAccepted');
    expect(await place(entry, intentOf('u-1'))).toMatchObject({
      kind: 'unknown',
      cause: 'venueUnclear',
      code: '10016',
    });
  });

  it('a link that is cut makes what waits unknown, once, and comes back by itself', async () => {
    await live();
    world.venue.faults.arm('placeCutsLink');
    expect(await place(entry, intentOf('l-1'))).toMatchObject({ kind: 'unknown', cause: 'linkLost' });
    expect(entry.notReady()).not.toBeNull();
    await until('live again', () => entry.notReady() === null);
    expect((await place(entry, intentOf('l-2'))).kind).toBe('accepted');
  });

  it('F26: past ten orders in a second nothing is sent, and cancels have a budget of their own', async () => {
    await live();
    const answers = await Promise.all(Array.from({ length: 12 }, (_, index) => place(entry, intentOf(`f-${index}`))));
    expect(answers.filter((answer) => answer.kind === 'accepted').length).toBe(10);
    expect(answers.filter((answer) => answer.kind === 'notSent' && answer.reason === 'rateLimited').length).toBe(2);
    expect((await cancel(entry, 'f-0')).kind).toBe('accepted');
  });

  it('F26: a rate refusal is answered as such, and the stated wait is kept', async () => {
    await live();
    world.venue.faults.arm('rateLimited');
    expect(await place(entry, intentOf('b-1'))).toMatchObject({ kind: 'rejected', code: '10006', errorClass: 'retry' });
    expect(await place(entry, intentOf('b-2'))).toMatchObject({ kind: 'notSent', reason: 'rateLimited' });
  });

  it('a venue that restarts is left for a new connection while answers under way still come', async () => {
    await live();
    world.venue.faults.setAnswerDelayMs(50);
    const underWay = place(entry, intentOf('s-1'));
    await until('the order has reached the venue', () => world.exchange.orders('main', null).length === 1);
    world.venue.faults.setAnswerDelayMs(0);
    world.venue.faults.arm('serverShutdown');
    expect(['accepted', 'unknown']).toContain((await underWay).kind);
    await until('live again', () => entry.notReady() === null);
    expect((await place(entry, intentOf('s-2'))).kind).toBe('accepted');
  });

  it('every request is answered exactly once, whatever goes wrong', async () => {
    await live();
    const count = new Map<string, number>();
    const faults = ['placeUnclearButAccepted', 'placeCutsLink', 'acceptedThenRejected', 'rateLimited'] as const;
    for (const fault of faults) {
      world.venue.faults.arm(fault);
      await until('live', () => entry.notReady() === null);
      await Promise.all(
        [1, 2].map(
          (index) =>
            new Promise<void>((resolve) => {
              const id = `o-${fault.slice(0, 12)}-${index}`;
              entry.place(intentOf(id), LINEAR_BTC, (Date.now() + 10_000) as EpochMs, () => {
                count.set(id, (count.get(id) ?? 0) + 1);
                resolve();
              });
            }),
        ),
      );
    }
    expect([...count.values()]).toEqual(new Array(8).fill(1));
  });

  it('R1: a wrong key is refused with its reason and no secret; the right key is used once it is there', async () => {
    await entry.stop();
    const quick = { ...world.runtime, timers: hastened(5_000, 30) };
    const degraded = enterOrders({ ...world, runtime: quick });
    entry = degraded.entry;
    world.setCredentials({ key: GOOD_KEYS.key, secret: 'wrong-secret' });
    entry.start();
    await until('refused', () => degraded.states.some((status) => /AUTH_REFUSED: code=10004/.test(status.reason)));
    world.setCredentials(GOOD_KEYS);
    await until('live', () => entry.notReady() === null);
    expect(world.logged.join('\n')).not.toMatch(/wrong-secret|test-secret/);
  });

  it('R1: a rotation while live signs in anew with the new key, and no order is refused for it', async () => {
    await entry.stop();
    const watched = enterOrders({ ...world, runtime: { ...world.runtime, timers: hastened(5_000, 30) } });
    entry = watched.entry;
    await live();
    world.keys.add({ key: 'rotated', secret: 'another-secret', accountId: 'main' });
    world.keys.remove(GOOD_KEYS.key);
    world.setCredentials({ key: 'rotated', secret: 'another-secret' });
    await until('replaced', () => watched.states.some((status) => status.reason === 'keys changed'));
    await until('live', () => entry.notReady() === null);
    expect((await place(entry, intentOf('k-1'))).kind).toBe('accepted');
  });
});
