import type { VenueId } from '#core/market/instrument.ts';
import { binanceUsdm } from './binance-usdm/venue.ts';
import { bybitLinear } from './bybit-linear/venue.ts';
import { bybitSpot } from './bybit-spot/venue.ts';
import type { Venue } from './venue.ts';

/** Every venue by its id. */
export const venues: Readonly<Record<VenueId, Venue>> = {
  'binance-usdm': binanceUsdm,
  'bybit-linear': bybitLinear,
  'bybit-spot': bybitSpot,
};
