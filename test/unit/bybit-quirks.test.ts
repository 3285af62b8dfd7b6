import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Price, Size } from '#core/market/scaled-decimal.ts';
import { formatScaled } from '#core/market/scaled-decimal.ts';
import { systemClock } from '#core/time/system-clock.ts';
import { createMarketConnection } from '#venues/connection/market-connection.ts';
import { type BybitMarketWorld, createBybitMarketWorld } from '../support/bybit-spot-world.ts';
import { until } from '../support/until.ts';

let world: BybitMarketWorld;

beforeEach(async () => {
  world = await createBybitMarketWorld('linear');
});
afterEach(async () => {
  expect(world.server.stats().errors).toEqual([]);
  await world.close();
});

/** Our market connection with one book, and the market moving. */
function watchBook() {
  const { marketData } = world.venue;
  const sync = world.venue.createBookSync(world.btc);
  const decode = marketData.createDecoder();
  const seen = { snapshots: [] as number[], resyncs: [] as string[], pongs: 0 };
  const [plan] = marketData.plan(world.server.urls, [{ channel: 'book', symbol: 'BTCUSDT' }]);
  if (plan === undefined) throw new Error('no plan');
  const connection = createMarketConnection({
    ...world.runtime,
    name: 'quirks',
    plan,
    protocol: { ...marketData, heartbeat: { intervalMs: 30, message: () => '{"op":"ping"}' } },
    listener: {
      onFrame: (frame) =>
        decode(frame, (message) => {
          if (message.type === 'pong') seen.pongs += 1;
          if (message.type !== 'book') {
            if (message.type === 'subscribed' || message.type === 'pong') connection.control(message);
            return;
          }
          connection.heard('book', message.symbol);
          if (message.isSnapshot) seen.snapshots.push(message.lastSequence);
          const outcome = sync.onMessage(message);
          if (outcome.kind === 'resync') seen.resyncs.push(outcome.reason);
          else if (sync.book.valid) connection.synced({ channel: 'book', symbol: message.symbol });
        }),
      onStatus: () => undefined,
      onRefused: (_, reason) => seen.resyncs.push(reason),
      onResubscribe: () => sync.invalidate('resubscribe'),
    },
  });
  const driver = setInterval(() => world.exchange.advanceTo(systemClock.epochMs()), 4);
  connection.start();
  return {
    connection,
    sync,
    seen,
    async end(): Promise<void> {
      clearInterval(driver);
      await connection.stop();
    },
  };
}

describe('what Bybit is known for, and our client', () => {
  it('F19: a whole book numbered 1 in the middle of the stream replaces the book, and is no gap', async () => {
    const { sync, seen, end } = watchBook();
    await until('a book', () => sync.book.valid && sync.book.sequence > 1_003);
    world.server.faults.arm('bookServiceRestarts');
    await until('numbered anew', () => seen.snapshots.includes(1) && sync.book.sequence > 4);
    await end();
    expect(seen.resyncs).toEqual([]);
    expect(sync.book.sequence).toBeLessThan(1_000);
    const best = world.exchange.book('BTCUSDT', 1).bids[0]?.[0] ?? 0;
    const held = sync.book.levels('buy', 1)[0]?.[0] ?? 0;
    const { priceScale } = world.btc;
    expect(Math.abs(Number(formatScaled(held, priceScale)) / Number(formatScaled(best, priceScale)) - 1)).toBeLessThan(
      0.01,
    );
  });

  it('data before the acknowledgement of its subscription is taken', async () => {
    world.server.faults.arm('dataBeforeAck');
    const { sync, seen, connection, end } = watchBook();
    await until('a book, live', () => sync.book.valid && connection.status().state === 'live');
    expect(world.server.faults.happened('dataBeforeAck')).toBe(1);
    expect(seen.resyncs).toEqual([]);
    await end();
  });

  it('R10: a ping that is answered in another of the venue’s shapes is answered', async () => {
    world.server.faults.arm('otherPong', 2);
    const { seen, end } = watchBook();
    await until('pongs', () => seen.pongs >= 3);
    expect(world.server.faults.happened('otherPong')).toBe(2);
    await end();
  });

  it('an order that is reported filled twice counts its fills once, and stays filled', async () => {
    await world.live();
    world.server.faults.arm('filledTwice');
    const market = { type: 'market', timeInForce: 'ioc', price: null, size: 5 as Size } as const;
    await world.place(world.intent('twice', market));
    const states = (): string[] => world.orders('twice').map((each) => each.status);
    await until('told twice', () => states().filter((each) => each === 'filled').length === 2);
    expect(states().slice(-2)).toEqual(['filled', 'filled']);
    const sizes = world.fills('twice').map((fill) => Number(fill.size));
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBeCloseTo(0.005, 9);
  });

  it('a position that is pushed without a change is told as it is', async () => {
    await world.live();
    await world.place(world.intent('rests', { size: 2 as Size }));
    await until('pushed', () => world.reports.some((each) => each.kind === 'position'));
    expect(world.reports.find((each) => each.kind === 'position')).toMatchObject({ symbol: 'BTCUSDT', size: '0' });
  });

  it('F16: an order service that restarts has not taken the order, and entry goes on over another connection', async () => {
    await world.live();
    world.server.faults.arm('orderServiceRestarts');
    expect(await world.place(world.intent('r-1', { size: 2 as Size }))).toMatchObject({
      kind: 'rejected',
      code: '10019',
      errorClass: 'retry',
    });
    expect(world.exchange.orders('main', null)).toEqual([]);
    await until('another connection', () => world.logged.some((line) => /connecting.*the venue restarts/.test(line)));
    await until('orders again', () => world.entry.notReady() === null);
    expect((await world.place(world.intent('r-2', { size: 2 as Size }))).kind).toBe('accepted');
  });

  it('F16: a restart that several orders are told of is one change of connection, whichever connection is told', async () => {
    await world.live();
    world.server.faults.arm('orderServiceRestarts', 2);
    world.server.faults.setAnswerDelayMs(60);
    const late = world.place(world.intent('late', { size: 2 as Size }));
    await until('the late one is judged', () => world.server.faults.happened('orderServiceRestarts') === 1);
    world.server.faults.setAnswerDelayMs(0);
    const soon = world.place(world.intent('soon', { size: 2 as Size }));
    await until('the other too', () => world.server.faults.happened('orderServiceRestarts') === 2);
    world.server.faults.setAnswerDelayMs(150);
    expect((await soon).kind).toBe('rejected');
    // Lost with its connection, where the next one was quicker than this answer.
    expect(['rejected', 'unknown']).toContain((await late).kind);
    world.server.faults.setAnswerDelayMs(0);
    await until('orders again', () => world.entry.notReady() === null);
    expect(world.logged.filter((line) => /"connecting".*the venue restarts/.test(line))).toHaveLength(1);
    expect(world.logged.filter((line) => /orders main.*"waiting"/.test(line))).toEqual([]);
  });

  it('F26: an address that is shut out asks nothing more for ten minutes, and says how long', async () => {
    await world.queries.balances();
    world.server.faults.arm('addressBanned');
    await expect(world.queries.balances()).rejects.toMatchObject({
      venueClass: 'retry',
      venueCode: 'HTTP_403',
      retryAfterMs: 600_000,
    });
    const asked = world.server.stats().requests;
    // Nobody of this address asks: no other account, no public question either.
    await expect(world.venue.createQueries(world.runtime).serverTime()).rejects.toMatchObject({
      venueCode: 'RATE_BUDGET',
    });
    await expect(world.venue.fetchInstruments(world.runtime)).rejects.toMatchObject({ venueCode: 'RATE_BUDGET' });
    await expect(world.queries.balances()).rejects.toMatchObject({ venueClass: 'retry', venueCode: 'RATE_BUDGET' });
    expect(world.server.stats().requests).toBe(asked);
  });

  it('F26: a rate that is refused waits until the time that the venue states', async () => {
    await world.live();
    world.server.faults.arm('rateLimited');
    expect(await world.place(world.intent('l-1', { size: 2 as Size }))).toMatchObject({
      kind: 'rejected',
      code: '10006',
      errorClass: 'retry',
    });
    expect(await world.place(world.intent('l-2', { size: 2 as Size }))).toMatchObject({
      kind: 'notSent',
      reason: 'rateLimited',
      text: expect.stringMatching(/^wait \d+ ms$/),
    });
  });
});

describe('stops of contracts', () => {
  const trigger = (share: number): Price => {
    const last = world.exchange.ticker('BTCUSDT').lastPrice;
    return (Math.floor((last * share) / world.btc.tickSize) * world.btc.tickSize) as Price;
  };

  it.each([
    ['stopMarket', 'sell', 0.97],
    ['takeProfitMarket', 'sell', 1.03],
    ['stopMarket', 'buy', 1.03],
    ['takeProfitMarket', 'buy', 0.97],
  ] as const)(
    'a %s to %s waits on its side of the price, only to reduce, and is taken back',
    async (type, side, share) => {
      await world.live();
      const market = { type: 'market', timeInForce: 'ioc', price: null, size: 5 as Size } as const;
      await world.place(world.intent('open', { ...market, side: side === 'sell' ? 'buy' : 'sell' }));
      const stop = { side, type, price: null, timeInForce: 'gtc', size: 5 as Size, reduceOnly: true } as const;
      const intent = world.intent('stop', { ...stop, triggerPrice: trigger(share) });
      expect(await world.place(intent)).toMatchObject({ kind: 'accepted' });
      expect(world.exchange.openOrders('main', null)).toMatchObject([
        { type, side, triggerPrice: trigger(share), reduceOnly: true, status: 'untriggered' },
      ]);
      expect(await world.queries.openOrders('BTCUSDT')).toMatchObject([{ clientOrderId: 'stop', status: 'accepted' }]);
      expect(await world.cancel('stop')).toMatchObject({ kind: 'accepted' });
      await until('its end', () => world.orders('stop').at(-1)?.status === 'canceled');
      expect(world.exchange.openOrders('main', null)).toEqual([]);
    },
  );

  it('ten wait for a symbol and no more', async () => {
    await world.live();
    const stop = { side: 'sell', type: 'stopMarket', price: null, timeInForce: 'gtc', size: 2 as Size } as const;
    for (let index = 0; index < 10; index += 1) {
      const { symbol, size, side, type, timeInForce, price, reduceOnly } = world.intent('s', stop);
      const order = { clientOrderId: `s-${index}`, symbol, size, side, type, timeInForce, price, reduceOnly };
      world.exchange.place('main', { ...order, triggerPrice: trigger(0.9) });
    }
    expect(world.exchange.openOrders('main', 'BTCUSDT')).toHaveLength(10);
    expect(await world.place(world.intent('s-10', { ...stop, triggerPrice: trigger(0.9) }))).toMatchObject({
      kind: 'rejected',
      code: '110009',
      errorClass: 'reject',
    });
  });

  it('one whose trigger is reached goes as a market order and closes what it protects', async () => {
    await world.live();
    const market = { type: 'market', timeInForce: 'ioc', price: null, size: 5 as Size } as const;
    await world.place(world.intent('open', market));
    const stop = { side: 'sell', type: 'stopMarket', price: null, timeInForce: 'gtc', size: 5 as Size } as const;
    await world.place(world.intent('stop', { ...stop, reduceOnly: true, triggerPrice: trigger(0.9999) }));
    const driver = setInterval(() => world.exchange.advanceTo((world.exchange.now() + 400) as never), 2);
    try {
      await until('triggered and filled', () => world.orders('stop').at(-1)?.status === 'filled');
    } finally {
      clearInterval(driver);
    }
    expect(world.exchange.positions('main').find((each) => each.symbol === 'BTCUSDT')?.size ?? 0).toBe(0);
  });
});
