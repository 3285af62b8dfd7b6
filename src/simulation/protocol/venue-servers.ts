import type { VenueId } from '#core/market/instrument.ts';
import { createBinanceUsdmServer } from './binance-usdm-server.ts';
import { createBybitLinearServer } from './bybit-linear-server.ts';
import { uuidOf } from './bybit-rows.ts';
import { createBybitSpotServer } from './bybit-spot-server.ts';
import type { SimulatedVenue, SimulatedVenueOptions } from './simulated-venue.ts';

/** How one venue is simulated. */
export interface VenueServer {
  /** Starts it on loopback. Throws `PORT_IN_USE`. */
  readonly create: (options: SimulatedVenueOptions) => Promise<SimulatedVenue>;
  /** The exchange's own fill id in the form in which the protocol tells it. */
  readonly fillIdAsTold: (fillId: string) => string;
}

const same = (fillId: string): string => fillId;

/** Every simulated venue. */
export const VENUE_SERVERS: Readonly<Record<VenueId, VenueServer>> = {
  'binance-usdm': { create: createBinanceUsdmServer, fillIdAsTold: same },
  'bybit-linear': { create: createBybitLinearServer, fillIdAsTold: uuidOf },
  'bybit-spot': { create: createBybitSpotServer, fillIdAsTold: uuidOf },
};
