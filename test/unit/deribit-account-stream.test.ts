import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { AccountReport } from '#core/orders/order.ts';
import {
  createDeribitWorld,
  type DeribitWorld,
  enterOrders,
  GOOD_KEYS,
  INVERSE_BTC,
  intentOf,
  listenToAccount,
  place,
} from '../support/deribit-world.ts';
import { hastened } from '../support/hastened.ts';
import { until } from '../support/until.ts';

let world: DeribitWorld;
let account: ReturnType<typeof listenToAccount>;
let entry: ReturnType<typeof enterOrders>['entry'];

async function live(): Promise<void> {
  account.stream.start();
  entry.start();
  await until('live', () => account.stream.status().state === 'live' && entry.notReady() === null);
}

function statusesOf(id: string): string[] {
  return account.reports.flatMap((report) =>
    report.kind === 'orderReport' && report.clientOrderId === id ? [report.status] : [],
  );
}

function fills(): Extract<AccountReport, { kind: 'fill' }>[] {
  return account.reports.filter((report) => report.kind === 'fill');
}

describe('Deribit account stream against the simulated venue', () => {
  beforeEach(async () => {
    const instruments = new Map([[INVERSE_BTC.symbol, INVERSE_BTC]]);
    world = await createDeribitWorld({ timers: hastened(60_000, 50), instruments: () => instruments });
    account = listenToAccount(world);
    entry = enterOrders(world).entry;
  });
  afterEach(async () => {
    await Promise.all([entry.stop(), account.stream.stop()]);
    await world.close();
    expect(world.venue.stats().errors).toEqual([]);
  });

  it('H2: an order, its fill, the position and the balance are told, each with the venue ids and exact numbers', async () => {
    await live();
    const placed = await place(entry, intentOf('a-1'));
    await until('accepted', () => statusesOf('a-1').includes('accepted'));
    world.exchange.fill('a-1', 40);
    world.exchange.fill('a-1', 60);
    await until('filled', () => statusesOf('a-1').at(-1) === 'filled');
    const venueOrderId = placed.kind === 'accepted' ? placed.venueOrderId : '';
    expect(fills()).toMatchObject([
      {
        venueOrderId,
        clientOrderId: 'a-1',
        size: '40',
        price: '100000.5',
        side: 'buy',
        liquidity: 'maker',
        cause: 'trade',
      },
      { venueOrderId, size: '60', fee: '0.00006' },
    ]);
    expect(account.reports.filter((each) => each.kind === 'position').at(-1)).toMatchObject({
      symbol: 'BTC-PERPETUAL',
      size: '100',
    });
    await until('the balance', () => account.reports.some((each) => each.kind === 'balance'));
  });

  it('H2, F12: a fill that is told twice counts once, one that is never told is left to the query', async () => {
    await live();
    world.venue.faults.arm('duplicateNextFill');
    await place(entry, intentOf('d-1'));
    world.exchange.fill('d-1', 100);
    await until('filled', () => statusesOf('d-1').at(-1) === 'filled');
    expect(fills()).toHaveLength(1);
    await place(entry, intentOf('d-2'));
    await until('accepted', () => statusesOf('d-2').includes('accepted'));
    world.venue.faults.arm('suppressNextFill');
    world.exchange.fill('d-2', 100);
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect(fills()).toHaveLength(1);
    expect(world.venue.faults.happened('suppressNextFill')).toBe(1);
  });

  it('G1: with reports before the acknowledgement both are told', async () => {
    await live();
    world.venue.faults.arm('fillBeforeAck');
    const answer = place(entry, intentOf('g-1'));
    await until('told', () => statusesOf('g-1').length > 0);
    expect((await answer).kind).toBe('accepted');
  });

  it('G3: accepted, then rejected by the matching engine: told as rejected', async () => {
    await live();
    world.venue.faults.arm('acceptedThenRejected');
    expect(await place(entry, intentOf('j-1'))).toMatchObject({ kind: 'accepted' });
    await until('rejected', () => statusesOf('j-1').includes('rejected'));
  });

  it('F15: a session that the venue ends is opened again by itself, and says live again', async () => {
    await live();
    world.venue.faults.arm('privateStreamExpires');
    await until('gone', () => account.stream.status().state !== 'live');
    expect(account.states.at(-1)?.reason).toMatch(/session expired/);
  });

  it('F25: a liquidation is told with its cause', async () => {
    await live();
    await place(entry, intentOf('b-1'));
    world.exchange.fill('b-1', 100, 'liquidation');
    await until('told', () => fills().length === 1);
    expect(fills()[0]).toMatchObject({ cause: 'liquidation', size: '100' });
  });

  it('H2: funding is read from the transaction log once, with its symbol and amount', async () => {
    await live();
    const time = Date.now();
    world.exchange.tellAccount({
      kind: 'position',
      accountId: 'main',
      position: {
        symbol: 'BTC-PERPETUAL',
        size: 100,
        entryPrice: '100',
        markPrice: 1_000_000 as never,
        unrealizedProfit: '0',
        liquidationPrice: null,
        leverage: 10,
      },
      reason: 'funding',
      time: time as never,
    });
    world.exchange.tellAccount({
      kind: 'balance',
      accountId: 'main',
      balance: { currency: 'BTC', walletBalance: '0.999999', availableBalance: '0.9' },
      change: '-0.000001',
      reason: 'funding',
      time: time as never,
    });
    const adjustments = () => account.reports.filter((each) => each.kind === 'adjustment');
    await until('told', () => adjustments().length > 0);
    await new Promise((resolve) => setTimeout(resolve, 150));
    expect(adjustments()).toMatchObject([
      { reason: 'funding', symbol: 'BTC-PERPETUAL', currency: 'BTC', amount: '-0.000001' },
    ]);
  });

  it('a balance is told with each change, what is available of it, which follows the mark price, now and then', async () => {
    await live();
    for (const [walletBalance, availableBalance] of [
      ['5', '4'],
      ['5', '3'],
      ['5', '2'],
      ['6', '2'],
    ] as const) {
      const balance = { currency: 'BTC', walletBalance, availableBalance };
      Object.assign(world.exchange, { balances: () => [balance] });
      world.exchange.tellAccount({
        kind: 'balance',
        accountId: 'main',
        balance,
        change: '0',
        reason: 'order',
        time: Date.now() as never,
      });
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    const told = account.reports.flatMap((each) =>
      each.kind === 'balance' && each.currency === 'BTC' ? [[each.walletBalance, each.availableBalance]] : [],
    );
    expect(told).toEqual([
      ['5', '4'],
      ['6', '2'],
    ]);
  });

  it('H2: a log of more rows than a page holds is read whole, each row once, oldest first', async () => {
    for (let each = 1; each <= 600; each += 1) {
      world.exchange.tellAccount({
        kind: 'balance',
        accountId: 'main',
        balance: { currency: 'BTC', walletBalance: String(each), availableBalance: '0' },
        change: String(each),
        reason: 'deposit',
        time: Date.now() as never,
      });
    }
    await live();
    const amounts = () => account.reports.flatMap((each) => (each.kind === 'adjustment' ? [Number(each.amount)] : []));
    await until('told', () => amounts().length >= 600);
    await new Promise((resolve) => setTimeout(resolve, 120));
    expect(amounts()).toEqual(Array.from({ length: 600 }, (_, index) => index + 1));
  });

  it('a channel that is missing from the answer is a refusal: the stream is not live without it', async () => {
    world.venue.faults.arm('missingChannel');
    account.stream.start();
    entry.start();
    await until('refused', () => /SUBSCRIBE_REFUSED.*user\.portfolio/.test(account.stream.status().reason));
  });
});

describe('signs of life and changes of keys', () => {
  it('R10: the private connections answer test requests, and stay open', async () => {
    const quick = await createDeribitWorld({}, 60);
    const stream = listenToAccount(quick);
    const orders = enterOrders(quick).entry;
    stream.stream.start();
    orders.start();
    await until('live', () => stream.stream.status().state === 'live' && orders.notReady() === null);
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(stream.stream.status().state).toBe('live');
    expect(orders.notReady()).toBeNull();
    await Promise.all([stream.stream.stop(), orders.stop()]);
    await quick.close();
  });

  it('R1: changed keys are in use on a new connection before the old one goes', async () => {
    const quick = await createDeribitWorld({ timers: hastened(5_000, 100) });
    const stream = listenToAccount(quick);
    stream.stream.start();
    const lives = () => stream.states.filter((each) => each.state === 'live').length;
    await until('live', () => lives() === 1);
    quick.keys.add({ key: 'second', secret: 'another-secret', accountId: 'main' });
    quick.setCredentials({ key: 'second', secret: 'another-secret' });
    await until('live again', () => lives() === 2);
    expect(stream.states.map((each) => each.state)).not.toContain('waiting');
    quick.keys.remove(GOOD_KEYS.key);
    await until('the old one has gone', () => quick.venue.stats().openSessions === 1);
    expect(stream.stream.status().state).toBe('live');
    expect(quick.logged.join('\n')).not.toContain('another-secret');
    await stream.stream.stop();
    await quick.close();
  });
});
