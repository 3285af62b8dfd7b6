import type { Price, Size } from '#core/market/scaled-decimal.ts';
import type { AccountReport, ClientOrderId, OrderIntent } from '#core/orders/order.ts';
import type { ConnectionStatus, OrderAnswer, OrderEntry } from '#core/orders/venue-ports.ts';
import type { EpochMs, Timers } from '#core/time/clock.ts';
import { seededRandom } from '#core/time/seeded-random.ts';
import { systemClock, systemTimers } from '#core/time/system-clock.ts';
import { type ApiKeyRing, createApiKeyRing } from '#simulation/protocol/api-keys.ts';
import { createBybitLinearServer } from '#simulation/protocol/bybit-linear-server.ts';
import type { SimulatedVenue } from '#simulation/protocol/simulated-venue.ts';
import { createBybitAccountStream } from '#venues/bybit/account-stream.ts';
import { createBybitQueries } from '#venues/bybit/queries.ts';
import { createBybitOrderEntry } from '#venues/bybit/trading.ts';
import { LINEAR } from '#venues/bybit-linear/category.ts';
import { createSecureFetch } from '#venues/connection/secure-fetch.ts';
import { createWsConnect } from '#venues/connection/ws-transport.ts';
import type { AccountRuntime, Credentials } from '#venues/venue.ts';
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
    runtime: {
      endpoints: venue.urls,
      clock: systemClock,
      timers: systemTimers,
      random: seededRandom(11),
      connect: createWsConnect({ insecureAllowed: true }),
      fetch: createSecureFetch({ insecureAllowed: true }),
      log: (level, text, fields) => logged.push(`${level} ${text} ${JSON.stringify(fields)}`),
      account: { account: 'main', mode: 'paper' },
      credentials: () => credentials,
      ...overrides,
    },
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
export function place(entry: OrderEntry, intent: OrderIntent, validForMs = 10_000): Promise<OrderAnswer> {
  return new Promise((resolve) => {
    entry.place(intent, LINEAR_BTC, (systemClock.epochMs() + validForMs) as EpochMs, resolve);
  });
}

export function cancel(entry: OrderEntry, clientOrderId: string): Promise<OrderAnswer> {
  const target = { symbol: LINEAR_BTC.symbol, clientOrderId: clientOrderId as ClientOrderId, venueOrderId: null };
  return new Promise((resolve) => entry.cancel(target, (systemClock.epochMs() + 10_000) as EpochMs, resolve));
}

/** The process's timers, with waits of `fromMs` made `toMs`. */
export function hastened(fromMs: number, toMs: number): Timers {
  return { after: (delayMs, run) => systemTimers.after(delayMs === fromMs ? toMs : delayMs, run) };
}
