import { afterEach, describe, expect, test } from 'vitest';
import { VENUES, type VenueId } from '#core/market/instrument.ts';
import type { MarketDataMessage, Subscription } from '#core/market/market-message.ts';
import { seededRandom } from '#core/time/seeded-random.ts';
import { systemClock, systemTimers } from '#core/time/system-clock.ts';
import { createSimulatedExchange } from '#simulation/exchange/create-simulated-exchange.ts';
import { builtInInstruments } from '#simulation/market-sources/built-in-instruments.ts';
import { createGeneratedMarket } from '#simulation/market-sources/generated-market.ts';
import { createApiKeyRing } from '#simulation/protocol/api-keys.ts';
import { VENUE_SERVERS } from '#simulation/protocol/venue-servers.ts';
import { createMarketConnection, type MarketConnection } from '#venues/connection/market-connection.ts';
import { createSecureFetch } from '#venues/connection/secure-fetch.ts';
import { createWsConnect } from '#venues/connection/ws-transport.ts';
import type { VenueRuntime } from '#venues/venue.ts';
import { venues } from '#venues/venues.ts';
import { createSpeaker } from '../support/scanned-text.ts';
import { until } from '../support/until.ts';

const STEP_MS = 5;

const ending: (() => Promise<unknown> | unknown)[] = [];
afterEach(async () => {
  for (const end of ending.splice(0).reverse()) await end();
});

/** A simulated venue whose generated market runs in real time, and one feed of it: sockets, decoders, one book. */
async function openFeed(venueId: VenueId) {
  const venue = venues[venueId];
  const instruments = builtInInstruments(venueId);
  const symbol = instruments[0]?.symbol ?? '';
  const exchange = createSimulatedExchange({
    instruments,
    source: createGeneratedMarket(instruments, 3, { eventsPerSecond: 300 }),
    clockStart: systemClock.epochMs(),
  });
  const keys = createApiKeyRing([]);
  const server = await VENUE_SERVERS[venueId].create({
    exchange,
    keys,
    clock: systemClock,
    host: '127.0.0.1',
    port: 0,
  });
  ending.push(() => server.close());
  const running = setInterval(() => exchange.advanceTo(systemClock.epochMs()), STEP_MS);
  ending.push(() => clearInterval(running));

  const logged: string[] = [];
  const runtime: VenueRuntime = {
    endpoints: server.urls,
    clock: systemClock,
    timers: systemTimers,
    random: seededRandom(5),
    connect: createWsConnect({ insecureAllowed: true }),
    fetch: createSecureFetch({ insecureAllowed: true }),
    log: (level, text, fields) => logged.push(`${level} ${text} ${JSON.stringify(fields ?? {})}`),
  };
  const offered = await venue.fetchInstruments(runtime);
  const instrument = offered.find((each) => each.symbol === symbol);
  if (instrument === undefined) throw new Error('the venue does not offer the symbol');
  const sync = venue.createBookSync(instrument);
  const heard: MarketDataMessage[] = [];
  const resyncs: string[] = [];
  const frames: Buffer[] = [];

  async function fetchBook(): Promise<void> {
    for (;;) {
      const snapshot = await venue.marketData.fetchBook?.(runtime, symbol);
      if (snapshot === undefined || sync.onMessage(snapshot).kind !== 'resync') return;
    }
  }

  function onMessage(connection: MarketConnection, message: MarketDataMessage): void {
    heard.push(message);
    if (message.type !== 'book') return;
    const outcome = sync.onMessage(message);
    if (outcome.kind === 'applied') connection.synced({ channel: 'book', symbol });
    if (outcome.kind !== 'resync') return;
    resyncs.push(outcome.reason);
    if (outcome.need === 'restSnapshot') void fetchBook();
    else connection.resubscribe({ channel: 'book', symbol }, outcome.reason);
  }

  const wanted = ['book', 'trades', 'quotes', 'ticker', 'liquidations'] as const;
  const channels = wanted.filter((channel) => venue.supports.channels.includes(channel));
  const subscriptions = channels.map((channel): Subscription => ({ channel, symbol }));
  const connections = venue.marketData.plan(server.urls, subscriptions).map((plan) => {
    const decode = venue.marketData.createDecoder();
    const connection: MarketConnection = createMarketConnection({
      ...runtime,
      name: plan.name,
      plan,
      protocol: venue.marketData,
      listener: {
        onFrame: (frame) => {
          frames.push(Buffer.from(frame));
          decode(frame, (message) => {
            switch (message.type) {
              case 'subscribed':
              case 'subscriptionState':
              case 'reply':
              case 'pong':
              case 'notice':
              case 'venueError':
                connection.control(message);
                return;
              default:
                onMessage(connection, message);
            }
          });
        },
        onStatus: () => undefined,
        onRefused: (subscription, reason) => logged.push(`refused ${subscription.channel} ${reason}`),
        onResubscribe: ({ channel }, reason) => {
          if (channel === 'book') sync.invalidate(reason);
        },
      },
    });
    connection.start();
    ending.push(() => connection.stop());
    return connection;
  });
  return { exchange, server, instrument, instruments, offered, sync, heard, frames, resyncs, connections, logged };
}

/** Alpaca gives nothing without keys, and has tests of its own. */
const WITHOUT_KEYS = VENUES.filter((venue) => venue !== 'alpaca');

/** Deribit does not tell its largest size, and leaves more of its hot frames to the parser: cards C6 and C11 of the contract hold it to what it says. */
const PLAIN = WITHOUT_KEYS.filter((venue) => venue !== 'deribit');

describe.each(PLAIN)('%s over a socket, to the last field', (venueId) => {
  test('the instruments of the venue are the instruments of the exchange', async () => {
    const { offered, instruments } = await openFeed(venueId);

    expect(offered).toEqual(instruments);
  });

  test('what the server writes of books, trades and quotes is scanned, and says what the parser says', async () => {
    const { frames, heard, instrument } = await openFeed(venueId);
    const counted = (type: string) => heard.filter((message) => message.type === type).length;
    await until('each hot channel has spoken often', () =>
      ['book', 'trade', 'quote'].every((type) => counted(type) > 10),
    );

    const parser = createSpeaker(venues[venueId].marketData, null);
    const scanner = createSpeaker(venues[venueId].marketData, new Map([[instrument.symbol, instrument]]));
    for (const frame of frames.slice()) {
      const { messages, refusal } = parser(frame);
      const said = scanner(frame);
      const isHot = messages.some(({ type }) => type === 'book' || type === 'trade' || type === 'quote');
      expect(said).toEqual({ messages, refusal, scanned: isHot });
    }
  });
});

describe.each(WITHOUT_KEYS)('%s over a socket', (venueId) => {
  test('every channel is acknowledged and speaks, and the book becomes the exchange’s', async () => {
    const { exchange, sync, heard, connections, logged, instrument } = await openFeed(venueId);

    await until('each connection is live', () => connections.every((each) => each.status().state === 'live'));
    await until('each channel has spoken', () =>
      ['book', 'trade', 'quote', 'ticker'].every((type) => heard.some((message) => message.type === type)),
    );
    await until('the book is valid', () => sync.book.valid);
    // Between two frames of the venue both may stand still at the same state; that is what is waited for.
    await until('the book is that of the exchange', () => {
      const { bids, asks } = exchange.book(instrument.symbol, 20);
      const ours = JSON.stringify([sync.book.levels('buy', 20), sync.book.levels('sell', 20)]);
      return sync.book.valid && ours === JSON.stringify([bids, asks]);
    });
    expect(logged.filter((line) => /^(refused|error)/.test(line))).toEqual([]);
  });

  test('F28: a frame that is left out is found, asked about once, and the book is whole again', async () => {
    const { server, sync, resyncs } = await openFeed(venueId);
    await until('the book is valid', () => sync.book.valid);
    const before = resyncs.length;

    server.faults.arm('dropPublicFrame');
    await until('the gap is found', () => resyncs.length > before);
    await until('the book is valid again', () => sync.book.valid);

    expect(server.faults.happened('dropPublicFrame')).toBe(1);
    expect(resyncs.slice(before)[0]).toMatch(/^(gap|diff)/);
  });

  test('a frame that comes twice changes nothing', async () => {
    const { server, sync, resyncs } = await openFeed(venueId);
    await until('the book is valid', () => sync.book.valid);
    const before = resyncs.length;

    server.faults.arm('duplicatePublicFrame', 20);
    await until('frames came twice', () => server.faults.happened('duplicatePublicFrame') === 20);

    expect(resyncs.length).toBe(before);
    expect(sync.book.valid).toBe(true);
  });
});
