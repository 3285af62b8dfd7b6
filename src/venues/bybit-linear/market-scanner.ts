import type { LevelText } from '#core/market/market-message.ts';
import { formatScaled, type Price, type Size } from '#core/market/scaled-decimal.ts';
import type { EpochMs } from '#core/time/clock.ts';
import { asciiText, ByteScanner, keyCode, literal } from '../connection/byte-scanner.ts';
import { type ScanInstrument, ScanInstruments } from '../connection/scan-instruments.ts';
import { ReusedBook, ReusedQuote, ReusedTrade } from '../connection/scanned-values.ts';
import type { ScanTarget } from '../venue.ts';
import type { BestLevels, BookMemory } from './book-memory.ts';

const QUOTE = 34;
const COMMA = 44;
const POINT = 46;
const BRACKET = 91;
const BRACKET_END = 93;
const BRACE = 123;
const BRACE_END = 125;

const BOOK = literal('{"topic":"orderbook.');
const TRADES = literal('{"topic":"publicTrade.');
const SNAPSHOT = literal('"snapshot"');
const DELTA = literal('"delta"');
const BUY = literal('"Buy"');
const SELL = literal('"Sell"');
const TRUE = literal('true');
const FALSE = literal('false');

const KEY = {
  type: keyCode('type'),
  ts: keyCode('ts'),
  cts: keyCode('cts'),
  data: keyCode('data'),
  s: keyCode('s'),
  b: keyCode('b'),
  a: keyCode('a'),
  u: keyCode('u'),
  seq: keyCode('seq'),
  T: keyCode('T'),
  S: keyCode('S'),
  v: keyCode('v'),
  p: keyCode('p'),
  L: keyCode('L'),
  i: keyCode('i'),
  BT: keyCode('BT'),
  RPI: keyCode('RPI'),
} as const;

/** One bit for each field that may stand once. */
const FRAME = { type: 1, ts: 2, data: 4, cts: 8 } as const;
const FRAME_FIELDS = FRAME.type | FRAME.ts | FRAME.data;
const BOOK_DATA = { s: 1, b: 2, a: 4, u: 8, seq: 16 } as const;
const BOOK_FIELDS = BOOK_DATA.s | BOOK_DATA.b | BOOK_DATA.a | BOOK_DATA.u;
const ROW = { T: 1, s: 2, S: 4, v: 8, p: 16, i: 32, L: 64, BT: 128, RPI: 256, seq: 512 } as const;
const ROW_FIELDS = ROW.T | ROW.s | ROW.S | ROW.v | ROW.p | ROW.i;

/** Digits of a book's depth in its topic. */
const MAX_DEPTH_DIGITS = 4;

/** Best levels that were scanned; text is made of them only if a delta asks for it. */
class ScannedBest implements BestLevels {
  update = 0;
  bidPrice = 0;
  bidSize = 0;
  askPrice = 0;
  askSize = 0;
  readonly #instrument: ScanInstrument;

  constructor(instrument: ScanInstrument) {
    this.#instrument = instrument;
  }

  get bid(): LevelText {
    return this.#text(this.bidPrice, this.bidSize);
  }

  get ask(): LevelText {
    return this.#text(this.askPrice, this.askSize);
  }

  #text(price: number, size: number): LevelText {
    return [formatScaled(price, this.#instrument.priceScale), formatScaled(size, this.#instrument.sizeScale)];
  }
}

/**
 * Reads `orderbook.{depth}` and `publicTrade` frames from their bytes; of `orderbook.1` the snapshots with one level a side, which is what the venue documents.
 * Fields may stand in any order as long as `topic` is first and `s` comes before what its scales are needed for. Whatever is otherwise is not recognised, with
 * nothing said and nothing remembered.
 */
export class BybitLinearScanner {
  readonly #instruments: ScanInstruments;
  readonly #emit: ScanTarget['emit'];
  readonly #memory: BookMemory;
  readonly #scanner = new ByteScanner();
  readonly #book = new ReusedBook();
  readonly #quote = new ReusedQuote();
  readonly #best = new Map<ScanInstrument, ScannedBest>();
  readonly #trades: ReusedTrade[] = [];
  #tradeCount = 0;
  /** Of the `data` read last. */
  #instrument: ScanInstrument | null = null;

  constructor({ instruments, emit }: ScanTarget, memory: BookMemory) {
    this.#instruments = new ScanInstruments(instruments.values());
    this.#emit = emit;
    this.#memory = memory;
  }

  /** True if the frame was recognised; then what it says has been emitted. What the receiver throws is thrown on. */
  scan(bytes: Uint8Array): boolean {
    const scanner = this.#scanner;
    const end = bytes.length;
    const book = scanner.matches(bytes, 0, end, BOOK);
    if (book >= 0) {
      const depth = scanner.count(bytes, book, end);
      if (depth < 0 || depth - book > MAX_DEPTH_DIGITS || depth >= end || bytes[depth] !== POINT) return false;
      return this.#onBook(bytes, depth + 1, end, scanner.value);
    }
    const trades = scanner.matches(bytes, 0, end, TRADES);
    return trades >= 0 && this.#onTrades(bytes, trades, end);
  }

  #onBook(bytes: Uint8Array, start: number, end: number, depth: number): boolean {
    const scanner = this.#scanner;
    const book = this.#book;
    let sent = 0;
    let made = 0;
    let seen = 0;
    let at = afterTopic(scanner, bytes, start, end);
    for (;;) {
      if (at < 0) return false;
      at = scanner.key(bytes, at, end);
      if (at < 0) return false;
      let field = 0;
      switch (scanner.value) {
        case KEY.type: {
          field = FRAME.type;
          const delta = scanner.matches(bytes, at, end, DELTA);
          book.isSnapshot = delta < 0;
          at = delta < 0 ? scanner.matches(bytes, at, end, SNAPSHOT) : delta;
          break;
        }
        case KEY.ts:
          field = FRAME.ts;
          at = scanner.time(bytes, at, end);
          sent = scanner.value;
          break;
        case KEY.cts:
          field = FRAME.cts;
          at = scanner.time(bytes, at, end);
          made = scanner.value;
          break;
        case KEY.data:
          field = FRAME.data;
          at = this.#bookData(bytes, at, end);
          break;
        default:
          return false;
      }
      if (at < 0 || (seen & field) !== 0) return false;
      seen |= field;
      if (at >= end || bytes[at] !== COMMA) break;
      at += 1;
    }
    // Set by `data`, which has been seen.
    const instrument = this.#instrument;
    if ((seen & ~FRAME.cts) !== FRAME_FIELDS || instrument === null || !isLast(bytes, at, end)) return false;
    book.symbol = instrument.symbol;
    book.priceScale = instrument.priceScale;
    book.sizeScale = instrument.sizeScale;
    book.firstSequence = book.lastSequence;
    book.exchangeTime = (made === 0 ? sent : made) as EpochMs;
    if (depth === 1) return this.#onBest(instrument);
    if (depth === 0) return false;
    if (this.#memory.isChosen(instrument.symbol, String(depth))) this.#emit(book);
    return true;
  }

  /** `{"s","b","a","u","seq"}` */
  #bookData(bytes: Uint8Array, start: number, end: number): number {
    const scanner = this.#scanner;
    const book = this.#book;
    let instrument: ScanInstrument | null = null;
    let seen = 0;
    if (start >= end || bytes[start] !== BRACE) return -1;
    let at = start + 1;
    for (;;) {
      at = scanner.key(bytes, at, end);
      if (at < 0) return -1;
      let field = 0;
      switch (scanner.value) {
        case KEY.s:
          field = BOOK_DATA.s;
          instrument = this.#instruments.find(scanner, bytes, at, end);
          if (instrument === null) return -1;
          at += instrument.quoted.length;
          break;
        case KEY.b:
          field = BOOK_DATA.b;
          if (instrument === null) return -1;
          at = scanner.levels(bytes, at, end, book.bids, instrument.priceScale, instrument.sizeScale);
          break;
        case KEY.a:
          field = BOOK_DATA.a;
          if (instrument === null) return -1;
          at = scanner.levels(bytes, at, end, book.asks, instrument.priceScale, instrument.sizeScale);
          break;
        case KEY.u:
          field = BOOK_DATA.u;
          at = scanner.count(bytes, at, end);
          book.lastSequence = scanner.value;
          break;
        case KEY.seq:
          field = BOOK_DATA.seq;
          at = scanner.count(bytes, at, end);
          break;
        default:
          return -1;
      }
      if (at < 0 || (seen & field) !== 0) return -1;
      seen |= field;
      if (at >= end || bytes[at] !== COMMA) break;
      at += 1;
    }
    if ((seen & ~BOOK_DATA.seq) !== BOOK_FIELDS || at >= end || bytes[at] !== BRACE_END) return -1;
    this.#instrument = instrument;
    return at + 1;
  }

  /** A snapshot of one level a side is a quote; anything else of `orderbook.1` needs what was known before. */
  #onBest(instrument: ScanInstrument): boolean {
    const { isSnapshot, bids, asks, lastSequence, exchangeTime, symbol } = this.#book;
    const [bidPrice = 0, bidSize = 0] = [bids.prices[0], bids.sizes[0]];
    const [askPrice = 0, askSize = 0] = [asks.prices[0], asks.sizes[0]];
    if (!isSnapshot || bids.count !== 1 || asks.count !== 1 || bidSize === 0 || askSize === 0) return false;
    let best = this.#best.get(instrument);
    if (best === undefined) {
      best = new ScannedBest(instrument);
      this.#best.set(instrument, best);
    }
    best.update = lastSequence;
    best.bidPrice = bidPrice;
    best.bidSize = bidSize;
    best.askPrice = askPrice;
    best.askSize = askSize;
    this.#memory.best.set(symbol, best);
    const quote = this.#quote;
    quote.symbol = symbol;
    quote.bidPrice = bidPrice as Price;
    quote.bidSize = bidSize as Size;
    quote.askPrice = askPrice as Price;
    quote.askSize = askSize as Size;
    quote.exchangeTime = exchangeTime;
    this.#emit(quote);
    return true;
  }

  #onTrades(bytes: Uint8Array, start: number, end: number): boolean {
    const scanner = this.#scanner;
    let seen = 0;
    let at = afterTopic(scanner, bytes, start, end);
    for (;;) {
      if (at < 0) return false;
      at = scanner.key(bytes, at, end);
      if (at < 0) return false;
      let field = 0;
      switch (scanner.value) {
        case KEY.type:
          field = FRAME.type;
          at = scanner.matches(bytes, at, end, SNAPSHOT);
          break;
        case KEY.ts:
          field = FRAME.ts;
          at = scanner.count(bytes, at, end);
          break;
        case KEY.data:
          field = FRAME.data;
          at = this.#rows(bytes, at, end);
          break;
        default:
          return false;
      }
      if (at < 0 || (seen & field) !== 0) return false;
      seen |= field;
      if (at >= end || bytes[at] !== COMMA) break;
      at += 1;
    }
    if (seen !== FRAME_FIELDS || !isLast(bytes, at, end)) return false;
    for (let index = 0; index < this.#tradeCount; index += 1) this.#emit(this.#trades[index] as ReusedTrade);
    return true;
  }

  /** `[{"T","s","S","v","p","L"?,"i","BT"?,"RPI"?,"seq"?},…]`, all of them before any is told. */
  #rows(bytes: Uint8Array, start: number, end: number): number {
    this.#tradeCount = 0;
    if (start >= end || bytes[start] !== BRACKET) return -1;
    let at = start + 1;
    for (;;) {
      at = this.#row(bytes, at, end);
      if (at < 0 || at >= end) return -1;
      this.#tradeCount += 1;
      if (bytes[at] === BRACKET_END) return at + 1;
      if (bytes[at] !== COMMA) return -1;
      at += 1;
    }
  }

  #row(bytes: Uint8Array, start: number, end: number): number {
    const scanner = this.#scanner;
    let trade = this.#trades[this.#tradeCount];
    if (trade === undefined) {
      trade = new ReusedTrade();
      this.#trades.push(trade);
    }
    let instrument: ScanInstrument | null = null;
    let seen = 0;
    if (start >= end || bytes[start] !== BRACE) return -1;
    let at = start + 1;
    for (;;) {
      at = scanner.key(bytes, at, end);
      if (at < 0) return -1;
      let field = 0;
      switch (scanner.value) {
        case KEY.T:
          field = ROW.T;
          at = scanner.time(bytes, at, end);
          trade.exchangeTime = scanner.value as EpochMs;
          break;
        case KEY.s:
          field = ROW.s;
          instrument = this.#instruments.find(scanner, bytes, at, end);
          if (instrument === null) return -1;
          at += instrument.quoted.length;
          trade.symbol = instrument.symbol;
          break;
        case KEY.S: {
          field = ROW.S;
          const buy = scanner.matches(bytes, at, end, BUY);
          trade.side = buy < 0 ? 'sell' : 'buy';
          at = buy < 0 ? scanner.matches(bytes, at, end, SELL) : buy;
          break;
        }
        case KEY.v:
          field = ROW.v;
          if (instrument === null) return -1;
          at = scanner.decimal(bytes, at, end, instrument.sizeScale);
          trade.size = scanner.value as Size;
          break;
        case KEY.p:
          field = ROW.p;
          if (instrument === null) return -1;
          at = scanner.decimal(bytes, at, end, instrument.priceScale);
          trade.price = scanner.value as Price;
          break;
        case KEY.i:
          field = ROW.i;
          at = scanner.text(bytes, at, end);
          if (at < 0 || scanner.from === scanner.to) return -1;
          trade.id = asciiText(bytes, scanner.from, scanner.to);
          break;
        case KEY.L:
          field = ROW.L;
          at = scanner.text(bytes, at, end);
          break;
        case KEY.BT:
          field = ROW.BT;
          at = flag(scanner, bytes, at, end);
          break;
        case KEY.RPI:
          field = ROW.RPI;
          at = flag(scanner, bytes, at, end);
          break;
        case KEY.seq:
          field = ROW.seq;
          at = scanner.count(bytes, at, end);
          break;
        default:
          return -1;
      }
      if (at < 0 || (seen & field) !== 0) return -1;
      seen |= field;
      if (at >= end || bytes[at] !== COMMA) break;
      at += 1;
    }
    const isWhole = (seen & ROW_FIELDS) === ROW_FIELDS && at < end && bytes[at] === BRACE_END;
    return isWhole ? at + 1 : -1;
  }
}

/** From inside the topic's text to the first key after it. */
function afterTopic(scanner: ByteScanner, bytes: Uint8Array, start: number, end: number): number {
  const at = scanner.plainEnd(bytes, start, end);
  return at >= 0 && at + 1 < end && bytes[at] === QUOTE && bytes[at + 1] === COMMA ? at + 2 : -1;
}

function flag(scanner: ByteScanner, bytes: Uint8Array, at: number, end: number): number {
  const next = scanner.matches(bytes, at, end, FALSE);
  return next < 0 ? scanner.matches(bytes, at, end, TRUE) : next;
}

function isLast(bytes: Uint8Array, at: number, end: number): boolean {
  return at + 1 === end && bytes[at] === BRACE_END;
}
