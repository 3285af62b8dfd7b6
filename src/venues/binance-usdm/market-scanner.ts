import type { Price, Size } from '#core/market/scaled-decimal.ts';
import type { EpochMs } from '#core/time/clock.ts';
import { ByteScanner, keyCode, literal, NOT_READ } from '../connection/byte-scanner.ts';
import { type ScanInstrument, ScanInstruments } from '../connection/scan-instruments.ts';
import { ReusedBook, ReusedQuote, ReusedTrade } from '../connection/scanned-values.ts';
import type { ScanTarget } from '../venue.ts';

const COMMA = 44;
const BRACE_END = 125;
const USD_MARGINED = 1;

const STREAM = literal('{"stream":');
const DATA = literal(',"data":{"e":"');
const DEPTH = literal('depthUpdate",');
const QUOTE = literal('bookTicker",');
const AGGREGATE = literal('aggTrade",');
const TRADE = literal('trade",');
const DIFF = literal('@depth');
const MARKET = literal('"MARKET"');
const TRUE = literal('true');
const FALSE = literal('false');

/** Keys of `data`; letters mean different things in different events. */
const KEY = {
  E: keyCode('E'),
  T: keyCode('T'),
  s: keyCode('s'),
  U: keyCode('U'),
  u: keyCode('u'),
  pu: keyCode('pu'),
  b: keyCode('b'),
  B: keyCode('B'),
  a: keyCode('a'),
  A: keyCode('A'),
  t: keyCode('t'),
  p: keyCode('p'),
  q: keyCode('q'),
  nq: keyCode('nq'),
  f: keyCode('f'),
  l: keyCode('l'),
  m: keyCode('m'),
  X: keyCode('X'),
  st: keyCode('st'),
  ps: keyCode('ps'),
} as const;

/** One bit for each field that an event must have exactly once. */
const FIELD = {
  E: 1,
  T: 1 << 1,
  s: 1 << 2,
  U: 1 << 3,
  u: 1 << 4,
  pu: 1 << 5,
  b: 1 << 6,
  B: 1 << 7,
  a: 1 << 8,
  A: 1 << 9,
  t: 1 << 10,
  p: 1 << 11,
  q: 1 << 12,
  nq: 1 << 13,
  f: 1 << 14,
  l: 1 << 15,
  m: 1 << 16,
  X: 1 << 17,
  st: 1 << 18,
  ps: 1 << 19,
} as const;

const OPTIONAL = FIELD.st | FIELD.ps | FIELD.nq;
const DEPTH_FIELDS = FIELD.E | FIELD.T | FIELD.s | FIELD.U | FIELD.u | FIELD.pu | FIELD.b | FIELD.a;
const QUOTE_FIELDS = FIELD.E | FIELD.T | FIELD.s | FIELD.u | FIELD.b | FIELD.B | FIELD.a | FIELD.A;
const AGGREGATE_FIELDS = FIELD.E | FIELD.T | FIELD.s | FIELD.a | FIELD.p | FIELD.q | FIELD.f | FIELD.l | FIELD.m;
const TRADE_FIELDS = FIELD.E | FIELD.T | FIELD.s | FIELD.t | FIELD.p | FIELD.q | FIELD.X | FIELD.m;

/**
 * Reads the hot events of combined streams (`{"stream":…,"data":{"e":…}}`) from their bytes: `depthUpdate` of diff streams, `bookTicker`, `aggTrade`, `trade`.
 * Fields may stand in any order as long as `s` comes before what its scales are needed for; `st`, `ps` and `nq` may be there. Whatever is otherwise is not
 * recognised, with nothing said.
 */
export class BinanceUsdmScanner {
  readonly #instruments: ScanInstruments;
  readonly #emit: ScanTarget['emit'];
  readonly #scanner = new ByteScanner();
  readonly #book = new ReusedBook();
  readonly #quote = new ReusedQuote();
  readonly #trade = new ReusedTrade();

  constructor({ instruments, emit }: ScanTarget) {
    this.#instruments = new ScanInstruments(instruments.values());
    this.#emit = emit;
  }

  /** True if the frame was recognised; then what it says has been emitted. What the receiver throws is thrown on. */
  scan(bytes: Uint8Array): boolean {
    const scanner = this.#scanner;
    const end = bytes.length;
    let at = scanner.matches(bytes, 0, end, STREAM);
    if (at < 0) return false;
    at = scanner.text(bytes, at, end);
    if (at < 0) return false;
    const { from, to } = scanner;
    at = scanner.matches(bytes, at, end, DATA);
    if (at < 0) return false;
    let next = scanner.matches(bytes, at, end, DEPTH);
    if (next >= 0) return isDiffStream(scanner, bytes, from, to) && this.#onDepth(bytes, next, end);
    next = scanner.matches(bytes, at, end, QUOTE);
    if (next >= 0) return this.#onQuote(bytes, next, end);
    next = scanner.matches(bytes, at, end, TRADE);
    if (next >= 0) return this.#onTrade(bytes, next, end, TRADE_FIELDS);
    next = scanner.matches(bytes, at, end, AGGREGATE);
    return next >= 0 && this.#onTrade(bytes, next, end, AGGREGATE_FIELDS);
  }

  #onDepth(bytes: Uint8Array, start: number, end: number): boolean {
    const scanner = this.#scanner;
    const book = this.#book;
    let instrument: ScanInstrument | null = null;
    let seen = 0;
    let at = start;
    for (;;) {
      at = scanner.key(bytes, at, end);
      if (at < 0) return false;
      let field = 0;
      switch (scanner.value) {
        case KEY.E:
          field = FIELD.E;
          at = scanner.count(bytes, at, end);
          break;
        case KEY.T:
          field = FIELD.T;
          at = scanner.time(bytes, at, end);
          book.exchangeTime = scanner.value as EpochMs;
          break;
        case KEY.s:
          field = FIELD.s;
          instrument = this.#instruments.find(scanner, bytes, at, end);
          if (instrument === null) return false;
          at += instrument.quoted.length;
          break;
        case KEY.U:
          field = FIELD.U;
          at = scanner.count(bytes, at, end);
          book.firstSequence = scanner.value;
          break;
        case KEY.u:
          field = FIELD.u;
          at = scanner.count(bytes, at, end);
          book.lastSequence = scanner.value;
          break;
        case KEY.pu:
          field = FIELD.pu;
          at = scanner.count(bytes, at, end);
          book.previousSequence = scanner.value;
          break;
        case KEY.b:
          field = FIELD.b;
          if (instrument === null) return false;
          at = scanner.levels(bytes, at, end, book.bids, instrument.priceScale, instrument.sizeScale);
          break;
        case KEY.a:
          field = FIELD.a;
          if (instrument === null) return false;
          at = scanner.levels(bytes, at, end, book.asks, instrument.priceScale, instrument.sizeScale);
          break;
        case KEY.st:
          field = FIELD.st;
          at = usdMargined(scanner, bytes, at, end);
          break;
        case KEY.ps:
          field = FIELD.ps;
          at = scanner.text(bytes, at, end);
          break;
        default:
          return false;
      }
      if (at < 0 || (seen & field) !== 0) return false;
      seen |= field;
      if (at >= end || bytes[at] !== COMMA) break;
      at += 1;
    }
    if (instrument === null || (seen & ~OPTIONAL) !== DEPTH_FIELDS || !isLast(bytes, at, end)) return false;
    if (book.firstSequence > book.lastSequence) return false;
    book.symbol = instrument.symbol;
    book.priceScale = instrument.priceScale;
    book.sizeScale = instrument.sizeScale;
    this.#emit(book);
    return true;
  }

  #onQuote(bytes: Uint8Array, start: number, end: number): boolean {
    const scanner = this.#scanner;
    const quote = this.#quote;
    let instrument: ScanInstrument | null = null;
    let seen = 0;
    let at = start;
    for (;;) {
      at = scanner.key(bytes, at, end);
      if (at < 0) return false;
      let field = 0;
      switch (scanner.value) {
        case KEY.E:
          field = FIELD.E;
          at = scanner.count(bytes, at, end);
          break;
        case KEY.T:
          field = FIELD.T;
          at = scanner.time(bytes, at, end);
          quote.exchangeTime = scanner.value as EpochMs;
          break;
        case KEY.s:
          field = FIELD.s;
          instrument = this.#instruments.find(scanner, bytes, at, end);
          if (instrument === null) return false;
          at += instrument.quoted.length;
          break;
        case KEY.u:
          field = FIELD.u;
          at = scanner.count(bytes, at, end);
          quote.sequence = scanner.value;
          break;
        case KEY.b:
          field = FIELD.b;
          if (instrument === null) return false;
          at = scanner.decimal(bytes, at, end, instrument.priceScale);
          quote.bidPrice = scanner.value as Price;
          break;
        case KEY.B:
          field = FIELD.B;
          if (instrument === null) return false;
          at = scanner.decimal(bytes, at, end, instrument.sizeScale);
          quote.bidSize = scanner.value as Size;
          break;
        case KEY.a:
          field = FIELD.a;
          if (instrument === null) return false;
          at = scanner.decimal(bytes, at, end, instrument.priceScale);
          quote.askPrice = scanner.value as Price;
          break;
        case KEY.A:
          field = FIELD.A;
          if (instrument === null) return false;
          at = scanner.decimal(bytes, at, end, instrument.sizeScale);
          quote.askSize = scanner.value as Size;
          break;
        case KEY.st:
          field = FIELD.st;
          at = usdMargined(scanner, bytes, at, end);
          break;
        case KEY.ps:
          field = FIELD.ps;
          at = scanner.text(bytes, at, end);
          break;
        default:
          return false;
      }
      if (at < 0 || (seen & field) !== 0) return false;
      seen |= field;
      if (at >= end || bytes[at] !== COMMA) break;
      at += 1;
    }
    if (instrument === null || (seen & ~OPTIONAL) !== QUOTE_FIELDS || !isLast(bytes, at, end)) return false;
    quote.symbol = instrument.symbol;
    this.#emit(quote);
    return true;
  }

  /** `aggTrade` (its id is `a`) and `trade` (its id is `t`, `X` says how it was made). */
  #onTrade(bytes: Uint8Array, start: number, end: number, fields: number): boolean {
    const scanner = this.#scanner;
    const trade = this.#trade;
    const idKey = fields === TRADE_FIELDS ? KEY.t : KEY.a;
    let instrument: ScanInstrument | null = null;
    let id = 0;
    let seen = 0;
    let at = start;
    for (;;) {
      at = scanner.key(bytes, at, end);
      if (at < 0) return false;
      let field = 0;
      switch (scanner.value) {
        case KEY.E:
          field = FIELD.E;
          at = scanner.count(bytes, at, end);
          break;
        case KEY.T:
          field = FIELD.T;
          at = scanner.time(bytes, at, end);
          trade.exchangeTime = scanner.value as EpochMs;
          break;
        case KEY.s:
          field = FIELD.s;
          instrument = this.#instruments.find(scanner, bytes, at, end);
          if (instrument === null) return false;
          at += instrument.quoted.length;
          break;
        case idKey:
          field = idKey === KEY.t ? FIELD.t : FIELD.a;
          at = scanner.count(bytes, at, end);
          id = scanner.value;
          break;
        case KEY.p:
          field = FIELD.p;
          if (instrument === null) return false;
          at = scanner.decimal(bytes, at, end, instrument.priceScale);
          trade.price = scanner.value as Price;
          break;
        case KEY.q:
          field = FIELD.q;
          if (instrument === null) return false;
          at = scanner.decimal(bytes, at, end, instrument.sizeScale);
          trade.size = scanner.value as Size;
          break;
        case KEY.f:
          field = FIELD.f;
          at = scanner.count(bytes, at, end);
          break;
        case KEY.l:
          field = FIELD.l;
          at = scanner.count(bytes, at, end);
          break;
        case KEY.m: {
          field = FIELD.m;
          const taken = scanner.matches(bytes, at, end, TRUE);
          trade.side = taken < 0 ? 'buy' : 'sell';
          at = taken < 0 ? scanner.matches(bytes, at, end, FALSE) : taken;
          break;
        }
        case KEY.X:
          // Those made outside the book (`INSURANCE_FUND`, `ADL`) are not told on.
          field = FIELD.X;
          at = scanner.matches(bytes, at, end, MARKET);
          break;
        case KEY.nq:
          field = FIELD.nq;
          at = scanner.text(bytes, at, end);
          break;
        case KEY.st:
          field = FIELD.st;
          at = usdMargined(scanner, bytes, at, end);
          break;
        case KEY.ps:
          field = FIELD.ps;
          at = scanner.text(bytes, at, end);
          break;
        default:
          return false;
      }
      if (at < 0 || (seen & field) !== 0) return false;
      seen |= field;
      if (at >= end || bytes[at] !== COMMA) break;
      at += 1;
    }
    if (instrument === null || (seen & ~OPTIONAL) !== fields || !isLast(bytes, at, end)) return false;
    trade.symbol = instrument.symbol;
    trade.id = String(id);
    this.#emit(trade);
    return true;
  }
}

/** The event and its envelope end here, and so does the frame. */
function isLast(bytes: Uint8Array, at: number, end: number): boolean {
  return at + 2 === end && bytes[at] === BRACE_END && bytes[at + 1] === BRACE_END;
}

/** `st`: 2 is coin-margined, which the parser leaves out. */
function usdMargined(scanner: ByteScanner, bytes: Uint8Array, at: number, end: number): number {
  const next = scanner.count(bytes, at, end);
  return scanner.value === USD_MARGINED ? next : NOT_READ;
}

/** `btcusdt@depth`, `btcusdt@depth@100ms`, but neither `btcusdt@depth20` nor `btcusdt@rpiDepth`. */
function isDiffStream(scanner: ByteScanner, bytes: Uint8Array, from: number, to: number): boolean {
  const name = bytes.indexOf(64, from);
  if (name <= from || name >= to) return false;
  const at = scanner.matches(bytes, name, to, DIFF);
  return at === to || (at > 0 && bytes[at] === 64);
}
