import type { Instrument } from '#core/market/instrument.ts';
import type { SimulatedBook, SimulatedMarketEvent, SimulatedTicker } from '../exchange/simulated-exchange.ts';
import { type Candle, createCandleMaker } from './binance-candles.ts';
import type { BinanceContext } from './binance-context.ts';
import { createRecordedStreams } from './binance-recorded-streams.ts';
import { type MarketAddress, parseStreamName, type StreamKind, type StreamName } from './binance-stream-names.ts';
import type { SessionProtocol, VenueSession } from './venue-session.ts';

const MAX_STREAMS = 1_024;
/** Gathered streams are looked after this often, in ms. */
export const TICK_MS = 25;
/** Candles that go on are told so often, ms. */
const CANDLE_MS = 250;

/** Prices and volume since the venue was started: the simulation has no day before that. */
export interface DayStatistics {
  readonly since: number;
  readonly open: number;
  readonly high: number;
  readonly low: number;
  readonly last: number;
  readonly lastSize: number;
  readonly volume: number;
  readonly trades: number;
}

type Levels = readonly (readonly [number, number])[];

/** Changes of a book since the last message of the stream. */
export interface DepthChange {
  readonly first: number;
  readonly last: number;
  readonly previous: number;
  readonly bids: Levels;
  readonly asks: Levels;
}

export type PublicTrade = Extract<SimulatedMarketEvent, { kind: 'trade' }>;

/** Market-data messages in a market's form; times in ms. */
export interface MarketFrames {
  depthUpdate(instrument: Instrument, change: DepthChange, time: number): string;
  partialDepth(instrument: Instrument, book: SimulatedBook, time: number): string;
  bookTicker(instrument: Instrument, book: SimulatedBook, time: number): string;
  trade(instrument: Instrument, event: PublicTrade): string;
  aggTrade(instrument: Instrument, event: PublicTrade): string;
  candle(instrument: Instrument, candle: Candle, time: number): string;
  ticker24h(instrument: Instrument, day: DayStatistics, time: number): string;
  miniTicker(instrument: Instrument, day: DayStatistics, time: number): string;
  /** Null: the market has none. */
  readonly markPrice: ((instrument: Instrument, ticker: SimulatedTicker, time: number) => string) | null;
}

/** A market-data connection and what it asked for. */
export interface MarketSubscriber {
  readonly session: VenueSession;
  combined: boolean;
  readonly serves: (kind: StreamKind) => boolean;
  readonly streams: Map<string, StreamName>;
}

export interface MarketStreams {
  protocol(address: MarketAddress): SessionProtocol;
  onMarket(event: SimulatedMarketEvent): void;
  /** Sends what depth streams have gathered whose interval is over. Called every `TICK_MS`. */
  tick(nowMs: number): void;
}

/** Changes gathered for one depth stream since its last message. */
interface Gathered {
  readonly bids: Map<number, number>;
  readonly asks: Map<number, number>;
  first: number;
  last: number;
  /** `u` of the last message, for `pu`. */
  previous: number;
  time: number;
}

/** Public streams: subscriptions, and the exchange's events in the venue's words. */
export function createMarketStreams(
  context: BinanceContext,
  frames: MarketFrames,
  maxMessagesPerSecond: number,
): MarketStreams {
  const { faults, exchange } = context;
  /** A recorded market is served as recorded, and nothing is made up beside it. */
  const isRecorded = exchange.origin === 'recorded';
  const subscribers = new Map<VenueSession, MarketSubscriber>();
  const gathered = new Map<string, Gathered>();
  const days = new Map<string, DayStatistics>();
  const tops = new Map<string, string>();
  /** When each gathered stream was sent last. */
  const turns = new Map<string, number>();
  const candles = createCandleMaker();
  const recorded = createRecordedStreams(subscribers, sendTo);

  function sendTo(subscriber: MarketSubscriber, frame: string | Uint8Array): void {
    subscriber.session.sendData(frame);
    if (faults.take('duplicatePublicFrame')) subscriber.session.sendData(frame);
  }

  function wanted(kind: StreamKind, symbol: string): readonly StreamName[] {
    const names = new Map<string, StreamName>();
    for (const { streams, serves } of subscribers.values()) {
      for (const stream of streams.values()) {
        if (stream.kind === kind && serves(kind) && (stream.symbol ?? symbol) === symbol)
          names.set(stream.name, stream);
      }
    }
    return [...names.values()];
  }

  function publish(stream: StreamName, data: string): void {
    for (const subscriber of subscribers.values()) {
      if (!subscriber.streams.has(stream.name) || !subscriber.serves(stream.kind)) continue;
      sendTo(subscriber, subscriber.combined ? `{"stream":"${stream.name}","data":${data}}` : data);
    }
  }

  function onBook(event: Extract<SimulatedMarketEvent, { kind: 'bookChange' }>): void {
    const instrument = context.instrument(event.symbol);
    for (const stream of wanted('depth', event.symbol)) {
      const held = gathered.get(stream.name) ?? fresh(event.sequence - 1);
      gathered.set(stream.name, held);
      if (held.bids.size + held.asks.size === 0) held.first = event.sequence;
      for (const [price, size] of event.bids) held.bids.set(price, size);
      for (const [price, size] of event.asks) held.asks.set(price, size);
      held.last = event.sequence;
      held.time = event.time;
      if (stream.intervalMs === 0) sendDepth(instrument, stream, held);
    }
    for (const stream of wanted('bookTicker', event.symbol)) {
      const book = exchange.book(event.symbol, 1);
      const top = JSON.stringify([book.bids[0], book.asks[0]]);
      if (tops.get(stream.name) === top) continue;
      tops.set(stream.name, top);
      publish(stream, frames.bookTicker(instrument, book, event.time));
    }
  }

  function fresh(previous: number): Gathered {
    return { bids: new Map(), asks: new Map(), first: 0, last: 0, previous, time: 0 };
  }

  function sendDepth(instrument: Instrument, stream: StreamName, held: Gathered): void {
    const frame = frames.depthUpdate(instrument, { ...held, bids: [...held.bids], asks: [...held.asks] }, held.time);
    held.bids.clear();
    held.asks.clear();
    held.previous = held.last;
    if (!faults.take('dropPublicFrame')) publish(stream, frame);
  }

  /** Whether the stream's interval is over, give or take half a tick; then the next one begins. */
  function takeTurn(stream: StreamName, nowMs: number): boolean {
    if (nowMs - (turns.get(stream.name) ?? 0) < stream.intervalMs - TICK_MS / 2) return false;
    turns.set(stream.name, nowMs);
    return true;
  }

  function onTrade(event: Extract<SimulatedMarketEvent, { kind: 'trade' }>): void {
    const instrument = context.instrument(event.symbol);
    const day = days.get(event.symbol);
    days.set(event.symbol, {
      since: day?.since ?? event.time,
      open: day?.open ?? event.price,
      high: Math.max(day?.high ?? 0, event.price),
      low: Math.min(day?.low ?? Number.POSITIVE_INFINITY, event.price),
      last: event.price,
      lastSize: event.size,
      volume: (day?.volume ?? 0) + event.size,
      trades: (day?.trades ?? 0) + 1,
    });
    candles.onTrade(event);
    for (const stream of wanted('aggTrade', event.symbol)) publish(stream, frames.aggTrade(instrument, event));
    for (const stream of wanted('trade', event.symbol)) publish(stream, frames.trade(instrument, event));
  }

  function onTicker(event: Extract<SimulatedMarketEvent, { kind: 'ticker' }>): void {
    const instrument = context.instrument(event.ticker.symbol);
    if (frames.markPrice !== null) {
      for (const stream of wanted('markPrice', instrument.symbol))
        publish(stream, frames.markPrice(instrument, event.ticker, event.time));
    }
    const day = days.get(instrument.symbol);
    if (day === undefined) return;
    for (const stream of wanted('ticker', instrument.symbol))
      publish(stream, frames.ticker24h(instrument, day, event.time));
    for (const stream of wanted('miniTicker', instrument.symbol))
      publish(stream, frames.miniTicker(instrument, day, event.time));
  }

  /** The candle that goes on, when it has changed; one whose minute is over, once more and for good. */
  function sendCandles(nowMs: number): void {
    for (const { symbol } of isRecorded ? [] : exchange.instruments) {
      if (faults.isPublicPaused(symbol)) continue;
      const instrument = context.instrument(symbol);
      const streams = wanted('kline', symbol);
      for (const closed of candles.takeClosed(symbol, exchange.now())) {
        for (const stream of streams) publish(stream, frames.candle(instrument, closed, context.now()));
      }
      for (const stream of streams) {
        const candle = candles.current(symbol);
        if (candle === null || tops.get(stream.name) === String(candle.lastId)) continue;
        if (nowMs - (turns.get(stream.name) ?? 0) < CANDLE_MS) continue;
        turns.set(stream.name, nowMs);
        tops.set(stream.name, String(candle.lastId));
        publish(stream, frames.candle(instrument, candle, context.now()));
      }
    }
  }

  function onRaw(event: Extract<SimulatedMarketEvent, { kind: 'raw' }>): void {
    recorded.note(event);
    if (faults.isPublicPaused(event.symbol)) return;
    if (event.channel === 'book' && recorded.isWanted(event) && faults.take('dropPublicFrame')) return;
    recorded.send(event);
  }

  function protocol(address: MarketAddress): SessionProtocol {
    return {
      maxMessagesPerSecond,
      onOpen(session) {
        const streams = new Map(address.streams.map((name) => [name, parseStreamName(name)]));
        subscribers.set(session, { session, combined: address.combined, serves: address.serves, streams });
      },
      onMessage(session, text) {
        const subscriber = subscribers.get(session);
        const answer = subscriber === undefined ? null : answerTo(subscriber, text);
        if (answer !== null) session.sendAnswer(answer);
      },
      onClose(session) {
        subscribers.delete(session);
        forgetUnwanted();
      },
    };
  }

  /** A depth stream that nobody hears starts over with its next subscriber. */
  function forgetUnwanted(): void {
    const heard = new Set([...subscribers.values()].flatMap(({ streams }) => [...streams.keys()]));
    for (const name of gathered.keys()) if (!heard.has(name)) gathered.delete(name);
    for (const known of [tops, turns]) for (const name of known.keys()) if (!heard.has(name)) known.delete(name);
  }

  /** Null: nothing is answered. */
  function answerTo(subscriber: MarketSubscriber, text: string): string | null {
    const request = parseRequest(text);
    if ('error' in request) return JSON.stringify(request);
    const { method, params, id } = request;
    const refuse = (msg: string): string => JSON.stringify({ error: { code: 2, msg: `Invalid request: ${msg}` }, id });
    switch (method) {
      case 'SUBSCRIBE':
        if (new Set([...subscriber.streams.keys(), ...params]).size > MAX_STREAMS) return refuse('too many streams');
        for (const name of params) subscriber.streams.set(name, parseStreamName(name));
        return JSON.stringify({ result: null, id });
      case 'UNSUBSCRIBE':
        if (context.faults.take('unsubscribeRefused')) return refuse('request failed');
        if (context.faults.take('unsubscribeLost')) return null;
        for (const name of params) subscriber.streams.delete(name);
        forgetUnwanted();
        return JSON.stringify({ result: null, id });
      case 'LIST_SUBSCRIPTIONS':
        return JSON.stringify({ result: [...subscriber.streams.keys()], id });
      case 'SET_PROPERTY':
        subscriber.combined = text.includes('true');
        return JSON.stringify({ result: null, id });
      default:
        return refuse(`unknown variant '${method.slice(0, 40)}'`);
    }
  }

  return {
    protocol,
    onMarket(event) {
      if (subscribers.size === 0 && event.kind !== 'trade' && event.kind !== 'raw') return;
      if (event.kind === 'raw') {
        onRaw(event);
        return;
      }
      if (event.kind === 'end') {
        this.tick(Number.POSITIVE_INFINITY);
        return;
      }
      const symbol = event.kind === 'ticker' ? event.ticker.symbol : event.symbol;
      if (isRecorded || faults.isPublicPaused(symbol)) return;
      if (event.kind === 'bookChange') onBook(event);
      else if (event.kind === 'trade') onTrade(event);
      else onTicker(event);
    },
    tick(nowMs) {
      sendCandles(nowMs);
      for (const [name, held] of gathered) {
        const stream = parseStreamName(name);
        if (stream.symbol === null || held.bids.size + held.asks.size === 0) continue;
        if (faults.isPublicPaused(stream.symbol) || !takeTurn(stream, nowMs)) continue;
        sendDepth(context.instrument(stream.symbol), stream, held);
      }
      for (const symbol of exchange.instruments.map((each) => each.symbol)) {
        if (isRecorded || faults.isPublicPaused(symbol)) continue;
        for (const stream of wanted('partialDepth', symbol)) {
          const book = exchange.book(symbol, stream.levels);
          if (tops.get(stream.name) === String(book.sequence) || !takeTurn(stream, nowMs)) continue;
          tops.set(stream.name, String(book.sequence));
          publish(stream, frames.partialDepth(context.instrument(symbol), book, context.now()));
        }
      }
    },
  };
}

type StreamRequest = { readonly method: string; readonly params: readonly string[]; readonly id: unknown };
type RequestError = { readonly error: { readonly code: number; readonly msg: string } };

function parseRequest(text: string): StreamRequest | RequestError {
  let message: unknown;
  try {
    message = JSON.parse(text);
  } catch {
    // Not JSON: the venue says so and keeps the connection.
    return { error: { code: 3, msg: 'Invalid JSON: expected value at line 1 column 1' } };
  }
  if (typeof message !== 'object' || message === null || !('method' in message) || typeof message.method !== 'string') {
    return { error: { code: 2, msg: 'Invalid request: missing field `method` at line 1 column 1' } };
  }
  const params = 'params' in message && Array.isArray(message.params) ? message.params : [];
  const names = params.filter(
    (each): each is string => typeof each === 'string' && each.length > 0 && each.length < 100,
  );
  return { method: message.method, params: names, id: 'id' in message ? message.id : null };
}
