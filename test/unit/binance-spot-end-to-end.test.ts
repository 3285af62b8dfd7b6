import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import type { Instrument } from '#core/market/instrument.ts';
import type { MarketMessage } from '#core/market/market-message.ts';
import { seededRandom } from '#core/time/seeded-random.ts';
import { systemClock, systemTimers } from '#core/time/system-clock.ts';
import { createSimulatedExchange } from '#simulation/exchange/create-simulated-exchange.ts';
import type { SimulatedExchange } from '#simulation/exchange/simulated-exchange.ts';
import { builtInInstruments } from '#simulation/market-sources/built-in-instruments.ts';
import { createGeneratedMarket } from '#simulation/market-sources/generated-market.ts';
import { createApiKeyRing } from '#simulation/protocol/api-keys.ts';
import { createBinanceSpotServer } from '#simulation/protocol/binance-spot-server.ts';
import type { SimulatedVenue } from '#simulation/protocol/simulated-venue.ts';
import { binanceSpot } from '#venues/binance-spot/venue.ts';
import { createMarketConnection } from '#venues/connection/market-connection.ts';
import { createSecureFetch } from '#venues/connection/secure-fetch.ts';
import { createWsConnect } from '#venues/connection/ws-transport.ts';
import type { VenueRuntime } from '#venues/venue.ts';
import { until } from '../support/until.ts';

let exchange: SimulatedExchange;
let venue: SimulatedVenue;
let runtime: VenueRuntime;
let btc: Instrument;
let driver: NodeJS.Timeout;

beforeEach(async () => {
  const instruments = builtInInstruments('binance-spot');
  const first = instruments[0];
  if (first === undefined) throw new Error('no instrument');
  btc = first;
  exchange = createSimulatedExchange({
    instruments,
    source: createGeneratedMarket(instruments, 7, { eventsPerSecond: 300 }),
    clockStart: systemClock.epochMs(),
  });
  exchange.advanceTo(systemClock.epochMs());
  driver = setInterval(() => exchange.advanceTo(systemClock.epochMs()), 5);
  const options = { exchange, keys: createApiKeyRing([]), clock: systemClock, host: '127.0.0.1', port: 0 };
  venue = await createBinanceSpotServer({ ...options, pingIntervalMs: 30 });
  runtime = {
    endpoints: venue.urls,
    clock: systemClock,
    timers: systemTimers,
    random: seededRandom(2),
    connect: createWsConnect({ insecureAllowed: true }),
    fetch: createSecureFetch({ insecureAllowed: true }),
    log: () => undefined,
  };
});
afterEach(async () => {
  clearInterval(driver);
  await venue.close();
  expect(venue.stats().errors).toEqual([]);
});

/** Our own feed of one symbol, with its book kept by the rule of spot. */
function watch() {
  const sync = binanceSpot.createBookSync(btc);
  const heard = new Map<string, number>();
  const resyncs: string[] = [];
  let fetching = false;
  const channels = ['book', 'trades', 'quotes', 'ticker'] as const;
  const [plan] = binanceSpot.marketData.plan(
    venue.urls,
    channels.map((channel) => ({ channel, symbol: btc.symbol })),
  );
  if (plan === undefined) throw new Error('no plan');
  const decode = binanceSpot.marketData.createDecoder();
  const take = (message: MarketMessage): void => {
    heard.set(message.type, (heard.get(message.type) ?? 0) + 1);
    if (message.type === 'book') {
      const outcome = sync.onMessage(message);
      if (outcome.kind !== 'resync') return;
      resyncs.push(outcome.reason);
      void fetchBook();
    } else if (!['trade', 'quote', 'ticker', 'candle'].includes(message.type)) {
      connection.control(message as Parameters<typeof connection.control>[0]);
    }
  };
  async function fetchBook(): Promise<void> {
    if (fetching) return;
    fetching = true;
    const snapshot = await binanceSpot.marketData.fetchBook?.(runtime, btc.symbol);
    fetching = false;
    if (snapshot !== undefined) take(snapshot);
  }
  const connection = createMarketConnection({
    ...runtime,
    name: 'spot',
    plan,
    protocol: binanceSpot.marketData,
    listener: {
      onFrame: (frame) => decode(frame, take),
      onStatus: (status) => {
        if (status.state !== 'live') sync.invalidate(status.reason);
      },
      onRefused: () => undefined,
      onResubscribe: () => undefined,
    },
  });
  connection.start();
  return { sync, heard, resyncs, connection };
}

describe('Binance spot, client against venue', () => {
  test('all channels flow, and the book is the venue’s', async () => {
    const { sync, heard, connection } = watch();
    await until('a whole book', () => sync.book.valid);
    await until('every channel', () =>
      ['book', 'trade', 'quote', 'ticker'].every((type) => (heard.get(type) ?? 0) > 0),
    );
    clearInterval(driver);
    const venueBook = exchange.book(btc.symbol, 1);
    await until('the last change', () => sync.book.sequence === venueBook.sequence);
    expect([sync.book.bidPrice, sync.book.askPrice]).toEqual([venueBook.bids[0]?.[0], venueBook.asks[0]?.[0]]);
    await connection.stop();
  });

  test('F28: a snapshot behind the stream is refused, and the next one is taken', async () => {
    venue.faults.arm('snapshotBehindStream');
    const { sync, resyncs, connection } = watch();
    await until('a whole book', () => sync.book.valid);
    expect(venue.faults.happened('snapshotBehindStream')).toBe(1);
    expect(resyncs.some((reason) => reason.includes('older than the stream'))).toBe(true);
    await connection.stop();
  });

  test('F28: a lost frame is a gap, with one new book', async () => {
    const { sync, resyncs, connection } = watch();
    await until('a whole book', () => sync.book.valid);
    const before = resyncs.length;
    venue.faults.arm('dropPublicFrame');
    await until('the gap', () => resyncs.length > before);
    // Right after a snapshot it is the snapshot that the next diff does not join.
    expect(resyncs[before]).toMatch(/^(gap: U=|diff U=\d+ does not join)/);
    await until('whole again', () => sync.book.valid);
    await connection.stop();
  });

  test('F16: a connection that the venue cuts at its age comes back', async () => {
    const { sync, connection } = watch();
    await until('a whole book', () => sync.book.valid);
    venue.faults.arm('connectionLifeEnds');
    await until('not whole', () => !sync.book.valid);
    await until('whole again', () => sync.book.valid && connection.status().state === 'live');
    await connection.stop();
  });

  test('who sends more than five messages in a second is closed; who answers no ping is cut', async () => {
    const noisy = new WebSocket(`${venue.urls.market}/stream`);
    await new Promise((resolve) => noisy.once('open', resolve));
    const closed = new Promise<number>((resolve) => noisy.once('close', resolve));
    for (let id = 0; id < 12; id += 1) noisy.send(JSON.stringify({ method: 'LIST_SUBSCRIPTIONS', id }));
    expect(await closed).toBe(1008);

    const mute = new WebSocket(`${venue.urls.market}/stream`, { autoPong: false });
    await new Promise((resolve) => mute.once('open', resolve));
    expect(await new Promise<number>((resolve) => mute.once('close', resolve))).toBe(1006);
  });
});
