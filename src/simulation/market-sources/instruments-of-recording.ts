import { MillraceError, messageOf } from '#core/errors.ts';
import { type Instrument, VENUES, type VenueId } from '#core/market/instrument.ts';
import { decimalsOf, type Price, parseScaled, type Size } from '#core/market/scaled-decimal.ts';
import { builtInInstruments } from './built-in-instruments.ts';
import { bybitVenueOf } from './bybit-recording.ts';
import { commonDivisor, DecimalGrid } from './decimal-grid.ts';
import { termsOfDeribitSymbol } from './deribit-symbol.ts';
import type { SourceFrame } from './market-source.ts';
import { readFrames, type SkippedLines, skipLine } from './recorded-frames.ts';
import { readRecording } from './recording-lines.ts';
import type { FrameContent } from './venue-frame.ts';
import { FRAME_PARSERS, splitFrame } from './venue-frame-parser.ts';

/** What a recording holds. */
export interface RecordingFacts {
  readonly venue: VenueId;
  /** One for each symbol with a price, in the order of first appearance; every recorded price and size fits them. */
  readonly instruments: readonly Instrument[];
  /** By symbol, the first price seen. */
  readonly firstPrices: ReadonlyMap<string, Price>;
  /** Channels of which it holds frames. */
  readonly channels: ReadonlySet<SourceFrame['channel']>;
  readonly frames: number;
  readonly durationMs: number;
  readonly skipped: { readonly count: number; readonly examples: readonly string[] };
}

const QUOTE_CURRENCIES = ['USDT', 'USDC', 'FDUSD', 'BUSD', 'USD', 'BTC', 'ETH', 'BNB', 'EUR'];
const DEFAULT_MIN_NOTIONAL = 5;
const MAX_LOTS = 1_000_000_000;
/** Spot takes fees in the asset: its sizes need so many decimals more than those of orders, up to those that assets have. */
const FEE_DECIMALS = 4;
const ASSET_DECIMALS = 8;

/**
 * Reads a recording through and derives its instruments: scales from the decimals seen, tick and lot from what all prices and sizes have in common;
 * the rest as built in, where the symbol is. Throws `RECORDING_MISSING`, `RECORDING_UNREADABLE`, `RECORDING_EMPTY`, and `RECORDING_VENUE` if the files are
 * of no known venue or of several.
 */
export function inspectRecording(files: readonly string[]): RecordingFacts {
  const venue = venueOf(files);
  const skipped: SkippedLines = { count: 0, examples: [] };
  const learned = new Map<string, Learned>();
  const channels = new Set<SourceFrame['channel']>();
  let frames = 0;
  let bookDecimals = 0;
  let firstTime: number | null = null;
  let lastTime = 0;
  for (const { frame, line, timeMs } of readFrames(files, venue, skipped)) {
    if (frame.kind === 'depthSnapshot') {
      // Whole books may hold prices of a finer tick than the venue has had since.
      for (const [price] of [...frame.bids, ...frame.asks]) bookDecimals = Math.max(bookDecimals, decimalsOf(price));
    }
    if (frame.kind !== 'frame') continue;
    frames += 1;
    channels.add(frame.channel);
    firstTime ??= timeMs;
    lastTime = timeMs;
    const { content } = frame;
    if (content === null || content.kind === 'ticker') continue;
    const seen = learned.get(frame.symbol) ?? newlyLearned();
    learned.set(frame.symbol, seen);
    try {
      learn(seen, content);
    } catch (error) {
      skipLine(skipped, line.file, line.lineNumber, messageOf(error));
    }
  }
  for (const [symbol, { touched, booked }] of learned) if (touched === null && booked === null) learned.delete(symbol);
  if (learned.size === 0) {
    const detail = `files=${files.join(',')} venue=${venue} unread=${skipped.count} no book, trade or quote in it is in the venue's present format${skipped.count > 0 ? `; the first fault: ${skipped.examples[0]}` : ''}`;
    throw new MillraceError('configuration', 'RECORDING_EMPTY', detail.trim());
  }
  const instruments = [...learned].map(([symbol, { prices, sizes }]) =>
    instrumentOf(venue, symbol, prices, sizes, bookDecimals),
  );
  const firstPrices = new Map<string, Price>();
  for (const instrument of instruments) {
    const seen = learned.get(instrument.symbol);
    const first = seen?.touched ?? seen?.booked ?? null;
    if (first !== null) firstPrices.set(instrument.symbol, parseScaled(first, instrument.priceScale) as Price);
  }
  return { venue, instruments, firstPrices, channels, frames, durationMs: lastTime - (firstTime ?? lastTime), skipped };
}

interface Learned {
  readonly prices: DecimalGrid;
  readonly sizes: DecimalGrid;
  /** First price traded or quoted at the top, and first price of the book: it may lie far from the top. */
  touched: string | null;
  booked: string | null;
}

function newlyLearned(): Learned {
  return { prices: new DecimalGrid(), sizes: new DecimalGrid(), touched: null, booked: null };
}

function learn(seen: Learned, content: Exclude<FrameContent, { kind: 'ticker' }>): void {
  const isDeep = content.kind === 'book' && content.depth > 1;
  for (const [price, size] of pairsOf(content)) {
    if (Number(price) === 0) continue;
    seen.prices.add(price);
    seen.sizes.add(size);
    if (isDeep) seen.booked ??= price;
    else seen.touched ??= price;
  }
}

function* pairsOf(content: Exclude<FrameContent, { kind: 'ticker' }>): Generator<readonly [string, string]> {
  switch (content.kind) {
    case 'book':
      yield* content.bids;
      yield* content.asks;
      return;
    case 'quote':
      yield content.bid;
      yield content.ask;
      return;
    case 'trades':
      for (const { price, size } of content.trades) yield [price, size];
      return;
  }
}

function instrumentOf(
  venue: VenueId,
  symbol: string,
  prices: DecimalGrid,
  sizes: DecimalGrid,
  bookDecimals: number,
): Instrument {
  const builtIn = builtInInstruments(venue);
  const known = builtIn.find((each) => each.symbol === symbol);
  const named = venue === 'deribit' ? termsOfDeribitSymbol(symbol) : undefined;
  // What is not known, and not told by its name, is taken for what the venue mostly has.
  const kind = known?.kind ?? named?.kind ?? builtIn[0]?.kind ?? 'linear';
  // Binance writes every price and size of spot with eight decimals, whatever its tick.
  const padded = venue === 'binance-spot';
  const priceScale = Math.max(
    known?.priceScale ?? 0,
    padded ? Math.max(prices.tightScale, bookDecimals) : prices.scale,
  );
  const feeDecimals = kind === 'spot' ? Math.min(ASSET_DECIMALS, sizes.scale + FEE_DECIMALS) : 0;
  const sizeScale = Math.max(known?.sizeScale ?? 0, sizes.scale, feeDecimals);
  const rescaled = (step: number, from: number, to: number): number => step * 10 ** (to - from);
  const tick =
    known === undefined
      ? prices.stepAt(priceScale)
      : commonDivisor(rescaled(known.tickSize, known.priceScale, priceScale), prices.stepAt(priceScale));
  const lot =
    known === undefined
      ? sizes.stepAt(sizeScale)
      : commonDivisor(rescaled(known.lotSize, known.sizeScale, sizeScale), sizes.stepAt(sizeScale));
  const dollars = venue === 'alpaca' ? 'USD' : undefined;
  const quote =
    dollars ?? QUOTE_CURRENCIES.find((each) => symbol.endsWith(each) && symbol.length > each.length) ?? 'USDT';
  const base =
    known?.baseCurrency ?? named?.baseCurrency ?? (symbol.endsWith(quote) ? symbol.slice(0, -quote.length) : symbol);
  const maxSize = known === undefined ? lot * MAX_LOTS : rescaled(known.maxSize, known.sizeScale, sizeScale);
  return {
    venue,
    symbol,
    kind,
    baseCurrency: base,
    quoteCurrency: known?.quoteCurrency ?? named?.quoteCurrency ?? quote,
    settlementCurrency: known?.settlementCurrency ?? named?.settlementCurrency ?? (kind === 'inverse' ? base : quote),
    priceScale,
    sizeScale,
    tickSize: tick as Price,
    lotSize: lot as Size,
    minSize: (known === undefined ? lot : rescaled(known.minSize, known.sizeScale, sizeScale)) as Size,
    maxSize: Math.min(maxSize, Number.MAX_SAFE_INTEGER) as Size,
    minNotional: known?.minNotional ?? (named === undefined ? DEFAULT_MIN_NOTIONAL : 0),
    multiplier: known?.multiplier ?? 1,
    tradable: known?.tradable ?? named?.tradable ?? true,
  };
}

/** The venue whose frames the files hold. */
function venueOf(files: readonly string[]): VenueId {
  const found = new Set<VenueId>();
  for (const file of files) {
    const venue = venueOfFile(file);
    if (venue === null) {
      const detail = `file=${file} holds no frames of ${VENUES.join(', ')} near its beginning; give a recording with one frame a line, as <receive ns> <frame> or as JSON whose "raw" is the frame`;
      throw new MillraceError('configuration', 'RECORDING_VENUE', detail);
    }
    found.add(venue);
  }
  const [venue, other] = found;
  if (venue === undefined || other !== undefined) {
    const detail = `files=${files.join(',')} venues=${[...found].join(',')} expected files of one venue`;
    throw new MillraceError('configuration', 'RECORDING_VENUE', detail);
  }
  return venue;
}

function venueOfFile(file: string): VenueId | null {
  let looked = 0;
  /** What the frames so far may be of, where they do not tell one venue of an exchange from another. */
  let likely: VenueId | null = null;
  const unread: string[] = [];
  for (const line of readRecording(file, (_, reason) => unread.push(reason))) {
    for (const venue of VENUES) {
      try {
        const frame = FRAME_PARSERS[venue](splitFrame(venue, line.frame)[0] ?? line.frame);
        if (frame.kind !== 'frame') continue;
        // Candles and tickers look alike on Binance's markets.
        if (venue === 'binance-usdm' && frame.content === null) {
          likely ??= venue;
          break;
        }
        if (venue !== 'bybit-linear') return venue;
        const told = bybitVenueOf(line.frame);
        if (told !== null) return told;
        likely ??= venue;
        break;
      } catch (error) {
        unread.push(messageOf(error));
      }
    }
    looked += 1;
    if (looked >= 1_000) break;
  }
  return likely;
}
