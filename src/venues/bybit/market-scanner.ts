import { ByteScanner, literal } from '../connection/byte-scanner.ts';
import { ScanInstruments } from '../connection/scan-instruments.ts';
import type { ScanTarget } from '../venue.ts';
import type { BookMemory } from './book-memory.ts';
import { BookScanner } from './book-scanner.ts';
import { TradeScanner } from './trade-scanner.ts';

const POINT = 46;
const BOOK = literal('{"topic":"orderbook.');
const TRADES = literal('{"topic":"publicTrade.');

/** Digits of a book's depth in its topic. */
const MAX_DEPTH_DIGITS = 4;

/**
 * Reads books, best quotes and trades from the bytes of their frames, of every category. Fields may stand in any order as long as `topic` is first and a book's
 * `s` comes before its levels. Whatever is otherwise is not recognised, with nothing said and nothing remembered.
 */
export class BybitScanner {
  readonly #scanner = new ByteScanner();
  readonly #books: BookScanner;
  readonly #trades: TradeScanner;

  constructor({ instruments, emit }: ScanTarget, memory: BookMemory) {
    const known = new ScanInstruments(instruments.values());
    this.#books = new BookScanner(this.#scanner, known, emit, memory);
    this.#trades = new TradeScanner(this.#scanner, known, emit);
  }

  /** True if the frame was recognised; then what it says has been emitted. What the receiver throws is thrown on. */
  scan(bytes: Uint8Array): boolean {
    const scanner = this.#scanner;
    const end = bytes.length;
    const book = scanner.matches(bytes, 0, end, BOOK);
    if (book >= 0) {
      const depth = scanner.count(bytes, book, end);
      if (depth < 0 || depth - book > MAX_DEPTH_DIGITS || depth >= end || bytes[depth] !== POINT) return false;
      return this.#books.scan(bytes, depth + 1, end, scanner.value);
    }
    const trades = scanner.matches(bytes, 0, end, TRADES);
    return trades >= 0 && this.#trades.scan(bytes, trades, end);
  }
}
