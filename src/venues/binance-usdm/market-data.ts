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
import { optionalDecimal, requireText, requireTime } from '../connection/frame-fields.ts';
import { type TickerChange, TickerMemory } from '../connection/ticker-memory.ts';
import type { MarketDataProtocol, ScanTarget, VenueEndpoints } from '../venue.ts';
import { fetchBook } from './depth-snapshot.ts';
import { BinanceUsdmScanner } from './market-scanner.ts';
import { readBookTicker, readContractInfo, readDepthUpdate, readForcedOrder, readMarkPrice } from './messages.ts';

/** Where a stream is served since the addresses were split. */
type StreamGroup = 'public' | 'market';

const STREAMS: StreamsByChannel<StreamGroup> = {
  book: [{ name: (symbol) => `${symbol}@depth@100ms`, group: 'public' }],
  quotes: [{ name: (symbol) => `${symbol}@bookTicker`, group: 'public' }],
  trades: [{ name: (symbol) => `${symbol}@aggTrade`, group: 'market' }],
  ticker: [
    { name: (symbol) => `${symbol}@markPrice@1s`, group: 'market' },
    { name: (symbol) => `${symbol}@ticker`, group: 'market' },
  ],
  liquidations: [{ name: (symbol) => `${symbol}@forceOrder`, group: 'market' }],
  candles: [{ name: (symbol) => `${symbol}@kline_1m`, group: 'market' }],
  news: [],
  // Of all contracts; it speaks when one is listed or changes its state.
  status: [{ name: () => '!contractInfo', group: 'market', ofAllSymbols: true }],
};

const GROUPS: readonly StreamGroup[] = ['public', 'market'];
/**
 * Silence of a channel by its pace, ms: mark prices come each second, book and quotes with each change. What comes with trades may be absent for as
 * long as it likes.
 */
const SILENCE_MS: Readonly<Record<Subscription['channel'], number>> = {
  book: 30_000,
  quotes: 30_000,
  trades: Number.POSITIVE_INFINITY,
  ticker: 15_000,
  liquidations: Number.POSITIVE_INFINITY,
  candles: Number.POSITIVE_INFINITY,
  news: Number.POSITIVE_INFINITY,
  status: Number.POSITIVE_INFINITY,
};

/** Market data of USD-M futures: two sockets, since the venue serves books and trades at different addresses with no common order. */
export const binanceUsdmMarketData: MarketDataProtocol = {
  plan(endpoints, subscriptions) {
    requireSupported('binance-usdm', STREAMS, subscriptions);
    return isSplit(endpoints)
      ? GROUPS.flatMap((group) =>
          planSockets(
            STREAMS,
            group,
            `${endpoints.market}/${group}/stream`,
            subscriptions.filter(({ channel }) => STREAMS[channel].some((stream) => stream.group === group)),
          ),
        )
      : planSockets(STREAMS, 'public', `${endpoints.market}/stream`, subscriptions);
  },
  subscribe: (requestId, subscriptions) => streamRequests(STREAMS, 'SUBSCRIBE', requestId, subscriptions),
  unsubscribe: (requestId, subscriptions) => streamRequests(STREAMS, 'UNSUBSCRIBE', requestId, subscriptions),
  limits: STREAM_LIMITS,
  // The venue pings by ws frames, which the transport answers.
  heartbeat: null,
  silenceMs: ({ channel }) => SILENCE_MS[channel],
  createDecoder: createBinanceUsdmDecoder,
  fetchBook,
};

/** The test network has kept one address for all streams. */
function isSplit(endpoints: VenueEndpoints): boolean {
  return !new URL(endpoints.market).hostname.endsWith('binancefuture.com');
}

/**
 * Reads combined (`{"stream","data"}`) and raw frames. Diffs are taken from `@depth` streams alone: partial depth (`@depth20`) and RPI depth have the same
 * shape and another meaning.
 */
export function createBinanceUsdmDecoder(
  scans?: ScanTarget,
): (frame: Buffer, emit: (message: MarketMessage) => void) => void {
  const tickers = new TickerMemory();
  const scanner = scans === undefined ? null : new BinanceUsdmScanner(scans);

  function ticker(raw: RawEvent, change: TickerChange, emit: (message: MarketMessage) => void): void {
    const message = tickers.update(requireText(raw.s, 's'), change, requireTime(raw.E, 'E'));
    if (message !== null) emit(message);
  }

  function event(raw: RawEvent, stream: string | null, emit: (message: MarketMessage) => void): void {
    // Since the migration of coin-margined contracts the two kinds share streams: 1 is USD-M, 2 coin-margined.
    if (raw.st === 2) return;
    switch (raw.e) {
      case 'depthUpdate':
        if (stream === null || isDiffStream(stream)) emit(readDepthUpdate(raw));
        return;
      case 'bookTicker':
        emit(readBookTicker(raw));
        return;
      case 'aggTrade':
        emit(readAggregateTrade(raw));
        return;
      case 'trade': {
        const trade = readTrade(raw);
        if (trade !== null) emit(trade);
        return;
      }
      case 'markPriceUpdate':
        ticker(raw, readMarkPrice(raw), emit);
        return;
      case '24hrTicker':
        ticker(raw, readDayTicker(raw), emit);
        return;
      case 'forceOrder': {
        const liquidation = readForcedOrder(raw);
        if (liquidation !== null) emit(liquidation);
        return;
      }
      case 'kline': {
        const candle = readCandle(raw);
        if (candle !== null) emit(candle);
        return;
      }
      case 'contractInfo':
        emit(readContractInfo(raw));
        return;
      case 'serverShutdown':
        emit({ type: 'notice', notice: 'shutdown', text: 'serverShutdown' });
        return;
      default:
        openInterest(raw, emit);
    }
  }

  /** `{"symbol","openInterest","time"?}` is an answer of REST, which recordings carry among the frames. */
  function openInterest(raw: RawEvent, emit: (message: MarketMessage) => void): void {
    if (raw.e !== undefined || raw.openInterest === undefined) return;
    const change = { openInterest: optionalDecimal(raw.openInterest, 'openInterest') };
    const time = raw.time === undefined ? null : requireTime(raw.time, 'time');
    const message = tickers.update(requireText(raw.symbol, 'symbol'), change, time);
    if (message !== null) emit(message);
  }

  return createStreamDecoder({
    scan: scanner === null ? null : (frame) => scanner.scan(frame),
    isEvent: (raw) => raw.e !== undefined || raw.openInterest !== undefined,
    onEvent: event,
  });
}
