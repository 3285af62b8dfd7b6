import type { BinanceLimits } from './binance-limits.ts';
import { createBinanceRest } from './binance-rest.ts';
import { type PrivateSide, startBinanceMarket } from './binance-server.ts';
import { createCountdowns } from './binance-usdm-countdown.ts';
import { createIncomeBooks } from './binance-usdm-income.ts';
import { USDM_FRAMES } from './binance-usdm-market-frames.ts';
import { usdmRoutes } from './binance-usdm-rest.ts';
import { createUserStreams, type UserStreams } from './binance-usdm-user-stream.ts';
import { usdmMethods } from './binance-usdm-ws-api.ts';
import { createBinanceWebsocketApi } from './binance-ws-api.ts';
import type { SimulatedVenue, SimulatedVenueOptions } from './simulated-venue.ts';

export interface BinanceUsdmServerOptions extends SimulatedVenueOptions {
  readonly limits?: Partial<BinanceLimits>;
}

/** Documented limits of USD-M futures. */
const DOCUMENTED_LIMITS: BinanceLimits = {
  weightPerMinute: 2_400,
  orders: [
    { interval: 'SECOND', intervalNum: 10, limit: 300 },
    { interval: 'MINUTE', intervalNum: 1, limit: 1_200 },
  ],
};

const ORDERS_PATH = '/ws-fapi/v1';

/**
 * Binance USD-M on one port: public and market streams (split and older addresses), user streams by listen key, the websocket API and REST.
 * Throws `PORT_IN_USE` or `LISTEN_FAILED`.
 */
export async function createBinanceUsdmServer(options: BinanceUsdmServerOptions): Promise<SimulatedVenue> {
  return startBinanceMarket(
    {
      limits: { ...DOCUMENTED_LIMITS, ...options.limits },
      frames: USDM_FRAMES,
      maxMessagesPerSecond: 10,
      accountPath: '/private',
      ordersPath: ORDERS_PATH,
      openPrivateSide(context, trades, isHeld): PrivateSide {
        const users = createUserStreams(context, isHeld);
        const api = createBinanceWebsocketApi(context, usdmMethods(context, users.listenKeys));
        const countdowns = createCountdowns(context);
        const income = createIncomeBooks(context);
        const routes = usdmRoutes(context, users.listenKeys, trades, countdowns, income);
        return {
          onAccount(event) {
            income.onAccount(event);
            users.onAccount(event);
          },
          flush: users.flush,
          expire() {
            users.expire();
            countdowns.check();
          },
          rest: createBinanceRest(context, routes, 'POST /fapi/v1/order'),
          accept: (path, query) => (path === ORDERS_PATH ? api : acceptUserStream(users, path, query)),
        };
      },
    },
    options,
  );
}

function acceptUserStream(users: UserStreams, path: string, query: URLSearchParams): ReturnType<PrivateSide['accept']> {
  const listenKey = privateKeyOf(path, query);
  if (listenKey === null) return null;
  const stream = users.accept(listenKey, !path.includes('/ws'));
  if (stream !== null || !path.startsWith('/private')) return stream;
  return { refuse: 401, body: '{"code":-1125,"msg":"This listenKey does not exist."}' };
}

/** The listen key that an address names: `/private/stream?listenKey=`, `/private/ws/<key>`, `/ws/<key>`, `/stream?streams=<key>`. */
function privateKeyOf(path: string, query: URLSearchParams): string | null {
  const given = query.get('listenKey') ?? query.get('streams');
  if (given !== null) return given;
  const match = /^(?:\/private)?\/ws\/([A-Za-z0-9]{32,128})$/.exec(path);
  return match?.[1] ?? (path.startsWith('/private') ? '' : null);
}
