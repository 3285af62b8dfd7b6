import type { EpochMs } from '#core/time/clock.ts';
import type { ByteScanner } from '../connection/byte-scanner.ts';
import type { ScanInstrument, ScanInstruments } from '../connection/scan-instruments.ts';
import { ReusedBook } from '../connection/scanned-values.ts';
import type { ScanTarget } from '../venue.ts';
import type { EventScannerParts } from './market-scanner.ts';
import { type EventFields, FIELD, isLast, isWhole, KEY, usdMargined } from './scan-fields.ts';
import type { StreamTime } from './stream-time.ts';

const COMMA = 44;

/** Reads `depthUpdate` from its bytes. `s` comes before `b` and `a`, whose scales it says; the other fields may stand in any order. */
export class DepthScanner {
  readonly #scanner: ByteScanner;
  readonly #instruments: ScanInstruments;
  readonly #time: StreamTime;
  readonly #emit: ScanTarget['emit'];
  readonly #fields: EventFields;
  readonly #book = new ReusedBook();

  constructor(parts: EventScannerParts, fields: EventFields) {
    this.#scanner = parts.scanner;
    this.#instruments = parts.instruments;
    this.#time = parts.time;
    this.#emit = parts.emit;
    this.#fields = fields;
  }

  /** True if the event, whose first key begins at `start`, was recognised; then it has been emitted. */
  scan(bytes: Uint8Array, start: number, end: number): boolean {
    const scanner = this.#scanner;
    const book = this.#book;
    let eventTime = 0;
    let instrument: ScanInstrument | null = null;
    let transactionTime = 0;
    let previous: number | null = null;
    let seen = 0;
    let at = start;
    for (;;) {
      at = scanner.key(bytes, at, end);
      if (at < 0) return false;
      let field = 0;
      switch (scanner.value) {
        case KEY.E:
          field = FIELD.E;
          at = scanner.time(bytes, at, end);
          eventTime = scanner.value;
          break;
        case KEY.T:
          field = FIELD.T;
          at = scanner.time(bytes, at, end);
          transactionTime = scanner.value;
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
          previous = scanner.value;
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
    if (instrument === null || !isWhole(seen, this.#fields) || !isLast(bytes, at, end)) return false;
    if (book.firstSequence > book.lastSequence) return false;
    book.exchangeTime = (transactionTime === 0 ? eventTime : transactionTime) as EpochMs;
    book.previousSequence = previous;
    this.#time.note(eventTime);
    book.symbol = instrument.symbol;
    book.priceScale = instrument.priceScale;
    book.sizeScale = instrument.sizeScale;
    this.#emit(book);
    return true;
  }
}
