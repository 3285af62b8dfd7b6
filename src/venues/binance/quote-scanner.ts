import type { Price, Size } from '#core/market/scaled-decimal.ts';
import type { ByteScanner } from '../connection/byte-scanner.ts';
import type { ScanInstrument, ScanInstruments } from '../connection/scan-instruments.ts';
import { ReusedQuote } from '../connection/scanned-values.ts';
import type { ScanTarget } from '../venue.ts';
import type { EventScannerParts } from './market-scanner.ts';
import { type EventFields, FIELD, isLast, isWhole, KEY, usdMargined } from './scan-fields.ts';
import type { StreamTime } from './stream-time.ts';

const COMMA = 44;

/** Reads `bookTicker` from its bytes. */
export class QuoteScanner {
  readonly #scanner: ByteScanner;
  readonly #instruments: ScanInstruments;
  readonly #time: StreamTime;
  readonly #emit: ScanTarget['emit'];
  readonly #fields: EventFields;
  readonly #quote = new ReusedQuote();

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
    const quote = this.#quote;
    let eventTime = 0;
    let instrument: ScanInstrument | null = null;
    let transactionTime = 0;
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
    if (instrument === null || !isWhole(seen, this.#fields) || !isLast(bytes, at, end)) return false;
    quote.exchangeTime = this.#time.of(transactionTime, eventTime);
    quote.symbol = instrument.symbol;
    this.#emit(quote);
    return true;
  }
}
