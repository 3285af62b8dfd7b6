import type { Price, Size } from '#core/market/scaled-decimal.ts';
import type { EpochMs } from '#core/time/clock.ts';
import { asciiText, type ByteScanner, keyCode, literal } from '../connection/byte-scanner.ts';
import type { ScanInstrument, ScanInstruments } from '../connection/scan-instruments.ts';
import { ReusedTrade } from '../connection/scanned-values.ts';
import type { ScanTarget } from '../venue.ts';
import { afterTopic, COMMA, FRAME, FRAME_FIELDS, FRAME_KEY, isLast, SNAPSHOT } from './frame-scanner.ts';

const BRACKET = 91;
const BRACKET_END = 93;
const BRACE = 123;
const BRACE_END = 125;

const BUY = literal('"Buy"');
const SELL = literal('"Sell"');
const TRUE = literal('true');
const FALSE = literal('false');

const KEY = {
  s: keyCode('s'),
  T: keyCode('T'),
  S: keyCode('S'),
  v: keyCode('v'),
  p: keyCode('p'),
  L: keyCode('L'),
  i: keyCode('i'),
  BT: keyCode('BT'),
  RPI: keyCode('RPI'),
  seq: keyCode('seq'),
} as const;

/** One bit for each field that may stand once. */
const ROW = { T: 1, s: 2, S: 4, v: 8, p: 16, i: 32, L: 64, BT: 128, RPI: 256, seq: 512 } as const;
const ROW_FIELDS = ROW.T | ROW.s | ROW.S | ROW.v | ROW.p | ROW.i;

/** Reads `publicTrade` frames from their bytes: all rows of a frame or none. */
export class TradeScanner {
  readonly #instruments: ScanInstruments;
  readonly #emit: ScanTarget['emit'];
  readonly #scanner: ByteScanner;
  readonly #trades: ReusedTrade[] = [];
  #tradeCount = 0;

  constructor(scanner: ByteScanner, instruments: ScanInstruments, emit: ScanTarget['emit']) {
    this.#scanner = scanner;
    this.#instruments = instruments;
    this.#emit = emit;
  }

  /** A frame from inside its topic on. True if it was recognised. */
  scan(bytes: Uint8Array, start: number, end: number): boolean {
    const scanner = this.#scanner;
    let seen = 0;
    let at = afterTopic(scanner, bytes, start, end);
    for (;;) {
      if (at < 0) return false;
      at = scanner.key(bytes, at, end);
      if (at < 0) return false;
      let field = 0;
      switch (scanner.value) {
        case FRAME_KEY.type:
          field = FRAME.type;
          at = scanner.matches(bytes, at, end, SNAPSHOT);
          break;
        case FRAME_KEY.ts:
          field = FRAME.ts;
          at = scanner.count(bytes, at, end);
          break;
        case FRAME_KEY.data:
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
    // Spot names the symbol last: numbers that stand before it are read once their scales are known.
    let sizeAt = -1;
    let priceAt = -1;
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
          if (instrument === null) {
            sizeAt = at;
            at = scanner.text(bytes, at, end);
            break;
          }
          at = scanner.decimal(bytes, at, end, instrument.sizeScale);
          trade.size = scanner.value as Size;
          break;
        case KEY.p:
          field = ROW.p;
          if (instrument === null) {
            priceAt = at;
            at = scanner.text(bytes, at, end);
            break;
          }
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
    if (!isWhole || instrument === null) return -1;
    if (sizeAt >= 0) {
      if (scanner.decimal(bytes, sizeAt, end, instrument.sizeScale) < 0) return -1;
      trade.size = scanner.value as Size;
    }
    if (priceAt >= 0) {
      if (scanner.decimal(bytes, priceAt, end, instrument.priceScale) < 0) return -1;
      trade.price = scanner.value as Price;
    }
    return at + 1;
  }
}

function flag(scanner: ByteScanner, bytes: Uint8Array, at: number, end: number): number {
  const next = scanner.matches(bytes, at, end, FALSE);
  return next < 0 ? scanner.matches(bytes, at, end, TRUE) : next;
}
