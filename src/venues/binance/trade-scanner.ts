import type { Price, Size } from '#core/market/scaled-decimal.ts';
import type { EpochMs } from '#core/time/clock.ts';
import { asciiText, type ByteScanner, literal } from '../connection/byte-scanner.ts';
import type { ScanInstrument, ScanInstruments } from '../connection/scan-instruments.ts';
import { ReusedTrade } from '../connection/scanned-values.ts';
import type { ScanTarget } from '../venue.ts';
import type { EventScannerParts } from './market-scanner.ts';
import { type EventFields, FIELD, isLast, isWhole, KEY, usdMargined } from './scan-fields.ts';
import type { StreamTime } from './stream-time.ts';

const COMMA = 44;
const MARKET = literal('"MARKET"');
const TRUE = literal('true');
const FALSE = literal('false');

/** Reads `trade` (its id is `t`) or `aggTrade` (its id is `a`) from its bytes. */
export class TradeScanner {
  readonly #scanner: ByteScanner;
  readonly #instruments: ScanInstruments;
  readonly #time: StreamTime;
  readonly #emit: ScanTarget['emit'];
  readonly #fields: EventFields;
  readonly #idKey: number;
  readonly #idField: number;
  readonly #trade = new ReusedTrade();

  constructor(parts: EventScannerParts, fields: EventFields) {
    this.#scanner = parts.scanner;
    this.#instruments = parts.instruments;
    this.#time = parts.time;
    this.#emit = parts.emit;
    this.#fields = fields;
    const single = (fields.required & FIELD.t) !== 0;
    this.#idKey = single ? KEY.t : KEY.a;
    this.#idField = single ? FIELD.t : FIELD.a;
  }

  /** True if the event, whose first key begins at `start`, was recognised; then it has been emitted. */
  scan(bytes: Uint8Array, start: number, end: number): boolean {
    const scanner = this.#scanner;
    const trade = this.#trade;
    let eventTime = 0;
    const idKey = this.#idKey;
    let instrument: ScanInstrument | null = null;
    let idFrom = 0;
    let idTo = 0;
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
        case idKey:
          field = this.#idField;
          idFrom = at;
          at = scanner.count(bytes, at, end);
          idTo = at;
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
        case KEY.M: {
          // Spot has it, and says nothing with it.
          field = FIELD.M;
          const told = scanner.matches(bytes, at, end, TRUE);
          at = told < 0 ? scanner.matches(bytes, at, end, FALSE) : told;
          break;
        }
        case KEY.b:
          // The buyer's order, in recordings of older years; `a`, where it is not the id, is the seller's.
          field = FIELD.b;
          at = scanner.count(bytes, at, end);
          break;
        case KEY.a:
          field = FIELD.a;
          at = scanner.count(bytes, at, end);
          break;
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
    if (instrument === null || !isWhole(seen, this.#fields) || !isLast(bytes, at, end)) return false;
    trade.exchangeTime = transactionTime as EpochMs;
    this.#time.note(eventTime);
    trade.symbol = instrument.symbol;
    trade.id = asciiText(bytes, idFrom, idTo);
    this.#emit(trade);
    return true;
  }
}
