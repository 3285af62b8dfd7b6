import type { BinanceLimits } from './binance-limits.ts';
import { createBinanceRest } from './binance-rest.ts';
import { type PrivateSide, startBinanceMarket } from './binance-server.ts';
import { SPOT_FRAMES } from './binance-spot-market-frames.ts';
import type { RequestNames } from './binance-spot-orders.ts';
import { spotRoutes } from './binance-spot-rest.ts';
import { createSpotUserData } from './binance-spot-user-data.ts';
import { spotMethods } from './binance-spot-ws-api.ts';
import { createBinanceWebsocketApi } from './binance-ws-api.ts';
import type { SimulatedVenue, SimulatedVenueOptions } from './simulated-venue.ts';

export interface BinanceSpotServerOptions extends SimulatedVenueOptions {
  readonly limits?: Partial<BinanceLimits>;
}

/** Documented limits of spot. */
const DOCUMENTED_LIMITS: BinanceLimits = {
  weightPerMinute: 6_000,
  orders: [
    { interval: 'SECOND', intervalNum: 10, limit: 50 },
    { interval: 'DAY', intervalNum: 1, limit: 160_000 },
  ],
};

const API_PATH = '/ws-api/v3';

/** Binance spot on one port: market streams, the websocket API with user data, and REST. Throws `PORT_IN_USE` or `LISTEN_FAILED`. */
export async function createBinanceSpotServer(options: BinanceSpotServerOptions): Promise<SimulatedVenue> {
  return startBinanceMarket(
    {
      limits: { ...DOCUMENTED_LIMITS, ...options.limits },
      frames: SPOT_FRAMES,
      maxMessagesPerSecond: 5,
      accountPath: API_PATH,
      ordersPath: API_PATH,
      openPrivateSide(context, trades, isHeld): PrivateSide {
        const names: RequestNames = { ofCancel: new Map() };
        const users = createSpotUserData(context, names, isHeld);
        const api = createBinanceWebsocketApi(context, spotMethods(context, names, users), users.onClose);
        return {
          onAccount: users.onAccount,
          flush: users.flush,
          expire: users.expire,
          rest: createBinanceRest(context, spotRoutes(context, names, trades), 'POST /api/v3/order'),
          accept: (path) => (path === API_PATH ? api : null),
        };
      },
    },
    options,
  );
}
