import type { MarketMessage, Subscription } from '#core/market/market-message.ts';
import { createStreamDecoder } from '../binance/stream-decoder.ts';
import { type RawEvent, readAggregateTrade, readCandle, readDayTicker, readTrade } from '../binance/stream-messages.ts';
import {
  isDiffStream,
  planSockets,
  requireSupported,
  STREAM_LIMITS,
  type StreamsByChannel,
  streamRequests,
} from '../binance/stream-requests.ts';
import { StreamTime } from '../binance/stream-time.ts';
import { requireText, requireTime } from '../connection/frame-fields.ts';
import { TickerMemory } from '../connection/ticker-memory.ts';
import type { MarketDataProtocol, ScanTarget } from '../venue.ts';
import { fetchBook } from './depth-snapshot.ts';
import { BinanceSpotScanner } from './market-scanner.ts';
import { readBookTicker, readDepthUpdate } from './messages.ts';

/** Trades are single ones: `@trade` names each execution by the id that an account's fills carry. */
const STREAMS: StreamsByChannel<'public'> = {
  book: [{ name: (symbol) => `${symbol}@depth@100ms`, group: 'public' }],
  quotes: [{ name: (symbol) => `${symbol}@bookTicker`, group: 'public' }],
  trades: [{ name: (symbol) => `${symbol}@trade`, group: 'public' }],
  ticker: [{ name: (symbol) => `${symbol}@ticker`, group: 'public' }],
  candles: [{ name: (symbol) => `${symbol}@kline_1m`, group: 'public' }],
  liquidations: [],
  news: [],
  status: [],
};

/**
 * Silence of a channel by its pace, ms: book and quotes come with each change. What comes with trades may be absent for as long as it likes, the day's ticker too.
 */
const SILENCE_MS: Readonly<Record<Subscription['channel'], number>> = {
  book: 30_000,
  quotes: 60_000,
  trades: Number.POSITIVE_INFINITY,
  ticker: Number.POSITIVE_INFINITY,
  liquidations: Number.POSITIVE_INFINITY,
  candles: Number.POSITIVE_INFINITY,
  news: Number.POSITIVE_INFINITY,
  status: Number.POSITIVE_INFINITY,
};

/** Market data of spot pairs: combined streams of one address. */
export const binanceSpotMarketData: MarketDataProtocol = {
  plan(endpoints, subscriptions) {
    requireSupported('binance-spot', STREAMS, subscriptions);
    return planSockets(STREAMS, 'public', `${endpoints.market}/stream`, subscriptions);
  },
  subscribe: (requestId, subscriptions) => streamRequests(STREAMS, 'SUBSCRIBE', requestId, subscriptions),
  unsubscribe: (requestId, subscriptions) => streamRequests(STREAMS, 'UNSUBSCRIBE', requestId, subscriptions),
  limits: STREAM_LIMITS,
  // The venue pings by ws frames, which the transport answers.
  heartbeat: null,
  silenceMs: ({ channel }) => SILENCE_MS[channel],
  createDecoder: createBinanceSpotDecoder,
  fetchBook,
};

/** Reads combined and raw frames. Diffs are taken from `@depth` streams alone. */
export function createBinanceSpotDecoder(
  scans?: ScanTarget,
): (frame: Buffer, emit: (message: MarketMessage) => void) => void {
  const tickers = new TickerMemory();
  const time = new StreamTime();
  const scanner = scans === undefined ? null : new BinanceSpotScanner(scans, time);

  function event(raw: RawEvent, stream: string | null, emit: (message: MarketMessage) => void): void {
    switch (raw.e) {
      case 'depthUpdate':
        if (stream === null || isDiffStream(stream)) told(readDepthUpdate(raw), raw, emit);
        return;
      case 'trade':
        told(readTrade(raw), raw, emit);
        return;
      case 'aggTrade':
        told(readAggregateTrade(raw), raw, emit);
        return;
      case 'kline':
        told(readCandle(raw), raw, emit);
        return;
      case '24hrTicker':
        told(tickers.update(requireText(raw.s, 's'), readDayTicker(raw), requireTime(raw.E, 'E')), raw, emit);
        return;
      case 'bookTicker':
        emit(readBookTicker(raw, time));
        return;
      case 'serverShutdown':
        emit({ type: 'notice', notice: 'shutdown', text: 'serverShutdown' });
        return;
      default:
        if (isQuote(raw)) emit(readBookTicker(raw, time));
    }
  }

  function told(message: MarketMessage | null, raw: RawEvent, emit: (message: MarketMessage) => void): void {
    time.note(raw.E);
    if (message !== null) emit(message);
  }

  return createStreamDecoder({
    scan: scanner === null ? null : (frame) => scanner.scan(frame),
    isEvent: (raw) => raw.e !== undefined || isQuote(raw),
    onEvent: event,
  });
}

/** `bookTicker`, the one event without a name. */
function isQuote(raw: RawEvent): boolean {
  return raw.e === undefined && raw.u !== undefined && raw.b !== undefined && raw.a !== undefined;
}
