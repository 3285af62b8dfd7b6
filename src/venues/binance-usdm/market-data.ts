import type { MarketMessage, Subscription } from '#core/market/market-message.ts';
import {
  frameInvalid,
  isObject,
  optionalDecimal,
  parseFrame,
  requireText,
  requireTime,
} from '../connection/frame-fields.ts';
import { type TickerChange, TickerMemory } from '../connection/ticker-memory.ts';
import type { MarketDataProtocol, ScanTarget, SocketPlan, VenueEndpoints } from '../venue.ts';
import { fetchBook } from './depth-snapshot.ts';
import { BinanceUsdmScanner } from './market-scanner.ts';
import {
  type RawEvent,
  readAggregateTrade,
  readBookTicker,
  readDayTicker,
  readDepthUpdate,
  readForcedOrder,
  readMarkPrice,
  readRequestAnswer,
  readTrade,
} from './messages.ts';

/** Where a stream is served since the addresses were split. */
type StreamGroup = 'public' | 'market';

interface Stream {
  readonly name: (symbol: string) => string;
  readonly group: StreamGroup;
}

const STREAMS: Readonly<Record<Subscription['channel'], readonly Stream[]>> = {
  book: [{ name: (symbol) => `${symbol}@depth@100ms`, group: 'public' }],
  quotes: [{ name: (symbol) => `${symbol}@bookTicker`, group: 'public' }],
  trades: [{ name: (symbol) => `${symbol}@aggTrade`, group: 'market' }],
  ticker: [
    { name: (symbol) => `${symbol}@markPrice@1s`, group: 'market' },
    { name: (symbol) => `${symbol}@ticker`, group: 'market' },
  ],
  liquidations: [{ name: (symbol) => `${symbol}@forceOrder`, group: 'market' }],
  candles: [],
  news: [],
  status: [],
};

const GROUPS: readonly StreamGroup[] = ['public', 'market'];
/** Streams of one request; the venue reads at most 5 messages a second from a connection, so requests are few and long. */
const MAX_STREAMS_A_REQUEST = 200;
const MAX_STREAMS_A_CONNECTION = 1_024;
/** Request ids are whole numbers: the caller's, then which part of it. */
const MAX_PARTS = 1_000;

/**
 * Silence of a channel by its pace, ms: mark prices come each second, book and quotes with each change. Trades and liquidations may be absent for as
 * long as they like.
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
    return isSplit(endpoints)
      ? GROUPS.flatMap((group) =>
          sockets(
            group,
            `${endpoints.market}/${group}/stream`,
            subscriptions.filter(({ channel }) => STREAMS[channel].some((stream) => stream.group === group)),
          ),
        )
      : sockets('public', `${endpoints.market}/stream`, subscriptions);
  },
  subscribe: (requestId, subscriptions) => requests('SUBSCRIBE', requestId, subscriptions),
  unsubscribe: (requestId, subscriptions) => requests('UNSUBSCRIBE', requestId, subscriptions),
  limits: {
    messagesPerSecond: 5,
    subscriptionsPerRequest: MAX_STREAMS_A_REQUEST,
    subscriptionsPerConnection: MAX_STREAMS_A_CONNECTION,
    connections: { count: 300, windowMs: 300_000 },
    connectionLifeMs: 86_400_000,
    overlap: true,
  },
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

function sockets(name: string, url: string, subscriptions: readonly Subscription[]): SocketPlan[] {
  const plans: { name: string; url: string; subscriptions: Subscription[] }[] = [];
  let streams = Number.POSITIVE_INFINITY;
  for (const subscription of subscriptions) {
    const count = STREAMS[subscription.channel].length;
    if (streams + count > MAX_STREAMS_A_CONNECTION) {
      plans.push({ name: plans.length === 0 ? name : `${name}-${plans.length + 1}`, url, subscriptions: [] });
      streams = 0;
    }
    streams += count;
    plans.at(-1)?.subscriptions.push(subscription);
  }
  return plans;
}

function requests(
  method: 'SUBSCRIBE' | 'UNSUBSCRIBE',
  requestId: string,
  subscriptions: readonly Subscription[],
): { readonly requestId: string; readonly text: string }[] {
  const streams = subscriptions.flatMap(({ channel, symbol }) =>
    STREAMS[channel].map((stream) => stream.name(symbol.toLowerCase())),
  );
  const parts = Math.ceil(streams.length / MAX_STREAMS_A_REQUEST);
  return Array.from({ length: parts }, (_, part) => {
    const id = partId(requestId, part);
    const params = streams.slice(part * MAX_STREAMS_A_REQUEST, (part + 1) * MAX_STREAMS_A_REQUEST);
    return { requestId: String(id), text: JSON.stringify({ method, params, id }) };
  });
}

/** The venue takes whole numbers and short texts as ids, and answers with what it got. */
function partId(requestId: string, part: number): number | string {
  const number = Number(requestId) * MAX_PARTS + part;
  return /^\d+$/.test(requestId) && Number.isSafeInteger(number) ? number : `${requestId}-${part}`;
}

interface RawEnvelope extends RawEvent {
  readonly stream?: unknown;
  readonly data?: unknown;
  readonly id?: unknown;
  readonly result?: unknown;
  readonly error?: unknown;
  readonly code?: unknown;
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

  return (frame, emit) => {
    if (scanner?.scan(frame) === true) return;
    const value = parseFrame(frame);
    if (Array.isArray(value)) {
      for (const each of value) event(requireEvent(each), null, emit);
      return;
    }
    if (!isObject(value)) throw frameInvalid('not an object');
    const envelope: RawEnvelope = value;
    if (typeof envelope.stream === 'string') {
      const { data, stream } = envelope;
      if (Array.isArray(data)) for (const each of data) event(requireEvent(each), stream, emit);
      else event(requireEvent(data), stream, emit);
    } else if (envelope.e !== undefined || envelope.openInterest !== undefined) {
      event(envelope, null, emit);
    } else if (envelope.id !== undefined || envelope.error !== undefined || envelope.code !== undefined) {
      const answer = readRequestAnswer(value);
      if (answer !== null) emit(answer);
    } else {
      throw frameInvalid('neither a stream, an event nor an answer');
    }
  };
}

function requireEvent(value: unknown): RawEvent {
  if (isObject(value)) return value;
  throw frameInvalid('data is not an object');
}

/** `btcusdt@depth`, `btcusdt@depth@100ms`, but neither `btcusdt@depth20` nor `btcusdt@rpiDepth`. */
function isDiffStream(stream: string): boolean {
  const at = stream.indexOf('@depth');
  return at > 0 && (at + 6 === stream.length || stream.charCodeAt(at + 6) === 64);
}
