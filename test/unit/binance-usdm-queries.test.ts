import { describe, expect, test } from 'vitest';
import type { Price, Size } from '#core/market/scaled-decimal.ts';
import type { ClientOrderId } from '#core/orders/order.ts';
import type { EpochMs, MonoNanos } from '#core/time/clock.ts';
import { systemClock } from '#core/time/system-clock.ts';
import { createBinanceUsdmQueries } from '#venues/binance-usdm/queries.ts';
import { KEYS, openBinance } from '../support/binance-usdm-world.ts';
import { until } from '../support/until.ts';

type World = Awaited<ReturnType<typeof openBinance>>;

/** Places without the client: what a predecessor, or a person, did. */
function place(
  world: World,
  clientOrderId: string,
  side: 'buy' | 'sell',
  price: number,
  size: number,
  timeInForce: 'gtc' | 'ioc' = 'gtc',
) {
  world.advance();
  const outcome = world.exchange.place('tested', {
    clientOrderId,
    symbol: 'BTCUSDT',
    side,
    type: 'limit',
    timeInForce,
    price: price as Price,
    triggerPrice: null,
    size: size as Size,
    reduceOnly: false,
  });
  if (outcome.kind === 'refused') throw new Error(outcome.reason);
  return outcome.order;
}

const HOUR_AGO = () => (Date.now() - 3_600_000) as EpochMs;
const target = (clientOrderId: string) => ({
  symbol: 'BTCUSDT',
  clientOrderId: clientOrderId as ClientOrderId,
  venueOrderId: null,
});

describe('queries', () => {
  test('an order is found by its client id, open or ended', async () => {
    const world = await openBinance();
    world.rest('sell', 600_010, 5);
    const open = place(world, 'p1-1-1', 'buy', 600_000, 10);
    place(world, 'p1-1-2', 'buy', 600_010, 10, 'ioc');
    expect(await world.queries.orderByClientId('BTCUSDT', 'p1-1-1')).toMatchObject({
      kind: 'found',
      report: {
        source: 'query',
        venueOrderId: open.orderId,
        status: 'accepted',
        price: '60000',
        size: '0.01',
        cumulativeSize: '0',
      },
    });
    expect(await world.queries.orderByClientId('BTCUSDT', 'p1-1-2')).toMatchObject({
      kind: 'found',
      report: { status: 'expired', cumulativeSize: '0.005', reason: 'EXPIRED timeInForce=IOC' },
    });
    expect(await world.queries.orderByClientId('BTCUSDT', 'p1-1-3')).toEqual({ kind: 'notFound' });
  });

  test('F3, F4: "no such order" of a live order is not believed until every endpoint was asked', async () => {
    const world = await openBinance();
    place(world, 'p1-1-1', 'buy', 600_000, 10);
    world.server.faults.arm('queryNotFound');
    expect(await world.queries.orderByClientId('BTCUSDT', 'p1-1-1')).toMatchObject({
      kind: 'found',
      report: { status: 'accepted' },
    });
    world.exchange.cancel('tested', { orderId: null, clientOrderId: 'p1-1-1' });
    world.server.faults.arm('queryNotFound');
    expect(await world.queries.orderByClientId('BTCUSDT', 'p1-1-1')).toMatchObject({
      kind: 'found',
      report: { status: 'canceled' },
    });
  });

  test('G10: a successor sees every order and fill since an instant, oldest first, and none before it', async () => {
    const world = await openBinance();
    world.rest('sell', 600_010, 30);
    place(world, 'p1-1-1', 'buy', 600_010, 10);
    place(world, 'p1-1-2', 'buy', 600_000, 10);
    place(world, 'p1-1-3', 'buy', 600_010, 10);
    const orders = await world.queries.ordersSince('BTCUSDT', HOUR_AGO());
    expect(orders.map((each) => [each.clientOrderId, each.status])).toEqual([
      ['p1-1-1', 'filled'],
      ['p1-1-2', 'accepted'],
      ['p1-1-3', 'filled'],
    ]);
    const fills = await world.queries.fillsSince('BTCUSDT', HOUR_AGO());
    expect(fills).toMatchObject([
      { source: 'query', size: '0.01', price: '60001', side: 'buy', liquidity: 'taker' },
      { source: 'query', size: '0.01' },
    ]);
    expect(await world.queries.ordersSince('BTCUSDT', (Date.now() + 10) as EpochMs)).toEqual([]);
    expect((await world.queries.openOrders('BTCUSDT')).map((each) => each.clientOrderId)).toEqual(['p1-1-2']);
  });

  test('F26: whose order a fill is is looked up among the conditional orders only where nobody knows it', async () => {
    const world = await openBinance();
    world.rest('sell', 600_010, 30);
    const { orderId } = place(world, 'p1-1-1', 'buy', 600_010, 10);
    const asked: string[] = [];
    const runtime = {
      ...world.runtime,
      fetch: (...request: Parameters<typeof fetch>) => {
        asked.push(new URL(String(request[0])).pathname);
        return world.runtime.fetch(...request);
      },
    };
    const queries = createBinanceUsdmQueries(runtime, async () => []);
    expect(await queries.fillsSince('BTCUSDT', HOUR_AGO())).toHaveLength(1);
    expect(asked).toContain('/fapi/v1/allAlgoOrders');
    asked.length = 0;
    expect(await queries.fillsSince('BTCUSDT', HOUR_AGO(), (id) => id === orderId)).toHaveLength(1);
    expect(asked, 'the clock is known by now as well').toEqual(['/fapi/v1/userTrades']);
  });

  test('more than a page of fills is read whole, each once', async () => {
    const world = await openBinance();
    const started = Date.now() as EpochMs;
    for (let index = 0; index < 1_300; index += 1) {
      world.rest('sell', 600_010, 1);
      place(world, `p1-1-${index}`, 'buy', 600_010, 1);
      if (index % 100 === 0) await new Promise((done) => setTimeout(done, 2));
    }
    const fills = await world.queries.fillsSince('BTCUSDT', started);
    expect(fills).toHaveLength(1_300);
    expect(new Set(fills.map((each) => each.fillId)).size).toBe(1_300);
    const times = fills.map((each) => each.venueTime);
    expect(times).toEqual([...times].sort((a, b) => a - b));
  });

  test('weeks are asked for seven days at a time', async () => {
    const world = await openBinance();
    place(world, 'p1-1-1', 'buy', 600_000, 10);
    const before = world.server.stats().requests;
    expect(await world.queries.ordersSince('BTCUSDT', (Date.now() - 20 * 86_400_000) as EpochMs)).toHaveLength(1);
    expect(world.server.stats().requests - before).toBeGreaterThanOrEqual(3);
  });

  test('positions are signed and balances are what the venue says', async () => {
    const world = await openBinance();
    world.rest('buy', 600_000, 10);
    place(world, 'p1-1-1', 'sell', 600_000, 10);
    expect(await world.queries.positions(['BTCUSDT'])).toMatchObject([
      { kind: 'position', source: 'query', size: '-0.01' },
    ]);
    expect(await world.queries.positions(['BTCUSDT', 'ETHUSDT'])).toMatchObject([{ symbol: 'BTCUSDT' }]);
    expect(await world.queries.positions([])).toEqual([]);
    expect(await world.queries.balances()).toMatchObject([{ kind: 'balance', currency: 'USDT' }]);
  });

  test('the time is the venue’s', async () => {
    const world = await openBinance();
    world.server.faults.setClockOffsetMs(-5_000);
    expect(Math.abs((await world.queries.serverTime()) - (Date.now() - 5_000))).toBeLessThan(1_000);
    world.server.faults.setClockOffsetMs(0);
    expect((await world.queries.instruments()).map((each) => each.symbol)).toEqual(['BTCUSDT']);
  });

  test('G12: a venue whose clock steps is asked again in its new time', async () => {
    const world = await openBinance();
    await world.queries.balances();
    world.server.faults.setClockOffsetMs(60_000);
    expect(await world.queries.balances()).toHaveLength(1);
  });
});

describe('cancels by REST', () => {
  test('done, already so, lost on the way', async () => {
    const world = await openBinance();
    const order = place(world, 'p1-1-1', 'buy', 600_000, 10);
    expect(await world.queries.cancelOrder(target('p1-1-1'))).toMatchObject({
      kind: 'accepted',
      venueOrderId: order.orderId,
    });
    expect(await world.queries.cancelOrder(target('p1-1-1'))).toMatchObject({
      kind: 'rejected',
      errorClass: 'alreadySo',
      code: '-2011',
    });
    world.setCredentials(null);
    expect(await world.queries.cancelOrder(target('p1-1-1'))).toMatchObject({ kind: 'notSent', reason: 'notReady' });
    world.setCredentials(KEYS);
    await world.server.close();
    expect(await world.queries.cancelOrder(target('p1-1-1'))).toMatchObject({ kind: 'unknown', cause: 'linkLost' });
  });
});

describe('failures of queries', () => {
  test.each([
    ['keys', 'wrong secret', (world: World) => world.setCredentials({ key: KEYS.key, secret: 'no' }), '-1022'],
    ['keys', 'unknown key', (world: World) => world.setCredentials({ key: 'no', secret: 'no' }), '-2015'],
    ['keys', 'no keys at all', (world: World) => world.setCredentials(null), 'NO_KEYS'],
    ['retry', 'maintenance', (world: World) => world.server.faults.setMaintenance(true), '-1008'],
    ['retry', 'rate limit', (world: World) => world.server.faults.arm('rateLimited'), '-1003'],
  ])('S3: %s: %s', async (venueClass, _what, prepare, venueCode) => {
    const world = await openBinance();
    await world.queries.balances();
    prepare(world);
    await expect(world.queries.openOrders('BTCUSDT')).rejects.toMatchObject({
      name: 'VenueError',
      venueClass,
      venueCode,
    });
  });

  test('H11, F27: questions of a long day follow the venue’s clock, and are not ahead of it', async () => {
    const world = await openBinance();
    const TEN_MINUTES = 600_001;
    let passedMs = 0;
    const stamps: number[] = [];
    let timesAsked = 0;
    const queries = createBinanceUsdmQueries(
      {
        ...world.runtime,
        clock: {
          monoNanos: () => (systemClock.monoNanos() + passedMs * 1e6) as MonoNanos,
          epochMs: () => systemClock.epochMs(),
        },
        fetch: async (address, options) => {
          const stamp = new URL(String(address)).searchParams.get('timestamp');
          if (stamp !== null) stamps.push(Number(stamp) - Date.now() - passedMs);
          const answer = await world.runtime.fetch(address, options);
          if (String(address).endsWith('/time')) timesAsked += 1;
          return answer;
        },
      },
      async () => [],
    );
    await queries.balances();
    // Our clock runs fast: half a second in ten minutes.
    for (let count = 2; count < 5; count += 1) {
      passedMs += TEN_MINUTES;
      world.server.faults.setClockOffsetMs(passedMs - 500);
      await queries.balances();
      await until('the clock is read', () => timesAsked === count);
    }
    await queries.balances();
    expect(stamps.at(-1)).toBeLessThanOrEqual(-500);
  });

  test('F26: after a stated wait nothing is asked before its end', async () => {
    const world = await openBinance();
    await world.queries.balances();
    world.server.faults.arm('rateLimited');
    await expect(world.queries.balances()).rejects.toMatchObject({ retryAfterMs: 1_000 });
    const before = world.server.stats().requests;
    await expect(world.queries.balances()).rejects.toMatchObject({ venueClass: 'retry', venueCode: 'RATE_BUDGET' });
    expect(world.server.stats().requests).toBe(before);
  });

  test('a venue that is gone is a failure of its own, and no secret is in it', async () => {
    const world = await openBinance();
    await world.queries.balances();
    await world.server.close();
    const error: unknown = await world.queries.balances().catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ venueClass: 'retry', venueCode: 'NETWORK' });
    expect(String(error)).not.toContain('signature');
  });
});
