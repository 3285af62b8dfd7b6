import type { LevelText } from '#core/market/market-message.ts';
import { formatScaled, type Price, type Size } from '#core/market/scaled-decimal.ts';
import type { EpochMs } from '#core/time/clock.ts';
import { type ByteScanner, keyCode, literal } from '../connection/byte-scanner.ts';
import type { ScanInstrument, ScanInstruments } from '../connection/scan-instruments.ts';
import { ReusedBook, ReusedQuote } from '../connection/scanned-values.ts';
import type { ScanTarget } from '../venue.ts';
import type { BestLevels, BookMemory } from './book-memory.ts';
import { afterTopic, COMMA, FRAME, FRAME_FIELDS, FRAME_KEY, isLast, SNAPSHOT } from './frame-scanner.ts';

const BRACE = 123;
const BRACE_END = 125;
const DELTA = literal('"delta"');

const KEY = { s: keyCode('s'), b: keyCode('b'), a: keyCode('a'), u: keyCode('u'), seq: keyCode('seq') } as const;

/** One bit for each field that may stand once. */
const BOOK_DATA = { s: 1, b: 2, a: 4, u: 8, seq: 16 } as const;
const BOOK_FIELDS = BOOK_DATA.s | BOOK_DATA.b | BOOK_DATA.a | BOOK_DATA.u;

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

/** Reads `orderbook.{depth}` frames from their bytes; of `orderbook.1` the snapshots with one level a side, which is what the venue documents. */
export class BookScanner {
  readonly #instruments: ScanInstruments;
  readonly #emit: ScanTarget['emit'];
  readonly #memory: BookMemory;
  readonly #scanner: ByteScanner;
  readonly #book = new ReusedBook();
  readonly #quote = new ReusedQuote();
  readonly #best = new Map<ScanInstrument, ScannedBest>();
  /** Of the `data` read last. */
  #instrument: ScanInstrument | null = null;

  constructor(scanner: ByteScanner, instruments: ScanInstruments, emit: ScanTarget['emit'], memory: BookMemory) {
    this.#scanner = scanner;
    this.#instruments = instruments;
    this.#emit = emit;
    this.#memory = memory;
  }

  /** A frame from behind its topic's depth on. True if it was recognised. */
  scan(bytes: Uint8Array, start: number, end: number, depth: number): boolean {
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
        case FRAME_KEY.type: {
          field = FRAME.type;
          const delta = scanner.matches(bytes, at, end, DELTA);
          book.isSnapshot = delta < 0;
          at = delta < 0 ? scanner.matches(bytes, at, end, SNAPSHOT) : delta;
          break;
        }
        case FRAME_KEY.ts:
          field = FRAME.ts;
          at = scanner.time(bytes, at, end);
          sent = scanner.value;
          break;
        case FRAME_KEY.cts:
          field = FRAME.cts;
          at = scanner.time(bytes, at, end);
          made = scanner.value;
          break;
        case FRAME_KEY.data:
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
}
