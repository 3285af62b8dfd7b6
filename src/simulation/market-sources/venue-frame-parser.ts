import type { VenueId } from '#core/market/instrument.ts';
import { parseBinanceUsdmFrame } from './binance-usdm-frame.ts';
import { parseBybitFrame } from './bybit-frame.ts';
import type { VenueFrame } from './venue-frame.ts';

export type VenueFrameParser = (bytes: Uint8Array) => VenueFrame;

export const FRAME_PARSERS: Readonly<Record<VenueId, VenueFrameParser>> = {
  'binance-usdm': parseBinanceUsdmFrame,
  'bybit-linear': parseBybitFrame,
  'bybit-spot': parseBybitFrame,
};
