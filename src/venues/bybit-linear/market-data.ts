import { MillraceError } from '#core/errors.ts';
import type { BookMessage, MarketMessage, QuoteMessage, Subscription } from '#core/market/market-message.ts';
import { frameInvalid, isObject, parseFrame } from '../connection/frame-fields.ts';
import { TickerMemory } from '../connection/ticker-memory.ts';
import type { MarketDataProtocol, ScanTarget, SocketPlan } from '../venue.ts';
import { BookMemory } from './book-memory.ts';
import { BYBIT_PATHS } from './endpoints.ts';
import { BybitLinearScanner } from './market-scanner.ts';
import {
  bestLevel,
  type RawFrame,
  readBook,
  readLiquidations,
  readRequestAnswer,
  readTicker,
  readTrades,
} from './messages.ts';

const TOPICS: Readonly<Partial<Record<Subscription['channel'], (symbol: string) => string>>> = {
  book: (symbol) => `orderbook.50.${symbol}`,
  quotes: (symbol) => `orderbook.1.${symbol}`,
  trades: (symbol) => `publicTrade.${symbol}`,
  ticker: (symbol) => `tickers.${symbol}`,
  liquidations: (symbol) => `allLiquidation.${symbol}`,
};

const MAX_TOPICS_A_REQUEST = 10;
/** Characters of all topics of one connection, their quotes and commas counted. */
const MAX_TOPIC_CHARACTERS = 21_000;
const HEARTBEAT_MS = 20_000;
const PING = '{"op":"ping"}';

/**
 * Silence of a channel by its pace, ms: the best quotes are repeated after 3 s without a change, tickers and the book come with each change. Trades and
 * liquidations may be absent for as long as they like.
 */
const SILENCE_MS: Readonly<Partial<Record<Subscription['channel'], number>>> = {
  book: 30_000,
  quotes: 15_000,
  trades: Number.POSITIVE_INFINITY,
  ticker: 60_000,
  liquidations: Number.POSITIVE_INFINITY,
};

/** Market data of Bybit linear: one socket for all topics. */
export const bybitLinearMarketData: MarketDataProtocol = {
  plan(endpoints, subscriptions) {
    const url = `${endpoints.market}${BYBIT_PATHS.publicLinear}`;
    const plans: { name: string; url: string; subscriptions: Subscription[] }[] = [];
    let characters = Number.POSITIVE_INFINITY;
    for (const subscription of subscriptions) {
      const length = topicOf(subscription).length + 3;
      if (characters + length > MAX_TOPIC_CHARACTERS) {
        plans.push({ name: plans.length === 0 ? 'public' : `public-${plans.length + 1}`, url, subscriptions: [] });
        characters = 0;
      }
      characters += length;
      plans.at(-1)?.subscriptions.push(subscription);
    }
    return plans satisfies SocketPlan[];
  },
  subscribe: (requestId, subscriptions) => requests('subscribe', requestId, subscriptions),
  unsubscribe: (requestId, subscriptions) => requests('unsubscribe', requestId, subscriptions),
  heartbeat: { intervalMs: HEARTBEAT_MS, message: () => PING },
  silenceMs: ({ channel }) => SILENCE_MS[channel] ?? Number.POSITIVE_INFINITY,
  limits: {
    messagesPerSecond: null,
    subscriptionsPerRequest: MAX_TOPICS_A_REQUEST,
    subscriptionsPerConnection: null,
    connections: { count: 500, windowMs: 300_000 },
    connectionLifeMs: null,
    overlap: true,
  },
  createDecoder: createBybitLinearDecoder,
  // Each subscription begins with a whole book.
  fetchBook: null,
};

function topicOf({ channel, symbol }: Subscription): string {
  const topic = TOPICS[channel];
  if (topic === undefined)
    throw new MillraceError('configuration', 'CHANNEL_UNSUPPORTED', `venue=bybit-linear channel=${channel}`);
  return topic(symbol);
}

function requests(
  op: 'subscribe' | 'unsubscribe',
  requestId: string,
  subscriptions: readonly Subscription[],
): { readonly requestId: string; readonly text: string }[] {
  const topics = subscriptions.map(topicOf);
  return Array.from({ length: Math.ceil(topics.length / MAX_TOPICS_A_REQUEST) }, (_, part) => {
    const id = `${requestId}-${part}`;
    const args = topics.slice(part * MAX_TOPICS_A_REQUEST, (part + 1) * MAX_TOPICS_A_REQUEST);
    return { requestId: id, text: JSON.stringify({ req_id: id, op, args }) };
  });
}

/**
 * Reads frames of the public linear stream. `orderbook.1` gives quotes, deeper books give books.
 */
export function createBybitLinearDecoder(
  scans?: ScanTarget,
): (frame: Buffer, emit: (message: MarketMessage) => void) => void {
  const tickers = new TickerMemory();
  const memory = new BookMemory();
  const scanner = scans === undefined ? null : new BybitLinearScanner(scans, memory);

  function onBook(topic: string, frame: RawFrame, emit: (message: MarketMessage) => void): void {
    const depth = topic.slice(BOOK.length, topic.indexOf('.', BOOK.length));
    // `orderbook.rpi` and `orderbook.full` have levels of another meaning.
    if (depth === '' || Number.isNaN(Number(depth))) return;
    const message = readBook(frame);
    if (depth === '1') {
      const quote = quoteOf(message);
      if (quote !== null) emit(quote);
      return;
    }
    if (memory.isChosen(message.symbol, depth)) emit(message);
  }

  /** Null while a side is not known or empty. A delta after a hole tells nothing of the side that it does not name. */
  function quoteOf(message: BookMessage): QuoteMessage | null {
    const known = message.isSnapshot ? undefined : memory.best.get(message.symbol);
    const isNext = known !== undefined && message.lastSequence - known.update <= 1;
    if (isNext && message.lastSequence < known.update) return null;
    const bid = bestLevel(isNext ? known.bid : null, message.bids);
    const ask = bestLevel(isNext ? known.ask : null, message.asks);
    memory.best.set(message.symbol, { update: message.lastSequence, bid, ask });
    if (bid === null || ask === null) return null;
    return {
      type: 'quote',
      symbol: message.symbol,
      bidPrice: bid[0],
      bidSize: bid[1],
      askPrice: ask[0],
      askSize: ask[1],
      // Counted apart from the deeper books.
      sequence: null,
      exchangeTime: message.exchangeTime,
    };
  }

  function onTicker(frame: RawFrame, emit: (message: MarketMessage) => void): void {
    const { symbol, change, exchangeTime } = readTicker(frame);
    const message = tickers.update(symbol, change, exchangeTime);
    if (message !== null) emit(message);
  }

  return (bytes, emit) => {
    if (scanner?.scan(bytes) === true) return;
    const value = parseFrame(bytes);
    if (!isObject(value)) throw frameInvalid('not an object');
    const frame: RawFrame = value;
    const { topic } = frame;
    if (typeof topic !== 'string') {
      if (frame.op === undefined && frame.success === undefined) throw frameInvalid('neither a topic nor an answer');
      const answer = readRequestAnswer(value);
      if (answer !== null) emit(answer);
    } else if (topic.startsWith(BOOK)) {
      onBook(topic, frame, emit);
    } else if (topic.startsWith('publicTrade.')) {
      for (const trade of readTrades(frame)) emit(trade);
    } else if (topic.startsWith('tickers.')) {
      onTicker(frame, emit);
    } else if (topic.startsWith('allLiquidation.')) {
      for (const liquidation of readLiquidations(frame)) emit(liquidation);
    }
  };
}

const BOOK = 'orderbook.';
