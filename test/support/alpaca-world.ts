import type { Instrument } from '#core/market/instrument.ts';
import type { MarketMessage } from '#core/market/market-message.ts';
import type { Price, Size } from '#core/market/scaled-decimal.ts';
import type { AccountReport, ClientOrderId, OrderIntent } from '#core/orders/order.ts';
import type { ConnectionStatus, OrderAnswer, OrderEntry } from '#core/orders/venue-ports.ts';
import { systemClock } from '#core/time/system-clock.ts';
import { createAlpacaServer } from '#simulation/protocol/alpaca-server.ts';
import { type ApiKeyRing, createApiKeyRing } from '#simulation/protocol/api-keys.ts';
import type { SimulatedVenue } from '#simulation/protocol/simulated-venue.ts';
import { createAlpacaAccountStream } from '#venues/alpaca/account-stream.ts';
import { alpacaMarketData } from '#venues/alpaca/market-data.ts';
import { createAlpacaQueries } from '#venues/alpaca/queries.ts';
import { createAlpacaOrderEntry } from '#venues/alpaca/trading.ts';
import { createMarketConnection } from '#venues/connection/market-connection.ts';
import type { AccountRuntime, Credentials } from '#venues/venue.ts';
import { cancelled, placed } from './answered.ts';
import { logInto, loopbackRuntime } from './loopback-runtime.ts';
import { createScriptedExchange, type ScriptedExchange } from './scripted-exchange.ts';

export const GOOD_KEYS: Credentials = { key: 'PKTEST', secret: 'test-secret-of-some-length' };

export const AAPL: Instrument = {
  venue: 'alpaca',
  symbol: 'AAPL',
  kind: 'equity',
  baseCurrency: 'AAPL',
  quoteCurrency: 'USD',
  settlementCurrency: 'USD',
  priceScale: 6,
  sizeScale: 9,
  tickSize: 10_000 as Price,
  lotSize: 1e9 as Size,
  minSize: 1e9 as Size,
  maxSize: 9e15 as Size,
  minNotional: 0,
  multiplier: 1,
  tradable: true,
};
export const SHARE = 1e9;
export const DOLLAR = 1_000_000;

/** A simulated Alpaca on loopback and what a client of it is made of. */
export interface AlpacaWorld {
  readonly exchange: ScriptedExchange;
  readonly venue: SimulatedVenue;
  readonly keys: ApiKeyRing;
  readonly runtime: AccountRuntime;
  readonly logged: string[];
  setCredentials(credentials: Credentials | null): void;
  close(): Promise<void>;
}

export async function createAlpacaWorld(overrides: Partial<AccountRuntime> = {}): Promise<AlpacaWorld> {
  const exchange = createScriptedExchange(() => systemClock.epochMs(), AAPL);
  const keys = createApiKeyRing([{ ...GOOD_KEYS, accountId: 'main' }]);
  const venue = await createAlpacaServer({ exchange, keys, clock: systemClock, host: '127.0.0.1', port: 0 });
  const logged: string[] = [];
  let credentials: Credentials | null = GOOD_KEYS;
  return {
    exchange,
    venue,
    keys,
    logged,
    runtime: createAlpacaRuntime(venue, {
      log: logInto(logged),
      credentials: () => credentials,
      ...overrides,
    }),
    setCredentials(next) {
      credentials = next;
    },
    close: () => venue.close(),
  };
}

export function createAlpacaRuntime(venue: SimulatedVenue, overrides: Partial<AccountRuntime> = {}): AccountRuntime {
  return loopbackRuntime(venue.urls, {
    credentials: () => GOOD_KEYS,
    marketCredentials: () => GOOD_KEYS,
    ...overrides,
  });
}

/** The account stream of a world with what it has told. */
export function listenToAccount(world: Pick<AlpacaWorld, 'runtime'>) {
  const reports: AccountReport[] = [];
  const states: ConnectionStatus[] = [];
  const stream = createAlpacaAccountStream(world.runtime, {
    onReport: (report) => reports.push(report),
    onStatus: (status) => states.push(status),
  });
  return { stream, reports, states };
}

export function enterOrders(world: Pick<AlpacaWorld, 'runtime'>) {
  const states: ConnectionStatus[] = [];
  const entry = createAlpacaOrderEntry(world.runtime, (status) => states.push(status));
  return { entry, states };
}

export function askVenue(world: Pick<AlpacaWorld, 'runtime'>) {
  return createAlpacaQueries(world.runtime);
}

export function intentOf(clientOrderId: string, change: Partial<OrderIntent> = {}): OrderIntent {
  return {
    clientOrderId: clientOrderId as ClientOrderId,
    venue: 'alpaca',
    symbol: AAPL.symbol,
    side: 'buy',
    type: 'limit',
    timeInForce: 'gtc',
    price: (225 * DOLLAR) as Price,
    size: (10 * SHARE) as Size,
    reduceOnly: false,
    purpose: 'entry',
    ...change,
  };
}

/** Places and waits for the answer. */
export function place(entry: OrderEntry, intent: OrderIntent, validForMs?: number): Promise<OrderAnswer> {
  return placed(entry, AAPL, intent, validForMs);
}

export function cancel(entry: OrderEntry, clientOrderId: string, venueOrderId?: string | null): Promise<OrderAnswer> {
  return cancelled(entry, AAPL, clientOrderId, venueOrderId);
}

/** One market-data socket of a world, with what it said. */
export function watchMarket(
  runtime: AccountRuntime,
  subscriptions: Parameters<typeof alpacaMarketData.plan>[1],
  onMessage: (message: MarketMessage) => void,
  backoff = { baseMs: 20, capMs: 40 },
) {
  const decode = alpacaMarketData.createDecoder();
  const [plan] = alpacaMarketData.plan(runtime.endpoints, subscriptions);
  if (plan === undefined) throw new Error('no plan');
  const refused: string[] = [];
  const states: ConnectionStatus[] = [];
  const connection = createMarketConnection({
    name: 'alpaca market',
    plan,
    protocol: alpacaMarketData,
    connect: runtime.connect,
    clock: runtime.clock,
    timers: runtime.timers,
    random: runtime.random,
    log: runtime.log,
    marketCredentials: runtime.marketCredentials,
    backoff,
    listener: {
      onFrame: (frame) =>
        decode(frame, (message) => {
          onMessage(message);
          switch (message.type) {
            case 'subscribed':
            case 'subscriptionState':
            case 'notice':
            case 'venueError':
            case 'pong':
            case 'reply':
              connection.control(message);
          }
        }),
      onStatus: (status) => states.push(status),
      onRefused: (subscription, reason) => refused.push(`${subscription.channel} ${subscription.symbol}: ${reason}`),
      onResubscribe: () => undefined,
    },
  });
  return { connection, refused, states };
}
