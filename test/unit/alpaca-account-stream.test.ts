import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { AccountReport } from '#core/orders/order.ts';
import type { Clock, MonoNanos, Timers } from '#core/time/clock.ts';
import {
  type AlpacaWorld,
  createAlpacaRuntime,
  createAlpacaWorld,
  enterOrders,
  GOOD_KEYS,
  intentOf,
  listenToAccount,
  place,
  SHARE,
} from '../support/alpaca-world.ts';
import { until } from '../support/until.ts';

let world: AlpacaWorld;
let account: ReturnType<typeof listenToAccount>;
let entry: ReturnType<typeof enterOrders>['entry'];

beforeEach(async () => {
  world = await createAlpacaWorld();
  account = listenToAccount(world);
  ({ entry } = enterOrders(world));
  account.stream.start();
  entry.start();
  await until('live', () => account.stream.status().state === 'live' && entry.notReady() === null);
});
afterEach(async () => {
  await entry.stop();
  await account.stream.stop();
  await world.close();
  expect(world.venue.stats().errors).toEqual([]);
});

const fills = (): Extract<AccountReport, { kind: 'fill' }>[] => account.reports.filter((each) => each.kind === 'fill');
const orderStates = (): string[] =>
  account.reports.flatMap((each) => (each.kind === 'orderReport' ? [`${each.clientOrderId} ${each.status}`] : []));

describe('the account stream of Alpaca', () => {
  test('authenticates, listens, and reads binary frames', async () => {
    await place(entry, intentOf('one'));
    await until('told', () => orderStates().length > 0);
    world.exchange.fill('one', 4 * SHARE);
    world.exchange.fill('one', 6 * SHARE);
    await until('filled', () => fills().length === 2);
    expect(orderStates()).toEqual(['one accepted', 'one partiallyFilled', 'one filled']);
    expect(fills().map(({ size, fillId }) => [size, fillId.split(':')[1]])).toEqual([
      ['4', '4'],
      ['6', '10'],
    ]);
    expect(account.states.map(({ state }) => state)).toEqual(['connecting', 'authenticating', 'subscribing', 'live']);
  });

  test('a fill that comes twice has one identity', async () => {
    await place(entry, intentOf('one'));
    world.venue.faults.arm('duplicateNextFill');
    world.exchange.fill('one', 10 * SHARE);
    await until('both', () => fills().length === 2);
    expect(new Set(fills().map(({ fillId }) => fillId)).size).toBe(1);
  });

  test('G1: a fill may come before its acknowledgement', async () => {
    world.venue.faults.arm('fillBeforeAck');
    world.venue.faults.setAnswerDelayMs(50);
    let acknowledged = false;
    const answer = place(entry, intentOf('one')).then((said) => {
      acknowledged = true;
      return said;
    });
    await until('taken in', () => world.exchange.orders('main', null).length === 1);
    world.exchange.fill('one', 10 * SHARE);
    await until('filled', () => fills().length === 1);
    expect(acknowledged).toBe(false);
    world.venue.faults.setAnswerDelayMs(0);
    expect((await answer).kind).toBe('accepted');
  });

  test('F12: a fill that is never told is found by the query', async () => {
    await place(entry, intentOf('one'));
    world.venue.faults.arm('suppressNextFill');
    world.exchange.fill('one', 3 * SHARE);
    world.exchange.fill('one', 7 * SHARE);
    await until('the second', () => fills().length === 1);
    expect(fills()[0]?.fillId).toMatch(/:10$/);
  });

  test('reports about other kinds of asset are left out, whatever they look like', async () => {
    const runtime = createAlpacaRuntime(world.venue, {
      log: (_level, text) => world.logged.push(text),
      connect: (url, listener, options) =>
        world.runtime.connect(
          url,
          {
            ...listener,
            onFrame(frame, isBinary) {
              const text = frame.toString('utf8').replace('"asset_class":"us_equity"', '"asset_class":"us_option"');
              listener.onFrame(Buffer.from(text.replace('"symbol":"AAPL"', '"symbol":""')), isBinary);
            },
          },
          options,
        ),
    });
    await account.stream.stop();
    const { stream, reports } = listenToAccount({ runtime });
    stream.start();
    await until('live', () => stream.status().state === 'live');
    await place(entry, intentOf('one'));
    await until('said', () => world.logged.includes('report of another kind of asset left out'));
    expect([reports, stream.status().state]).toEqual([[], 'live']);
    await stream.stop();
  });

  test('an order that is good till cancelled is done for the day at an early close, which is no end, and new at the open', async () => {
    await place(entry, intentOf('gtc'));
    world.venue.faults.arm('earlyClose');
    await until('done for the day', () => orderStates().length === 2);
    expect(orderStates()).toEqual(['gtc accepted', 'gtc accepted']);
    world.venue.faults.setMarketOpen(true);
    await until('new again', () => orderStates().length === 3);
    expect(orderStates().at(-1)).toBe('gtc accepted');
  });

  test('F15: an expired session is seen, and the stream comes back', async () => {
    const before = account.states.length;
    world.venue.faults.arm('privateStreamExpires');
    await until('lost', () => account.states.slice(before).some(({ state }) => state === 'waiting'));
    await until('back', () => account.stream.status().state === 'live', 3_000);
  });

  test('what cannot be read gives the connection up with the reason, and nothing of the frame is told', async () => {
    let odd = true;
    const runtime = createAlpacaRuntime(world.venue, {
      connect: (url, listener, options) =>
        world.runtime.connect(
          url,
          {
            ...listener,
            onFrame(frame, isBinary) {
              expect(isBinary).toBe(true);
              const text = frame.toString('utf8');
              const changed = odd && text.includes('trade_updates","data":{"event"');
              if (changed) odd = false;
              listener.onFrame(
                Buffer.from(changed ? text.replace('"status":"new"', '"status":"odd"') : text),
                isBinary,
              );
            },
          },
          options,
        ),
    });
    await account.stream.stop();
    const { stream, reports, states } = listenToAccount({ runtime });
    stream.start();
    await until('live', () => stream.status().state === 'live');
    await place(entry, intentOf('one'));
    await until('given up', () => states.some(({ state }) => state === 'waiting'));
    expect(states.find(({ state }) => state === 'waiting')?.reason).toContain('REPORT_INVALID: status=odd');
    expect(reports).toEqual([]);
    await stream.stop();
  });
});

describe('F18: one account stream for a key', () => {
  test('a second one waits visibly and its orders are blocked; when the first is gone it is let in', async () => {
    const runtime = createAlpacaRuntime(world.venue, { timers: fasterWaits() });
    const second = listenToAccount({ runtime });
    const { entry: orders } = enterOrders({ runtime });
    second.stream.start();
    orders.start();
    await until('refused', () => second.stream.status().state === 'waiting');
    expect(second.stream.status().reason).toMatch(
      /waiting for the venue's release.*of at most 120 s.*connection limit/,
    );
    await until('keys are fine', () => orders.notReady()?.startsWith('account stream') === true);
    expect(await place(orders, intentOf('blocked'))).toMatchObject({ kind: 'notSent', reason: 'notReady' });
    expect(world.exchange.orders('main', null)).toEqual([]);

    await account.stream.stop();
    await until('let in', () => second.stream.status().state === 'live' && orders.notReady() === null);
    expect((await place(orders, intentOf('free'))).kind).toBe('accepted');
    await orders.stop();
    await second.stream.stop();
  });

  test('a connection that died is held by the venue for a while; orders wait for its release, and no longer', async () => {
    world.venue.faults.setConnectionHoldMs(400);
    const runtime = createAlpacaRuntime(world.venue, { timers: fasterWaits() });
    world.venue.faults.setHalfOpen('none');
    const dead = deadConnection();
    await account.stream.stop();
    await dead.open();
    const second = listenToAccount({ runtime });
    dead.cut();
    await new Promise((resolve) => setTimeout(resolve, 20));
    const began = performance.now();
    second.stream.start();
    await until('refused', () => second.stream.status().state === 'waiting');
    await until('let in', () => second.stream.status().state === 'live');
    expect(performance.now() - began).toBeGreaterThan(200);
    await second.stream.stop();
  });

  test('past the time that the venue may hold a dead connection the status says that somebody uses the key', async () => {
    const { timers, clock } = world.runtime;
    // Two minutes pass in 40 ms.
    const hurried: Clock = { monoNanos: () => (clock.monoNanos() * 3_000) as MonoNanos, epochMs: clock.epochMs };
    const soon = { after: (delayMs: number, run: () => void) => timers.after(Math.min(delayMs, 30), run) };
    const second = listenToAccount({
      runtime: createAlpacaRuntime(world.venue, { clock: hurried, timers: { after: soonUnlessLimit(soon, timers) } }),
    });
    second.stream.start();
    await until('told', () => second.stream.status().reason.includes('another process uses this key'));
    await second.stream.stop();
  });

  /** Waits before an attempt are short; time limits stay. */
  function soonUnlessLimit(soon: Timers, timers: Timers): Timers['after'] {
    return (delayMs, run) => (delayMs === 5_000 || delayMs >= 15_000 ? timers : soon).after(delayMs, run);
  }

  function deadConnection() {
    let cut = (): void => undefined;
    return {
      open: () =>
        new Promise<void>((resolve) => {
          const socket = world.runtime.connect(`${world.venue.urls.account}/stream`, {
            onOpen() {
              const data = { key_id: GOOD_KEYS.key, secret_key: GOOD_KEYS.secret };
              socket.send(JSON.stringify({ action: 'authenticate', data }));
            },
            onFrame: () => resolve(),
            onClose: () => undefined,
          });
          cut = () => socket.terminate();
        }),
      cut: () => cut(),
    };
  }

  /** Waits of seconds are made a fiftieth. */
  function fasterWaits() {
    const { timers } = world.runtime;
    return { after: (delayMs: number, run: () => void) => timers.after(delayMs > 500 ? delayMs / 50 : delayMs, run) };
  }
});
