import { createAlpacaAccountHub } from './alpaca-account-hub.ts';
import { createAlpacaAccountSocket } from './alpaca-account-socket.ts';
import { createAlpacaContext } from './alpaca-context.ts';
import { createAlpacaDataSockets, DATA_LISTS, NEWS_LISTS } from './alpaca-data-sockets.ts';
import { createAlpacaMarketHub } from './alpaca-market-hub.ts';
import { createAlpacaNews } from './alpaca-news.ts';
import { createAlpacaOrders } from './alpaca-orders.ts';
import { createAlpacaRest } from './alpaca-rest.ts';
import { createConnectionLimit } from './alpaca-socket.ts';
import type { SimulatedVenue, SimulatedVenueOptions } from './simulated-venue.ts';
import { createVenueFaults } from './venue-faults.ts';
import { startVenueServer } from './venue-server.ts';

const PING_MS = 10_000;
/** Symbols of trades and quotes in the plan that costs nothing. */
const MAX_SYMBOLS = 30;

/**
 * A simulated Alpaca for US equities, speaking the venue's own protocol on one port: prices (`/v2/iex`), news (`/v1beta1/news`), the account stream (`/stream`, binary frames) and the
 * trading API. The session is open until a fault closes it. Rejects with `PORT_IN_USE` or `LISTEN_FAILED` (class configuration).
 */
export async function createAlpacaServer(options: SimulatedVenueOptions): Promise<SimulatedVenue> {
  const { exchange, keys, clock } = options;
  const faults = createVenueFaults({
    onMaintenance: (on) => {
      if (on) server.closeAll(1001, 'maintenance');
    },
    onMarketOpen: (open) => (open ? orders.beginDay() : orders.endDay()),
    onArmed: (fault) => {
      if (fault === 'privateStreamExpires' && faults.take(fault)) hub.expireAll();
      if (fault === 'serverShutdown' && faults.take(fault)) server.closeAll(1001, 'restarting');
      if (fault === 'slowClient' && faults.take(fault)) prices.cutSlow();
      if (fault === 'newsUpdate' && faults.take(fault)) news.update();
      if (fault === 'tradingHalt' && faults.take(fault)) market.haltAndResume();
      if (fault === 'earlyClose' && faults.take(fault)) faults.setMarketOpen(false);
    },
  });
  const context = createAlpacaContext({ exchange, keys, faults, epochMs: () => clock.epochMs() });
  const limit = createConnectionLimit(faults);
  const hub = createAlpacaAccountHub(context);
  const orders = createAlpacaOrders(context, hub);
  const prices = createAlpacaDataSockets({ lists: DATA_LISTS, keys, limit, maxSymbols: MAX_SYMBOLS });
  const newsSockets = createAlpacaDataSockets({ lists: NEWS_LISTS, keys, limit, maxSymbols: Number.POSITIVE_INFINITY });
  const market = createAlpacaMarketHub(context, prices);
  const news = createAlpacaNews(context, newsSockets);
  const paths = {
    '/v2/iex': { kind: 'market', protocol: prices.protocol },
    '/v2/sip': { kind: 'market', protocol: prices.protocol },
    '/v2/test': { kind: 'market', protocol: prices.protocol },
    '/v1beta1/news': { kind: 'market', protocol: newsSockets.protocol },
    '/stream': { kind: 'private', protocol: createAlpacaAccountSocket({ keys, limit, hub }) },
  } as const;

  const endTimers = (): void => {
    market.close();
    news.close();
    prices.close();
    newsSockets.close();
  };

  const server = await startVenueServer({
    host: options.host,
    port: options.port,
    faults,
    pingIntervalMs: options.pingIntervalMs ?? PING_MS,
    clock: options.clock,
    traffic: options.traffic,
    maintenanceBody: '{"code":50310000,"message":"service unavailable"}',
    protocol: {
      onRequest: createAlpacaRest({ context, orders, news }),
      accept({ path }) {
        if (path in paths) return paths[path as keyof typeof paths];
        return { refuse: 404, body: '{"message":"not found"}' };
      },
    },
  }).catch((error: unknown) => {
    endTimers();
    throw error;
  });

  const stopListening = exchange.listen({
    onMarket: (event) => market.onMarket(event),
    onAccount(event) {
      context.cash.onAccount(event);
      hub.onAccount(event);
    },
  });

  const base = `ws://${options.host}:${server.port}`;
  const rest = `http://${options.host}:${server.port}`;
  return {
    port: server.port,
    urls: { market: base, account: base, orders: rest, rest },
    faults,
    stats: () => server.stats(),
    closeAll: () => server.closeAll(),
    async close() {
      stopListening();
      endTimers();
      await server.close();
    },
  };
}
