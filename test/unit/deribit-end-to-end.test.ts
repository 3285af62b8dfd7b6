import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Instrument } from '#core/market/instrument.ts';
import type { MarketMessage } from '#core/market/market-message.ts';
import { formatScaled, type Price, type Size } from '#core/market/scaled-decimal.ts';
import type { ClientOrderId } from '#core/orders/order.ts';
import type { OrderAnswer } from '#core/orders/venue-ports.ts';
import type { EpochMs } from '#core/time/clock.ts';
import { seededRandom } from '#core/time/seeded-random.ts';
import { systemClock, systemTimers } from '#core/time/system-clock.ts';
import { createSimulatedExchange } from '#simulation/exchange/create-simulated-exchange.ts';
import type { SimulatedExchange } from '#simulation/exchange/simulated-exchange.ts';
import { builtInInstruments } from '#simulation/market-sources/built-in-instruments.ts';
import { createGeneratedMarket } from '#simulation/market-sources/generated-market.ts';
import { createApiKeyRing } from '#simulation/protocol/api-keys.ts';
import { createDeribitServer } from '#simulation/protocol/deribit-server.ts';
import type { SimulatedVenue } from '#simulation/protocol/simulated-venue.ts';
import { createMarketConnection } from '#venues/connection/market-connection.ts';
import { createSecureFetch } from '#venues/connection/secure-fetch.ts';
import { createWsConnect } from '#venues/connection/ws-transport.ts';
import { deribit } from '#venues/deribit/venue.ts';
import type { AccountRuntime } from '#venues/venue.ts';
import { enterOrders, GOOD_KEYS, intentOf, listenToAccount } from '../support/deribit-world.ts';
import { until } from '../support/until.ts';

let exchange: SimulatedExchange;
let venue: SimulatedVenue;
let runtime: AccountRuntime;
let btc: Instrument;
let driver: NodeJS.Timeout;

beforeEach(async () => {
  const instruments = builtInInstruments('deribit');
  const first = instruments.find((each) => each.symbol === 'BTC-PERPETUAL');
  if (first === undefined) throw new Error('no BTC-PERPETUAL');
  btc = first;
  exchange = createSimulatedExchange({
    instruments,
    source: createGeneratedMarket(instruments, 7),
    clockStart: systemClock.epochMs(),
  });
  exchange.openAccount(
    'main',
    new Map([
      ['BTC', '10'],
      ['ETH', '100'],
      ['USDC', '100000'],
    ]),
    10,
  );
  exchange.advanceTo(systemClock.epochMs());
  driver = setInterval(() => exchange.advanceTo(systemClock.epochMs()), 5);
  const keys = createApiKeyRing([{ ...GOOD_KEYS, accountId: 'main' }]);
  venue = await createDeribitServer({
    exchange,
    keys,
    clock: systemClock,
    host: '127.0.0.1',
    port: 0,
    pingIntervalMs: 400,
  });
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
    marketCredentials: () => GOOD_KEYS,
  };
});
afterEach(async () => {
  clearInterval(driver);
  await venue.close();
  expect(venue.stats().errors).toEqual([]);
});

const ALL = ['book', 'trades', 'quotes', 'ticker', 'candles', 'liquidations', 'status'] as const;

/** A market connection of our own protocol with one book kept by its rule. */
function watchMarket(scanned = false, channels: readonly (typeof ALL)[number][] = ALL, marketCredentials = GOOD_KEYS) {
  const sync = deribit.createBookSync(btc);
  const heard = new Map<string, number>();
  const resyncs: string[] = [];
  const subscriptions = channels.map((channel) => ({ channel, symbol: btc.symbol }));
  const [plan] = deribit.marketData.plan(venue.urls, subscriptions);
  if (plan === undefined) throw new Error('no plan');
  const onBook = (message: Parameters<typeof sync.onMessage>[0]): void => {
    connection.heard('book', message.symbol);
    const outcome = sync.onMessage(message);
    if (outcome.kind === 'resync') {
      resyncs.push(`${outcome.reason}, quoted: ${sync.book.valid}`);
      connection.resubscribe({ channel: 'book', symbol: message.symbol }, outcome.reason);
    } else if (sync.book.valid) connection.synced({ channel: 'book', symbol: message.symbol });
  };
  const count = (type: string): void => {
    heard.set(type, (heard.get(type) ?? 0) + 1);
  };
  const decode = deribit.marketData.createDecoder(
    scanned
      ? {
          instruments: new Map([[btc.symbol, btc]]),
          emit(message) {
            count(message.type);
            if (message.type === 'scannedBook') onBook(message);
          },
        }
      : undefined,
  );
  const onMessage = (message: MarketMessage): void => {
    count(message.type);
    if (message.type === 'book') onBook(message);
    else if (message.type === 'subscribed' || message.type === 'pong' || message.type === 'reply')
      connection.control(message);
  };
  const connection = createMarketConnection({
    name: 'end to end',
    plan,
    protocol: deribit.marketData,
    connect: runtime.connect,
    clock: systemClock,
    timers: systemTimers,
    random: runtime.random,
    log: () => undefined,
    marketCredentials: () => marketCredentials,
    listener: {
      onFrame: (frame) => decode(frame, onMessage),
      onStatus: () => undefined,
      onRefused: (subscription, reason) => resyncs.push(`${subscription.channel} refused: ${reason}`),
      onResubscribe: () => sync.invalidate('resubscribe'),
    },
  });
  return { connection, sync, heard, resyncs };
}

describe('our Deribit against the simulated one, over the matching engine', () => {
  it.each([[false], [true]])(
    'R7, R10: the book follows the venue, test requests are answered, every frame sent is received (scanned: %s)',
    async (scanned) => {
      const { connection, sync, heard, resyncs } = watchMarket(scanned);
      connection.start();
      const books = () => (heard.get('book') ?? 0) + (heard.get('scannedBook') ?? 0);
      await until('a book of many changes', () => sync.book.valid && books() > 10);
      await until('heartbeats', () => (heard.get('reply') ?? 0) >= 2);
      clearInterval(driver);
      // The last changes are sent within the interval of the channel.
      await new Promise((resolve) => setTimeout(resolve, 130));
      const shown = exchange.book(btc.symbol, 1_000);
      const text = (levels: readonly (readonly [Price, Size])[]): string[] =>
        levels.map(([price, size]) => `${formatScaled(price, btc.priceScale)} ${formatScaled(size, btc.sizeScale)}`);
      expect(text(sync.book.levels('buy', 1_000))).toEqual(text(shown.bids));
      expect(text(sync.book.levels('sell', 1_000))).toEqual(text(shown.asks));
      expect(resyncs).toEqual([]);
      expect((heard.get('quote') ?? 0) + (heard.get('scannedQuote') ?? 0)).toBeGreaterThan(0);
      expect(heard.get('ticker')).toBeGreaterThan(0);
      if (scanned) expect(heard.get('book')).toBeUndefined();
      await connection.stop();
      expect(connection.counts.frames).toBe(venue.stats().framesSent);
    },
  );

  it('F28: after a hole in the changes the book is not quoted until one resubscription has made it whole', async () => {
    // The book alone, so that it is a change of the book that is lost.
    const { connection, sync, resyncs } = watchMarket(false, ['book']);
    connection.start();
    await until('a book', () => sync.book.valid);
    venue.faults.arm('dropPublicFrame');
    await until('the gap is seen', () => resyncs.length === 1);
    expect(resyncs[0]).toMatch(/gap: prev_change_id=.*quoted: false$/);
    await until('whole again', () => sync.book.valid);
    expect(connection.counts.resubscribed).toBe(1);
    await connection.stop();
  });

  it('a channel that is missing from the answer is asked for again, alone; nothing is lost by it', async () => {
    const { connection, heard, resyncs } = watchMarket(false, ['book', 'ticker']);
    venue.faults.arm('missingChannel');
    connection.start();
    await until('live', () => connection.status().state === 'live');
    expect(resyncs).toEqual([]);
    await until('all channels', () => (heard.get('book') ?? 0) > 0 && (heard.get('ticker') ?? 0) > 0);
    await connection.stop();
  });

  it('G9: with wrong keys market data goes on, every 100 ms instead of with each change', async () => {
    const { connection, sync, heard, resyncs } = watchMarket(false, ['book'], { key: 'test-key', secret: 'wrong' });
    connection.start();
    await until('a book that moves', () => sync.book.valid && (heard.get('book') ?? 0) > 2);
    expect(connection.status().state).toBe('live');
    expect(resyncs).toEqual([]);
    await connection.stop();
  });

  it('H2, H3: orders live, fill, are cancelled and refused; reports, queries and exchange agree at the end', async () => {
    const { entry } = enterOrders({ runtime });
    const account = listenToAccount({ runtime });
    const queries = deribit.createQueries(runtime);
    entry.start();
    account.stream.start();
    await until('live', () => entry.notReady() === null && account.stream.status().state === 'live');
    const placeHere = (intent: ReturnType<typeof intentOf>) =>
      new Promise<{ kind: string; code?: string }>((resolve) =>
        entry.place(intent, btc, (systemClock.epochMs() + 10_000) as EpochMs, resolve),
      );
    const { bids, asks } = exchange.book(btc.symbol, 1);
    const bid = bids[0]?.[0] ?? (0 as Price);
    const ask = asks[0]?.[0] ?? (0 as Price);
    const size = 100 as Size;
    const began = (systemClock.epochMs() - 1_000) as EpochMs;
    const far = intentOf('far', { price: (bid - 1_000 * btc.tickSize) as Price, size });
    expect((await placeHere(far)).kind).toBe('accepted');
    const market = intentOf('market', { type: 'market', timeInForce: 'ioc', price: null, size });
    expect((await placeHere(market)).kind).toBe('accepted');
    const crossing = intentOf('crossing', {
      timeInForce: 'postOnly',
      price: (ask + 100 * btc.tickSize) as Price,
      size,
    });
    expect(await placeHere(crossing)).toMatchObject({ kind: 'rejected', code: '11054', errorClass: 'reject' });
    const statusOf = (id: string): string[] =>
      account.reports.flatMap((report) =>
        report.kind === 'orderReport' && report.clientOrderId === id ? [report.status] : [],
      );
    await until('told', () => statusOf('market').at(-1) === 'filled' && statusOf('far').length > 0);
    const reduce = intentOf('reduce', {
      side: 'sell',
      type: 'market',
      timeInForce: 'ioc',
      price: null,
      size: 40 as Size,
      reduceOnly: true,
    });
    expect((await placeHere(reduce)).kind).toBe('accepted');
    const stop = intentOf('stop', {
      side: 'sell',
      type: 'stopMarket',
      timeInForce: 'ioc',
      price: null,
      triggerPrice: (bid - 2_000 * btc.tickSize) as Price,
      size: 60 as Size,
      reduceOnly: true,
    });
    expect((await placeHere(stop)).kind).toBe('accepted');
    await until('reduced', () => statusOf('reduce').at(-1) === 'filled' && statusOf('stop').length > 0);
    const open = await queries.openOrders(btc.symbol);
    expect(open.map((order) => order.clientOrderId).sort()).toEqual(['far', 'stop']);
    const target = { symbol: btc.symbol, clientOrderId: far.clientOrderId, venueOrderId: null };
    expect(await queries.cancelOrder(target)).toMatchObject({ kind: 'accepted' });
    await until('canceled', () => statusOf('far').at(-1) === 'canceled');

    const [position] = await queries.positions([btc.symbol]);
    expect(position?.size).toBe('60');
    expect(exchange.positions('main')[0]?.size).toBe(60);
    const streamed = account.reports.filter((report) => report.kind === 'fill');
    const queried = await queries.fillsSince(btc.symbol, began);
    expect(queried.map((fill) => fill.fillId)).toEqual(streamed.map((fill) => fill.fillId));
    expect(queried.map((fill) => [fill.fee, fill.feeCurrency])).toEqual(
      exchange.fills('main', btc.symbol).map((fill) => [fill.fee, fill.feeCurrency]),
    );
    const orders = await queries.ordersSince(btc.symbol, began);
    expect(orders.map((order) => [order.clientOrderId, order.status])).toEqual([
      ['far', 'canceled'],
      ['market', 'filled'],
      ['reduce', 'filled'],
      ['stop', 'accepted'],
    ]);
    expect((await queries.balances()).map((each) => each.currency).sort()).toEqual(['BTC', 'ETH', 'USDC']);
    await Promise.all([entry.stop(), account.stream.stop()]);
    // Who leaves in order keeps its orders.
    expect(exchange.openOrders('main', null).map((order) => order.clientOrderId)).toEqual(['stop']);
  });

  it('F24: a stop that is triggered goes on under another id of the venue, and is the same order of ours', async () => {
    const { entry } = enterOrders({ runtime });
    const account = listenToAccount({ runtime });
    const queries = deribit.createQueries(runtime);
    const began = (systemClock.epochMs() - 1_000) as EpochMs;
    const ask = <Answer>(run: (validUntil: EpochMs, answer: (answer: Answer) => void) => void): Promise<Answer> =>
      new Promise((resolve) => run((systemClock.epochMs() + 10_000) as EpochMs, resolve));
    const placeHere = (intent: ReturnType<typeof intentOf>) =>
      ask<OrderAnswer>((until, answer) => entry.place(intent, btc, until, answer));
    entry.start();
    account.stream.start();
    await until('live', () => entry.notReady() === null && account.stream.status().state === 'live');
    const market = { type: 'market', timeInForce: 'ioc', price: null, size: 100 as Size } as const;
    expect((await placeHere(intentOf('entry', market))).kind).toBe('accepted');
    const last = exchange.ticker(btc.symbol).lastPrice;
    // One on each side of the price, so that its next move triggers either.
    const stops = (['stopMarket', 'takeProfitMarket'] as const).map((type, index) =>
      intentOf(type, {
        ...market,
        type,
        side: 'sell',
        triggerPrice: (last + (index === 0 ? -btc.tickSize : btc.tickSize)) as Price,
        size: 40 as Size,
        reduceOnly: true,
      }),
    );
    const placed: [string, string][] = [];
    for (const stop of stops) {
      const answer = await placeHere(stop);
      if (answer.kind === 'accepted') placed.push([stop.clientOrderId, answer.venueOrderId]);
    }
    const filled = () =>
      account.reports.find(
        (report) =>
          report.kind === 'orderReport' &&
          report.status === 'filled' &&
          placed.some(([id, shown]) => id === report.clientOrderId && shown.startsWith('SLMB-')),
      );
    await until('triggered', () => filled() !== undefined);
    const report = filled();
    if (report?.kind !== 'orderReport') throw new Error('no report');
    const [id = '', waitingId = ''] = placed.find(([each]) => each === report.clientOrderId) ?? [];
    expect(report.venueOrderId).not.toBe(waitingId);
    const found = await queries.orderByClientId(btc.symbol, id);
    expect(found).toMatchObject({ kind: 'found', report: { status: 'filled', venueOrderId: report.venueOrderId } });
    const orders = await queries.ordersSince(btc.symbol, began);
    expect(orders.filter((each) => each.clientOrderId === id)).toHaveLength(1);
    const target = {
      symbol: btc.symbol,
      clientOrderId: report.clientOrderId as ClientOrderId,
      venueOrderId: waitingId,
    };
    expect(await ask<OrderAnswer>((until, answer) => entry.cancel(target, until, answer))).toMatchObject({
      kind: 'rejected',
      errorClass: 'alreadySo',
    });
    await Promise.all([entry.stop(), account.stream.stop()]);
  });
});
