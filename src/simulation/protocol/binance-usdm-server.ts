import { createBinanceContext } from './binance-usdm-context.ts';
import { type BinanceUsdmLimits, createRateLedger, DOCUMENTED_LIMITS } from './binance-usdm-limits.ts';
import { createMarketStreams, TICK_MS } from './binance-usdm-market-streams.ts';
import { createBinanceRest } from './binance-usdm-rest.ts';
import { marketAddress } from './binance-usdm-stream-names.ts';
import { createPublicTrades } from './binance-usdm-trades.ts';
import { createUserStreams } from './binance-usdm-user-stream.ts';
import { createBinanceWebsocketApi } from './binance-usdm-ws-api.ts';
import type { SimulatedVenue, SimulatedVenueOptions } from './simulated-venue.ts';
import { createVenueFaults } from './venue-faults.ts';
import { startVenueServer, type VenueServer } from './venue-server.ts';

export interface BinanceUsdmServerOptions extends SimulatedVenueOptions {
  readonly limits?: Partial<BinanceUsdmLimits>;
}

const PING_INTERVAL_MS = 20_000;
/** From the announcement of a restart to the closing of the connections. */
const SHUTDOWN_GRACE_MS = 5_000;
const MAINTENANCE = '{"code":-1008,"msg":"Service is under maintenance."}';

/**
 * Binance USD-M on one port: public and market streams (split and older addresses), user streams by listen key, the websocket API and REST.
 * Throws `PORT_IN_USE` or `LISTEN_FAILED`.
 */
export async function createBinanceUsdmServer(options: BinanceUsdmServerOptions): Promise<SimulatedVenue> {
  let server: VenueServer | null = null;
  const shutdowns = new Set<NodeJS.Timeout>();
  const faults = createVenueFaults({
    onMaintenance: (on) => {
      if (on) server?.closeAll(1012, 'maintenance');
    },
    onArmed: (fault) => {
      if (fault === 'privateStreamExpires') users.expire();
      if (fault === 'serverShutdown' && faults.take('serverShutdown')) announceShutdown();
    },
  });
  const limits = { ...DOCUMENTED_LIMITS, ...options.limits };
  let holds = 0;

  const context = createBinanceContext({
    exchange: options.exchange,
    keys: options.keys,
    faults,
    limits,
    rates: createRateLedger(limits),
    now: () => Math.floor(options.clock.epochMs() + faults.clockOffsetMs),
    holdReports() {
      let held = true;
      holds += 1;
      return () => {
        if (!held) return;
        held = false;
        holds -= 1;
        if (holds === 0) users.flush();
      };
    },
  });
  const users = createUserStreams(context, () => holds > 0);
  const streams = createMarketStreams(context);
  const api = createBinanceWebsocketApi(context, users.listenKeys);
  const trades = createPublicTrades();
  const rest = createBinanceRest(context, users.listenKeys, trades);
  const unlisten = options.exchange.listen({
    onMarket(event) {
      if (event.kind === 'trade') trades.add(event);
      streams.onMarket(event);
    },
    onAccount: users.onAccount,
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
    users.expire();
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
    maintenanceBody: MAINTENANCE,
    protocol: {
      onRequest: rest,
      accept({ path, query }) {
        if (path === '/ws-fapi/v1') return { kind: 'private', protocol: api };
        const listenKey = privateKeyOf(path, query);
        if (listenKey !== null) {
          const stream = users.accept(listenKey, !path.includes('/ws'));
          if (stream !== null) return { kind: 'private', protocol: stream };
          if (path.startsWith('/private')) {
            return { refuse: 401, body: '{"code":-1125,"msg":"This listenKey does not exist."}' };
          }
        }
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
      account: `ws://${origin}/private`,
      orders: `ws://${origin}/ws-fapi/v1`,
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

/** The listen key that an address names: `/private/stream?listenKey=`, `/private/ws/<key>`, `/ws/<key>`, `/stream?streams=<key>`. */
function privateKeyOf(path: string, query: URLSearchParams): string | null {
  const given = query.get('listenKey') ?? query.get('streams');
  if (given !== null) return given;
  const match = /^(?:\/private)?\/ws\/([A-Za-z0-9]{32,128})$/.exec(path);
  return match?.[1] ?? (path.startsWith('/private') ? '' : null);
}
