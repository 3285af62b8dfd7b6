import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { gunzipSync } from 'node:zlib';
import type { BookScales } from '#core/market/book-writer.ts';
import type { VenueId } from '#core/market/instrument.ts';
import {
  binanceSpotFrames,
  binanceUsdmFrames,
  bybitFrames,
  DERIBIT_SCALES,
  deribitFrames,
  GENERATED_SCALES,
} from './generated-frames.ts';

/** Frames of one symbol as they came in, and where they are from. */
export interface Corpus {
  readonly venue: VenueId;
  readonly symbol: string;
  /** With the tick of the market, in price units. */
  readonly scales: Required<BookScales>;
  readonly origin: string;
  readonly frames: readonly Buffer[];
}

const SHARED_DATA = process.env.MILLRACE_SHARED_DATA ?? resolve(import.meta.dirname, '../../shared/data');
const SPOT_SCALES: Required<BookScales> = { priceScale: 2, sizeScale: 8, tickSize: 1 };
const MAX_FRAMES = 20_000;

/** Of the venues that peers support: recorded frames where they are at hand, else generated ones. */
export function corpora(): readonly Corpus[] {
  return [
    recorded('binance-usdm', 'binance/recorded/usdm_btcusdt_20240808.raw.gz', GENERATED_SCALES) ??
      generated('binance-usdm', binanceUsdmFrames(), 'depth, aggTrade'),
    recorded('binance-spot', 'binance/recorded/spot_btcusdt_20240809.raw.gz', SPOT_SCALES) ??
      generated('binance-spot', binanceSpotFrames(), 'depth, trade'),
    bybitGenerated(),
    generated('bybit-spot', bybitFrames(), 'orderbook.50, publicTrade'),
    {
      ...generated('deribit', deribitFrames(), 'book.raw, trades.raw'),
      symbol: 'BTC-PERPETUAL',
      scales: DERIBIT_SCALES,
    },
  ];
}

export function bybitGenerated(): Corpus {
  return generated('bybit-linear', bybitFrames(), 'orderbook.50, publicTrade');
}

function generated(venue: VenueId, frames: readonly Buffer[], what: string): Corpus {
  return { venue, symbol: 'BTCUSDT', scales: GENERATED_SCALES, origin: `generated: ${what}`, frames };
}

/** Mean bytes of a frame. */
export function meanBytes({ frames }: Corpus): number {
  return Math.round(frames.reduce((sum, frame) => sum + frame.length, 0) / frames.length);
}

/** Frames of one symbol, each line of the file with its receive time first. */
function recorded(venue: VenueId, name: string, scales: Required<BookScales>): Corpus | null {
  const file = join(SHARED_DATA, name);
  if (!existsSync(file)) return null;
  const lines = gunzipSync(readFileSync(file)).toString().split('\n').slice(0, MAX_FRAMES);
  const texts = lines.map((line) => line.slice(line.indexOf(' ') + 1)).filter((text) => text.startsWith('{"stream"'));
  return {
    venue,
    symbol: 'BTCUSDT',
    scales,
    origin: 'recorded: depth, trade, bookTicker',
    frames: texts.map((text) => Buffer.from(text)),
  };
}
