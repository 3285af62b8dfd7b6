import { randomBytes } from 'node:crypto';
import {
  type LoadedConfiguration,
  loadConfiguration,
  type RuntimeConfiguration,
} from '#core/config/runtime-configuration.ts';
import type { Instrument, VenueId } from '#core/market/instrument.ts';
import type { LedgerView } from '#core/orders/recovery.ts';
import type { Timers } from '#core/time/clock.ts';
import { systemClock, systemTimers } from '#core/time/system-clock.ts';
import { Engine } from '#engine/engine.ts';
import type { ReadLaneMemory } from '#engine/symbol-locator.ts';
import { channelsOf, runConfiguration } from '#local/start/run-configuration.ts';
import { createSimulatedExchange } from '#simulation/exchange/create-simulated-exchange.ts';
import { createExchangeClock } from '#simulation/exchange/exchange-clock.ts';
import type { SimulatedExchange } from '#simulation/exchange/simulated-exchange.ts';
import { depositsFor, exchangeSettingsFor, leverageFor } from '#simulation/exchange-terms.ts';
import { builtInInstruments } from '#simulation/market-sources/built-in-instruments.ts';
import { createGeneratedMarket, startPriceOf } from '#simulation/market-sources/generated-market.ts';
import { type ApiKeyRing, createApiKeyRing } from '#simulation/protocol/api-keys.ts';
import type { SimulatedVenue } from '#simulation/protocol/simulated-venue.ts';
import { VENUE_SERVERS } from '#simulation/protocol/venue-servers.ts';
import type { VenueTraffic } from '#simulation/protocol/venue-traffic.ts';
import { createSecureFetch } from '#venues/connection/secure-fetch.ts';
import type { Connect } from '#venues/connection/transport.ts';
import { createWsConnect } from '#venues/connection/ws-transport.ts';
import type { Credentials } from '#venues/venue.ts';
import { venues } from '#venues/venues.ts';
import { SteadyLeases } from '../../bench/soak/steady-leases.ts';
import { EMPTY_LEDGER } from './empty-ledger.ts';
import { MemoryPublisher } from './memory-publisher.ts';

const LOOK_MS = 20;

/** A real engine against one simulated venue over loopback; its streams, leases and ledger are in the test's hands. */
export interface EngineWorld {
  readonly engine: Engine;
  readonly exchange: SimulatedExchange;
  readonly venue: SimulatedVenue;
  readonly publisher: MemoryPublisher;
  readonly leases: SteadyLeases;
  readonly keys: ApiKeyRing;
  /** Those that the venue takes. */
  readonly venueKeys: Credentials;
  readonly symbol: string;
  readonly instrument: Instrument;
  /** The configuration that the world began with, changed. */
  configured(change: (configuration: RuntimeConfiguration) => RuntimeConfiguration): LoadedConfiguration;
  /** The keys that the engine has from now on. */
  useKeys(keys: Credentials | null): void;
  /** Resolves when `holds` does; rejects, with what it looked at, after `withinMs`. */
  until(what: string, holds: () => boolean, withinMs?: number): Promise<void>;
  close(): Promise<void>;
}

export interface EngineWorldOptions {
  readonly venue: VenueId;
  readonly seed?: number;
  /** How many symbols are traded; default 1. */
  readonly symbols?: number;
  readonly change?: (configuration: RuntimeConfiguration) => RuntimeConfiguration;
  /** Before the engine starts. */
  readonly before?: (exchange: SimulatedExchange) => void;
  readonly ledger?: LedgerView;
  /** The same by symbol, where they differ. */
  readonly ledgerOf?: (symbol: string) => Partial<LedgerView>;
  /** The symbol that a lane had last. */
  readonly readLaneMemory?: ReadLaneMemory;
  /** Hears what the engine asks the venue. */
  readonly traffic?: VenueTraffic;
  /** The engine's timers; default: the process's. */
  readonly timers?: Timers;
  /** Comes between the engine and its sockets. */
  readonly between?: (connect: Connect) => Connect;
  /** Takes what the engine publishes; default: one that nobody hears. */
  readonly publisher?: MemoryPublisher;
  /** Hash of the sources that decide, as the engine says it. */
  readonly sources?: string;
}

export async function openEngineWorld(options: EngineWorldOptions): Promise<EngineWorld> {
  const instruments = builtInInstruments(options.venue).slice(0, options.symbols ?? 1);
  const [instrument] = instruments;
  if (instrument === undefined) throw new Error('no instrument');
  const source = createGeneratedMarket(instruments, options.seed ?? 3);
  const exchange = createSimulatedExchange({
    instruments,
    source,
    clockStart: systemClock.epochMs(),
    settings: exchangeSettingsFor(options.venue, instruments),
  });
  const symbols = instruments.map((each) => ({ instrument: each, price: startPriceOf(each) }));
  exchange.openAccount('main', depositsFor(symbols), leverageFor(symbols));
  const key = { key: randomBytes(12).toString('hex'), secret: randomBytes(24).toString('hex') };
  const keys = createApiKeyRing([{ ...key, accountId: 'main' }]);
  const venue = await VENUE_SERVERS[options.venue].create({
    exchange,
    keys,
    clock: systemClock,
    host: '127.0.0.1',
    port: 0,
    traffic: options.traffic,
  });
  const exchangeClock = createExchangeClock({ exchange, source, speed: 1, clock: systemClock });
  exchangeClock.start();
  options.before?.(exchange);

  const plain = runConfiguration([
    {
      venue: options.venue,
      symbols,
      channels: channelsOf(options.venue),
    },
  ]);
  const configured = (change: (configuration: RuntimeConfiguration) => RuntimeConfiguration) =>
    loadConfiguration(JSON.stringify(change(structuredClone(plain))), 'test');
  const publisher = options.publisher ?? new MemoryPublisher();
  const leases = new SteadyLeases();
  let credentials: Credentials | null = key;
  const engine = new Engine({
    engine: 'engine-test',
    build: 'test',
    ...(options.sources === undefined ? {} : { sources: options.sources }),
    configuration: configured(options.change ?? ((configuration) => configuration)),
    venues,
    endpoints: () => venue.urls,
    createLeases: leases.create,
    publisher,
    readLedger: async (_unit, symbol) => ({ ...(options.ledger ?? EMPTY_LEDGER), ...options.ledgerOf?.(symbol) }),
    ...(options.readLaneMemory === undefined ? {} : { readLaneMemory: options.readLaneMemory }),
    lastPublished: async () => null,
    credentials: () => credentials,
    connect: (options.between ?? ((connect: Connect) => connect))(createWsConnect({ insecureAllowed: true })),
    fetch: createSecureFetch({ insecureAllowed: true }),
    clock: systemClock,
    timers: options.timers ?? systemTimers,
    random: { next: Math.random },
    log: () => undefined,
  });
  engine.start();

  return {
    engine,
    exchange,
    venue,
    publisher,
    leases,
    keys,
    venueKeys: key,
    symbol: instrument.symbol,
    instrument,
    configured,
    useKeys: (next) => {
      credentials = next;
    },
    async until(what, holds, withinMs = 10_000) {
      const deadline = performance.now() + withinMs;
      while (!holds()) {
        if (performance.now() > deadline)
          throw new Error(`not within ${withinMs} ms: ${what}; ${JSON.stringify(engine.health().parts)}`);
        await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
      }
    },
    async close() {
      await engine.stop('test ends', 5_000);
      exchangeClock.stop();
      await venue.close();
    },
  };
}
