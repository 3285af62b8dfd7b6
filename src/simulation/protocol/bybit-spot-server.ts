import { SPOT_SERVER } from './bybit-category.ts';
import { createBybitServer } from './bybit-server.ts';
import type { SimulatedVenue, SimulatedVenueOptions } from './simulated-venue.ts';

/** A simulated Bybit V5 for spot pairs. Rejects with `PORT_IN_USE` or `LISTEN_FAILED` (class configuration). */
export function createBybitSpotServer(options: SimulatedVenueOptions): Promise<SimulatedVenue> {
  return createBybitServer(SPOT_SERVER, options);
}
