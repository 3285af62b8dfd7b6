import type { Price, Size } from '#core/market/scaled-decimal.ts';
import type { EpochMs } from '#core/time/clock.ts';
import { asciiText, ByteScanner, type LevelArrays, literal } from '../connection/byte-scanner.ts';
import { ReusedBook, ReusedQuote, ReusedTrade } from '../connection/scanned-values.ts';
import type { ScanTarget } from '../venue.ts';
import { type ChannelInstrument, ChannelInstruments } from './channel-instruments.ts';
import { KeyScanner, NumberScanner } from './number-scanner.ts';

const QUOTE_MARK = 34;
const COMMA = 44;
const POINT = 46;
const BRACKET = 91;
const BRACKET_END = 93;
const LETTER_C = 99;
const LETTER_D = 100;
const BRACE = 123;
const BRACE_END = 125;

const ENVELOPE = literal('{"jsonrpc":"2.0","method":"subscription","params":{"channel":"');
const BOOK = literal('book.');
const TRADES = literal('trades.');
const QUOTE = literal('quote.');
const DATA = literal('","data":');
const RAW = literal('.raw');
const HUNDRED = literal('.100ms');
const SNAPSHOT = literal('"snapshot"');
const CHANGE = literal('"change"');
const NEW_LEVEL = literal('["new",');
const CHANGED_LEVEL = literal('["change",');
const DELETED_LEVEL = literal('["delete",');
const BUY = literal('"buy"');
const SELL = literal('"sell"');

/** Keys of the three kinds of data, in the order in which the venue writes them; any other order is read as well. */
const BOOK_KEYS = ['type', 'timestamp', 'prev_change_id', 'instrument_name', 'change_id', 'bids', 'asks'] as const;
const QUOTE_KEYS = [
  'timestamp',
  'instrument_name',
  'best_bid_price',
  'best_bid_amount',
  'best_ask_price',
  'best_ask_amount',
] as const;
/** The last six say nothing to us; a trade with any other key is the parser's. */
const TRADE_KEYS = [
  'timestamp',
  'trade_id',
  'price',
  'instrument_name',
  'direction',
  'amount',
  'trade_seq',
  'tick_direction',
  'index_price',
  'mark_price',
  'contracts',
  'iv',
] as const;

/** The place of each key: what a `KeyScanner` gives, and the bit by which a key is known to have been there. */
const BOOK_KEY = { type: 0, timestamp: 1, previous: 2, instrument: 3, changeId: 4, bids: 5, asks: 6 } as const;
const BOOK_FIELDS = 0b111_1011;
const QUOTE_KEY = { timestamp: 0, instrument: 1, bidPrice: 2, bidSize: 3, askPrice: 4, askSize: 5 } as const;
const QUOTE_FIELDS = 0b11_1111;
const TRADE_KEY = { timestamp: 0, id: 1, price: 2, instrument: 3, direction: 4, amount: 5 } as const;
const TRADE_FIELDS = 0b11_1111;

/**
 * Reads `book`, `trades` and `quote` frames from their bytes. The envelope stands as the venue writes it; the fields of the data may stand in any order. Whatever is
 * otherwise is not recognised, with nothing said.
 */
export class DeribitScanner {
  readonly #instruments: ChannelInstruments;
  readonly #emit: ScanTarget['emit'];
  readonly #bytes = new ByteScanner();
  readonly #numbers = new NumberScanner();
  readonly #bookKeys = new KeyScanner(BOOK_KEYS);
  readonly #quoteKeys = new KeyScanner(QUOTE_KEYS);
  readonly #tradeKeys = new KeyScanner(TRADE_KEYS);
  readonly #book = new ReusedBook();
  readonly #quote = new ReusedQuote();
  readonly #trades: ReusedTrade[] = [];
  #tradeCount = 0;
  #last: ChannelInstrument | null = null;

  constructor({ instruments, emit }: ScanTarget) {
    this.#instruments = new ChannelInstruments(instruments.values());
    this.#emit = emit;
  }

  /** True if the frame was recognised; then what it says has been emitted. What the receiver throws is thrown on. */
  scan(bytes: Uint8Array): boolean {
    const end = bytes.length;
    const at = this.#bytes.matches(bytes, 0, end, ENVELOPE);
    if (at < 0) return false;
    const book = this.#bytes.matches(bytes, at, end, BOOK);
    if (book >= 0) return this.#onBook(bytes, book, end);
    const trades = this.#bytes.matches(bytes, at, end, TRADES);
    if (trades >= 0) return this.#onTrades(bytes, trades, end);
    const quote = this.#bytes.matches(bytes, at, end, QUOTE);
    return quote >= 0 && this.#onQuote(bytes, quote, end);
  }

  /** The instrument in a channel's name: that of the last frame before any other. */
  #find(bytes: Uint8Array, at: number, end: number): ChannelInstrument | null {
    const last = this.#last;
    if (last !== null) {
      const next = this.#bytes.matches(bytes, at, end, last.name);
      if (next >= 0 && next < end && (bytes[next] === POINT || bytes[next] === QUOTE_MARK)) return last;
    }
    const found = this.#instruments.find(bytes, at, end);
    if (found !== null) this.#last = found;
    return found;
  }

  /** After the interval of a channel and the key of the data. */
  #interval(bytes: Uint8Array, at: number, end: number): number {
    const raw = this.#bytes.matches(bytes, at, end, RAW);
    const next = raw < 0 ? this.#bytes.matches(bytes, at, end, HUNDRED) : raw;
    return next < 0 ? next : this.#bytes.matches(bytes, next, end, DATA);
  }

  #onBook(bytes: Uint8Array, start: number, end: number): boolean {
    const scanner = this.#bytes;
    const keys = this.#bookKeys;
    const book = this.#book;
    const instrument = this.#find(bytes, start, end);
    if (instrument === null) return false;
    let at = this.#interval(bytes, start + instrument.name.length, end);
    if (at < 0 || at >= end || bytes[at] !== BRACE) return false;
    at += 1;
    let seen = 0;
    keys.begin();
    book.previousSequence = null;
    for (;;) {
      at = keys.next(bytes, at, end);
      if (at < 0) return false;
      const field = 1 << keys.id;
      switch (keys.id) {
        case BOOK_KEY.bids:
          at = this.#levels(bytes, at, end, book.bids, instrument);
          break;
        case BOOK_KEY.asks:
          at = this.#levels(bytes, at, end, book.asks, instrument);
          break;
        case BOOK_KEY.timestamp:
          at = scanner.time(bytes, at, end);
          book.exchangeTime = scanner.value as EpochMs;
          break;
        case BOOK_KEY.changeId:
          at = scanner.count(bytes, at, end);
          book.lastSequence = scanner.value;
          break;
        case BOOK_KEY.previous:
          at = scanner.count(bytes, at, end);
          book.previousSequence = scanner.value;
          break;
        case BOOK_KEY.instrument:
          at = scanner.matches(bytes, at, end, instrument.quoted);
          break;
        case BOOK_KEY.type: {
          const change = scanner.matches(bytes, at, end, CHANGE);
          book.isSnapshot = change < 0;
          at = change < 0 ? scanner.matches(bytes, at, end, SNAPSHOT) : change;
          break;
        }
        default:
          return false;
      }
      if (at < 0 || (seen & field) !== 0) return false;
      seen |= field;
      if (at >= end || bytes[at] !== COMMA) break;
      at += 1;
    }
    if ((seen & BOOK_FIELDS) !== BOOK_FIELDS || !isLast(bytes, at, end)) return false;
    // A change names the one before it, a snapshot none.
    if (book.isSnapshot === (book.previousSequence !== null)) return false;
    book.symbol = instrument.symbol;
    book.priceScale = instrument.priceScale;
    book.sizeScale = instrument.sizeScale;
    book.firstSequence = book.lastSequence;
    this.#emit(book);
    return true;
  }

  /** `[["new",price,amount],…]`; prices above zero. */
  #levels(bytes: Uint8Array, at: number, end: number, into: LevelArrays, instrument: ChannelInstrument): number {
    const scanner = this.#bytes;
    const numbers = this.#numbers;
    into.count = 0;
    if (at + 1 >= end || bytes[at] !== BRACKET) return -1;
    if (bytes[at + 1] === BRACKET_END) return at + 2;
    const { priceScale, sizeScale } = instrument;
    let { prices, sizes } = into;
    let count = 0;
    let next = at + 1;
    for (;;) {
      // Which action it may be is seen by its first letter.
      const letter = next + 2 < end ? bytes[next + 2] : 0;
      const action = letter === LETTER_C ? CHANGED_LEVEL : letter === LETTER_D ? DELETED_LEVEL : NEW_LEVEL;
      next = scanner.matches(bytes, next, end, action);
      if (next < 0) return -1;
      next = numbers.decimal(bytes, next, end, priceScale);
      const price = numbers.value;
      if (next < 0 || price === 0 || bytes[next] !== COMMA) return -1;
      next = numbers.decimal(bytes, next + 1, end, sizeScale);
      if (next < 0 || next + 1 >= end || bytes[next] !== BRACKET_END) return -1;
      if (count === prices.length) {
        into.grow();
        prices = into.prices;
        sizes = into.sizes;
      }
      prices[count] = price;
      sizes[count] = letter === LETTER_D ? 0 : numbers.value;
      count += 1;
      const separator = bytes[next + 1];
      next += 2;
      if (separator === BRACKET_END) break;
      if (separator !== COMMA) return -1;
    }
    into.count = count;
    return next;
  }

  #onQuote(bytes: Uint8Array, start: number, end: number): boolean {
    const scanner = this.#bytes;
    const numbers = this.#numbers;
    const keys = this.#quoteKeys;
    const quote = this.#quote;
    const instrument = this.#find(bytes, start, end);
    if (instrument === null) return false;
    let at = scanner.matches(bytes, start + instrument.name.length, end, DATA);
    if (at < 0 || at >= end || bytes[at] !== BRACE) return false;
    at += 1;
    let seen = 0;
    keys.begin();
    for (;;) {
      at = keys.next(bytes, at, end);
      if (at < 0) return false;
      const field = 1 << keys.id;
      switch (keys.id) {
        case QUOTE_KEY.timestamp:
          at = scanner.time(bytes, at, end);
          quote.exchangeTime = scanner.value as EpochMs;
          break;
        case QUOTE_KEY.instrument:
          at = scanner.matches(bytes, at, end, instrument.quoted);
          break;
        case QUOTE_KEY.bidPrice:
          at = numbers.decimal(bytes, at, end, instrument.priceScale);
          quote.bidPrice = numbers.value as Price;
          break;
        case QUOTE_KEY.bidSize:
          at = numbers.decimal(bytes, at, end, instrument.sizeScale);
          quote.bidSize = numbers.value as Size;
          break;
        case QUOTE_KEY.askPrice:
          at = numbers.decimal(bytes, at, end, instrument.priceScale);
          quote.askPrice = numbers.value as Price;
          break;
        case QUOTE_KEY.askSize:
          at = numbers.decimal(bytes, at, end, instrument.sizeScale);
          quote.askSize = numbers.value as Size;
          break;
        default:
          return false;
      }
      if (at < 0 || (seen & field) !== 0) return false;
      seen |= field;
      if (at >= end || bytes[at] !== COMMA) break;
      at += 1;
    }
    if (seen !== QUOTE_FIELDS || !isLast(bytes, at, end)) return false;
    // An empty side: the parser says what that means.
    if (quote.bidPrice === 0 || quote.bidSize === 0 || quote.askPrice === 0 || quote.askSize === 0) return false;
    quote.symbol = instrument.symbol;
    this.#emit(quote);
    return true;
  }

  #onTrades(bytes: Uint8Array, start: number, end: number): boolean {
    const instrument = this.#find(bytes, start, end);
    if (instrument === null) return false;
    let at = this.#interval(bytes, start + instrument.name.length, end);
    if (at < 0 || at >= end || bytes[at] !== BRACKET) return false;
    at += 1;
    this.#tradeCount = 0;
    for (;;) {
      at = this.#row(bytes, at, end, instrument);
      if (at < 0 || at >= end) return false;
      this.#tradeCount += 1;
      if (bytes[at] === BRACKET_END) break;
      if (bytes[at] !== COMMA) return false;
      at += 1;
    }
    if (at + 3 !== end || bytes[at + 1] !== BRACE_END || bytes[at + 2] !== BRACE_END) return false;
    for (let index = 0; index < this.#tradeCount; index += 1) this.#emit(this.#trades[index] as ReusedTrade);
    return true;
  }

  /** One trade; all of a frame are read before any is told. */
  #row(bytes: Uint8Array, start: number, end: number, instrument: ChannelInstrument): number {
    const scanner = this.#bytes;
    const numbers = this.#numbers;
    const keys = this.#tradeKeys;
    let trade = this.#trades[this.#tradeCount];
    if (trade === undefined) {
      trade = new ReusedTrade();
      this.#trades.push(trade);
    }
    if (start >= end || bytes[start] !== BRACE) return -1;
    let at = start + 1;
    let seen = 0;
    keys.begin();
    for (;;) {
      at = keys.next(bytes, at, end);
      if (at < 0) return -1;
      const field = 1 << keys.id;
      switch (keys.id) {
        case TRADE_KEY.timestamp:
          at = scanner.time(bytes, at, end);
          trade.exchangeTime = scanner.value as EpochMs;
          break;
        case TRADE_KEY.instrument:
          at = scanner.matches(bytes, at, end, instrument.quoted);
          break;
        case TRADE_KEY.id:
          at = scanner.text(bytes, at, end);
          if (at < 0 || scanner.from === scanner.to) return -1;
          trade.id = asciiText(bytes, scanner.from, scanner.to);
          break;
        case TRADE_KEY.price:
          at = numbers.decimal(bytes, at, end, instrument.priceScale);
          trade.price = numbers.value as Price;
          break;
        case TRADE_KEY.amount:
          at = numbers.decimal(bytes, at, end, instrument.sizeScale);
          trade.size = numbers.value as Size;
          break;
        case TRADE_KEY.direction: {
          const buy = scanner.matches(bytes, at, end, BUY);
          trade.side = buy < 0 ? 'sell' : 'buy';
          at = buy < 0 ? scanner.matches(bytes, at, end, SELL) : buy;
          break;
        }
        default:
          at = numbers.anyNumber(bytes, at, end);
      }
      if (at < 0 || (seen & field) !== 0) return -1;
      seen |= field;
      if (at >= end || bytes[at] !== COMMA) break;
      at += 1;
    }
    trade.symbol = instrument.symbol;
    return (seen & TRADE_FIELDS) === TRADE_FIELDS && at < end && bytes[at] === BRACE_END ? at + 1 : -1;
  }
}

/** The data, the parameters and the frame end here. */
function isLast(bytes: Uint8Array, at: number, end: number): boolean {
  return at + 3 === end && bytes[at] === BRACE_END && bytes[at + 1] === BRACE_END && bytes[at + 2] === BRACE_END;
}
