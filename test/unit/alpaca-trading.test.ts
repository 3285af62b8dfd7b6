import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Price, Size } from '#core/market/scaled-decimal.ts';
import type { ClientOrderId } from '#core/orders/order.ts';
import type { OrderAnswer } from '#core/orders/venue-ports.ts';
import type { EpochMs } from '#core/time/clock.ts';
import { systemClock, systemTimers } from '#core/time/system-clock.ts';
import {
  AAPL,
  type AlpacaWorld,
  askVenue,
  cancel,
  createAlpacaRuntime,
  createAlpacaWorld,
  DOLLAR,
  enterOrders,
  GOOD_KEYS,
  intentOf,
  listenToAccount,
  place,
  SHARE,
} from '../support/alpaca-world.ts';
import { until } from '../support/until.ts';

let world: AlpacaWorld;
let entry: ReturnType<typeof enterOrders>['entry'];
let states: ReturnType<typeof enterOrders>['states'];

beforeEach(async () => {
  world = await createAlpacaWorld();
  ({ entry, states } = enterOrders(world));
  entry.start();
  await until('live', () => entry.notReady() === null);
});
afterEach(async () => {
  await entry.stop();
  await world.close();
  expect(world.venue.stats().errors).toEqual([]);
});

/** The process's timers, with the answer's time limit made short. */
const hasty = {
  after: (delayMs: number, run: () => void) => systemTimers.after(delayMs === 5_000 ? 60 : delayMs, run),
};

async function hastyEntry(): Promise<typeof entry> {
  const runtime = createAlpacaRuntime(world.venue, { timers: hasty });
  const hurried = enterOrders({ runtime }).entry;
  hurried.start();
  await until('live', () => hurried.notReady() === null);
  return hurried;
}

describe('orders at Alpaca', () => {
  test('are placed and cancelled by our own id, with decimal text on the wire', async () => {
    const placed = await place(entry, intentOf('one', { price: (225.1 * DOLLAR) as Price }));
    expect(placed).toMatchObject({ kind: 'accepted', venueOrderId: expect.any(String) });
    const [order] = world.exchange.orders('main', null);
    expect(order).toMatchObject({ clientOrderId: 'one', price: 225_100_000, size: 10 * SHARE, type: 'limit' });
    expect(await cancel(entry, 'one')).toMatchObject({ kind: 'accepted' });
    expect(world.exchange.orders('main', null)[0]?.status).toBe('canceled');
  });

  test('a stop order waits at the venue', async () => {
    const stop = intentOf('stop', {
      type: 'stopMarket',
      side: 'sell',
      price: null,
      triggerPrice: (200 * DOLLAR) as Price,
    });
    expect((await place(entry, stop)).kind).toBe('accepted');
    expect(world.exchange.orders('main', null)[0]).toMatchObject({ type: 'stopMarket', triggerPrice: 200 * DOLLAR });
  });

  test.each([
    ['post-only', intentOf('a', { timeInForce: 'postOnly' })],
    ['take profit', intentOf('a', { type: 'takeProfitMarket', price: null, triggerPrice: DOLLAR as Price })],
  ])('what the venue has no order for is refused here: %s', async (_what, intent) => {
    const before = world.venue.stats().requests;
    expect(await place(entry, intent)).toMatchObject({ kind: 'rejected', errorClass: 'reject' });
    expect(world.venue.stats().requests).toBe(before);
  });

  test('an order is not changed in place', async () => {
    const target = { symbol: 'AAPL', clientOrderId: 'one' as ClientOrderId, venueOrderId: null };
    const change = { side: 'buy', price: DOLLAR as Price, size: SHARE as Size } as const;
    const answer = await new Promise<OrderAnswer>((resolve) =>
      entry.amend(target, change, AAPL, (systemClock.epochMs() + 5_000) as EpochMs, resolve),
    );
    expect(answer).toMatchObject({ kind: 'rejected', code: 'AMEND_UNSUPPORTED' });
  });

  test('H12: nothing is sent in the last half second of the lease', async () => {
    expect(await place(entry, intentOf('late'), 400)).toMatchObject({ kind: 'notSent', reason: 'leaseEnds' });
    expect(world.exchange.orders('main', null)).toEqual([]);
  });

  test('refusals come with their class', async () => {
    world.exchange.refuseNext('insufficientMargin');
    expect(await place(entry, intentOf('a'))).toMatchObject({
      kind: 'rejected',
      code: '40310000',
      errorClass: 'reject',
    });
    world.exchange.refuseNext('priceTick');
    expect(await place(entry, intentOf('b'))).toMatchObject({ kind: 'rejected', code: '42210000' });
    expect((await place(entry, intentOf('c'))).kind).toBe('accepted');
    expect(await place(entry, intentOf('c'))).toMatchObject({ kind: 'rejected', errorClass: 'alreadySo' });
    expect(await cancel(entry, 'unknown')).toMatchObject({ kind: 'rejected', errorClass: 'notFound' });
    world.exchange.fill('c', 10 * SHARE);
    expect(await cancel(entry, 'c')).toMatchObject({ kind: 'rejected', errorClass: 'alreadySo' });
  });

  test('F1: an order that the venue took in without an answer is unknown, and found by its id', async () => {
    const hurried = await hastyEntry();
    world.venue.faults.arm('placeTimesOutButAccepted');
    expect(await place(hurried, intentOf('one'))).toMatchObject({ kind: 'unknown', cause: 'timeout' });
    expect(await askVenue(world).orderByClientId('AAPL', 'one')).toMatchObject({
      kind: 'found',
      report: { status: 'accepted' },
    });
    expect(await place(entry, intentOf('one'))).toMatchObject({ errorClass: 'alreadySo' });
    expect(world.exchange.orders('main', null).length).toBe(1);
    await hurried.stop();
  });

  test('an order that never arrived is unknown as well, and not found', async () => {
    const hurried = await hastyEntry();
    world.venue.faults.arm('placeNotAcceptedNoAnswer');
    expect(await place(hurried, intentOf('one'))).toMatchObject({ kind: 'unknown', cause: 'timeout' });
    expect(await askVenue(world).orderByClientId('AAPL', 'one')).toEqual({ kind: 'notFound' });
    await hurried.stop();
  });

  test('F2: 504 with the order live is unknown', async () => {
    world.venue.faults.arm('placeUnclearButAccepted');
    expect(await place(entry, intentOf('one'))).toMatchObject({
      kind: 'unknown',
      cause: 'venueUnclear',
      code: 'HTTP_504',
    });
    expect(world.exchange.orders('main', null).length).toBe(1);
  });

  test('a link that is cut in the middle of an order is unknown', async () => {
    world.venue.faults.arm('placeCutsLink');
    expect(await place(entry, intentOf('one'))).toMatchObject({ kind: 'unknown', cause: 'linkLost' });
    expect(world.exchange.orders('main', null).length).toBe(1);
  });

  test('F6: a cancel whose answer is lost is unknown, though the order is gone', async () => {
    const hurried = await hastyEntry();
    await place(entry, intentOf('one'));
    world.venue.faults.arm('cancelAnswerLost');
    expect(await cancel(hurried, 'one')).toMatchObject({ kind: 'unknown', cause: 'timeout' });
    expect(world.exchange.orders('main', null)[0]?.status).toBe('canceled');
    await hurried.stop();
  });

  test('F26: 429 stops all requests for the time that the venue states, and nothing is sent meanwhile', async () => {
    world.venue.faults.arm('rateLimited');
    expect(await place(entry, intentOf('one'))).toMatchObject({ kind: 'rejected', errorClass: 'retry' });
    const before = world.venue.stats().requests;
    expect(await place(entry, intentOf('two'))).toMatchObject({ kind: 'notSent', reason: 'rateLimited' });
    expect(world.venue.stats().requests).toBe(before);
  });

  test('F26: entries leave forty requests of the minute to cancels', async () => {
    await place(entry, intentOf('first'));
    const answers = await Promise.all(Array.from({ length: 170 }, (_, index) => place(entry, intentOf(`o${index}`))));
    const sent = answers.filter((answer) => answer.kind === 'accepted').length;
    expect(sent).toBeLessThan(160);
    expect(answers.at(-1)).toMatchObject({ kind: 'notSent', reason: 'rateLimited' });
    // Looked up and cancelled, by what was kept for it.
    expect((await cancel(entry, 'first')).kind).toBe('accepted');
    expect(world.exchange.order('main', { orderId: null, clientOrderId: 'first' })?.status).toBe('canceled');
  });

  test('R1, G9: refused keys make the account wait with the reason; right ones bring it back', async () => {
    world.setCredentials({ key: 'PKTEST', secret: 'wrong' });
    expect(await place(entry, intentOf('one'))).toMatchObject({ kind: 'rejected', errorClass: 'keys' });
    await until('waiting', () => entry.status().state === 'waiting');
    expect(entry.status().reason).toContain('not authorized');
    expect(await place(entry, intentOf('two'))).toMatchObject({ kind: 'notSent', reason: 'notReady' });
    world.setCredentials(GOOD_KEYS);
    await until('back', () => entry.notReady() === null, 4_000);
    expect(states.map(({ state }) => state)).toContain('waiting');
    expect(world.logged.join(' ')).not.toContain(GOOD_KEYS.secret);
  });

  test('G9: many orders that are refused for their keys at once lead to one look at the account, and to one at a time after it', async () => {
    world.setCredentials({ key: 'PKTEST', secret: 'wrong' });
    const slow = { after: (delayMs: number, run: () => void) => systemTimers.after(Math.max(20, delayMs / 50), run) };
    let looks = 0;
    const fetch: typeof globalThis.fetch = (input, init) => {
      if (String(input).endsWith('/v2/account')) looks += 1;
      return world.runtime.fetch(input, init);
    };
    const runtime = createAlpacaRuntime(world.venue, { timers: slow, fetch, credentials: () => keys });
    let keys = GOOD_KEYS;
    const { entry: many } = enterOrders({ runtime });
    many.start();
    await until('live', () => many.notReady() === null);
    keys = { key: 'PKTEST', secret: 'wrong' };
    looks = 0;
    await Promise.all(Array.from({ length: 12 }, (_, index) => place(many, intentOf(`k${index}`))));
    await until('waiting', () => many.status().state === 'waiting');
    expect(looks).toBeLessThanOrEqual(2);
    await new Promise((resolve) => setTimeout(resolve, 150));
    expect(looks).toBeLessThanOrEqual(8);
    await many.stop();
  });

  test.each(['trading_blocked', 'account_blocked', 'trade_suspended_by_user'])(
    'an account with %s is sent no order, and says why',
    async (flag) => {
      const fetch: typeof globalThis.fetch = async (input, init) => {
        const answer = await world.runtime.fetch(input, init);
        if (!String(input).endsWith('/v2/account')) return answer;
        return Response.json({ ...JSON.parse(await answer.text()), [flag]: true });
      };
      const blocked = enterOrders({ runtime: createAlpacaRuntime(world.venue, { fetch }) }).entry;
      blocked.start();
      await until('waiting', () => blocked.status().state === 'waiting');
      expect(blocked.notReady()).toContain(`ACCOUNT_BLOCKED: ${flag}`);
      expect(await place(blocked, intentOf('one'))).toMatchObject({ kind: 'notSent', reason: 'notReady' });
      await blocked.stop();
    },
  );

  test('M2: a cancel that had to be looked up first is not sent once the lease has ended', async () => {
    await place(entry, intentOf('one'));
    const stepped = { offsetMs: 0 };
    const clock = { ...systemClock, epochMs: () => (systemClock.epochMs() + stepped.offsetMs) as EpochMs };
    const sent: string[] = [];
    const fetch: typeof globalThis.fetch = async (input, init) => {
      sent.push(init?.method ?? 'GET');
      const answer = await world.runtime.fetch(input, init);
      // The look-up took as long as the lease had left.
      if (String(input).includes('by_client_order_id')) stepped.offsetMs = 20_000;
      return answer;
    };
    const late = enterOrders({ runtime: createAlpacaRuntime(world.venue, { clock, fetch }) }).entry;
    late.start();
    await until('live', () => late.notReady() === null);
    expect(await cancel(late, 'one')).toMatchObject({ kind: 'notSent', reason: 'leaseEnds' });
    expect(sent).not.toContain('DELETE');
    expect(world.exchange.orders('main', null)[0]?.status).toBe('open');
    await late.stop();
  });

  test('M2: an order whose link is not there until its lease has ended is given up, and leaves the process no more', async () => {
    let given: AbortSignal | null | undefined = null;
    const fetch: typeof globalThis.fetch = (input, init) => {
      if (init?.method !== 'POST') return world.runtime.fetch(input, init);
      given = init.signal;
      return new Promise((_resolve, reject) => {
        init.signal?.addEventListener('abort', () => reject(new Error('given up')));
      });
    };
    const late = enterOrders({ runtime: createAlpacaRuntime(world.venue, { fetch }) }).entry;
    late.start();
    await until('live', () => late.notReady() === null);
    const began = performance.now();
    expect(await place(late, intentOf('one'), 700)).toMatchObject({ kind: 'unknown', cause: 'timeout' });
    expect(performance.now() - began).toBeLessThan(2_500);
    expect(given).toMatchObject({ aborted: true });
    await late.stop();
  });

  test('G8: while the venue is in maintenance an order is unknown, and a query may be asked again', async () => {
    world.venue.faults.setMaintenance(true);
    expect((await place(entry, intentOf('one'))).kind).toBe('unknown');
    await expect(askVenue(world).openOrders('AAPL')).rejects.toMatchObject({ venueClass: 'retry' });
  });
});

describe('queries at Alpaca', () => {
  test('F4: what the venue denies once is not found, and found later', async () => {
    await place(entry, intentOf('one'));
    world.venue.faults.arm('queryNotFound');
    expect((await askVenue(world).orderByClientId('AAPL', 'one')).kind).toBe('notFound');
    expect((await askVenue(world).orderByClientId('AAPL', 'one')).kind).toBe('found');
  });

  test('G3: accepted, then rejected: told by the stream, and history for the query', async () => {
    const account = listenToAccount(world);
    account.stream.start();
    await until('live', () => account.stream.status().state === 'live');
    world.venue.faults.arm('acceptedThenRejected');
    expect((await place(entry, intentOf('one'))).kind).toBe('accepted');
    await until('rejected', () =>
      account.reports.some((each) => each.kind === 'orderReport' && each.status === 'rejected'),
    );
    expect(await askVenue(world).orderByClientId('AAPL', 'one')).toMatchObject({ report: { status: 'rejected' } });
    await account.stream.stop();
  });

  test('the identity of fills is made of the order and its quantity so far, also for a page of them', async () => {
    const began = (systemClock.epochMs() - 10) as EpochMs;
    await place(entry, intentOf('one', { size: (120 * SHARE) as Size }));
    for (let count = 0; count < 110; count += 1) world.exchange.fill('one', SHARE);
    const fills = await askVenue(world).fillsSince('AAPL', began);
    expect(fills.length).toBe(110);
    expect(new Set(fills.map((fill) => fill.fillId)).size).toBe(110);
    expect(fills.at(-1)).toMatchObject({ clientOrderId: 'one', size: '1', fillId: expect.stringMatching(/:110$/) });
    expect(await askVenue(world).positions(['AAPL', 'MSFT'])).toMatchObject([{ symbol: 'AAPL', size: '110' }]);
  });

  test('our id of a fill that the venue did not tell at once is asked for again', async () => {
    const began = (systemClock.epochMs() - 10) as EpochMs;
    await place(entry, intentOf('one'));
    world.exchange.fill('one', SHARE);
    let hidden = true;
    const fetch: typeof globalThis.fetch = async (input, init) => {
      const path = new URL(String(input)).pathname;
      if (!hidden || !path.startsWith('/v2/orders')) return world.runtime.fetch(input, init);
      if (path === '/v2/orders') return Response.json([]);
      return Response.json({ code: 40410000, message: 'order not found' }, { status: 404 });
    };
    const queries = askVenue({ runtime: createAlpacaRuntime(world.venue, { fetch }) });
    expect(await queries.fillsSince('AAPL', began)).toMatchObject([{ clientOrderId: null }]);
    hidden = false;
    expect(await queries.fillsSince('AAPL', began)).toMatchObject([{ clientOrderId: 'one' }]);
  });

  test('a list of fills that does not move on is an error, and not asked for a thousand times', async () => {
    let asked = 0;
    const row = (index: number) => ({
      id: `f-${index}`,
      activity_type: 'FILL',
      transaction_time: '2026-01-05T15:00:00Z',
      price: '1',
      qty: '1',
      cum_qty: String(index + 1),
      side: 'buy',
      symbol: 'AAPL',
      order_id: 'o-1',
    });
    const fetch: typeof globalThis.fetch = async () => {
      asked += 1;
      return Response.json(Array.from({ length: 100 }, (_, index) => row(index)));
    };
    const queries = askVenue({ runtime: createAlpacaRuntime(world.venue, { fetch }) });
    await expect(queries.fillsSince('AAPL', 1 as EpochMs)).rejects.toMatchObject({
      venueClass: 'retry',
      venueCode: 'PAGES_STUCK',
    });
    expect(asked).toBe(2);
  });

  test('a position of another kind that cannot be read stands in the way of none that was asked for', async () => {
    const held = { symbol: 'AAPL', qty: '5', side: 'long', avg_entry_price: '100.0' };
    const fetch: typeof globalThis.fetch = async () => Response.json([{ symbol: 'ODD', qty: '?', side: 'both' }, held]);
    const queries = askVenue({ runtime: createAlpacaRuntime(world.venue, { fetch }) });
    expect(await queries.positions(['AAPL'])).toMatchObject([{ symbol: 'AAPL', size: '5', entryPrice: '100' }]);
    await expect(queries.positions(['ODD'])).rejects.toMatchObject({ venueClass: 'retry' });
  });
});
