import { randomBytes } from 'node:crypto';
import { MillraceError } from '#core/errors.ts';
import type { Instrument, VenueId } from '#core/market/instrument.ts';
import { systemClock } from '#core/time/system-clock.ts';
import { createSimulatedExchange } from '#simulation/exchange/create-simulated-exchange.ts';
import type { SimulatedExchange } from '#simulation/exchange/simulated-exchange.ts';
import { builtInInstruments } from '#simulation/market-sources/built-in-instruments.ts';
import { createGeneratedMarket, DEFAULT_GENERATED_MARKET } from '#simulation/market-sources/generated-market.ts';
import type { MarketSource } from '#simulation/market-sources/market-source.ts';
import { createApiKeyRing } from '#simulation/protocol/api-keys.ts';
import { createBinanceUsdmServer } from '#simulation/protocol/binance-usdm-server.ts';
import { createBybitLinearServer } from '#simulation/protocol/bybit-linear-server.ts';
import type {
  SimulatedVenue,
  SimulatedVenueOptions,
  SimulatedVenueUrls,
} from '#simulation/protocol/simulated-venue.ts';
import type { RunArguments } from './arguments.ts';
import { LOCAL_ACCOUNT, type TradedSymbol } from './run-configuration.ts';
import type { VenueTruth } from './summary.ts';

/** A simulated venue of a run, with its exchange's own account of it. */
export interface RunningVenue {
  readonly id: VenueId;
  readonly description: string;
  readonly symbols: readonly TradedSymbol[];
  readonly keys: { readonly key: string; readonly secret: string };
  framesSent(): number;
  /** Signed, at the instrument's scale. */
  positionSize(symbol: string): number;
  truth(): VenueTruth;
  /** The market stands still; questions are still answered. */
  pause(): void;
}

export interface RunningVenues {
  readonly list: readonly RunningVenue[];
  /** By venue: what `MILLRACE_VENUE_ENDPOINTS` says. */
  readonly endpoints: Readonly<Record<string, SimulatedVenueUrls>>;
  /** Whether every recording has come to its end. */
  ended(): boolean;
  close(): Promise<void>;
}

/** Ports that are tried first: with equal addresses the stacks of the last run are deployed again as they are. */
const FIRST_PORT = 47_811;
/** Quote currency in the account of the run. */
const DEPOSIT = '1000000';
const LEVERAGE = 10;
const GENERATED_SYMBOLS = 2;

const SERVERS: Readonly<Record<VenueId, (options: SimulatedVenueOptions) => Promise<SimulatedVenue>>> = {
  'binance-usdm': createBinanceUsdmServer,
  'bybit-linear': createBybitLinearServer,
};

/** The exchange's own ids in the form in which each protocol tells them. */
const FILL_ID_AS_TOLD: Readonly<Record<VenueId, (fillId: string) => string>> = {
  'binance-usdm': (fillId) => fillId,
  'bybit-linear': uuidOf,
};

/** Starts the venues of a run. If one cannot start, those that have are closed. */
export async function startVenues(args: RunArguments): Promise<RunningVenues> {
  const started: { running: RunningVenue; venue: SimulatedVenue; ended: () => boolean; close: () => void }[] = [];
  try {
    for (const [index, id] of args.venues.entries()) started.push(await startVenue(id, args, FIRST_PORT + index));
  } catch (error) {
    await Promise.all(started.map((each) => each.venue.close()));
    throw error;
  }
  return {
    list: started.map((each) => each.running),
    endpoints: Object.fromEntries(started.map((each) => [each.running.id, each.venue.urls])),
    ended: () => started.every((each) => each.ended()),
    async close() {
      for (const each of started) each.close();
      await Promise.all(started.map((each) => each.venue.close()));
    },
  };
}

async function startVenue(id: VenueId, args: RunArguments, firstPort: number) {
  const market = openMarket(id, args);
  const exchange = createSimulatedExchange({
    instruments: market.instruments,
    source: market.source,
    clockStart: systemClock.epochMs(),
    settings: { postOnlyRejects: id === 'binance-usdm' },
  });
  exchange.openAccount(LOCAL_ACCOUNT, new Map([['USDT', DEPOSIT]]), LEVERAGE);
  const keys = { key: randomBytes(16).toString('hex'), secret: randomBytes(32).toString('hex') };
  const ring = createApiKeyRing([{ ...keys, accountId: LOCAL_ACCOUNT }]);
  const serve = (port: number) => SERVERS[id]({ exchange, keys: ring, clock: systemClock, host: '127.0.0.1', port });
  const venue = await serve(firstPort).catch((error: unknown) => {
    if (error instanceof MillraceError && error.code === 'PORT_IN_USE') return serve(0);
    throw error;
  });
  const drive = driveExchange(exchange, args.speed);
  const positionSize = (symbol: string) =>
    exchange.positions(LOCAL_ACCOUNT).find((each) => each.symbol === symbol)?.size ?? 0;
  const running: RunningVenue = {
    id,
    description: `${market.description} on ${venue.urls.rest}`,
    symbols: market.instruments.map((instrument) => ({ instrument, price: market.price(instrument) })),
    keys,
    framesSent: () => venue.stats().framesSent,
    positionSize,
    truth: () => ({
      venue: id,
      framesSent: venue.stats().framesSent,
      clientOrderIds: exchange.orders(LOCAL_ACCOUNT, null).map((order) => order.clientOrderId),
      fillIds: exchange.fills(LOCAL_ACCOUNT, null).map((fill) => FILL_ID_AS_TOLD[id](fill.fillId)),
    }),
    pause: drive.pause,
  };
  return { running, venue, ended: drive.ended, close: drive.pause };
}

interface OpenMarket {
  readonly description: string;
  readonly instruments: readonly Instrument[];
  readonly source: MarketSource;
  /** What the instrument's market is near, in price units. */
  price(instrument: Instrument): number;
}

function openMarket(id: VenueId, args: RunArguments): OpenMarket {
  const instruments = builtInInstruments(id).slice(0, GENERATED_SYMBOLS);
  return {
    description: `generated flow (seed ${args.seed})`,
    instruments,
    source: createGeneratedMarket(instruments, args.seed),
    price: ({ symbol, priceScale }) => Number(DEFAULT_GENERATED_MARKET.startPrices[symbol] ?? '1') * 10 ** priceScale,
  };
}

function driveExchange(exchange: SimulatedExchange, speed: RunArguments['speed']): { pause(): void; ended(): boolean } {
  const factor = speed === 'max' ? 10 : speed;
  const began = performance.now();
  const start = exchange.now();
  const timer = setInterval(() => exchange.advanceTo((start + (performance.now() - began) * factor) as never), 2);
  return { pause: () => clearInterval(timer), ended: () => false };
}
