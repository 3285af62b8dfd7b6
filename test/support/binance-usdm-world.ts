import { afterEach } from 'vitest';
import type { Instrument } from '#core/market/instrument.ts';
import type { Price, Size } from '#core/market/scaled-decimal.ts';
import type { AccountReport, ClientOrderId, OrderIntent } from '#core/orders/order.ts';
import type { ConnectionStatus, OrderAnswer } from '#core/orders/venue-ports.ts';
import { seededRandom } from '#core/time/seeded-random.ts';
import { systemClock } from '#core/time/system-clock.ts';
import { createSimulatedExchange } from '#simulation/exchange/create-simulated-exchange.ts';
import type { MarketSource, SourceFrame, SourceStep } from '#simulation/market-sources/market-source.ts';
import { createApiKeyRing } from '#simulation/protocol/api-keys.ts';
import { type BinanceUsdmServerOptions, createBinanceUsdmServer } from '#simulation/protocol/binance-usdm-server.ts';
import { createBinanceUsdmAccountStream } from '#venues/binance-usdm/account-stream.ts';
import { createBinanceUsdmQueries } from '#venues/binance-usdm/queries.ts';
import { createBinanceUsdmOrderEntry } from '#venues/binance-usdm/trading.ts';
import type { Credentials } from '#venues/venue.ts';
import { BTC } from './lane-world.ts';
import { logInto, loopbackRuntime } from './loopback-runtime.ts';

export const BTCUSDT: Instrument = BTC;

export const KEYS: Credentials = { key: 'test-key', secret: 'test-secret' };
/** The account that rests orders for the tested one to meet. */
export const OTHER = 'other';

const ending: (() => Promise<unknown> | unknown)[] = [];
afterEach(async () => {
  for (const end of ending.splice(0).reverse()) await end();
});

/** A source that tells what the test says; without that, the market is what the accounts make of it. */
function createTestSource(origin: MarketSource['origin']) {
  const steps: SourceStep[] = [];
  const source: MarketSource = { origin, next: () => steps.shift() ?? null, nextDueMs: () => null };
  return { source, push: (step: Omit<SourceStep, 'offsetMs'>) => steps.push({ offsetMs: 0, ...step }) };
}

/**
 * A simulated Binance over loopback with two accounts, the tested one and one that makes the market. Ends with the test. `origin`: `recorded` for
 * a market that only shows the frames given to `tell`.
 */
export async function openBinance(
  options: Partial<BinanceUsdmServerOptions> & { readonly origin?: MarketSource['origin'] } = {},
  terms: Partial<Instrument> = {},
) {
  const { origin = 'generated', ...serverOptions } = options;
  const { source, push } = createTestSource(origin);
  const exchange = createSimulatedExchange({
    instruments: [{ ...BTCUSDT, ...terms }],
    source,
    clockStart: systemClock.epochMs(),
    settings: { postOnlyRejects: true },
  });
  const advance = (): void => exchange.advanceTo(systemClock.epochMs());
  exchange.openAccount('tested', new Map([['USDT', '100000']]), 10);
  exchange.openAccount(OTHER, new Map([['USDT', '1000000']]), 10);
  const keys = createApiKeyRing([{ ...KEYS, accountId: 'tested' }]);
  const server = await createBinanceUsdmServer({
    exchange,
    keys,
    clock: systemClock,
    host: '127.0.0.1',
    port: 0,
    ...serverOptions,
  });
  ending.push(() => server.close());
  const random = seededRandom(1);
  let credentials: Credentials | null = KEYS;
  const logged: string[] = [];
  const runtime = loopbackRuntime(server.urls, {
    // Waits of the backoff are a hundredth of what they would be.
    random: { next: () => random.next() / 100 },
    fetch: globalThis.fetch,
    log: logInto(logged),
    credentials: () => credentials,
  });

  return {
    exchange,
    keys,
    server,
    runtime,
    logged,
    setCredentials: (next: Credentials | null) => {
      credentials = next;
    },
    advance,
    /** The market shows these recorded frames. */
    tell(...frames: readonly SourceFrame[]) {
      for (const frame of frames) push({ frame, changes: [] });
      advance();
    },
    /** The mark price moves: bands, margin and liquidation follow it. */
    mark(price: number) {
      push({ frame: null, changes: [{ kind: 'ticker', symbol: 'BTCUSDT', markPrice: price as Price }] });
      advance();
    },
    /** Rests an order of the other account: something to trade with. */
    rest(side: 'buy' | 'sell', price: number, size: number) {
      advance();
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
      return outcome.order;
    },
    async openOrderEntry(timing: Parameters<typeof createBinanceUsdmOrderEntry>[2] = {}) {
      const statuses: ConnectionStatus[] = [];
      const entry = createBinanceUsdmOrderEntry(runtime, (status) => statuses.push(status), timing);
      ending.push(() => entry.stop());
      entry.start();
      return { entry, statuses };
    },
    async openAccountStream(timing: Parameters<typeof createBinanceUsdmAccountStream>[2] = {}) {
      const reports: AccountReport[] = [];
      const frames: string[] = [];
      const statuses: ConnectionStatus[] = [];
      const stream = createBinanceUsdmAccountStream(
        runtime,
        {
          onReport(report, frame) {
            reports.push(report);
            frames.push(Buffer.from(frame).toString('utf8'));
          },
          onStatus: (status) => statuses.push(status),
        },
        timing,
      );
      ending.push(() => stream.stop());
      stream.start();
      return { stream, reports, frames, statuses };
    },
    queries: createBinanceUsdmQueries(runtime, async () => [BTCUSDT]),
  };
}

let orderNumber = 0;

/** An order intent: a limit order to buy 0.010 at 60,000.0 but for what is given. */
export function intent(parts: Partial<OrderIntent> = {}): OrderIntent {
  orderNumber += 1;
  return {
    clientOrderId: `p0test00-1-${orderNumber.toString(36)}` as ClientOrderId,
    venue: 'binance-usdm',
    symbol: 'BTCUSDT',
    side: 'buy',
    type: 'limit',
    timeInForce: 'gtc',
    price: 600_000 as Price,
    size: 10 as Size,
    reduceOnly: false,
    purpose: 'entry',
    ...parts,
  };
}

/** Collects answers, and shows when one comes twice. */
export function answers() {
  const received: OrderAnswer[] = [];
  return { received, take: (answer: OrderAnswer) => received.push(answer) };
}

/** A lease that lasts. */
export const LATER = () => (Date.now() + 60_000) as ReturnType<typeof systemClock.epochMs>;
