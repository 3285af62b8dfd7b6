import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Instrument } from '#core/market/instrument.ts';
import type { MarketMessage } from '#core/market/market-message.ts';
import { formatScaled, type Price, type Size } from '#core/market/scaled-decimal.ts';
import type { AccountReport, ClientOrderId } from '#core/orders/order.ts';
import type { EpochMs } from '#core/time/clock.ts';
import { seededRandom } from '#core/time/seeded-random.ts';
import { systemClock, systemTimers } from '#core/time/system-clock.ts';
import { createSimulatedExchange } from '#simulation/exchange/create-simulated-exchange.ts';
import type { SimulatedExchange } from '#simulation/exchange/simulated-exchange.ts';
import { builtInInstruments } from '#simulation/market-sources/built-in-instruments.ts';
import { createGeneratedMarket } from '#simulation/market-sources/generated-market.ts';
import { createApiKeyRing } from '#simulation/protocol/api-keys.ts';
import { createBinanceUsdmServer } from '#simulation/protocol/binance-usdm-server.ts';
import type { SimulatedVenue } from '#simulation/protocol/simulated-venue.ts';
import { binanceUsdm } from '#venues/binance-usdm/venue.ts';
import { createMarketConnection } from '#venues/connection/market-connection.ts';
import { createSecureFetch } from '#venues/connection/secure-fetch.ts';
import { createWsConnect } from '#venues/connection/ws-transport.ts';
import type { AccountRuntime } from '#venues/venue.ts';
import { intent, KEYS, LATER } from '../support/binance-usdm-world.ts';
import { until } from '../support/until.ts';

let exchange: SimulatedExchange;
let venue: SimulatedVenue;
let runtime: AccountRuntime;
let btc: Instrument;
let driver: NodeJS.Timeout;

beforeEach(async () => {
  const instruments = builtInInstruments('binance-usdm');
  const first = instruments.find((each) => each.symbol === 'BTCUSDT');
  if (first === undefined) throw new Error('no BTCUSDT');
  btc = first;
  exchange = createSimulatedExchange({
    instruments,
    source: createGeneratedMarket(instruments, 7),
    clockStart: systemClock.epochMs(),
    settings: { postOnlyRejects: true },
  });
  exchange.openAccount('main', new Map([['USDT', '100000']]), 10);
  exchange.advanceTo(systemClock.epochMs());
  driver = setInterval(() => exchange.advanceTo(systemClock.epochMs()), 5);
  const keys = createApiKeyRing([{ ...KEYS, accountId: 'main' }]);
  venue = await createBinanceUsdmServer({ exchange, keys, clock: systemClock, host: '127.0.0.1', port: 0 });
  runtime = {
    endpoints: venue.urls,
    clock: systemClock,
    timers: systemTimers,
    random: seededRandom(2),
    connect: createWsConnect({ insecureAllowed: true }),
    fetch: createSecureFetch({ insecureAllowed: true }),
    log: () => undefined,
    account: { account: 'main', mode: 'paper' },
    credentials: () => KEYS,
  };
});
afterEach(async () => {
  clearInterval(driver);
  await venue.close();
  expect(venue.stats().errors).toEqual([]);
});

/** Both market sockets of our own protocol, with one book kept by its rule and its snapshot. */
function watchMarket() {
  const sync = binanceUsdm.createBookSync(btc);
  const heard = new Map<string, number>();
  const resyncs: string[] = [];
  let fetching = false;
  const channels = ['book', 'trades', 'quotes', 'ticker'] as const;
  const plans = binanceUsdm.marketData.plan(
    venue.urls,
    channels.map((channel) => ({ channel, symbol: btc.symbol })),
  );

  async function fetchSnapshot(): Promise<void> {
    if (fetching || binanceUsdm.marketData.fetchBook === null) return;
    fetching = true;
    const snapshot = await binanceUsdm.marketData.fetchBook(runtime, btc.symbol);
    fetching = false;
    onBook(snapshot);
  }

  function onBook(message: Extract<MarketMessage, { type: 'book' }>): void {
    const outcome = sync.onMessage(message);
    if (outcome.kind !== 'resync') return;
    resyncs.push(`${outcome.need}, quoted: ${sync.book.valid}`);
    void fetchSnapshot();
  }

  const connections = plans.map((plan) => {
    const decode = binanceUsdm.marketData.createDecoder();
    const connection = createMarketConnection({
      name: plan.name,
      plan,
      protocol: binanceUsdm.marketData,
      connect: runtime.connect,
      clock: systemClock,
      timers: systemTimers,
      random: runtime.random,
      log: () => undefined,
      listener: {
        onFrame: (frame) =>
          decode(frame, (message) => {
            heard.set(message.type, (heard.get(message.type) ?? 0) + 1);
            if (message.type === 'book') onBook(message);
            else if (message.type === 'subscribed' || message.type === 'pong') connection.control(message);
          }),
        onStatus: () => undefined,
        onRefused: (subscription, reason) => resyncs.push(`${subscription.channel} refused: ${reason}`),
        onResubscribe: () => sync.invalidate('resubscribe'),
      },
    });
    return connection;
  });
  return {
    sync,
    heard,
    resyncs,
    start: () => {
      for (const connection of connections) connection.start();
    },
    stop: () => Promise.all(connections.map((connection) => connection.stop())),
    frames: () => connections.reduce((sum, connection) => sum + connection.counts.frames, 0),
  };
}

describe('our Binance against the simulated one, over the matching engine', () => {
  test('T1: the book follows the venue, and every frame that was sent is received', async () => {
    expect(await binanceUsdm.fetchInstruments(runtime)).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ symbol: 'BTCUSDT', priceScale: btc.priceScale, sizeScale: btc.sizeScale }),
      ]),
    );
    const market = watchMarket();
    market.start();
    await until('a book of many changes, and all else', () => {
      const all = ['trade', 'quote', 'ticker'].every((type) => market.heard.has(type));
      return all && market.sync.book.valid && (market.heard.get('book') ?? 0) > 8;
    });
    clearInterval(driver);
    await until('the last changes', () => market.sync.book.sequence === exchange.book('BTCUSDT', 1).sequence);
    const shown = exchange.book('BTCUSDT', 50);
    const text = (levels: readonly (readonly [Price, Size])[]): string[] =>
      levels.map(([price, size]) => `${formatScaled(price, btc.priceScale)} ${formatScaled(size, btc.sizeScale)}`);
    expect(text(market.sync.book.levels('buy', 50))).toEqual(text(shown.bids));
    expect(text(market.sync.book.levels('sell', 50))).toEqual(text(shown.asks));
    expect(market.resyncs).toEqual(['restSnapshot, quoted: false']);
    await market.stop();
    expect(market.frames()).toBe(venue.stats().framesSent);
  });

  test('F28: after a lost frame the book is not quoted until one snapshot has made it whole', async () => {
    const market = watchMarket();
    market.start();
    await until('a book', () => market.sync.book.valid);
    venue.faults.arm('dropPublicFrame');
    await until('the gap is seen', () => market.resyncs.length === 2);
    expect(market.resyncs[1]).toBe('restSnapshot, quoted: false');
    await until('whole again', () => market.sync.book.valid);
    expect(market.resyncs).toHaveLength(2);
    await market.stop();
  });

  test('H2, H3: orders live, fill, are cancelled and expire; reports, queries and exchange agree at the end', async () => {
    const started = systemClock.epochMs();
    const entry = binanceUsdm.createOrderEntry(runtime, () => undefined);
    const reports: AccountReport[] = [];
    const stream = binanceUsdm.createAccountStream(runtime, {
      onReport: (report) => reports.push(report),
      onStatus: () => undefined,
    });
    const queries = binanceUsdm.createQueries(runtime);
    entry.start();
    stream.start();
    await until('both live', () => entry.notReady() === null && stream.status().state === 'live');

    const [bid] = exchange.book('BTCUSDT', 1).bids;
    const touch = (bid?.[0] ?? 0) as Price;
    const orders = [
      intent({ type: 'market', timeInForce: 'ioc', price: null, size: 20 as Size }),
      intent({ price: (touch - 2_000) as Price, size: 30 as Size, timeInForce: 'postOnly' }),
      intent({ price: (touch + 2_000) as Price, size: 30 as Size, timeInForce: 'postOnly' }),
      intent({ side: 'sell', type: 'market', timeInForce: 'ioc', price: null, size: 50 as Size, reduceOnly: true }),
    ];
    const kinds: string[] = [];
    for (const order of orders) {
      entry.place(order, btc, LATER(), (answer) => kinds.push(answer.kind));
      await until('its answer', () => kinds.length === orders.indexOf(order) + 1);
    }
    const resting = orders[1]?.clientOrderId as ClientOrderId;
    entry.cancel({ symbol: 'BTCUSDT', clientOrderId: resting, venueOrderId: null }, LATER(), (answer) =>
      kinds.push(answer.kind),
    );
    await until('the cancel', () => kinds.length === 5);
    expect(kinds).toEqual(Array(5).fill('accepted'));

    const lastOf = (id: string | undefined) =>
      reports.findLast((each) => each.kind === 'orderReport' && each.clientOrderId === id) as Extract<
        AccountReport,
        { kind: 'orderReport' }
      >;
    await until('all ended', () =>
      orders.every(
        (order) => !['accepted', 'partiallyFilled', undefined].includes(lastOf(order.clientOrderId)?.status),
      ),
    );
    const ends = orders.map((order) => lastOf(order.clientOrderId).status);
    expect(ends.slice(0, 3)).toEqual(['filled', 'canceled', 'expired']);
    expect(exchange.positions('main')).toEqual([]);

    const fills = await queries.fillsSince('BTCUSDT', (started - 1_000) as EpochMs);
    const told = reports.filter((each) => each.kind === 'fill');
    expect(told.map((each) => each.fillId).sort()).toEqual(fills.map((each) => each.fillId).sort());
    expect(fills).toHaveLength(exchange.fills('main', 'BTCUSDT').length);
    for (const report of await queries.ordersSince('BTCUSDT', (started - 1_000) as EpochMs)) {
      const { status, cumulativeSize, price, size } = lastOf(report.clientOrderId ?? '');
      expect(report).toMatchObject({ status, cumulativeSize, price, size });
    }
    await Promise.all([entry.stop(), stream.stop()]);
  });
});
