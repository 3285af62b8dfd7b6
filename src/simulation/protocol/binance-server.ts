import type { SimulatedAccountEvent } from '../exchange/simulated-exchange.ts';
import { type BinanceContext, createBinanceContext } from './binance-context.ts';
import { type BinanceLimits, createRateLedger } from './binance-limits.ts';
import { createMarketStreams, type MarketFrames, TICK_MS } from './binance-market-streams.ts';
import { marketAddress } from './binance-stream-names.ts';
import { createPublicTrades, type PublicTrades } from './binance-trades.ts';
import type { SimulatedVenue, SimulatedVenueOptions } from './simulated-venue.ts';
import { createVenueFaults } from './venue-faults.ts';
import { startVenueServer, type VenueAnswer, type VenueRequest, type VenueServer } from './venue-server.ts';
import type { SessionProtocol } from './venue-session.ts';

/** The private side of a market: what accounts are told, and how they ask. */
export interface PrivateSide {
  onAccount(event: SimulatedAccountEvent): void;
  /** Sends what has been kept back. */
  flush(): void;
  /** Called now and then: ends what has run out, and all of it while `privateStreamExpires` is armed. */
  expire(): void;
  readonly rest: (request: VenueRequest) => VenueAnswer;
  /** The protocol of a private connection at this path, a refusal, or null: it is no private path. */
  accept(
    path: string,
    query: URLSearchParams,
  ): SessionProtocol | { readonly refuse: number; readonly body: string } | null;
}

/** What one Binance market has of its own. */
export interface BinanceMarket {
  readonly limits: BinanceLimits;
  readonly frames: MarketFrames;
  /** Client messages that a market-data connection may send in a second, pings and pongs counted. */
  readonly maxMessagesPerSecond: number;
  readonly accountPath: string;
  readonly ordersPath: string;
  openPrivateSide(context: BinanceContext, trades: PublicTrades, isHeld: () => boolean): PrivateSide;
}

const PING_INTERVAL_MS = 20_000;
/** From the announcement of a restart to the closing of the connections. */
const SHUTDOWN_GRACE_MS = 5_000;
const MAINTENANCE = '{"code":-1008,"msg":"Service is under maintenance."}';

/** One Binance market on one port. Throws `PORT_IN_USE` or `LISTEN_FAILED`. */
export async function startBinanceMarket(
  market: BinanceMarket,
  options: SimulatedVenueOptions,
): Promise<SimulatedVenue> {
  let server: VenueServer | null = null;
  const shutdowns = new Set<NodeJS.Timeout>();
  const faults = createVenueFaults({
    onMaintenance: (on) => {
      if (on) server?.closeAll(1012, 'maintenance');
    },
    onArmed: (fault) => {
      if (fault === 'privateStreamExpires') side.expire();
      if (fault === 'serverShutdown' && faults.take('serverShutdown')) announceShutdown();
      if (fault === 'connectionLifeEnds' && faults.take('connectionLifeEnds')) server?.closeAll(1008, '');
    },
  });
  let holds = 0;

  const context = createBinanceContext({
    exchange: options.exchange,
    keys: options.keys,
    faults,
    limits: market.limits,
    rates: createRateLedger(market.limits),
    now: () => Math.floor(options.clock.epochMs() + faults.clockOffsetMs),
    holdReports() {
      let held = true;
      holds += 1;
      return () => {
        if (!held) return;
        held = false;
        holds -= 1;
        if (holds === 0) side.flush();
      };
    },
  });
  const trades = createPublicTrades();
  const side = market.openPrivateSide(context, trades, () => holds > 0);
  const streams = createMarketStreams(context, market.frames, market.maxMessagesPerSecond);
  const unlisten = options.exchange.listen({
    onMarket(event) {
      if (event.kind === 'trade') trades.add(event);
      streams.onMarket(event);
    },
    onAccount: side.onAccount,
  });

  function announceShutdown(): void {
    const event = `{"e":"serverShutdown","E":${context.now()}}`;
    const announced = [...(server?.sessions ?? [])];
    for (const session of announced) {
      const wrapped = session.path.endsWith('/stream');
      session.sendData(wrapped ? `{"stream":"!serverShutdown","data":${event}}` : event);
    }
    const timer = setTimeout(() => {
      shutdowns.delete(timer);
      for (const session of announced) session.close(1001, 'server shutdown');
    }, SHUTDOWN_GRACE_MS);
    shutdowns.add(timer);
  }

  const ticker = setInterval(() => {
    streams.tick(performance.now());
    side.expire();
  }, TICK_MS);

  function end(): void {
    clearInterval(ticker);
    for (const timer of shutdowns) clearTimeout(timer);
    unlisten();
  }

  const running = await startVenueServer({
    host: options.host,
    port: options.port,
    faults,
    pingIntervalMs: options.pingIntervalMs ?? PING_INTERVAL_MS,
    clock: options.clock,
    traffic: options.traffic,
    maintenanceBody: MAINTENANCE,
    protocol: {
      onRequest: side.rest,
      accept({ path, query }) {
        const own = side.accept(path, query);
        if (own !== null) return 'refuse' in own ? own : { kind: 'private', protocol: own };
        const address = marketAddress(path, query);
        if (address === null) return { refuse: 404, body: `{"code":-5000,"msg":"Path ${encodeURI(path)} is invalid"}` };
        return { kind: 'market', protocol: streams.protocol(address) };
      },
    },
  }).catch((error: unknown) => {
    end();
    throw error;
  });
  server = running;
  const origin = `${options.host}:${running.port}`;

  return {
    port: running.port,
    urls: {
      market: `ws://${origin}`,
      account: `ws://${origin}${market.accountPath}`,
      orders: `ws://${origin}${market.ordersPath}`,
      rest: `http://${origin}`,
    },
    faults,
    stats: running.stats,
    closeAll: () => running.closeAll(),
    async close() {
      end();
      await running.close();
    },
  };
}
