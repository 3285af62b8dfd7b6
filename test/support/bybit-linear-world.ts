import type { Price, Size } from '#core/market/scaled-decimal.ts';
import type { AccountReport, ClientOrderId, OrderIntent } from '#core/orders/order.ts';
import type { ConnectionStatus, OrderAnswer, OrderEntry } from '#core/orders/venue-ports.ts';
import { systemClock } from '#core/time/system-clock.ts';
import { type ApiKeyRing, createApiKeyRing } from '#simulation/protocol/api-keys.ts';
import { createBybitLinearServer } from '#simulation/protocol/bybit-linear-server.ts';
import type { SimulatedVenue } from '#simulation/protocol/simulated-venue.ts';
import { createBybitAccountStream } from '#venues/bybit/account-stream.ts';
import { createBybitQueries } from '#venues/bybit/queries.ts';
import { createBybitOrderEntry } from '#venues/bybit/trading.ts';
import { LINEAR } from '#venues/bybit-linear/category.ts';
import type { AccountRuntime, Credentials } from '#venues/venue.ts';
import { cancelled, placed } from './answered.ts';
import { logInto, loopbackRuntime } from './loopback-runtime.ts';
import { createScriptedExchange, LINEAR_BTC, type ScriptedExchange } from './scripted-exchange.ts';

export const GOOD_KEYS: Credentials = { key: 'test-key', secret: 'test-secret-of-some-length' };

/** A simulated Bybit on loopback and what a client of it is made of. */
export interface BybitWorld {
  readonly exchange: ScriptedExchange;
  readonly venue: SimulatedVenue;
  readonly keys: ApiKeyRing;
  readonly runtime: AccountRuntime;
  readonly logged: string[];
  setCredentials(credentials: Credentials | null): void;
  close(): Promise<void>;
}

export async function createBybitWorld(overrides: Partial<AccountRuntime> = {}): Promise<BybitWorld> {
  const exchange = createScriptedExchange(() => systemClock.epochMs());
  const keys = createApiKeyRing([{ ...GOOD_KEYS, accountId: 'main' }]);
  const venue = await createBybitLinearServer({ exchange, keys, clock: systemClock, host: '127.0.0.1', port: 0 });
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
export function listenToAccount(world: Pick<BybitWorld, 'runtime'>) {
  const reports: AccountReport[] = [];
  const frames: string[] = [];
  const states: ConnectionStatus[] = [];
  const stream = createBybitAccountStream(LINEAR, world.runtime, {
    onReport(report, frame) {
      reports.push(report);
      frames.push(Buffer.from(frame).toString('utf8'));
    },
    onStatus: (status) => states.push(status),
  });
  return { stream, reports, frames, states };
}

export function enterOrders(world: Pick<BybitWorld, 'runtime'>) {
  const states: ConnectionStatus[] = [];
  const entry = createBybitOrderEntry(LINEAR, world.runtime, (status) => states.push(status));
  return { entry, states };
}

export function askVenue(world: Pick<BybitWorld, 'runtime'>) {
  return createBybitQueries(LINEAR, world.runtime, async () => [LINEAR_BTC]);
}

export function intentOf(clientOrderId: string, change: Partial<OrderIntent> = {}): OrderIntent {
  return {
    clientOrderId: clientOrderId as ClientOrderId,
    venue: 'bybit-linear',
    symbol: LINEAR_BTC.symbol,
    side: 'buy',
    type: 'limit',
    timeInForce: 'gtc',
    price: 10_000 as Price,
    size: 10 as Size,
    reduceOnly: false,
    purpose: 'entry',
    ...change,
  };
}

/** Places and waits for the answer. */
export function place(entry: OrderEntry, intent: OrderIntent, validForMs?: number): Promise<OrderAnswer> {
  return placed(entry, LINEAR_BTC, intent, validForMs);
}

export function cancel(entry: OrderEntry, clientOrderId: string, venueOrderId?: string | null): Promise<OrderAnswer> {
  return cancelled(entry, LINEAR_BTC, clientOrderId, venueOrderId);
}
