import { describe, expect, test } from 'vitest';
import type { Price, Size } from '#core/market/scaled-decimal.ts';
import type { OrderIntent } from '#core/orders/order.ts';
import type { OrderAnswer, OrderEntry } from '#core/orders/venue-ports.ts';
import type { EpochMs } from '#core/time/clock.ts';
import { answers, BTCUSDT, intent, KEYS, LATER, openBinance } from '../support/binance-usdm-world.ts';
import { until } from '../support/until.ts';

/** A venue with order entry that is live. */
async function ready(timing: { answerTimeoutMs?: number } = {}, options: Parameters<typeof openBinance>[0] = {}) {
  const world = await openBinance(options);
  const { entry, statuses } = await world.openOrderEntry(timing);
  await until('order entry live', () => entry.notReady() === null);
  return { ...world, entry, statuses };
}

async function place(entry: OrderEntry, order: OrderIntent): Promise<OrderAnswer> {
  const { received, take } = answers();
  entry.place(order, BTCUSDT, LATER(), take);
  return until('an answer', () => received[0]);
}

describe('order entry', () => {
  test('H3: an order is acknowledged with the id that the venue gave it, and lives there as it was meant', async () => {
    const { entry, exchange } = await ready();
    const order = intent({ timeInForce: 'postOnly' });
    const answer = await place(entry, order);
    const [placed] = exchange.openOrders('tested', null);
    expect(answer).toMatchObject({ kind: 'accepted', venueOrderId: placed?.orderId });
    expect(placed).toMatchObject({
      clientOrderId: order.clientOrderId,
      side: 'buy',
      type: 'limit',
      timeInForce: 'postOnly',
      price: 600_000,
      size: 10,
      reduceOnly: false,
    });
  });

  test.each(['gtc', 'ioc', 'fok', 'postOnly'] as const)('a limit order goes out %s', async (timeInForce) => {
    const { entry, exchange } = await ready();
    await place(entry, intent({ timeInForce }));
    expect(exchange.orders('tested', null)).toMatchObject([{ type: 'limit', timeInForce }]);
  });

  test('H16: a reduce-only market order carries neither price nor time in force', async () => {
    const { entry, exchange, rest } = await ready();
    rest('sell', 600_000, 50);
    await place(entry, intent());
    rest('buy', 599_990, 50);
    const answer = await place(
      entry,
      intent({ type: 'market', price: null, timeInForce: 'ioc', side: 'sell', reduceOnly: true }),
    );
    expect(answer.kind).toBe('accepted');
    expect(exchange.orders('tested', null).at(-1)).toMatchObject({ type: 'market', price: null, reduceOnly: true });
    expect(exchange.positions('tested')).toEqual([]);
  });

  test('cancel and amend reach the order by its client id', async () => {
    const { entry, exchange } = await ready();
    const order = intent();
    await place(entry, order);
    const target = { symbol: 'BTCUSDT', clientOrderId: order.clientOrderId, venueOrderId: null };
    const { received, take } = answers();
    entry.amend(target, { side: 'buy', price: 599_990 as Price, size: 20 as Size }, BTCUSDT, LATER(), take);
    await until('the amendment', () => received[0]);
    expect(exchange.openOrders('tested', null)).toMatchObject([{ price: 599_990, size: 20 }]);
    entry.cancel(target, LATER(), take);
    await until('the cancel', () => received[1]);
    expect(received.map((each) => each.kind)).toEqual(['accepted', 'accepted']);
    expect(exchange.orders('tested', null)).toMatchObject([{ status: 'canceled' }]);
  });

  test('answers come after the call, also when nothing could be sent', async () => {
    const world = await openBinance();
    const { entry } = await world.openOrderEntry();
    const { received, take } = answers();
    entry.place(intent(), BTCUSDT, LATER(), take);
    expect(received).toEqual([]);
    await until('the answer', () => received[0]);
    expect(received).toMatchObject([{ kind: 'notSent', reason: 'notReady' }]);
    expect(entry.notReady()).not.toBeNull();
  });
});

describe('what the venue refuses', () => {
  test.each([
    ['a price off the scale of the instrument', intent({ price: 0 as Price }), { errorClass: 'reject', code: '-4001' }],
    ['a quantity of nothing', intent({ size: 0 as Size }), { errorClass: 'reject', code: '-4003' }],
    ['an unknown symbol', intent({ symbol: 'NOPEUSDT' }), { errorClass: 'reject', code: '-1121' }],
    ['reducing what is not there', intent({ reduceOnly: true }), { errorClass: 'reject', code: '-2022' }],
  ])('%s', async (_what, order, expected) => {
    const { entry, exchange } = await ready();
    expect(await place(entry, order)).toMatchObject({ kind: 'rejected', ...expected });
    expect(exchange.orders('tested', null)).toEqual([]);
  });

  test('F2: the same id twice is the order that already lives', async () => {
    const { entry, exchange } = await ready();
    const order = intent();
    await place(entry, order);
    expect(await place(entry, order)).toMatchObject({ kind: 'rejected', code: '-4116', errorClass: 'alreadySo' });
    expect(exchange.orders('tested', null)).toHaveLength(1);
  });

  test('F13: cancelling what is no longer open says so, and an amendment without a change', async () => {
    const { entry } = await ready();
    const order = intent();
    const target = { symbol: 'BTCUSDT', clientOrderId: order.clientOrderId, venueOrderId: null };
    const { received, take } = answers();
    entry.cancel(target, LATER(), take);
    await until('the cancel', () => received[0]);
    await place(entry, order);
    entry.amend(target, { side: 'buy', price: 600_000 as Price, size: 10 as Size }, BTCUSDT, LATER(), take);
    await until('the amendment', () => received[1]);
    expect(received).toMatchObject([
      { kind: 'rejected', code: '-2011', errorClass: 'alreadySo' },
      { kind: 'rejected', code: '-5027', errorClass: 'alreadySo' },
    ]);
  });
});

describe('what stays open', () => {
  test('F1, T6: no answer in time is unknown once, while the order lives at the venue', async () => {
    const { entry, exchange, server, logged } = await ready({ answerTimeoutMs: 150 });
    server.faults.arm('placeTimesOutButAccepted');
    expect(await place(entry, intent())).toMatchObject({ kind: 'unknown', cause: 'timeout' });
    expect(exchange.openOrders('tested', null)).toHaveLength(1);
    expect(logged.join('\n')).not.toContain(KEYS.secret);
  });

  test('F2: the venue does not know itself', async () => {
    const { entry, exchange, server } = await ready();
    server.faults.arm('placeUnclearButAccepted');
    expect(await place(entry, intent())).toMatchObject({ kind: 'unknown', cause: 'venueUnclear', code: '-1007' });
    expect(exchange.openOrders('tested', null)).toHaveLength(1);
  });

  test('T6: a lost connection makes every request in flight unknown, each exactly once; then it comes back', async () => {
    const { entry, server } = await ready();
    server.faults.arm('placeTimesOutButAccepted', 2);
    server.faults.arm('cancelAnswerLost');
    const { received, take } = answers();
    const first = intent();
    entry.place(first, BTCUSDT, LATER(), take);
    entry.place(intent(), BTCUSDT, LATER(), take);
    entry.cancel({ symbol: 'BTCUSDT', clientOrderId: first.clientOrderId, venueOrderId: null }, LATER(), take);
    await until('all three taken in', () => server.faults.happened('cancelAnswerLost') === 1);
    server.closeAll();
    await until('three answers', () => received.length === 3);
    expect(received.map((each) => (each.kind === 'unknown' ? each.cause : each.kind))).toEqual([
      'linkLost',
      'linkLost',
      'linkLost',
    ]);
    await until('live again', () => entry.notReady() === null);
    expect((await place(entry, intent())).kind).toBe('accepted');
    expect(received).toHaveLength(3);
  });

  test('a connection cut in the middle of an order', async () => {
    const { entry, exchange, server } = await ready();
    server.faults.arm('placeCutsLink');
    expect(await place(entry, intent())).toMatchObject({ kind: 'unknown', cause: 'linkLost' });
    expect(exchange.openOrders('tested', null)).toHaveLength(1);
  });

  test('a late answer to a request that timed out changes nothing', async () => {
    const { entry, server, logged } = await ready({ answerTimeoutMs: 80 });
    server.faults.setAnswerDelayMs(160);
    const { received, take } = answers();
    entry.place(intent(), BTCUSDT, LATER(), take);
    await until('the late answer', () => logged.some((line) => line.includes('answer that nobody waits for')));
    expect(received).toMatchObject([{ kind: 'unknown', cause: 'timeout' }]);
  });
});

describe('fences and budgets', () => {
  test('H18: nothing is sent with less than 50 ms of the lease left', async () => {
    const { entry, exchange } = await ready();
    const { received, take } = answers();
    entry.place(intent(), BTCUSDT, (Date.now() + 40) as EpochMs, take);
    await until('the answer', () => received[0]);
    expect(received).toMatchObject([{ kind: 'notSent', reason: 'leaseEnds' }]);
    expect(exchange.orders('tested', null)).toEqual([]);
  });

  test('H18: the venue refuses what reaches it after the fence', async () => {
    const { entry, exchange, server } = await ready();
    const { received, take } = answers();
    // The request takes three seconds on its way.
    server.faults.setClockOffsetMs(3_000);
    entry.place(intent(), BTCUSDT, (Date.now() + 2_000) as EpochMs, take);
    await until('the answer', () => received[0]);
    expect(received).toMatchObject([{ kind: 'rejected', code: '-1021', errorClass: 'clock' }]);
    expect(exchange.orders('tested', null)).toEqual([]);
  });

  test('G12, F27: a venue whose clock is off by an hour is met in its own time, and again after it steps', async () => {
    const world = await openBinance();
    world.server.faults.setClockOffsetMs(-3_600_000);
    const { entry } = await world.openOrderEntry();
    await until('order entry live', () => entry.notReady() === null);
    expect((await place(entry, intent())).kind).toBe('accepted');
    world.server.faults.setClockOffsetMs(7_000);
    expect(await place(entry, intent())).toMatchObject({ kind: 'rejected', errorClass: 'clock' });
    await until('the clock read anew', () => entry.notReady() === null);
    expect((await place(entry, intent())).kind).toBe('accepted');
  });

  test('F26: told to wait, orders wait and cancels go', async () => {
    const { entry, server } = await ready();
    const order = intent();
    await place(entry, order);
    server.faults.arm('rateLimited');
    expect(await place(entry, intent())).toMatchObject({ kind: 'rejected', errorClass: 'retry' });
    expect(await place(entry, intent())).toMatchObject({ kind: 'notSent', reason: 'rateLimited' });
    const { received, take } = answers();
    entry.cancel({ symbol: 'BTCUSDT', clientOrderId: order.clientOrderId, venueOrderId: null }, LATER(), take);
    expect(await until('the cancel', () => received[0])).toMatchObject({ kind: 'accepted' });
  });

  test('F26: a smaller limit of the venue is kept from its first answer on', async () => {
    const { entry, exchange } = await ready(
      {},
      { limits: { orders: [{ interval: 'SECOND', intervalNum: 10, limit: 3 }] } },
    );
    const kinds: string[] = [];
    for (let index = 0; index < 5; index += 1) kinds.push((await place(entry, intent())).kind);
    expect(kinds).toEqual(['accepted', 'accepted', 'accepted', 'notSent', 'notSent']);
    expect(exchange.openOrders('tested', null)).toHaveLength(3);
  });
});

describe('clocks', () => {
  test('F27: a venue clock more than 250 ms off is told of, once, and one that is right is not', async () => {
    const right = await ready();
    const apart = await openBinance();
    apart.server.faults.setClockOffsetMs(2_000);
    const { entry } = await apart.openOrderEntry();
    await until('live', () => entry.notReady() === null);
    const told = (logged: readonly string[]) => logged.filter((line) => line.includes('venue clock and ours'));
    await until('the alarm', () => told(apart.logged)[0]);
    expect(told(apart.logged)).toHaveLength(1);
    expect(told(apart.logged)[0]).toMatch(/^error .*"raised":true/);
    expect(told(right.logged)).toEqual([]);
  });
});

describe('keys', () => {
  test('G9, R1: wrong keys show before the first order, right ones recover by themselves', async () => {
    const world = await openBinance();
    world.setCredentials({ key: KEYS.key, secret: 'wrong' });
    const { entry, statuses } = await world.openOrderEntry();
    await until('refused', () => statuses.find((each) => each.state === 'waiting'));
    expect(statuses.find((each) => each.state === 'waiting')?.reason).toContain('-1022');
    world.setCredentials(KEYS);
    await until('order entry live', () => entry.notReady() === null);
    expect(JSON.stringify([statuses, world.logged])).not.toContain('wrong');
  });

  test('R1: without keys nothing is sent', async () => {
    const { entry, setCredentials } = await ready();
    setCredentials(null);
    expect(entry.notReady()).toContain('no keys');
    expect(await place(entry, intent())).toMatchObject({ kind: 'notSent', reason: 'notReady' });
  });
});

describe('the venue restarts', () => {
  test('serverShutdown: the next connection is there before the old one goes', async () => {
    const { entry, server, statuses } = await ready();
    const before = statuses.length;
    server.faults.arm('serverShutdown');
    await until('replaced', () => statuses.slice(before).some((each) => each.state === 'connecting'));
    await until('live', () => entry.notReady() === null);
    expect((await place(entry, intent())).kind).toBe('accepted');
  });

  test('G8: maintenance ends, and so does the wait', async () => {
    const { entry, server, statuses } = await ready();
    server.faults.setMaintenance(true);
    await until('waiting', () => statuses.some((each) => each.state === 'maintenance' || each.state === 'waiting'));
    expect(entry.notReady()).not.toBeNull();
    server.faults.setMaintenance(false);
    await until('live', () => entry.notReady() === null);
  });

  test('R10: a half-open connection is found by its silence', async () => {
    const world = await openBinance();
    const { entry, statuses } = await world.openOrderEntry({ heartbeat: { intervalMs: 40, answerTimeoutMs: 40 } });
    await until('order entry live', () => entry.notReady() === null);
    world.server.faults.setHalfOpen('all');
    await until('found', () => statuses.some((each) => each.state === 'waiting' && each.reason.includes('heartbeat')));
    world.server.faults.setHalfOpen('none');
    await until('live', () => entry.notReady() === null);
  });
});
