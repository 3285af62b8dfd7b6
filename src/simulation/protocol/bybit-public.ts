import type { Instrument } from '#core/market/instrument.ts';
import { formatScaled } from '#core/market/scaled-decimal.ts';
import type { SimulatedFill, SimulatedMarketEvent } from '../exchange/simulated-exchange.ts';
import { type BookTopic, bookLevels, createBookTopic } from './bybit-book-topic.ts';
import { type CandleTopic, createCandleTopic } from './bybit-candles.ts';
import type { BybitContext } from './bybit-context.ts';
import { spotTickerFields, tickerFields } from './bybit-market-rows.ts';
import { isRecord } from './bybit-orders.ts';
import { BOOK_DEPTHS, type PublicTopic, parseTopic } from './bybit-topics.ts';
import type { VenueSession } from './venue-session.ts';

/** Bytes of arguments on one connection. */
const MAX_ARGUMENT_CHARACTERS = 21_000;
const TICKER_MS = 100;
const SPOT_TICKER_MS = 50;
const LEVEL_ONE_LOOK_MS = 250;

type TradeEvent = Extract<SimulatedMarketEvent, { kind: 'trade' }>;

/** The public streams of a category. */
export interface BybitPublicHub {
  /** The reason why not, or null; then snapshots follow with `welcome`. */
  subscribe(session: VenueSession, topics: readonly string[]): string | null;
  /** Sends the snapshots that a fresh subscription begins with; after the acknowledgement. */
  welcome(session: VenueSession, topics: readonly string[]): void;
  unsubscribe(session: VenueSession, topics: readonly string[]): string | null;
  forget(session: VenueSession): void;
  onMarket(event: SimulatedMarketEvent): void;
  /** A liquidation of anybody's is public. */
  onLiquidation(fill: SimulatedFill): void;
  close(): void;
}

export function createBybitPublicHub(context: BybitContext): BybitPublicHub {
  const { exchange, faults, category } = context;
  const subscribers = new Map<string, Set<VenueSession>>();
  const topicsOf = new Map<VenueSession, Set<string>>();
  const books = new Map<string, BookTopic>();
  const candles = new Map<string, CandleTopic>();
  /** Channels that are served from recorded frames, `book XRPUSDT`: nothing generated is mixed in. */
  const recorded = new Set<string>();
  const lastRecordedBook = new Map<string, Uint8Array>();
  const tickers = new Map<string, { sent: Readonly<Record<string, string>>; at: number }>();
  const lastPrices = new Map<string, { price: number; tick: string }>();
  let sequence = 0;

  const levelOne = setInterval(() => {
    for (const book of books.values()) if (book.depth === 1) book.repeatIfQuiet(performance.now());
  }, LEVEL_ONE_LOOK_MS);

  const parse = (name: string): PublicTopic | null => parseTopic(name, category, context.instrument);

  function broadcast(topic: string, symbol: string, frame: string | Uint8Array): void {
    if (faults.isPublicPaused(symbol)) return;
    const sessions = subscribers.get(topic);
    if (sessions === undefined || sessions.size === 0) return;
    const times = faults.take('duplicatePublicFrame') ? 2 : 1;
    for (const session of sessions) for (let time = 0; time < times; time += 1) session.sendData(frame);
  }

  function bookOf(topic: PublicTopic, instrument: Instrument): BookTopic {
    const known = books.get(topic.name);
    if (known !== undefined) return known;
    const created = createBookTopic({
      topic: topic.name,
      depth: topic.depth,
      stampFirst: category.stampFirst,
      instrument,
      book: () => exchange.book(topic.symbol, topic.depth),
      now: () => context.now(),
      restarts: () => hasSubscribers(topic.name) && faults.take('bookServiceRestarts'),
      send(frame) {
        // Level 1 is whole each time: leaving one out breaks no sequence.
        const left = topic.depth > 1 && faults.take('dropPublicFrame');
        if (!left) broadcast(topic.name, topic.symbol, frame);
      },
    });
    books.set(topic.name, created);
    return created;
  }

  function hasSubscribers(topic: string): boolean {
    return (subscribers.get(topic)?.size ?? 0) > 0;
  }

  function onBookChange(symbol: string, time: number): void {
    if (faults.isPublicPaused(symbol)) return;
    for (const book of books.values()) {
      if (book.symbol !== symbol || !hasSubscribers(book.topic)) continue;
      if (book.depth !== 1 && recorded.has(`book ${symbol}`)) continue;
      if (book.depth === 1 && recorded.has(`quotes ${symbol}`)) continue;
      book.onChange(time);
    }
  }

  function onTrade(event: TradeEvent): void {
    const instrument = context.instrument(event.symbol);
    if (instrument === null) return;
    const before = lastPrices.get(event.symbol);
    const tick = tickDirection(event.price, before);
    lastPrices.set(event.symbol, { price: event.price, tick });
    const name = `publicTrade.${event.symbol}`;
    if (recorded.has(`trades ${event.symbol}`) || !hasSubscribers(name)) return;
    sequence += 1;
    broadcast(name, event.symbol, tradeFrame(name, event, instrument, tick));
  }

  /** Spot names neither the direction of the price nor, until last, the symbol. */
  function tradeFrame(topic: string, event: TradeEvent, instrument: Instrument, tick: string): string {
    const T = Math.floor(event.time);
    const S = event.takerSide === 'buy' ? 'Buy' : 'Sell';
    const v = formatScaled(event.size, instrument.sizeScale);
    const p = formatScaled(event.price, instrument.priceScale);
    const [s, i, ts] = [event.symbol, event.tradeId, context.now()];
    const rest = { BT: false, RPI: false, seq: sequence };
    return category.stampFirst
      ? JSON.stringify({ topic, ts, type: 'snapshot', data: [{ i, T, p, v, S, s, ...rest }] })
      : JSON.stringify({ topic, type: 'snapshot', ts, data: [{ T, s, S, v, p, L: tick, i, ...rest }] });
  }

  function fieldsOf(symbol: string): Readonly<Record<string, string>> | null {
    const instrument = context.instrument(symbol);
    if (instrument === null) return null;
    if (!category.hasPositions) return spotTickerFields(exchange.ticker(symbol), instrument);
    const book = exchange.book(symbol, 1);
    const level = (side: readonly (readonly [number, number])[]): readonly [string, string] => {
      const best = side[0];
      if (best === undefined) return ['', ''];
      return [formatScaled(best[0], instrument.priceScale), formatScaled(best[1], instrument.sizeScale)];
    };
    return tickerFields(exchange.ticker(symbol), instrument, { bid: level(book.bids), ask: level(book.asks) });
  }

  function tickerFrame(symbol: string, type: 'snapshot' | 'delta', data: Readonly<Record<string, string>>): string {
    sequence += 1;
    const [topic, ts] = [`tickers.${symbol}`, context.now()];
    return category.hasPositions
      ? JSON.stringify({ topic, type, data, cs: sequence, ts })
      : JSON.stringify({ topic, ts, type, cs: sequence, data });
  }

  function onTicker(symbol: string, time: number): void {
    const name = `tickers.${symbol}`;
    const last = tickers.get(symbol);
    if (last === undefined || recorded.has(`ticker ${symbol}`) || !hasSubscribers(name)) return;
    if (time - last.at < (category.hasPositions ? TICKER_MS : SPOT_TICKER_MS) || faults.isPublicPaused(symbol)) return;
    const fields = fieldsOf(symbol);
    if (fields === null) return;
    const changed = Object.entries(fields).filter(([field, value]) => last.sent[field] !== value);
    if (changed.length === 0) return;
    tickers.set(symbol, { sent: fields, at: time });
    // Spot tells the whole each time.
    const frame = category.hasPositions
      ? tickerFrame(symbol, 'delta', { symbol, ...Object.fromEntries(changed) })
      : tickerFrame(symbol, 'snapshot', fields);
    broadcast(name, symbol, frame);
  }

  function candlesOf(topic: PublicTopic, instrument: Instrument): CandleTopic {
    const known = candles.get(topic.name);
    if (known !== undefined) return known;
    const created = createCandleTopic({
      topic: topic.name,
      instrument,
      lastPrice: () => exchange.ticker(topic.symbol).lastPrice,
      now: () => context.now(),
      send: (frame) => broadcast(topic.name, topic.symbol, frame),
    });
    candles.set(topic.name, created);
    return created;
  }

  /** Of a recording the candles are what it holds. */
  function onCandles(symbol: string, tell: (candle: CandleTopic) => void): void {
    if (recorded.size > 0) return;
    for (const candle of candles.values()) if (candle.symbol === symbol) tell(candle);
  }

  function onRecorded(event: Extract<SimulatedMarketEvent, { kind: 'raw' }>): void {
    recorded.add(`${event.channel} ${event.symbol}`);
    if (event.channel === 'book') {
      lastRecordedBook.set(event.symbol, event.frame);
      const heard = BOOK_DEPTHS.some((depth) => depth > 1 && hasSubscribers(`orderbook.${depth}.${event.symbol}`));
      if (heard && faults.take('dropPublicFrame')) return;
      for (const depth of BOOK_DEPTHS) {
        if (depth > 1) broadcast(`orderbook.${depth}.${event.symbol}`, event.symbol, event.frame);
      }
      onBookChange(event.symbol, event.time);
      return;
    }
    const topic = {
      trades: `publicTrade.${event.symbol}`,
      quotes: `orderbook.1.${event.symbol}`,
      ticker: `tickers.${event.symbol}`,
      liquidations: `allLiquidation.${event.symbol}`,
      candles: event.stream,
      news: event.stream,
      status: event.stream,
      other: event.stream,
    }[event.channel];
    broadcast(topic, event.symbol, event.frame);
  }

  /** For who joins a recording in its middle: the book of now under the recording's topic and update number, which its next frame follows. */
  function recordedSnapshot(symbol: string, instrument: Instrument): string | null {
    const frame = lastRecordedBook.get(symbol);
    const last: unknown = frame === undefined ? null : JSON.parse(Buffer.from(frame).toString('utf8'));
    if (!isRecord(last) || !isRecord(last.data)) return null;
    const book = exchange.book(symbol, Number(String(last.topic).split('.')[1]));
    const data = { ...last.data, ...bookLevels(book, instrument) };
    return JSON.stringify({ ...last, type: 'snapshot', data });
  }

  return {
    subscribe(session, names) {
      const held = topicsOf.get(session) ?? new Set<string>();
      const invalid = names.find((name) => parse(name) === null);
      if (invalid !== undefined) return `Invalid topic: ${invalid}`;
      const characters = [...new Set([...held, ...names])].reduce((sum, name) => sum + name.length, 0);
      if (characters > MAX_ARGUMENT_CHARACTERS) return `args exceed ${MAX_ARGUMENT_CHARACTERS} characters`;
      topicsOf.set(session, held);
      for (const name of names) {
        held.add(name);
        const sessions = subscribers.get(name) ?? new Set<VenueSession>();
        sessions.add(session);
        subscribers.set(name, sessions);
      }
      return null;
    },
    welcome(session, names) {
      for (const name of names) {
        const topic = parse(name);
        const instrument = topic === null ? null : context.instrument(topic.symbol);
        if (topic === null || instrument === null || faults.isPublicPaused(topic.symbol)) continue;
        if (topic.kind === 'orderbook') {
          const isRecorded = topic.depth !== 1 && lastRecordedBook.has(topic.symbol);
          const snapshot = isRecorded
            ? recordedSnapshot(topic.symbol, instrument)
            : bookOf(topic, instrument).snapshot(subscribers.get(name)?.size === 1);
          if (snapshot !== null) session.sendData(snapshot);
        } else if (topic.kind === 'kline') {
          if (recorded.size === 0) candlesOf(topic, instrument).onTime(exchange.now());
        } else if (topic.kind === 'tickers' && !recorded.has(`ticker ${topic.symbol}`)) {
          const fields = fieldsOf(topic.symbol);
          if (fields === null) continue;
          const last = tickers.get(topic.symbol);
          if (last === undefined) tickers.set(topic.symbol, { sent: fields, at: Number.NEGATIVE_INFINITY });
          session.sendData(tickerFrame(topic.symbol, 'snapshot', last?.sent ?? fields));
        }
      }
    },
    unsubscribe(session, names) {
      const invalid = names.find((name) => parse(name) === null);
      if (invalid !== undefined) return `Invalid topic: ${invalid}`;
      for (const name of names) {
        topicsOf.get(session)?.delete(name);
        subscribers.get(name)?.delete(session);
      }
      return null;
    },
    forget(session) {
      for (const name of topicsOf.get(session) ?? []) subscribers.get(name)?.delete(session);
      topicsOf.delete(session);
    },
    onMarket(event) {
      switch (event.kind) {
        case 'bookChange':
          onBookChange(event.symbol, event.time);
          onCandles(event.symbol, (candle) => candle.onTime(event.time));
          return;
        case 'trade':
          onTrade(event);
          onCandles(event.symbol, (candle) => candle.onTrade(event));
          return;
        case 'ticker':
          onTicker(event.ticker.symbol, event.time);
          return;
        case 'raw':
          onRecorded(event);
          return;
        case 'end':
          return;
      }
    },
    onLiquidation(fill) {
      const instrument = context.instrument(fill.symbol);
      const name = `allLiquidation.${fill.symbol}`;
      if (instrument === null || !hasSubscribers(name)) return;
      const data = {
        T: Math.floor(fill.time),
        s: fill.symbol,
        // The side of the position that was closed.
        S: fill.side === 'sell' ? 'Buy' : 'Sell',
        v: formatScaled(fill.size, instrument.sizeScale),
        p: formatScaled(fill.price, instrument.priceScale),
      };
      broadcast(name, fill.symbol, JSON.stringify({ topic: name, type: 'snapshot', ts: context.now(), data: [data] }));
    },
    close() {
      clearInterval(levelOne);
      for (const book of books.values()) book.close();
    },
  };
}

function tickDirection(price: number, before: { readonly price: number; readonly tick: string } | undefined): string {
  if (before === undefined || price > before.price) return 'PlusTick';
  if (price < before.price) return 'MinusTick';
  return before.tick.startsWith('Zero') ? before.tick : `Zero${before.tick}`;
}
