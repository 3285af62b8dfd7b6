import type { BookMessage, MarketMessage, QuoteMessage } from '#core/market/market-message.ts';
import { frameInvalid, isObject, parseFrame } from '../connection/frame-fields.ts';
import { TickerMemory } from '../connection/ticker-memory.ts';
import type { ScanTarget } from '../venue.ts';
import { BookMemory } from './book-memory.ts';
import type { BybitCategory } from './category.ts';
import { BybitScanner } from './market-scanner.ts';
import {
  bestLevel,
  type RawFrame,
  readBook,
  readCandles,
  readFormerLiquidation,
  readLiquidations,
  readRequestAnswer,
  readTicker,
  readTrades,
} from './messages.ts';

const BOOK = 'orderbook.';

/** Reads frames of the public streams, whichever category. `orderbook.1` gives quotes, deeper books give books. */
export function createBybitDecoder(
  category: BybitCategory,
  scans?: ScanTarget,
): (frame: Buffer, emit: (message: MarketMessage) => void) => void {
  const tickers = new TickerMemory();
  const memory = new BookMemory();
  const scanner = scans === undefined ? null : new BybitScanner(scans, memory);

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
    } else if (topic.startsWith('liquidation.')) {
      emit(readFormerLiquidation(frame));
    } else if (topic.startsWith('allLiquidation.')) {
      for (const liquidation of readLiquidations(frame)) emit(liquidation);
    } else if (topic.startsWith('kline.')) {
      for (const candle of readCandles(topic, frame)) emit(candle);
    } else if (category.readOther !== undefined) {
      for (const message of category.readOther(frame)) emit(message);
    }
  };
}
