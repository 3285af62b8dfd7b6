import { type Price, powerOfTen, type Size } from '#core/market/scaled-decimal.ts';
import type { EpochMs } from '#core/time/clock.ts';
import { asciiText, ByteScanner, keyCode, literal } from '../connection/byte-scanner.ts';
import { type ScanInstrument, ScanInstruments } from '../connection/scan-instruments.ts';
import { NumberScanner } from '../connection/scan-number.ts';
import { ReusedBook, ReusedQuote, ReusedTrade } from '../connection/scanned-values.ts';
import type { ScanTarget } from '../venue.ts';
import type { QuoteMemory } from './quote-memory.ts';
import { AlpacaFieldScanner } from './scan-fields.ts';

const COMMA = 44;
const BRACKET = 91;
const BRACKET_END = 93;
const BRACE = 123;
const BRACE_END = 125;

const QUOTE_KIND = literal('{"T":"q",');
const TRADE_KIND = literal('{"T":"t",');

const KEY = {
  S: keyCode('S'),
  bx: keyCode('bx'),
  bp: keyCode('bp'),
  bs: keyCode('bs'),
  ax: keyCode('ax'),
  ap: keyCode('ap'),
  as: keyCode('as'),
  i: keyCode('i'),
  x: keyCode('x'),
  p: keyCode('p'),
  s: keyCode('s'),
  c: keyCode('c'),
  t: keyCode('t'),
  z: keyCode('z'),
} as const;

/** One bit for each field that may stand once. */
const FIELD = {
  S: 1,
  bp: 2,
  bs: 4,
  ap: 8,
  as: 16,
  i: 32,
  p: 64,
  s: 128,
  t: 256,
  bx: 512,
  ax: 1024,
  x: 2048,
  c: 4096,
  z: 8192,
};
const QUOTE_NEEDS = FIELD.S | FIELD.bp | FIELD.bs | FIELD.ap | FIELD.as | FIELD.t;
const QUOTE_FIELDS = QUOTE_NEEDS | FIELD.bx | FIELD.ax | FIELD.c | FIELD.z;
const TRADE_NEEDS = FIELD.S | FIELD.i | FIELD.p | FIELD.s | FIELD.t;
const TRADE_FIELDS = TRADE_NEEDS | FIELD.x | FIELD.c | FIELD.z;

/** One message as it was read, until the whole frame has been. */
class ScannedRow {
  isQuote = false;
  instrument: ScanInstrument | null = null;
  bidPrice = 0;
  bidSize = 0;
  askPrice = 0;
  askSize = 0;
  id = '';
  price = 0;
  size = 0;
  time = 0;
}

/**
 * Reads frames that hold nothing but quotes (`q`) and trades (`t`) of its instruments. `T` stands first in every message and `S` before what its scales are needed for, as the
 * venue writes them; the other fields may stand in any order. Whatever is otherwise is not recognised, with nothing said and nothing remembered.
 */
export class AlpacaScanner {
  readonly #instruments: ScanInstruments;
  readonly #emit: ScanTarget['emit'];
  readonly #memory: QuoteMemory;
  readonly #scanner = new ByteScanner();
  readonly #numbers = new NumberScanner();
  readonly #fields = new AlpacaFieldScanner();
  readonly #rows: ScannedRow[] = [];
  readonly #book = new ReusedBook();
  readonly #quote = new ReusedQuote();
  readonly #trade = new ReusedTrade();

  constructor({ instruments, emit }: ScanTarget, memory: QuoteMemory) {
    this.#instruments = new ScanInstruments(instruments.values());
    this.#emit = emit;
    this.#memory = memory;
  }

  /** True if the frame was recognised; then what it says has been emitted. What the receiver throws is thrown on. */
  scan(bytes: Uint8Array): boolean {
    const end = bytes.length;
    if (end < 2 || bytes[0] !== BRACKET) return false;
    let at = 1;
    let count = 0;
    for (;;) {
      at = this.#message(bytes, at, end, this.#row(count));
      if (at < 0 || at >= end) return false;
      count += 1;
      if (bytes[at] === BRACKET_END) break;
      if (bytes[at] !== COMMA) return false;
      at += 1;
    }
    if (at + 1 !== end) return false;
    for (let index = 0; index < count; index += 1) this.#tell(this.#row(index));
    return true;
  }

  #row(index: number): ScannedRow {
    let row = this.#rows[index];
    if (row === undefined) {
      row = new ScannedRow();
      this.#rows.push(row);
    }
    return row;
  }

  /** One message of the list; the place after it, or -1. */
  #message(bytes: Uint8Array, start: number, end: number, row: ScannedRow): number {
    if (start >= end || bytes[start] !== BRACE) return -1;
    const quote = this.#scanner.matches(bytes, start, end, QUOTE_KIND);
    row.isQuote = quote >= 0;
    row.instrument = null;
    let at = row.isQuote ? quote : this.#scanner.matches(bytes, start, end, TRADE_KIND);
    let seen = 0;
    for (;;) {
      if (at < 0) return -1;
      at = this.#scanner.key(bytes, at, end);
      if (at < 0) return -1;
      const field = fieldOf(this.#scanner.value);
      if (field === 0 || (seen & field) !== 0) return -1;
      seen |= field;
      at = this.#value(bytes, at, end, field, row);
      if (at < 0 || at >= end) return -1;
      if (bytes[at] !== COMMA) break;
      at += 1;
    }
    const [needs, fields] = row.isQuote ? [QUOTE_NEEDS, QUOTE_FIELDS] : [TRADE_NEEDS, TRADE_FIELDS];
    if ((seen & needs) !== needs || (seen & ~fields) !== 0 || bytes[at] !== BRACE_END) return -1;
    return at + 1;
  }

  #value(bytes: Uint8Array, at: number, end: number, field: number, row: ScannedRow): number {
    switch (field) {
      case FIELD.S: {
        const instrument = this.#instruments.find(this.#scanner, bytes, at, end);
        row.instrument = instrument;
        return instrument === null ? -1 : at + instrument.quoted.length;
      }
      case FIELD.t: {
        const next = this.#fields.timestamp(bytes, at, end);
        row.time = this.#fields.time;
        return next;
      }
      case FIELD.i: {
        const next = this.#scanner.count(bytes, at, end);
        if (next < 0) return -1;
        row.id = asciiText(bytes, at, next);
        return next;
      }
      case FIELD.c:
        return this.#fields.texts(bytes, at, end);
      case FIELD.bx:
      case FIELD.ax:
      case FIELD.x:
      case FIELD.z:
        return this.#fields.text(bytes, at, end);
      default:
        return this.#number(bytes, at, end, field, row);
    }
  }

  #number(bytes: Uint8Array, at: number, end: number, field: number, row: ScannedRow): number {
    const { instrument } = row;
    if (instrument === null) return -1;
    const isPrice = field === FIELD.bp || field === FIELD.ap || field === FIELD.p;
    const next = this.#numbers.decimal(bytes, at, end, isPrice ? instrument.priceScale : instrument.sizeScale);
    const { value } = this.#numbers;
    switch (field) {
      case FIELD.bp:
        row.bidPrice = value;
        break;
      case FIELD.bs:
        row.bidSize = value;
        break;
      case FIELD.ap:
        row.askPrice = value;
        break;
      case FIELD.as:
        row.askSize = value;
        break;
      case FIELD.p:
        row.price = value;
        break;
      default:
        row.size = value;
    }
    return next;
  }

  #tell(row: ScannedRow): void {
    const { instrument } = row;
    if (instrument === null) return;
    if (row.isQuote) this.#tellQuote(row, instrument);
    else this.#tellTrade(row, instrument);
  }

  #tellQuote(row: ScannedRow, instrument: ScanInstrument): void {
    const { symbol, priceScale, sizeScale } = instrument;
    const hasBid = row.bidPrice > 0 && row.bidSize > 0;
    const hasAsk = row.askPrice > 0 && row.askSize > 0;
    const unit = powerOfTen(priceScale);
    // A quotient of whole numbers below 2^53 is the double nearest to the decimal: what the parser has too.
    const sequence = this.#memory.onQuote(symbol, hasBid ? row.bidPrice / unit : 0, hasAsk ? row.askPrice / unit : 0);
    const book = this.#book;
    book.symbol = symbol;
    book.isSnapshot = true;
    book.priceScale = priceScale;
    book.sizeScale = sizeScale;
    book.bids.count = hasBid ? 1 : 0;
    book.bids.prices[0] = row.bidPrice;
    book.bids.sizes[0] = row.bidSize;
    book.asks.count = hasAsk ? 1 : 0;
    book.asks.prices[0] = row.askPrice;
    book.asks.sizes[0] = row.askSize;
    book.firstSequence = sequence;
    book.lastSequence = sequence;
    book.exchangeTime = row.time as EpochMs;
    this.#emit(book);
    if (!hasBid || !hasAsk) return;
    const quote = this.#quote;
    quote.symbol = symbol;
    quote.bidPrice = row.bidPrice as Price;
    quote.bidSize = row.bidSize as Size;
    quote.askPrice = row.askPrice as Price;
    quote.askSize = row.askSize as Size;
    quote.sequence = sequence;
    quote.exchangeTime = row.time as EpochMs;
    this.#emit(quote);
  }

  #tellTrade(row: ScannedRow, { symbol, priceScale }: ScanInstrument): void {
    const trade = this.#trade;
    trade.symbol = symbol;
    trade.id = row.id;
    trade.price = row.price as Price;
    trade.size = row.size as Size;
    trade.side = this.#memory.takerOf(symbol, row.price / powerOfTen(priceScale));
    trade.exchangeTime = row.time as EpochMs;
    this.#emit(trade);
  }
}

function fieldOf(key: number): number {
  switch (key) {
    case KEY.S:
      return FIELD.S;
    case KEY.bx:
      return FIELD.bx;
    case KEY.bp:
      return FIELD.bp;
    case KEY.bs:
      return FIELD.bs;
    case KEY.ax:
      return FIELD.ax;
    case KEY.ap:
      return FIELD.ap;
    case KEY.as:
      return FIELD.as;
    case KEY.i:
      return FIELD.i;
    case KEY.x:
      return FIELD.x;
    case KEY.p:
      return FIELD.p;
    case KEY.s:
      return FIELD.s;
    case KEY.c:
      return FIELD.c;
    case KEY.t:
      return FIELD.t;
    case KEY.z:
      return FIELD.z;
    default:
      return 0;
  }
}
