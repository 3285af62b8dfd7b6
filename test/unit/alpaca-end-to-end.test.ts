import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Instrument } from '#core/market/instrument.ts';
import type { MarketMessage, Subscription } from '#core/market/market-message.ts';
import { formatScaled, type Price, type Size } from '#core/market/scaled-decimal.ts';
import type { EpochMs } from '#core/time/clock.ts';
import { systemClock } from '#core/time/system-clock.ts';
import { createSimulatedExchange } from '#simulation/exchange/create-simulated-exchange.ts';
import type { SimulatedExchange } from '#simulation/exchange/simulated-exchange.ts';
import { builtInInstruments } from '#simulation/market-sources/built-in-instruments.ts';
import { createGeneratedMarket } from '#simulation/market-sources/generated-market.ts';
import { createAlpacaServer } from '#simulation/protocol/alpaca-server.ts';
import { createApiKeyRing } from '#simulation/protocol/api-keys.ts';
import type { SimulatedVenue } from '#simulation/protocol/simulated-venue.ts';
import { alpaca } from '#venues/alpaca/venue.ts';
import type { AccountRuntime } from '#venues/venue.ts';
import {
  createAlpacaRuntime,
  DOLLAR,
  enterOrders,
  GOOD_KEYS,
  intentOf,
  listenToAccount,
  place,
  SHARE,
  watchMarket,
} from '../support/alpaca-world.ts';
import { until } from '../support/until.ts';

let exchange: SimulatedExchange;
let venue: SimulatedVenue;
let runtime: AccountRuntime;
let apple: Instrument;
let driver: NodeJS.Timeout;

beforeEach(async () => {
  const instruments = builtInInstruments('alpaca');
  const found = instruments.find((each) => each.symbol === 'AAPL');
  if (found === undefined) throw new Error('no AAPL');
  apple = found;
  exchange = createSimulatedExchange({
    instruments,
    source: createGeneratedMarket(instruments, 7),
    clockStart: systemClock.epochMs(),
  });
  exchange.openAccount('main', new Map([['USD', '1000000']]), 1);
  exchange.advanceTo(systemClock.epochMs());
  driver = setInterval(() => exchange.advanceTo(systemClock.epochMs()), 5);
  const keys = createApiKeyRing([{ ...GOOD_KEYS, accountId: 'main' }]);
  venue = await createAlpacaServer({ exchange, keys, clock: systemClock, host: '127.0.0.1', port: 0 });
  runtime = createAlpacaRuntime(venue);
});
afterEach(async () => {
  clearInterval(driver);
  await venue.close();
  expect(venue.stats().errors).toEqual([]);
});

const channels = ['book', 'trades', 'quotes', 'candles', 'status'] as const;
const subscriptions: readonly Subscription[] = channels.map((channel) => ({ channel, symbol: 'AAPL' }));

describe('our Alpaca against the simulated one, over the matching engine', () => {
  it('logs in, follows the best bid and offer, and receives every frame that was sent; the instruments are the same', async () => {
    const sync = alpaca.createBookSync(apple);
    const heard = new Map<string, number>();
    const sides = new Set<string>();
    const { connection, refused } = watchMarket(runtime, subscriptions, (message: MarketMessage) => {
      heard.set(message.type, (heard.get(message.type) ?? 0) + 1);
      if (message.type === 'book') sync.onMessage(message);
      if (message.type === 'trade') sides.add(message.side);
    });
    expect(await alpaca.fetchInstruments(runtime)).toEqual(
      builtInInstruments('alpaca').map((each) => expect.objectContaining({ ...each })),
    );
    connection.start();
    await until('a book of many changes', () => sync.book.valid && (heard.get('book') ?? 0) > 10 && sides.size === 2);
    clearInterval(driver);
    await new Promise((resolve) => setTimeout(resolve, 20));
    const { bids, asks } = exchange.book('AAPL', 1);
    const text = (levels: readonly (readonly [Price, Size])[]): string[] =>
      levels.map(([price, size]) => `${formatScaled(price, apple.priceScale)} ${formatScaled(size, apple.sizeScale)}`);
    expect(text(sync.book.levels('buy', 5))).toEqual(text(bids));
    expect(text(sync.book.levels('sell', 5))).toEqual(text(asks));
    expect(heard.get('quote')).toBeGreaterThan(10);
    venue.faults.arm('tradingHalt');
    await until('halt and resumption', () => heard.get('tradingStatus') === 2);
    expect(refused).toEqual([]);
    await connection.stop();
    expect(connection.counts.frames).toBe(venue.stats().framesSent);
  });

  it('H2, H3: orders live, fill, are cancelled; stream, queries and exchange agree, each fill under one identity', async () => {
    const { entry } = enterOrders({ runtime });
    const account = listenToAccount({ runtime });
    const queries = alpaca.createQueries(runtime);
    entry.start();
    account.stream.start();
    await until('live', () => entry.notReady() === null && account.stream.status().state === 'live');
    const began = (systemClock.epochMs() - 1_000) as EpochMs;
    const bid = exchange.book('AAPL', 1).bids[0]?.[0] ?? (0 as Price);
    const size = (5 * SHARE) as Size;
    const far = intentOf('far', { price: (bid - 5 * DOLLAR) as Price, size });
    expect((await place(entry, far)).kind).toBe('accepted');
    const market = intentOf('market', { type: 'market', timeInForce: 'ioc', price: null, size: (400 * SHARE) as Size });
    expect((await place(entry, market)).kind).toBe('accepted');
    const stop = intentOf('stop', {
      type: 'stopMarket',
      side: 'sell',
      price: null,
      triggerPrice: (bid - 10 * DOLLAR) as Price,
      size,
    });
    expect((await place(entry, stop)).kind).toBe('accepted');
    const statusOf = (id: string): string[] =>
      account.reports.flatMap((report) =>
        report.kind === 'orderReport' && report.clientOrderId === id ? [report.status] : [],
      );
    await until('filled', () => statusOf('market').at(-1) === 'filled');
    const open = await queries.openOrders('AAPL');
    expect(open.map((order) => order.clientOrderId).sort()).toEqual(['far', 'stop']);
    await queries.cancelOrder({ symbol: 'AAPL', clientOrderId: far.clientOrderId, venueOrderId: null });
    await until('canceled', () => statusOf('far').at(-1) === 'canceled');

    const [position] = await queries.positions(['AAPL']);
    expect(position?.size).toBe('400');
    const streamed = account.reports.filter((report) => report.kind === 'fill');
    const queried = await queries.fillsSince('AAPL', began);
    expect(streamed.length).toBeGreaterThan(0);
    expect(queried.map((fill) => [fill.fillId, fill.clientOrderId, fill.price, fill.size])).toEqual(
      streamed.map((fill) => [fill.fillId, fill.clientOrderId, fill.price, fill.size]),
    );
    expect(account.reports.filter((report) => report.kind === 'position').at(-1)).toMatchObject({ size: '400' });
    const orders = await queries.ordersSince('AAPL', began);
    expect(orders.map((order) => [order.clientOrderId, order.status])).toEqual([
      ['far', 'canceled'],
      ['market', 'filled'],
      ['stop', 'accepted'],
    ]);
    const [cash] = await queries.balances();
    expect(cash?.currency).toBe('USD');
    await Promise.all([entry.stop(), account.stream.stop()]);
  });

  it('news comes over its own address, and an update under the same id', async () => {
    const items: Extract<MarketMessage, { type: 'news' }>[] = [];
    const news: readonly Subscription[] = ['AAPL', 'MSFT', 'SPY'].map((symbol) => ({ channel: 'news', symbol }));
    const { connection } = watchMarket(runtime, news, (message) => {
      if (message.type === 'news') items.push(message);
    });
    connection.start();
    await until('live', () => connection.status().state === 'live');
    venue.faults.arm('newsUpdate');
    venue.faults.arm('newsUpdate');
    await until('an item and its updates', () => items.length >= 3);
    const last = items.slice(-2);
    expect(last[0]?.id).toBe(last[1]?.id);
    expect(last[1]?.updatedAt).toBeGreaterThan(last[0]?.updatedAt ?? 0);
    await connection.stop();
  });

  it('what is placed while the market is closed waits for the open, and the clock says so', async () => {
    const { entry } = enterOrders({ runtime });
    const account = listenToAccount({ runtime });
    entry.start();
    account.stream.start();
    await until('live', () => entry.notReady() === null && account.stream.status().state === 'live');
    expect(await alpaca.fetchMarketStatus?.(runtime)).toMatchObject({ state: 'open' });
    venue.faults.setMarketOpen(false);
    const status = await alpaca.fetchMarketStatus?.(runtime);
    expect(status?.state).toBe('closed');
    expect(status?.nextChange).toBeGreaterThan(systemClock.epochMs());
    const early = intentOf('early', { price: null, type: 'market', timeInForce: 'ioc', size: SHARE as Size });
    expect((await place(entry, early)).kind).toBe('accepted');
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(account.reports.filter((report) => report.kind === 'fill')).toEqual([]);
    venue.faults.setMarketOpen(true);
    await until('filled at the open', () => account.reports.some((report) => report.kind === 'fill'));
    await Promise.all([entry.stop(), account.stream.stop()]);
  });
});
