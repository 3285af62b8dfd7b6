import { describe, expect, onTestFinished, test } from 'vitest';
import type { Price, Size } from '#core/market/scaled-decimal.ts';
import type { AccountReport, OrderReport } from '#core/orders/order.ts';
import { createBinanceUsdmAccountStream } from '#venues/binance-usdm/account-stream.ts';
import { binanceUsdmEndpoints, userStreamUrl } from '#venues/binance-usdm/endpoints.ts';
import { BTCUSDT, intent, KEYS, LATER, openBinance } from '../support/binance-usdm-world.ts';
import { until } from '../support/until.ts';

type World = Awaited<ReturnType<typeof openBinance>>;

/** A venue with an account stream that is live. */
async function listening(timing: Parameters<World['openAccountStream']>[0] = {}) {
  const world = await openBinance();
  const account = await world.openAccountStream(timing);
  await until('account stream live', () => account.stream.status().state === 'live');
  return { ...world, ...account };
}

function placeDirectly(
  world: Pick<World, 'exchange'>,
  clientOrderId: string,
  side: 'buy' | 'sell',
  price: number,
  size: number,
) {
  return world.exchange.place('tested', {
    clientOrderId,
    symbol: 'BTCUSDT',
    side,
    type: 'limit',
    timeInForce: 'gtc',
    price: price as Price,
    triggerPrice: null,
    size: size as Size,
    reduceOnly: false,
  });
}

const of = <Kind extends AccountReport['kind']>(reports: readonly AccountReport[], kind: Kind) =>
  reports.filter((each): each is Extract<AccountReport, { kind: Kind }> => each.kind === kind);
const states = (reports: readonly AccountReport[]): OrderReport['status'][] =>
  of(reports, 'orderReport').map((each) => each.status);

describe('account stream', () => {
  test('H2: an order opens, fills in parts and is cancelled: each told once, with position and balance', async () => {
    const world = await listening();
    placeDirectly(world, 'p1-1-1', 'buy', 600_000, 30);
    world.exchange.place('other', {
      clientOrderId: null,
      symbol: 'BTCUSDT',
      side: 'sell',
      type: 'limit',
      timeInForce: 'ioc',
      price: 600_000 as Price,
      triggerPrice: null,
      size: 10 as Size,
      reduceOnly: false,
    });
    world.exchange.cancel('tested', { orderId: null, clientOrderId: 'p1-1-1' });
    await until('the cancel', () => states(world.reports).includes('canceled'));
    expect(states(world.reports)).toEqual(['accepted', 'partiallyFilled', 'canceled']);
    expect(of(world.reports, 'fill')).toMatchObject([
      {
        clientOrderId: 'p1-1-1',
        price: '60000',
        size: '0.01',
        side: 'buy',
        liquidity: 'maker',
        cause: 'trade',
        feeCurrency: 'USDT',
      },
    ]);
    expect(of(world.reports, 'position')).toMatchObject([{ symbol: 'BTCUSDT', size: '0.01' }]);
    expect(of(world.reports, 'balance')).toMatchObject([{ currency: 'USDT' }]);
    expect(world.reports.findIndex((each) => each.kind === 'fill')).toBeLessThan(
      world.reports.findIndex((each) => each.kind === 'orderReport' && each.status === 'partiallyFilled'),
    );
  });

  test('each report comes with the frame that said it, and TRADE_LITE counts no fill twice', async () => {
    const world = await listening();
    world.rest('sell', 600_000, 10);
    placeDirectly(world, 'p1-1-1', 'buy', 600_000, 10);
    await until('filled', () => states(world.reports).includes('filled'));
    expect(of(world.reports, 'fill')).toHaveLength(1);
    for (const [index, frame] of world.frames.entries()) {
      expect(frame).toContain(world.reports[index]?.kind === 'fill' ? '"x":"TRADE"' : '"e":');
    }
    expect(world.logged.join('\n')).toContain('TRADE_LITE');
  });

  test('G3: accepted, then thrown out by the matching engine', async () => {
    const world = await listening();
    const { entry } = await world.openOrderEntry();
    await until('order entry live', () => entry.notReady() === null);
    world.server.faults.arm('acceptedThenRejected');
    const kinds: string[] = [];
    entry.place(intent(), BTCUSDT, LATER(), (answer) => kinds.push(answer.kind));
    await until('rejected', () => states(world.reports).includes('rejected'));
    await until('acknowledged', () => kinds[0]);
    expect(kinds).toEqual(['accepted']);
    expect(of(world.reports, 'fill')).toEqual([]);
  });

  test.each([
    ['H7, G1: the fill comes before the acknowledgement', true, ['fill', 'accepted']],
    ['the acknowledgement comes first otherwise', false, ['accepted', 'fill']],
  ])('%s', async (_title, early, expected) => {
    const world = await listening();
    const { entry } = await world.openOrderEntry();
    await until('order entry live', () => entry.notReady() === null);
    world.rest('sell', 600_000, 10);
    if (early) {
      world.server.faults.arm('fillBeforeAck');
      world.server.faults.setAnswerDelayMs(30);
    }
    const order: string[] = [];
    const seen = new Set<string>();
    entry.place(intent(), BTCUSDT, LATER(), (answer) => order.push(answer.kind));
    await until('both', () => {
      if (world.reports.some((each) => each.kind === 'fill') && !seen.has('fill')) {
        seen.add('fill');
        order.push('fill');
      }
      return order.length === 2;
    });
    expect(order).toEqual(expected);
  });

  test('F12: a fill whose frame is never sent shows in the query alone', async () => {
    const world = await listening();
    world.server.faults.arm('suppressNextFill');
    world.rest('sell', 600_000, 10);
    placeDirectly(world, 'p1-1-1', 'buy', 600_000, 10);
    await until('the position', () => of(world.reports, 'position').length > 0);
    expect(of(world.reports, 'fill')).toEqual([]);
    expect(
      await world.queries.fillsSince(
        'BTCUSDT',
        (Date.now() - 60_000) as Parameters<typeof world.queries.fillsSince>[1],
      ),
    ).toHaveLength(1);
  });
});

describe('what the venue does by itself', () => {
  test('G13, F25: a liquidation is told as fills with that cause, at the venue’s price and fee, down to flat', async () => {
    const world = await listening();
    world.mark(600_000);
    world.rest('sell', 600_000, 15_000);
    placeDirectly(world, 'p1-1-1', 'buy', 600_000, 15_000);
    await until('the position', () => of(world.reports, 'position').length > 0);
    world.rest('buy', 540_000, 15_000);
    world.mark(535_000);
    const fill = await until('liquidated', () =>
      of(world.reports, 'fill').find((each) => each.cause === 'liquidation'),
    );
    expect(fill).toMatchObject({ side: 'sell', price: '54000', size: '15', feeCurrency: 'USDT' });
    expect(Number(fill.fee)).toBeGreaterThan(0);
    expect(fill.clientOrderId).toMatch(/^autoclose-/);
    await until('flat', () => of(world.reports, 'position').at(-1)?.size === '0');
    expect(of(world.reports, 'position').at(-1)).toMatchObject({ size: '0' });
  });
});

describe('listen keys', () => {
  test.each([
    ['live', 'wss://fstream.binance.com/private/ws/pqia91'],
    ['testnet', 'wss://stream.binancefuture.com/ws/pqia91'],
  ] as const)('the stream of a key is where the venue documents it: %s', (mode, url) => {
    expect(userStreamUrl(binanceUsdmEndpoints(mode).account, 'pqia91')).toBe(url);
  });

  test('F15: a key that expires is replaced once, however often that is told', async () => {
    const world = await listening();
    const before = world.statuses.length;
    world.server.faults.arm('privateStreamExpires');
    await until('live again', () => world.statuses.slice(before).at(-1)?.state === 'live');
    expect(world.statuses.slice(before).filter((each) => each.state === 'live')).toHaveLength(1);
    placeDirectly(world, 'p1-1-1', 'buy', 600_000, 10);
    await until('reports flow', () => states(world.reports).includes('accepted'));
  });

  test('F15: a key that was ended without a word is found when it is renewed', async () => {
    const world = await listening({ keepAliveMs: 30 });
    const before = world.statuses.length;
    // The mute way for a key to end: the connection stays open and hears nothing, the notice included.
    world.server.faults.setHalfOpen('private');
    world.server.faults.arm('privateStreamExpires');
    await until('found', () => world.statuses.slice(before).some((each) => each.reason.includes('-1125')));
    world.server.faults.setHalfOpen('none');
    await until('live again', () => world.stream.status().state === 'live');
  });

  test('R10: a half-open connection is found by its silence', async () => {
    const world = await listening({ heartbeat: { intervalMs: 40, answerTimeoutMs: 40 } });
    world.server.faults.setHalfOpen('all');
    await until('found', () =>
      world.statuses.some((each) => each.state === 'waiting' && each.reason.includes('heartbeat')),
    );
    world.server.faults.setHalfOpen('none');
    await until('live again', () => world.stream.status().state === 'live');
  });

  test('G9, R1: wrong keys are a status with a reason; right ones bring it up', async () => {
    const world = await openBinance();
    world.setCredentials({ key: 'nobody', secret: 'x' });
    const { stream, statuses } = await world.openAccountStream();
    const waiting = await until('waiting', () => statuses.find((each) => each.state === 'waiting'));
    expect(waiting.reason).toContain('-2015');
    world.setCredentials(KEYS);
    await until('live', () => stream.status().state === 'live');
  });

  test('an account in hedge mode waits and says why', async () => {
    const world = await openBinance();
    await switchHedgeMode(world);
    const { statuses } = await world.openAccountStream();
    const waiting = await until('waiting', () => statuses.find((each) => each.state === 'waiting'));
    expect(waiting.reason).toContain('HEDGE_MODE');
  });

  test('G8: maintenance ends, and so does the wait', async () => {
    const world = await listening();
    world.server.faults.setMaintenance(true);
    await until('maintenance', () => ['maintenance', 'waiting'].includes(world.stream.status().state));
    world.server.faults.setMaintenance(false);
    await until('live again', () => world.stream.status().state === 'live');
  });

  test('what the stream tells of coin-margined contracts is not this account’s', async () => {
    const { runtime } = await openBinance();
    const heard: string[] = [];
    let tell: (text: string) => void = () => undefined;
    const stream = createBinanceUsdmAccountStream(
      {
        ...runtime,
        connect: (url, socket) => {
          tell = (text) => socket.onFrame(Buffer.from(text), false);
          return runtime.connect(url, socket);
        },
      },
      { onReport: (report) => heard.push(report.kind), onStatus: () => undefined },
    );
    onTestFinished(() => stream.stop());
    stream.start();
    await until('live', () => stream.status().state === 'live');
    const update = (st: number, ps: string) =>
      JSON.stringify({ e: 'ACCOUNT_UPDATE', E: 1, T: 1, st, a: { m: 'ORDER', P: [{ s: 'X', pa: '1', ep: '1', ps }] } });
    tell(update(2, 'LONG'));
    expect(stream.status().state).toBe('live');
    tell(update(1, 'BOTH'));
    expect(heard).toEqual(['position']);
  });

  test('stop ends it in order', async () => {
    const world = await listening();
    await world.stream.stop();
    expect(world.stream.status().state).toBe('closed');
    await until('gone at the venue', () => world.server.stats().openSessions === 0);
  });
});

/** Hedge mode is switched as the account's owner would: by the venue's own request. */
async function switchHedgeMode(world: World): Promise<void> {
  const { createHmac } = await import('node:crypto');
  const payload = `dualSidePosition=true&timestamp=${Date.now()}`;
  const signature = createHmac('sha256', KEYS.secret).update(payload).digest('hex');
  const answer = await fetch(`${world.server.urls.rest}/fapi/v1/positionSide/dual?${payload}&signature=${signature}`, {
    method: 'POST',
    headers: { 'X-MBX-APIKEY': KEYS.key },
  });
  expect(answer.status).toBe(200);
}
