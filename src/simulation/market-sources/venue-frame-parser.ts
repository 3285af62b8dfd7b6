import type { VenueId } from '#core/market/instrument.ts';
import { parseAlpacaFrame, splitAlpacaFrame } from './alpaca-frame.ts';
import { parseBinanceSpotFrame } from './binance-spot-frame.ts';
import { parseBinanceUsdmFrame } from './binance-usdm-frame.ts';
import { parseBybitFrame } from './bybit-frame.ts';
import { parseDeribitFrame } from './deribit-frame.ts';
import type { VenueFrame } from './venue-frame.ts';

export type VenueFrameParser = (bytes: Uint8Array) => VenueFrame;

export const FRAME_PARSERS: Readonly<Record<VenueId, VenueFrameParser>> = {
  'binance-usdm': parseBinanceUsdmFrame,
  'binance-spot': parseBinanceSpotFrame,
  'bybit-linear': parseBybitFrame,
  'bybit-spot': parseBybitFrame,
  deribit: parseDeribitFrame,
  alpaca: parseAlpacaFrame,
};

/** Where one frame carries messages of several symbols: the frames of one message that it stands for. Of other venues a frame stands for itself. */
export function splitFrame(venue: VenueId, bytes: Uint8Array): readonly Uint8Array[] {
  return venue === 'alpaca' ? splitAlpacaFrame(bytes) : [bytes];
}
