import type { Instrument } from '#core/market/instrument.ts';
import type { Price, Size } from '#core/market/scaled-decimal.ts';
import type { AccountReport, ClientOrderId, FillReport, OrderIntent, OrderReport } from '#core/orders/order.ts';
import type { OrderAnswer } from '#core/orders/venue-ports.ts';
import type { EpochMs } from '#core/time/clock.ts';
import { systemClock } from '#core/time/system-clock.ts';
import { createSimulatedExchange } from '#simulation/exchange/create-simulated-exchange.ts';
import type { SimulatedExchange } from '#simulation/exchange/simulated-exchange.ts';
import { builtInInstruments } from '#simulation/market-sources/built-in-instruments.ts';
import { createGeneratedMarket } from '#simulation/market-sources/generated-market.ts';
import { createApiKeyRing } from '#simulation/protocol/api-keys.ts';
import { createBybitLinearServer } from '#simulation/protocol/bybit-linear-server.ts';
import { createBybitSpotServer } from '#simulation/protocol/bybit-spot-server.ts';
import type { SimulatedVenue } from '#simulation/protocol/simulated-venue.ts';
import { bybitLinear } from '#venues/bybit-linear/venue.ts';
import { bybitSpot } from '#venues/bybit-spot/venue.ts';
import { GOOD_KEYS } from './bybit-linear-world.ts';
import { logInto, loopbackRuntime } from './loopback-runtime.ts';
import { until } from './until.ts';

/** A simulated Bybit over the matching engine, in a market that stands still, and our client's parts made for it. */
export type BybitMarketWorld = Awaited<ReturnType<typeof createBybitMarketWorld>>;

export async function createBybitMarketWorld(
  category: 'linear' | 'spot',
  balances: Readonly<Record<string, string>> = { USDT: '100000', BTC: '2' },
) {
  const venueId = category === 'spot' ? 'bybit-spot' : 'bybit-linear';
  const venue = category === 'spot' ? bybitSpot : bybitLinear;
  const instruments = builtInInstruments(venueId);
  const btc = instruments.find((each) => each.symbol === 'BTCUSDT');
  if (btc === undefined) throw new Error('no BTCUSDT');
  const exchange: SimulatedExchange = createSimulatedExchange({
    instruments,
    source: createGeneratedMarket(instruments, 7),
    clockStart: systemClock.epochMs(),
  });
  exchange.openAccount('main', new Map(Object.entries(balances)), 10);
  exchange.advanceTo(systemClock.epochMs());
  const create = category === 'spot' ? createBybitSpotServer : createBybitLinearServer;
  const keys = createApiKeyRing([{ ...GOOD_KEYS, accountId: 'main' }]);
  const server: SimulatedVenue = await create({ exchange, keys, clock: systemClock, host: '127.0.0.1', port: 0 });
  const known = new Map<string, Instrument>(instruments.map((each) => [each.symbol, each]));
  const logged: string[] = [];
  const runtime = loopbackRuntime(server.urls, {
    log: logInto(logged),
    credentials: () => GOOD_KEYS,
    instruments: () => known,
  });
  const reports: AccountReport[] = [];
  const stream = venue.createAccountStream(runtime, {
    onReport: (report) => reports.push(report),
    onStatus: () => undefined,
  });
  const entry = venue.createOrderEntry(runtime, () => undefined);
  const validUntil = (): EpochMs => (systemClock.epochMs() + 10_000) as EpochMs;

  return {
    venue,
    server,
    exchange,
    runtime,
    btc,
    logged,
    reports,
    entry,
    stream,
    queries: venue.createQueries(runtime),
    async live(): Promise<void> {
      entry.start();
      stream.start();
      await until('live', () => entry.notReady() === null && stream.status().state === 'live');
    },
    best(side: 'bids' | 'asks'): Price {
      return exchange.book('BTCUSDT', 1)[side][0]?.[0] ?? (0 as Price);
    },
    intent(clientOrderId: string, change: Partial<OrderIntent> = {}): OrderIntent {
      return {
        clientOrderId: clientOrderId as ClientOrderId,
        venue: venueId,
        symbol: 'BTCUSDT',
        side: 'buy',
        type: 'limit',
        timeInForce: 'gtc',
        price: (Math.floor((this.best('bids') * 0.98) / btc.tickSize) * btc.tickSize) as Price,
        size: (btc.lotSize * 1_000) as Size,
        reduceOnly: false,
        purpose: 'entry',
        ...change,
      };
    },
    place: (intent: OrderIntent): Promise<OrderAnswer> =>
      new Promise((resolve) => entry.place(intent, btc, validUntil(), resolve)),
    cancel: (clientOrderId: string): Promise<OrderAnswer> =>
      new Promise((resolve) =>
        entry.cancel(
          { symbol: 'BTCUSDT', clientOrderId: clientOrderId as ClientOrderId, venueOrderId: null },
          validUntil(),
          resolve,
        ),
      ),
    orders: (id: string): OrderReport[] =>
      reports.flatMap((each) => (each.kind === 'orderReport' && each.clientOrderId === id ? [each] : [])),
    fills: (id: string): FillReport[] =>
      reports.flatMap((each) => (each.kind === 'fill' && each.clientOrderId === id ? [each] : [])),
    async close(): Promise<void> {
      await Promise.all([entry.stop(), stream.stop()]);
      await server.close();
    },
  };
}
