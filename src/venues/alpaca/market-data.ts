import { MillraceError } from '#core/errors.ts';
import type { LevelText, MarketMessage, Subscription } from '#core/market/market-message.ts';
import { isObject } from '../connection/frame-fields.ts';
import type { MarketDataProtocol, ScanTarget, SocketPlan, VenueRequest } from '../venue.ts';
import { ALPACA_PATHS } from './endpoints.ts';
import { AlpacaScanner } from './market-scanner.ts';
import {
  AUTH_REQUEST_ID,
  kindOf,
  parseMessages,
  type Quote,
  readBar,
  readError,
  readNews,
  readQuote,
  readStatus,
  readSubscription,
  readSuccess,
  readTrade,
  type TradePrint,
  type VenueList,
} from './messages.ts';
import { QuoteMemory } from './quote-memory.ts';
import { marketAuthMessage } from './signing.ts';

/** The venue's list that serves each channel; a book is made of quotes. */
const LISTS: Readonly<Partial<Record<Subscription['channel'], VenueList>>> = {
  book: 'quotes',
  quotes: 'quotes',
  trades: 'trades',
  candles: 'bars',
  status: 'statuses',
  news: 'news',
};

/** Of one request, so that it stays well below the venue's 16 kB. */
const MAX_SUBSCRIPTIONS_A_REQUEST = 400;
/** One exchange's quotes alone, and none outside the session: what a symbol is like is learned; only the first judgement rests on this. */
const QUOTE_SILENCE_MS = 60_000;

/** Market data of Alpaca: one socket for prices, one for news. Both want keys. */
export const alpacaMarketData: MarketDataProtocol = {
  plan(endpoints, subscriptions) {
    const sockets = [
      { name: 'data', url: `${endpoints.market}${ALPACA_PATHS.data}`, isNews: false },
      { name: 'news', url: `${endpoints.market}${ALPACA_PATHS.news}`, isNews: true },
    ];
    return sockets.flatMap(({ name, url, isNews }): SocketPlan[] => {
      const own = subscriptions.filter((each) => (listOf(each) === 'news') === isNews);
      return own.length === 0 ? [] : [{ name, url, subscriptions: own }];
    });
  },
  subscribe: (requestId, subscriptions) => requests('subscribe', requestId, subscriptions),
  /**
   * Books and quotes are one list at the venue: it is left with the book. Who gives up the quotes alone keeps getting them, so that the book goes on.
   */
  unsubscribe(requestId, subscriptions) {
    const books = new Set(subscriptions.filter((each) => each.channel === 'book').map((each) => each.symbol));
    const left = subscriptions.filter((each) => each.channel !== 'quotes' || books.has(each.symbol));
    return requests('unsubscribe', requestId, left);
  },
  limits: {
    messagesPerSecond: null,
    subscriptionsPerRequest: MAX_SUBSCRIPTIONS_A_REQUEST,
    subscriptionsPerConnection: null,
    connections: null,
    connectionLifeMs: null,
    // One connection to each address for a key: a second one is refused with 406 until the first is gone.
    overlap: false,
  },
  opening(_requestId, credentials): readonly VenueRequest[] {
    if (credentials === null) {
      throw new MillraceError(
        'configuration',
        'CREDENTIALS_MISSING',
        'venue=alpaca market data is given to keys alone',
      );
    }
    return [{ requestId: AUTH_REQUEST_ID, text: marketAuthMessage(credentials) }];
  },
  // The venue pings; its pings are answered by the transport.
  heartbeat: null,
  silenceMs: ({ channel }) =>
    channel === 'book' || channel === 'quotes' ? QUOTE_SILENCE_MS : Number.POSITIVE_INFINITY,
  createDecoder: createAlpacaDecoder,
  fetchBook: null,
};

function listOf({ channel }: Subscription): VenueList {
  const list = LISTS[channel];
  if (list === undefined)
    throw new MillraceError('configuration', 'CHANNEL_UNSUPPORTED', `venue=alpaca channel=${channel}`);
  return list;
}

/** `{"action","trades":[…],"quotes":[…],…}`; the answer names no request, but the whole list. */
function requests(
  action: 'subscribe' | 'unsubscribe',
  requestId: string,
  subscriptions: readonly Subscription[],
): readonly VenueRequest[] {
  const parts = Math.ceil(subscriptions.length / MAX_SUBSCRIPTIONS_A_REQUEST);
  return Array.from({ length: parts }, (_, part) => {
    const lists: Partial<Record<VenueList, string[]>> = {};
    const from = part * MAX_SUBSCRIPTIONS_A_REQUEST;
    const covers = subscriptions.slice(from, from + MAX_SUBSCRIPTIONS_A_REQUEST);
    for (const subscription of covers) {
      const list = listOf(subscription);
      const symbols = lists[list] ?? [];
      lists[list] = symbols;
      if (!symbols.includes(subscription.symbol)) symbols.push(subscription.symbol);
    }
    return { requestId: `${requestId}-${part}`, text: JSON.stringify({ action, ...lists }), covers };
  });
}

type Emit = (message: MarketMessage) => void;

/** Reads frames of both sockets. A frame is a list of messages: all of it is read before any of it is told. */
function createAlpacaDecoder(scans?: ScanTarget): (frame: Buffer, emit: Emit) => void {
  const memory = new QuoteMemory();
  const scanner = scans === undefined ? null : new AlpacaScanner(scans, memory);

  function tellQuote({ symbol, bid, ask, exchangeTime }: Quote, emit: Emit): void {
    const sequence = memory.onQuote(symbol, priceOf(bid), priceOf(ask));
    emit({
      type: 'book',
      symbol,
      isSnapshot: true,
      bids: bid === null ? [] : [bid],
      asks: ask === null ? [] : [ask],
      firstSequence: sequence,
      lastSequence: sequence,
      previousSequence: null,
      exchangeTime,
    });
    if (bid === null || ask === null) return;
    const [bidPrice, bidSize] = bid;
    const [askPrice, askSize] = ask;
    emit({ type: 'quote', symbol, bidPrice, bidSize, askPrice, askSize, sequence, exchangeTime });
  }

  function tellTrade(trade: TradePrint, emit: Emit): void {
    const side = memory.takerOf(trade.symbol, Number(trade.price));
    emit({ type: 'trade', ...trade, side });
  }

  /** What a message says, to be told once the whole frame has been read. */
  function read(message: object, emit: Emit): (() => void) | null {
    switch (kindOf(message)) {
      case 'q': {
        const quote = readQuote(message);
        return () => tellQuote(quote, emit);
      }
      case 't': {
        const trade = readTrade(message);
        return () => tellTrade(trade, emit);
      }
      case 'b':
        return telling([readBar(message)], emit);
      case 'n':
        return telling([readNews(message)], emit);
      case 's':
        return telling(listed(readStatus(message)), emit);
      case 'subscription':
        return telling([{ type: 'subscriptionState', subscriptions: readSubscription(message) }], emit);
      case 'success':
        return telling(readSuccess(message), emit);
      case 'error':
        return telling(readError(message), emit);
      default:
        // Corrections, cancelled trades, price bands, daily and updated bars.
        return null;
    }
  }

  return (bytes, emit) => {
    if (scanner?.scan(bytes) === true) return;
    const told = parseMessages(bytes).map((message) => (isObject(message) ? read(message, emit) : null));
    for (const tell of told) tell?.();
  };
}

function listed<Message>(message: Message | null): readonly Message[] {
  return message === null ? [] : [message];
}

function telling(messages: readonly MarketMessage[], emit: Emit): () => void {
  return () => {
    for (const message of messages) emit(message);
  };
}

function priceOf(level: LevelText | null): number {
  return level === null ? 0 : Number(level[0]);
}
