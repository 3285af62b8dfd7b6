import type { VenueId } from '#core/market/instrument.ts';
import { alpaca } from './alpaca/venue.ts';
import { binanceSpot } from './binance-spot/venue.ts';
import { binanceUsdm } from './binance-usdm/venue.ts';
import { bybitLinear } from './bybit-linear/venue.ts';
import { bybitSpot } from './bybit-spot/venue.ts';
import { deribit } from './deribit/venue.ts';
import type { Venue } from './venue.ts';

/** Every venue by its id. */
export const venues: Readonly<Record<VenueId, Venue>> = {
  'binance-usdm': binanceUsdm,
  'binance-spot': binanceSpot,
  'bybit-linear': bybitLinear,
  'bybit-spot': bybitSpot,
  deribit,
  alpaca,
};
