import fc from 'fast-check';
import type { VenueId } from '#core/market/instrument.ts';
import { scaledInstrument } from '../scanned-text.ts';
import { alpacaFrame } from './alpaca-frames.ts';
import { binanceFrame, binanceSpotFrame } from './binance-frames.ts';
import { bybitBook, bybitSpotTrades, bybitTrades } from './bybit-frames.ts';
import { deribitFrame } from './deribit-frames.ts';
import type { Fields } from './plain-fields.ts';

const SCALES = { priceScale: 2, sizeScale: 3 };
/** What scanners know of: a few of the symbols that frames name. */
export const INSTRUMENTS = new Map(
  ['BTCUSDT', 'ETHUSDT', '1000PEPEUSDT', '币安人生USDT', 'BTC"\\'].map((name) => [
    name,
    scaledInstrument(name, name === 'ETHUSDT' ? { priceScale: 3, sizeScale: 4 } : SCALES),
  ]),
);

/** Frames of each venue: mostly as it writes them, now and then odd. */
export const FRAMES: Readonly<Record<VenueId, fc.Arbitrary<Fields | readonly Fields[]>>> = {
  alpaca: alpacaFrame,
  deribit: deribitFrame,
  'binance-usdm': binanceFrame,
  'binance-spot': binanceSpotFrame,
  'bybit-linear': fc.oneof({ weight: 3, arbitrary: bybitBook }, { weight: 1, arbitrary: bybitTrades }),
  'bybit-spot': fc.oneof({ weight: 1, arbitrary: bybitBook }, { weight: 1, arbitrary: bybitSpotTrades }),
};
