import { setTimeout as sleep } from 'node:timers/promises';
import type { Instrument, VenueId } from '#core/market/instrument.ts';
import type { Price, Size } from '#core/market/scaled-decimal.ts';
import type { AccountReport, ClientOrderId, OrderIntent } from '#core/orders/order.ts';
import type { ConnectionStatus, OrderAnswer, OrderEntry } from '#core/orders/venue-ports.ts';
import type { Clock, EpochMs } from '#core/time/clock.ts';
import { systemClock, systemTimers } from '#core/time/system-clock.ts';
import { createSimulatedExchange } from '#simulation/exchange/create-simulated-exchange.ts';
import { createExchangeClock } from '#simulation/exchange/exchange-clock.ts';
import type { ExchangeSettings } from '#simulation/exchange/exchange-settings.ts';
import { builtInInstruments } from '#simulation/market-sources/built-in-instruments.ts';
import { createGeneratedMarket } from '#simulation/market-sources/generated-market.ts';
import { createApiKeyRing } from '#simulation/protocol/api-keys.ts';
import { VENUE_SERVERS } from '#simulation/protocol/venue-servers.ts';
import { createSecureFetch } from '#venues/connection/secure-fetch.ts';
import { createWsConnect } from '#venues/connection/ws-transport.ts';
import type { AccountRuntime } from '#venues/venue.ts';
import { venues } from '#venues/venues.ts';

/** The keys that the venue knows. */
export const ACCOUNT_KEYS = { key: 'test-key-of-an-account', secret: 'test-secret-of-some-length' };

/** One account on a simulated venue over loopback, by the venue's own clients; the client's wall clock can be stepped. */
export async function openAccountWorld(id: VenueId, settings: Partial<ExchangeSettings> = {}) {
  const venue = venues[id];
  const [instrument] = builtInInstruments(id);
  if (instrument === undefined) throw new Error('no instrument');
  const source = createGeneratedMarket([instrument], 3);
  const exchange = createSimulatedExchange({
    instruments: [instrument],
    source,
    clockStart: systemClock.epochMs(),
    settings,
  });
  exchange.openAccount('main', new Map([['USDT', '1000000']]), 10);
  const keys = createApiKeyRing([{ ...ACCOUNT_KEYS, accountId: 'main' }]);
  const server = await VENUE_SERVERS[id].create({ exchange, keys, clock: systemClock, host: '127.0.0.1', port: 0 });
  const exchangeClock = createExchangeClock({ exchange, source, speed: 1, clock: systemClock });
  exchangeClock.start();
  let wallStepMs = 0;
  const clock: Clock = {
    monoNanos: systemClock.monoNanos,
    epochMs: () => (systemClock.epochMs() + wallStepMs) as EpochMs,
  };
  const logged: string[] = [];
  const runtime: AccountRuntime = {
    endpoints: server.urls,
    clock,
    timers: systemTimers,
    // Waits of the backoff are a hundredth of what they would be.
    random: { next: () => Math.random() / 100 },
    connect: createWsConnect({ insecureAllowed: true }),
    fetch: createSecureFetch({ insecureAllowed: true }),
    log: (level, text, fields) => logged.push(`${level} ${text} ${JSON.stringify(fields ?? {})}`),
    account: { account: 'main', mode: 'paper' },
    credentials: () => ACCOUNT_KEYS,
    instruments: () => new Map([[instrument.symbol, instrument]]),
  };
  const statuses: ConnectionStatus[] = [];
  const reports: AccountReport[] = [];
  const stream = venue.createAccountStream(runtime, {
    onReport: (report) => reports.push(report),
    onStatus: (status) => statuses.push(status),
  });
  const entry = venue.createOrderEntry(runtime, () => undefined);
  const queries = venue.createQueries(runtime);
  let orders = 0;

  return {
    instrument,
    exchange,
    server,
    logged,
    statuses,
    reports,
    stream,
    entry,
    queries,
    stepWall(ms: number): void {
      wallStepMs += ms;
    },
    /** Places an order that rests far below the market. */
    place(): Promise<OrderAnswer> {
      orders += 1;
      const intent = restingIntent(id, instrument, exchange.book(instrument.symbol, 1).bids[0]?.[0], orders);
      return new Promise((resolve) => entry.place(intent, instrument, (clock.epochMs() + 30_000) as EpochMs, resolve));
    },
    async until(what: string, holds: () => boolean, withinMs = 10_000): Promise<void> {
      const end = performance.now() + withinMs;
      while (!holds()) {
        if (performance.now() > end)
          throw new Error(`not within ${withinMs} ms: ${what}\n${logged.slice(-8).join('\n')}`);
        await sleep(5);
      }
    },
    async close(): Promise<void> {
      await Promise.all([stream.stop(), entry.stop()]);
      exchangeClock.stop();
      await server.close();
    },
  };
}

export type AccountWorld = Awaited<ReturnType<typeof openAccountWorld>> & { readonly entry: OrderEntry };

function restingIntent(venue: VenueId, instrument: Instrument, best: Price | undefined, number: number): OrderIntent {
  if (best === undefined) throw new Error('no market');
  const price = (Math.floor((best * 0.97) / instrument.tickSize) * instrument.tickSize) as Price;
  const wanted = Math.ceil((200 * 10 ** (instrument.priceScale + instrument.sizeScale)) / price);
  const size = (Math.ceil(wanted / instrument.lotSize) * instrument.lotSize) as Size;
  return {
    clientOrderId: `pfault00-1-${number.toString(36)}` as ClientOrderId,
    venue,
    symbol: instrument.symbol,
    side: 'buy',
    type: 'limit',
    timeInForce: 'gtc',
    price,
    size,
    reduceOnly: false,
    purpose: 'entry',
  };
}
