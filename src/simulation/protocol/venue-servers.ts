import type { Instrument, VenueId } from '#core/market/instrument.ts';
import type { SimulatedFill } from '../exchange/simulated-exchange.ts';
import { alpacaFillIds } from './alpaca-rows.ts';
import { createAlpacaServer } from './alpaca-server.ts';
import { createBinanceSpotServer } from './binance-spot-server.ts';
import { createBinanceUsdmServer } from './binance-usdm-server.ts';
import { createBybitLinearServer } from './bybit-linear-server.ts';
import { createBybitSpotServer } from './bybit-spot-server.ts';
import { createDeribitServer } from './deribit-server.ts';
import { uuidOf } from './id-as-uuid.ts';
import type { SimulatedVenue, SimulatedVenueOptions } from './simulated-venue.ts';

/** How one venue is simulated. */
export interface VenueServer {
  /** Starts it on loopback. Throws `PORT_IN_USE`. */
  readonly create: (options: SimulatedVenueOptions) => Promise<SimulatedVenue>;
  /** The exchange's own fill id in the form in which the protocol tells it. */
  readonly fillIdAsTold: (fillId: string) => string;
  /** Where the identity of a fill is made of more than its id (Alpaca): of all fills of an account, oldest first. */
  readonly fillIdsAsTold?: (fills: readonly SimulatedFill[], instruments: readonly Instrument[]) => readonly string[];
}

const same = (fillId: string): string => fillId;

/** Every simulated venue. */
export const VENUE_SERVERS: Readonly<Record<VenueId, VenueServer>> = {
  'binance-usdm': { create: createBinanceUsdmServer, fillIdAsTold: same },
  'binance-spot': { create: createBinanceSpotServer, fillIdAsTold: same },
  'bybit-linear': { create: createBybitLinearServer, fillIdAsTold: uuidOf },
  'bybit-spot': { create: createBybitSpotServer, fillIdAsTold: uuidOf },
  deribit: { create: createDeribitServer, fillIdAsTold: same },
  alpaca: { create: createAlpacaServer, fillIdAsTold: uuidOf, fillIdsAsTold: alpacaFillIds },
};
