import type { Instrument } from '#core/market/instrument.ts';
import type { Price, Size } from '#core/market/scaled-decimal.ts';
import type { AccountReport, ClientOrderId, OrderIntent } from '#core/orders/order.ts';
import type { ConnectionStatus, OrderAnswer, OrderEntry } from '#core/orders/venue-ports.ts';
import { systemClock } from '#core/time/system-clock.ts';
import { type ApiKeyRing, createApiKeyRing } from '#simulation/protocol/api-keys.ts';
import { createDeribitServer } from '#simulation/protocol/deribit-server.ts';
import type { SimulatedVenue } from '#simulation/protocol/simulated-venue.ts';
import { createDeribitAccountStream } from '#venues/deribit/account-stream.ts';
import { createDeribitQueries } from '#venues/deribit/queries.ts';
import { createDeribitOrderEntry } from '#venues/deribit/trading.ts';
import type { AccountRuntime, Credentials } from '#venues/venue.ts';
import { cancelled, placed } from './answered.ts';
import { logInto, loopbackRuntime } from './loopback-runtime.ts';
import { createScriptedExchange, type ScriptedExchange } from './scripted-exchange.ts';

export const GOOD_KEYS: Credentials = { key: 'test-key', secret: 'test-secret-of-some-length' };

/** The inverse perpetual: prices in half dollars, sizes in dollars by tens. */
export const INVERSE_BTC: Instrument = {
  venue: 'deribit',
  symbol: 'BTC-PERPETUAL',
  kind: 'inverse',
  baseCurrency: 'BTC',
  quoteCurrency: 'USD',
  settlementCurrency: 'BTC',
  priceScale: 1,
  sizeScale: 0,
  tickSize: 5 as Price,
  lotSize: 10 as Size,
  minSize: 10 as Size,
  maxSize: 10_000_000 as Size,
  minNotional: 0,
  multiplier: 1,
  tradable: true,
};

/** A simulated Deribit on loopback and what a client of it is made of. */
export interface DeribitWorld {
  readonly exchange: ScriptedExchange;
  readonly venue: SimulatedVenue;
  readonly keys: ApiKeyRing;
  readonly runtime: AccountRuntime;
  readonly logged: string[];
  setCredentials(credentials: Credentials | null): void;
  close(): Promise<void>;
}

export async function createDeribitWorld(
  overrides: Partial<AccountRuntime> = {},
  heartbeatMs?: number,
  instrument: Instrument = INVERSE_BTC,
): Promise<DeribitWorld> {
  const exchange = createScriptedExchange(() => systemClock.epochMs(), instrument);
  const keys = createApiKeyRing([{ ...GOOD_KEYS, accountId: 'main' }]);
  const venue = await createDeribitServer({
    exchange,
    keys,
    clock: systemClock,
    host: '127.0.0.1',
    port: 0,
    ...(heartbeatMs === undefined ? {} : { pingIntervalMs: heartbeatMs }),
  });
  const logged: string[] = [];
  let credentials: Credentials | null = GOOD_KEYS;
  return {
    exchange,
    venue,
    keys,
    logged,
    runtime: loopbackRuntime(venue.urls, { log: logInto(logged), credentials: () => credentials, ...overrides }),
    setCredentials(next) {
      credentials = next;
    },
    close: () => venue.close(),
  };
}

/** The account stream of a world with what it has told. */
export function listenToAccount(world: Pick<DeribitWorld, 'runtime'>) {
  const reports: AccountReport[] = [];
  const states: ConnectionStatus[] = [];
  const stream = createDeribitAccountStream(world.runtime, {
    onReport: (report) => reports.push(report),
    onStatus: (status) => states.push(status),
  });
  return { stream, reports, states };
}

export function enterOrders(world: Pick<DeribitWorld, 'runtime'>) {
  const states: ConnectionStatus[] = [];
  const entry = createDeribitOrderEntry(world.runtime, (status) => states.push(status));
  return { entry, states };
}

export function askVenue(world: Pick<DeribitWorld, 'runtime'>) {
  return createDeribitQueries(world.runtime, async () => [INVERSE_BTC]);
}

export function intentOf(clientOrderId: string, change: Partial<OrderIntent> = {}): OrderIntent {
  return {
    clientOrderId: clientOrderId as ClientOrderId,
    venue: 'deribit',
    symbol: INVERSE_BTC.symbol,
    side: 'buy',
    type: 'limit',
    timeInForce: 'gtc',
    price: 1_000_005 as Price,
    size: 100 as Size,
    reduceOnly: false,
    purpose: 'entry',
    ...change,
  };
}

/** Places and waits for the answer. */
export function place(entry: OrderEntry, intent: OrderIntent, validForMs?: number): Promise<OrderAnswer> {
  return placed(entry, INVERSE_BTC, intent, validForMs);
}

export function cancel(entry: OrderEntry, clientOrderId: string, venueOrderId?: string | null): Promise<OrderAnswer> {
  return cancelled(entry, INVERSE_BTC, clientOrderId, venueOrderId);
}
