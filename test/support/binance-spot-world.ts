import { afterEach } from 'vitest';
import type { Instrument } from '#core/market/instrument.ts';
import type { Price, Size } from '#core/market/scaled-decimal.ts';
import type { AccountReport, ClientOrderId, OrderIntent } from '#core/orders/order.ts';
import type { ConnectionStatus, OrderAnswer, OrderEntry } from '#core/orders/venue-ports.ts';
import { seededRandom } from '#core/time/seeded-random.ts';
import { systemClock } from '#core/time/system-clock.ts';
import { createSimulatedExchange } from '#simulation/exchange/create-simulated-exchange.ts';
import type { MarketSource } from '#simulation/market-sources/market-source.ts';
import { createApiKeyRing } from '#simulation/protocol/api-keys.ts';
import { type BinanceSpotServerOptions, createBinanceSpotServer } from '#simulation/protocol/binance-spot-server.ts';
import { createBinanceSpotAccountStream } from '#venues/binance-spot/account-stream.ts';
import { createBinanceSpotQueries } from '#venues/binance-spot/queries.ts';
import { createBinanceSpotOrderEntry } from '#venues/binance-spot/trading.ts';
import type { Credentials } from '#venues/venue.ts';
import { logInto, loopbackRuntime } from './loopback-runtime.ts';
import { until } from './until.ts';

export const BTC_SPOT: Instrument = {
  venue: 'binance-spot',
  symbol: 'BTCUSDT',
  kind: 'spot',
  baseCurrency: 'BTC',
  quoteCurrency: 'USDT',
  settlementCurrency: 'USDT',
  priceScale: 2,
  sizeScale: 8,
  tickSize: 1 as Price,
  lotSize: 1_000 as Size,
  minSize: 1_000 as Size,
  maxSize: 900_000_000_000 as Size,
  minNotional: 5,
  multiplier: 1,
  tradable: true,
};

export const SPOT_KEYS: Credentials = { key: 'spot-key', secret: 'spot-secret' };
const OTHER = 'other';
const SILENT: MarketSource = { origin: 'generated', next: () => null, nextDueMs: () => null };

const ending: (() => Promise<unknown> | unknown)[] = [];
afterEach(async () => {
  for (const end of ending.splice(0).reverse()) await end();
});

/** A simulated Binance spot over loopback with two accounts, the tested one and one that makes the market. Ends with the test. */
export async function openSpot(options: Partial<BinanceSpotServerOptions> = {}) {
  const exchange = createSimulatedExchange({
    instruments: [BTC_SPOT],
    source: SILENT,
    clockStart: systemClock.epochMs(),
    settings: { postOnlyRejects: true },
  });
  const funds = new Map([
    ['USDT', '100000'],
    ['BTC', '2'],
  ]);
  exchange.openAccount('tested', funds, 1);
  exchange.openAccount(OTHER, funds, 1);
  const keys = createApiKeyRing([{ ...SPOT_KEYS, accountId: 'tested' }]);
  const server = await createBinanceSpotServer({
    exchange,
    keys,
    clock: systemClock,
    host: '127.0.0.1',
    port: 0,
    ...options,
  });
  ending.push(() => server.close());
  const random = seededRandom(1);
  const logged: string[] = [];
  const runtime = loopbackRuntime(server.urls, {
    // Waits of the backoff are a hundredth of what they would be.
    random: { next: () => random.next() / 100 },
    fetch: globalThis.fetch,
    log: logInto(logged),
    credentials: () => SPOT_KEYS,
  });

  return {
    exchange,
    server,
    runtime,
    logged,
    /** Rests an order of the other account: something to trade with. */
    rest(side: 'buy' | 'sell', price: number, size: number) {
      exchange.advanceTo(systemClock.epochMs());
      const outcome = exchange.place(OTHER, {
        clientOrderId: null,
        symbol: 'BTCUSDT',
        side,
        type: 'limit',
        timeInForce: 'gtc',
        price: price as Price,
        triggerPrice: null,
        size: size as Size,
        reduceOnly: false,
      });
      if (outcome.kind === 'refused') throw new Error(`the market maker was refused: ${outcome.reason}`);
    },
    async openOrderEntry(timing: Parameters<typeof createBinanceSpotOrderEntry>[2] = {}) {
      const statuses: ConnectionStatus[] = [];
      const entry = createBinanceSpotOrderEntry(runtime, (status) => statuses.push(status), timing);
      ending.push(() => entry.stop());
      entry.start();
      await until('order entry live', () => entry.notReady() === null);
      return { entry, statuses };
    },
    async openAccountStream() {
      const reports: AccountReport[] = [];
      const statuses: ConnectionStatus[] = [];
      const stream = createBinanceSpotAccountStream(runtime, {
        onReport: (report) => reports.push(report),
        onStatus: (status) => statuses.push(status),
      });
      ending.push(() => stream.stop());
      stream.start();
      await until('account stream live', () => stream.status().state === 'live');
      return { stream, reports, statuses };
    },
    queries: createBinanceSpotQueries(runtime, async () => [BTC_SPOT]),
  };
}

let orderNumber = 0;

/** An order intent: a limit order to buy 0.01 at 60,000.00 but for what is given. */
export function spotIntent(parts: Partial<OrderIntent> = {}): OrderIntent {
  orderNumber += 1;
  return {
    clientOrderId: `p0spot00-1-${orderNumber.toString(36)}` as ClientOrderId,
    venue: 'binance-spot',
    symbol: 'BTCUSDT',
    side: 'buy',
    type: 'limit',
    timeInForce: 'gtc',
    price: 6_000_000 as Price,
    size: 1_000_000 as Size,
    reduceOnly: false,
    purpose: 'entry',
    ...parts,
  };
}

/** Places an order under a lease that lasts, and gives the answer. */
export async function placeSpot(entry: OrderEntry, intent: OrderIntent): Promise<OrderAnswer> {
  const received: OrderAnswer[] = [];
  const validUntil = (Date.now() + 60_000) as ReturnType<typeof systemClock.epochMs>;
  entry.place(intent, BTC_SPOT, validUntil, (answer) => received.push(answer));
  return until('an answer', () => received[0]);
}
