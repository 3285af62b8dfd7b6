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

/** A simulated venue whose generated market runs in real time, and what one feed of it hears. */
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

  const runtime: VenueRuntime = {
    endpoints: server.urls,
    clock: systemClock,
    timers: systemTimers,
    random: seededRandom(5),
    connect: createWsConnect({ insecureAllowed: true }),
    fetch: createSecureFetch({ insecureAllowed: true }),
    log: () => undefined,
  };
  const offered = await venue.fetchInstruments(runtime);
  const instrument = offered.find((each) => each.symbol === symbol);
  if (instrument === undefined) throw new Error('the venue does not offer the symbol');
  const heard: MarketDataMessage[] = [];
  const frames: Buffer[] = [];

  const wanted = ['book', 'trades', 'quotes', 'ticker', 'liquidations'] as const;
  const channels = wanted.filter((channel) => venue.supports.channels.includes(channel));
  const subscriptions = channels.map((channel): Subscription => ({ channel, symbol }));
  for (const plan of venue.marketData.plan(server.urls, subscriptions)) {
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
                heard.push(message);
            }
          });
        },
        onStatus: () => undefined,
        onRefused: () => undefined,
        onResubscribe: () => undefined,
      },
    });
    connection.start();
    ending.push(() => connection.stop());
  }
  return { instrument, instruments, offered, heard, frames };
}

/**
 * Alpaca gives nothing without keys; Deribit does not tell its largest size, and leaves more of its hot frames to the parser: cards C6 and C11 of the contract hold
 * them to what they say.
 */
const PLAIN = VENUES.filter((venue) => venue !== 'alpaca' && venue !== 'deribit');

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
