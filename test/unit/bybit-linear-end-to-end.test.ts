import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Instrument } from '#core/market/instrument.ts';
import type { MarketMessage } from '#core/market/market-message.ts';
import { formatScaled, type Price, type Size } from '#core/market/scaled-decimal.ts';
import type { EpochMs } from '#core/time/clock.ts';
import { seededRandom } from '#core/time/seeded-random.ts';
import { systemClock, systemTimers } from '#core/time/system-clock.ts';
import { createSimulatedExchange } from '#simulation/exchange/create-simulated-exchange.ts';
import type { SimulatedExchange } from '#simulation/exchange/simulated-exchange.ts';
import { builtInInstruments } from '#simulation/market-sources/built-in-instruments.ts';
import { createGeneratedMarket } from '#simulation/market-sources/generated-market.ts';
import { createApiKeyRing } from '#simulation/protocol/api-keys.ts';
import { createBybitLinearServer } from '#simulation/protocol/bybit-linear-server.ts';
import type { SimulatedVenue } from '#simulation/protocol/simulated-venue.ts';
import { bybitLinear } from '#venues/bybit-linear/venue.ts';
import { createMarketConnection } from '#venues/connection/market-connection.ts';
import { createSecureFetch } from '#venues/connection/secure-fetch.ts';
import { createWsConnect } from '#venues/connection/ws-transport.ts';
import type { AccountRuntime } from '#venues/venue.ts';
import { enterOrders, GOOD_KEYS, intentOf, listenToAccount, place } from '../support/bybit-linear-world.ts';
import { until } from '../support/until.ts';

let exchange: SimulatedExchange;
let venue: SimulatedVenue;
let runtime: AccountRuntime;
let btc: Instrument;
let driver: NodeJS.Timeout;

beforeEach(async () => {
  const instruments = builtInInstruments('bybit-linear');
  const first = instruments.find((each) => each.symbol === 'BTCUSDT');
  if (first === undefined) throw new Error('no BTCUSDT');
  btc = first;
  exchange = createSimulatedExchange({
    instruments,
    source: createGeneratedMarket(instruments, 7),
    clockStart: systemClock.epochMs(),
  });
  exchange.openAccount('main', new Map([['USDT', '100000']]), 10);
  exchange.advanceTo(systemClock.epochMs());
  driver = setInterval(() => exchange.advanceTo(systemClock.epochMs()), 5);
  const keys = createApiKeyRing([{ ...GOOD_KEYS, accountId: 'main' }]);
  venue = await createBybitLinearServer({ exchange, keys, clock: systemClock, host: '127.0.0.1', port: 0 });
  runtime = {
    endpoints: venue.urls,
    clock: systemClock,
    timers: systemTimers,
    random: seededRandom(2),
    connect: createWsConnect({ insecureAllowed: true }),
    fetch: createSecureFetch({ insecureAllowed: true }),
    log: () => undefined,
    account: { account: 'main', mode: 'paper' },
    credentials: () => GOOD_KEYS,
  };
});
afterEach(async () => {
  clearInterval(driver);
  await venue.close();
  expect(venue.stats().errors).toEqual([]);
});

/** A market connection of our own protocol with one book kept by its rule. */
function watchMarket() {
  const sync = bybitLinear.createBookSync(btc);
  const decode = bybitLinear.marketData.createDecoder();
  const heard = new Map<string, number>();
  const resyncs: string[] = [];
  const channels = ['book', 'trades', 'quotes', 'ticker'] as const;
  const subscriptions = channels.map((channel) => ({ channel, symbol: btc.symbol }));
  const [plan] = bybitLinear.marketData.plan(venue.urls, subscriptions);
  if (plan === undefined) throw new Error('no plan');
  const onMessage = (message: MarketMessage): void => {
    heard.set(message.type, (heard.get(message.type) ?? 0) + 1);
    if (message.type === 'book') {
      connection.heard('book', message.symbol);
      const outcome = sync.onMessage(message);
      if (outcome.kind === 'resync') {
        resyncs.push(`${outcome.reason}, quoted: ${sync.book.valid}`);
        connection.resubscribe({ channel: 'book', symbol: message.symbol }, outcome.reason);
      } else if (sync.book.valid) connection.synced({ channel: 'book', symbol: message.symbol });
    } else if (message.type === 'subscribed' || message.type === 'pong') connection.control(message);
  };
  const connection = createMarketConnection({
    name: 'end to end',
    plan,
    protocol: bybitLinear.marketData,
    connect: runtime.connect,
    clock: systemClock,
    timers: systemTimers,
    random: runtime.random,
    log: () => undefined,
    listener: {
      onFrame: (frame) => decode(frame, onMessage),
      onStatus: () => undefined,
      onRefused: (subscription, reason) => resyncs.push(`${subscription.channel} refused: ${reason}`),
      onResubscribe: () => sync.invalidate('resubscribe'),
    },
  });
  return { connection, sync, heard, resyncs };
}

describe('our Bybit against the simulated one, over the matching engine', () => {
  it('the book follows the venue, every frame that was sent is received, and the instruments are the same', async () => {
    expect(await bybitLinear.fetchInstruments(runtime)).toEqual(
      expect.arrayContaining([expect.objectContaining({ symbol: 'BTCUSDT', tickSize: expect.any(Number) })]),
    );
    const { connection, sync, heard, resyncs } = watchMarket();
    connection.start();
    await until('a book of many changes', () => sync.book.valid && (heard.get('book') ?? 0) > 25);
    clearInterval(driver);
    // The last changes are sent within the push interval of the topic.
    await new Promise((resolve) => setTimeout(resolve, 80));
    const shown = exchange.book('BTCUSDT', 50);
    const text = (levels: readonly (readonly [Price, Size])[]): string[] =>
      levels.map(([price, size]) => `${formatScaled(price, btc.priceScale)} ${formatScaled(size, btc.sizeScale)}`);
    expect(text(sync.book.levels('buy', 50))).toEqual(text(shown.bids));
    expect(text(sync.book.levels('sell', 50))).toEqual(text(shown.asks));
    expect(resyncs).toEqual([]);
    expect(heard.get('quote')).toBeGreaterThan(0);
    expect(heard.get('ticker')).toBeGreaterThan(0);
    await connection.stop();
    expect(connection.counts.frames).toBe(venue.stats().framesSent);
  });

  it('F28: after a lost frame the book is not quoted until one resubscription has made it whole', async () => {
    const { connection, sync, resyncs } = watchMarket();
    connection.start();
    await until('a book', () => sync.book.valid);
    venue.faults.arm('dropPublicFrame');
    await until('the gap is seen', () => resyncs.length === 1);
    expect(resyncs[0]).toMatch(/quoted: false$/);
    await until('whole again', () => sync.book.valid);
    expect(connection.counts.resubscribed).toBe(1);
    await connection.stop();
  });

  it('H2, H3: orders live, fill, are cancelled and expire; reports, queries and exchange agree at the end', async () => {
    const { entry } = enterOrders({ runtime });
    const account = listenToAccount({ runtime });
    const queries = bybitLinear.createQueries(runtime);
    entry.start();
    account.stream.start();
    await until('live', () => entry.notReady() === null && account.stream.status().state === 'live');
    const { bids, asks } = exchange.book('BTCUSDT', 1);
    const bid = bids[0]?.[0] ?? (0 as Price);
    const ask = asks[0]?.[0] ?? (0 as Price);
    const size = 5 as Size;
    // The market moves in steps: its time may lie a step behind the clock.
    const began = (systemClock.epochMs() - 1_000) as EpochMs;
    const far = intentOf('far', { price: (bid - 1_000 * btc.tickSize) as Price, size });
    expect((await place(entry, far)).kind).toBe('accepted');
    const market = intentOf('market', { type: 'market', timeInForce: 'ioc', price: null, size });
    expect((await place(entry, market)).kind).toBe('accepted');
    const crossing = intentOf('crossing', {
      timeInForce: 'postOnly',
      price: (ask + 100 * btc.tickSize) as Price,
      size,
    });
    expect((await place(entry, crossing)).kind).toBe('accepted');
    const statusOf = (id: string): string[] =>
      account.reports.flatMap((report) =>
        report.kind === 'orderReport' && report.clientOrderId === id ? [report.status] : [],
      );
    await until('all told', () => statusOf('market').at(-1) === 'filled' && statusOf('crossing').includes('canceled'));
    const reduce = intentOf('reduce', {
      side: 'sell',
      type: 'market',
      timeInForce: 'ioc',
      price: null,
      size: 2 as Size,
      reduceOnly: true,
    });
    expect((await place(entry, reduce)).kind).toBe('accepted');
    await until('reduced', () => statusOf('reduce').at(-1) === 'filled');
    const [canceled] = await queries.openOrders('BTCUSDT');
    expect(canceled?.clientOrderId).toBe('far');
    await queries.cancelOrder({ symbol: 'BTCUSDT', clientOrderId: far.clientOrderId, venueOrderId: null });
    await until('canceled', () => statusOf('far').at(-1) === 'canceled');

    const [position] = await queries.positions(['BTCUSDT']);
    expect(position?.size).toBe('0.003');
    expect(exchange.positions('main')[0]?.size).toBe(3);
    const streamed = account.reports.filter((report) => report.kind === 'fill');
    const queried = await queries.fillsSince('BTCUSDT', began);
    expect(queried.map((fill) => fill.fillId)).toEqual(streamed.map((fill) => fill.fillId));
    expect(queried.length).toBe(exchange.fills('main', 'BTCUSDT').length);
    const orders = await queries.ordersSince('BTCUSDT', began);
    expect(orders.map((order) => [order.clientOrderId, order.status])).toEqual([
      ['far', 'canceled'],
      ['market', 'filled'],
      ['crossing', 'canceled'],
      ['reduce', 'filled'],
    ]);
    await Promise.all([entry.stop(), account.stream.stop()]);
  });
});
