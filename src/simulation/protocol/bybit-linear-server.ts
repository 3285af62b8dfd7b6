import { LINEAR_SERVER } from './bybit-category.ts';
import { createBybitServer } from './bybit-server.ts';
import type { SimulatedVenue, SimulatedVenueOptions } from './simulated-venue.ts';

/** A simulated Bybit V5 for linear contracts. Rejects with `PORT_IN_USE` or `LISTEN_FAILED` (class configuration). */
export function createBybitLinearServer(options: SimulatedVenueOptions): Promise<SimulatedVenue> {
  return createBybitServer(LINEAR_SERVER, options);
}
