import { randomBytes } from 'node:crypto';
import { MillraceError } from '#core/errors.ts';
import type { Instrument, VenueId } from '#core/market/instrument.ts';
import { canonicalDecimal, formatScaled } from '#core/market/scaled-decimal.ts';
import { systemClock } from '#core/time/system-clock.ts';
import { deferSource } from '#simulation/deferred-source.ts';
import { createSimulatedExchange } from '#simulation/exchange/create-simulated-exchange.ts';
import { createExchangeClock, type ExchangeSpeed } from '#simulation/exchange/exchange-clock.ts';
import type { SimulatedExchange } from '#simulation/exchange/simulated-exchange.ts';
import { depositsFor, exchangeSettingsFor, leverageFor } from '#simulation/exchange-terms.ts';
import { createApiKeyRing } from '#simulation/protocol/api-keys.ts';
import type { SimulatedVenue, SimulatedVenueUrls } from '#simulation/protocol/simulated-venue.ts';
import { VENUE_SERVERS } from '#simulation/protocol/venue-servers.ts';
import type { RunArguments } from './arguments.ts';
import { LOCAL_ACCOUNT, type TradedMarket, type TradedSymbol } from './run-configuration.ts';
import type { VenueTruth } from './summary.ts';
import { openMarkets, type VenueMarket } from './venue-markets.ts';

/** A simulated venue of a run, with its exchange's own account of it. */
export interface RunningVenue {
  readonly id: VenueId;
  readonly description: string;
  readonly symbols: readonly TradedSymbol[];
  readonly channels: TradedMarket['channels'];
  readonly keys: { readonly key: string; readonly secret: string };
  framesSent(): number;
  /** Signed decimal text; of spot what the account holds of the base asset. */
  position(instrument: Instrument): string;
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
const LISTENERS_MS = 20;

/** Starts the venues of a run. If one cannot start, those that have are closed. `signal` ends the wait for a live market. */
export async function startVenues(args: RunArguments, signal?: AbortSignal): Promise<RunningVenues> {
  const markets = await openMarkets(args, signal);
  const started: StartedVenue[] = [];
  try {
    for (const [index, market] of markets.entries())
      started.push(await startVenue(market, args.speed, FIRST_PORT + index));
  } catch (error) {
    await Promise.all([...started.map((each) => each.close()), ...markets.map((each) => each.close())]);
    throw error;
  }
  return {
    list: started.map((each) => each.running),
    endpoints: Object.fromEntries(started.map((each) => [each.running.id, each.venue.urls])),
    ended: () => started.every((each) => each.ended()),
    async close() {
      await Promise.all([...started.map((each) => each.close()), ...markets.map((each) => each.close())]);
    },
  };
}

/** The fills of the run's account under the ids by which the venue tells them. */
function toldFillIds(id: VenueId, exchange: SimulatedExchange): readonly string[] {
  const { fillIdAsTold, fillIdsAsTold } = VENUE_SERVERS[id];
  const fills = exchange.fills(LOCAL_ACCOUNT, null);
  return fillIdsAsTold?.(fills, exchange.instruments) ?? fills.map((fill) => fillIdAsTold(fill.fillId));
}

interface StartedVenue {
  readonly running: RunningVenue;
  readonly venue: SimulatedVenue;
  ended(): boolean;
  close(): Promise<void>;
}

async function startVenue(market: VenueMarket, speed: ExchangeSpeed, firstPort: number): Promise<StartedVenue> {
  const { venue: id, symbols } = market;
  const source = deferSource(market.source, speed === 'max' ? 1 : speed);
  const clockStart = systemClock.epochMs();
  const exchange = createSimulatedExchange({
    instruments: symbols.map((each) => each.instrument),
    source,
    clockStart,
    settings: exchangeSettingsFor(
      id,
      symbols.map((each) => each.instrument),
    ),
  });
  exchange.openAccount(LOCAL_ACCOUNT, depositsFor(symbols), leverageFor(symbols));
  const keys = { key: randomBytes(16).toString('hex'), secret: randomBytes(32).toString('hex') };
  const ring = createApiKeyRing([{ ...keys, accountId: LOCAL_ACCOUNT }]);
  const serve = (port: number) =>
    VENUE_SERVERS[id].create({ exchange, keys: ring, clock: systemClock, host: '127.0.0.1', port });
  const venue = await serve(firstPort).catch((error: unknown) => {
    if (error instanceof MillraceError && error.code === 'PORT_IN_USE') return serve(0);
    throw error;
  });
  // The exchange keeps real time, so that stamps and signatures fit; `max` alone runs ahead of it.
  const exchangeClock = createExchangeClock({
    exchange,
    source,
    speed: speed === 'max' ? 'max' : 1,
    clock: systemClock,
  });
  if (speed !== 'max') exchangeClock.start();
  // A market begins when somebody listens: a recording is short, and nobody should miss its beginning.
  const waiting = setInterval(() => {
    if (venue.stats().connections.length === 0) return;
    clearInterval(waiting);
    source.start(exchange.now() - clockStart);
    exchangeClock.start();
  }, LISTENERS_MS);
  const running: RunningVenue = {
    id,
    description: `${market.description} on ${venue.urls.rest}`,
    symbols,
    channels: market.channels,
    keys,
    framesSent: () => venue.stats().framesSent,
    position: (instrument) => positionAt(exchange, instrument),
    truth: () => ({
      venue: id,
      framesSent: venue.stats().framesSent,
      clientOrderIds: exchange.orders(LOCAL_ACCOUNT, null).map((order) => order.clientOrderId),
      stops: exchange
        .openOrders(LOCAL_ACCOUNT, null)
        .filter(({ type, reduceOnly }) => type === 'stopMarket' && reduceOnly)
        .map(({ clientOrderId, symbol }) => ({ clientOrderId, symbol })),
      fillIds: toldFillIds(id, exchange),
    }),
    pause: () => exchangeClock.pause(),
  };
  return {
    running,
    venue,
    ended: () => exchangeClock.ended,
    async close() {
      clearInterval(waiting);
      exchangeClock.stop();
      await venue.close();
    },
  };
}

function positionAt(exchange: SimulatedExchange, { kind, symbol, baseCurrency, sizeScale }: Instrument): string {
  if (kind === 'spot') {
    const held = exchange.balances(LOCAL_ACCOUNT).find((each) => each.currency === baseCurrency);
    return canonicalDecimal(held?.walletBalance ?? '0');
  }
  const position = exchange.positions(LOCAL_ACCOUNT).find((each) => each.symbol === symbol);
  return formatScaled(position?.size ?? 0, sizeScale);
}
