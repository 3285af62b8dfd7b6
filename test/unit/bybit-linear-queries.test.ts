import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ClientOrderId } from '#core/orders/order.ts';
import { VenueError } from '#core/orders/venue-error.ts';
import type { VenueErrorClass, VenueQueries } from '#core/orders/venue-ports.ts';
import type { EpochMs } from '#core/time/clock.ts';
import { askVenue, type BybitWorld, createBybitWorld } from '../support/bybit-linear-world.ts';
import { hastened } from '../support/hastened.ts';

let world: BybitWorld;
let queries: VenueQueries;
const daysAgo = (days: number): EpochMs => (Date.now() - days * 86_400_000) as EpochMs;

function rest(clientOrderId: string, size = 10): void {
  const outcome = world.exchange.place('main', {
    clientOrderId,
    symbol: 'BTCUSDT',
    side: 'buy',
    type: 'limit',
    timeInForce: 'gtc',
    price: 10_000 as never,
    triggerPrice: null,
    size: size as never,
    reduceOnly: false,
  });
  if (outcome.kind !== 'accepted') throw new Error(outcome.reason);
}

async function classOf(asked: Promise<unknown>): Promise<VenueErrorClass> {
  try {
    await asked;
  } catch (error) {
    if (error instanceof VenueError) return error.venueClass;
    throw error;
  }
  throw new Error('it did not reject');
}

describe('Bybit queries against the simulated venue', () => {
  beforeEach(async () => {
    world = await createBybitWorld();
    queries = askVenue(world);
  });
  afterEach(() => world.close());

  it('tells the venue time, fractions and all', async () => {
    world.venue.faults.setClockOffsetMs(60_000);
    const told = await queries.serverTime();
    expect(told - Date.now()).toBeGreaterThan(59_000);
    expect(told - Date.now()).toBeLessThanOrEqual(60_000);
  });

  it('H3: an order is found open, and found ended, by its client id', async () => {
    rest('q-1');
    expect(await queries.orderByClientId('BTCUSDT', 'q-1')).toMatchObject({
      kind: 'found',
      report: { source: 'query', status: 'accepted', size: '0.01', price: '100', clientOrderId: 'q-1' },
    });
    world.exchange.fill('q-1', 10);
    expect(await queries.orderByClientId('BTCUSDT', 'q-1')).toMatchObject({ report: { status: 'filled' } });
    expect(await queries.openOrders('BTCUSDT')).toEqual([]);
  });

  it('F4: not found is said only when every endpoint that could hold the order knows none', async () => {
    rest('known');
    world.exchange.cancel('main', { orderId: null, clientOrderId: 'known' });
    world.venue.faults.arm('queryNotFound');
    expect(await queries.orderByClientId('BTCUSDT', 'known')).toMatchObject({ kind: 'found' });
    expect(await queries.orderByClientId('BTCUSDT', 'never')).toEqual({ kind: 'notFound' });
  });

  it('T4, M2: a successor finds every order and fill, over all pages, oldest first, each once', async () => {
    for (let index = 0; index < 130; index += 1) {
      rest(`n-${index}`, 2);
      if (index % 3 === 0) world.exchange.fill(`n-${index}`, 2);
      if (index % 3 === 1) world.exchange.fill(`n-${index}`, 1);
    }
    const orders = await queries.ordersSince('BTCUSDT', daysAgo(20));
    expect(orders.length).toBe(130);
    expect(new Set(orders.map((order) => order.clientOrderId)).size).toBe(130);
    expect((await queries.openOrders('BTCUSDT')).length).toBe(86);
    const fills = await queries.fillsSince('BTCUSDT', daysAgo(20));
    expect(fills.length).toBe(87);
    const ids = fills.map((fill) => BigInt(`0x${fill.fillId.replaceAll('-', '')}`));
    expect([...ids].sort((a, b) => (a < b ? -1 : 1))).toEqual(ids);
  });

  it('fills before the asked time are left out, and funding is none', async () => {
    rest('old');
    world.exchange.fill('old', 5);
    await new Promise((resolve) => setTimeout(resolve, 5));
    const from = Date.now() as EpochMs;
    world.exchange.fill('old', 5);
    const balance = { currency: 'USDT', walletBalance: '1', availableBalance: '1' };
    world.exchange.tellAccount({
      kind: 'balance',
      accountId: 'main',
      balance,
      change: '-1',
      reason: 'funding',
      time: from,
    });
    expect((await queries.fillsSince('BTCUSDT', from)).map((fill) => fill.size)).toEqual(['0.005']);
  });

  it('a position is told also when flat, and the wallet with what is available', async () => {
    expect(await queries.positions(['BTCUSDT'])).toMatchObject([{ symbol: 'BTCUSDT', size: '0', source: 'query' }]);
    rest('p');
    world.exchange.fill('p', 10);
    expect(await queries.positions(['BTCUSDT'])).toMatchObject([{ size: '0.01', entryPrice: '100' }]);
    expect(await queries.balances()).toMatchObject([
      { currency: 'USDT', walletBalance: '1000', availableBalance: '900' },
    ]);
  });

  it('cancels by REST: accepted, and refused with its class', async () => {
    rest('c-1');
    const target = (id: string) => ({ symbol: 'BTCUSDT', clientOrderId: id as ClientOrderId, venueOrderId: null });
    expect((await queries.cancelOrder(target('c-1'))).kind).toBe('accepted');
    expect(world.exchange.openOrders('main', null)).toEqual([]);
    expect(await queries.cancelOrder(target('c-1'))).toMatchObject({ kind: 'rejected', errorClass: 'alreadySo' });
    expect(await queries.cancelOrder(target('c-2'))).toMatchObject({ kind: 'rejected', errorClass: 'notFound' });
  });

  it('F6: a cancel whose answer is lost is unknown, never done', async () => {
    rest('c-3');
    const quick = askVenue({ runtime: { ...world.runtime, timers: hastened(5_000, 60) } });
    await quick.serverTime();
    world.venue.faults.arm('cancelAnswerLost');
    const target = { symbol: 'BTCUSDT', clientOrderId: 'c-3' as ClientOrderId, venueOrderId: null };
    expect(await quick.cancelOrder(target)).toMatchObject({ kind: 'unknown' });
  });

  it.each([-30_000, 30_000])(
    'H11: a clock that runs off by %i ms is measured again, and the request is made once more',
    async (offsetMs) => {
      await queries.positions(['BTCUSDT']);
      world.venue.faults.setClockOffsetMs(offsetMs);
      const before = world.venue.stats().requests;
      expect((await queries.positions(['BTCUSDT'])).length).toBe(1);
      expect(world.venue.stats().requests - before).toBe(3);
    },
  );

  it('R1: wrong keys, unknown keys and missing keys are for people, and no error shows the secret', async () => {
    world.setCredentials({ key: 'test-key', secret: 'not-the-secret' });
    await expect(queries.balances()).rejects.toMatchObject({ venueClass: 'keys', venueCode: '10004' });
    await expect(queries.balances()).rejects.not.toThrow(/not-the-secret/);
    world.setCredentials({ key: 'nobody', secret: 'x' });
    expect(await classOf(queries.balances())).toBe('keys');
    world.setCredentials(null);
    expect(await classOf(queries.balances())).toBe('keys');
  });

  it('F26: a rate refusal carries the wait that the venue stated, and the next request keeps to it', async () => {
    await queries.serverTime();
    world.venue.faults.arm('rateLimited');
    const refused = await queries.balances().catch((error: unknown) => error);
    if (!(refused instanceof VenueError)) throw refused;
    expect(refused).toMatchObject({ venueClass: 'retry', venueCode: '10006' });
    const stated = refused.retryAfterMs ?? 0;
    expect(stated).toBeGreaterThan(50);
    const began = performance.now();
    await queries.balances();
    expect(performance.now() - began).toBeGreaterThan(stated - 50);
  });

  it('G8: maintenance and a venue that is gone are to be asked again', async () => {
    world.venue.faults.setMaintenance(true);
    await expect(queries.openOrders('BTCUSDT')).rejects.toMatchObject({ venueClass: 'retry', venueCode: 'HTTP_503' });
    world.venue.faults.setMaintenance(false);
    await world.venue.close();
    expect(await classOf(queries.openOrders('BTCUSDT'))).toBe('retry');
  });

  it('R7: an address that is not secure is refused before anything is signed', async () => {
    const { createSecureFetch } = await import('#venues/connection/secure-fetch.ts');
    const strict = askVenue({ runtime: { ...world.runtime, fetch: createSecureFetch({ insecureAllowed: false }) } });
    await expect(strict.serverTime()).rejects.toMatchObject({ code: 'CONNECTION_INSECURE' });
    expect(world.venue.stats().requests).toBe(0);
  });
});

describe('what the venue may list besides', () => {
  const ROW = {
    symbol: 'BTCUSDT',
    orderId: 'v-1',
    orderLinkId: 'c-1',
    side: 'Buy',
    orderType: 'Limit',
    orderStatus: 'New',
    price: '100',
    qty: '1',
    cumExecQty: '0',
    positionIdx: 0,
    createdTime: '1700000000000',
    updatedTime: '1700000000000',
  };
  const listing = (pages: Readonly<Record<string, readonly object[]>>) =>
    scriptedVenue((url) => {
      const of = url.searchParams.get('openOnly') === '1' ? 'ended' : (url.pathname.split('/').at(-1) ?? '');
      const at = Number(url.searchParams.get('cursor') ?? 0);
      const all = pages[of] ?? [];
      const nextPageCursor = at + 1 < all.length ? String(at + 1) : '';
      const list = all.slice(at, at + 1);
      return new Response(JSON.stringify({ retCode: 0, retMsg: 'OK', result: { list, nextPageCursor } }));
    });

  it('an order that moves to the next page while it is read counts once, as it was last', async () => {
    const filled = { ...ROW, orderStatus: 'PartiallyFilled', cumExecQty: '0.4', updatedTime: '1700000000009' };
    const reports = await listing({ realtime: [ROW, filled] }).openOrders('BTCUSDT');
    expect(reports.map((report) => [report.venueOrderId, report.cumulativeSize])).toEqual([['v-1', '0.4']]);
  });

  it('orders that ended while the account was in hedge mode stand in no way, one that works does', async () => {
    const past = { ...ROW, orderId: 'v-0', orderStatus: 'Filled', cumExecQty: '1', positionIdx: 2 };
    const found = await listing({ history: [past], realtime: [ROW] }).ordersSince(
      'BTCUSDT',
      1_699_999_990_000 as EpochMs,
    );
    expect(found.map((report) => report.venueOrderId)).toEqual(['v-1']);
    await expect(listing({ realtime: [{ ...ROW, positionIdx: 1 }] }).openOrders('BTCUSDT')).rejects.toMatchObject({
      venueClass: 'keys',
      venueCode: 'HEDGE_MODE',
    });
  });
});

describe('answers that cannot be read', () => {
  it.each([
    ['no JSON', '<html>'],
    ['no envelope', '{"ok":true}'],
    ['rows of a wrong type', '{"retCode":0,"retMsg":"OK","result":{"list":[{"symbol":7}]}}'],
  ])('%s: a typed error, to be asked again', async (_name, body) => {
    const scripted = scriptedVenue(() => new Response(body));
    await expect(scripted.positions(['BTCUSDT'])).rejects.toMatchObject({
      venueClass: 'retry',
      venueCode: 'ANSWER_INVALID',
    });
  });
});

it('F26: HTTP 403 shuts the address out: nothing more is sent for ten minutes', async () => {
  let asked = 0;
  const scripted = scriptedVenue(() => {
    asked += 1;
    return new Response('access too frequent', { status: 403 });
  });
  await expect(scripted.balances()).rejects.toMatchObject({ venueCode: 'HTTP_403', retryAfterMs: 600_000 });
  await expect(scripted.balances()).rejects.toMatchObject({ venueCode: 'RATE_BUDGET', retryAfterMs: 600_000 });
  expect(asked).toBe(1);
});

/** Queries whose signed calls are answered by `answer`, on a clock that stands still. */
function scriptedVenue(answer: (url: URL) => Response): VenueQueries {
  const timeBody = '{"retCode":0,"retMsg":"OK","result":{"timeSecond":"1700000000","timeNano":"1700000000000000000"}}';
  return askVenue({
    runtime: {
      endpoints: { market: '', account: '', orders: '', rest: 'https://v' },
      clock: { monoNanos: () => 0 as never, epochMs: () => 1_700_000_000_000 as EpochMs },
      timers: { after: () => () => undefined },
      random: { next: () => 0.5 },
      connect: () => {
        throw new Error('no socket is needed');
      },
      fetch: async (input) =>
        String(input).endsWith('/time') ? new Response(timeBody) : answer(new URL(String(input))),
      log: () => undefined,
      account: { account: 'main', mode: 'paper' },
      credentials: () => ({ key: 'k', secret: 's' }),
    },
  });
}
