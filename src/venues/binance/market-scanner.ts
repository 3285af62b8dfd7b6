import { ByteScanner, literal } from '../connection/byte-scanner.ts';
import { ScanInstruments } from '../connection/scan-instruments.ts';
import type { ScanTarget } from '../venue.ts';
import { DepthScanner } from './depth-scanner.ts';
import { QuoteScanner } from './quote-scanner.ts';
import { type EventFields, isDiffStreamAt } from './scan-fields.ts';
import type { StreamTime } from './stream-time.ts';
import { TradeScanner } from './trade-scanner.ts';

const STREAM = literal('{"stream":');
const DATA = literal(',"data":{');
const EVENT = literal('"e":"');
const DEPTH = literal('depthUpdate",');
const QUOTE = literal('bookTicker",');
const AGGREGATE = literal('aggTrade",');
const TRADE = literal('trade",');

/** What the scanners of a connection's events share. */
export interface EventScannerParts {
  readonly scanner: ByteScanner;
  readonly instruments: ScanInstruments;
  readonly time: StreamTime;
  readonly emit: ScanTarget['emit'];
}

/** The fields of the hot events on one market. */
export interface HotEvents {
  readonly depth: EventFields;
  readonly quote: EventFields;
  readonly trade: EventFields;
  readonly aggregate: EventFields;
  /** Spot's `bookTicker` does not name itself. */
  readonly quoteIsNamed: boolean;
}

/**
 * Reads the hot events of combined streams (`{"stream":…,"data":{…}}`) from their bytes: `depthUpdate` of diff streams, `bookTicker`, `aggTrade`, `trade`.
 * Fields may stand in any order as long as `s` comes before what its scales are needed for. Whatever is otherwise is not recognised, with nothing said.
 */
export class BinanceScanner {
  readonly #scanner = new ByteScanner();
  readonly #depth: DepthScanner;
  readonly #quote: QuoteScanner;
  readonly #trade: TradeScanner;
  readonly #aggregate: TradeScanner;
  readonly #quoteIsNamed: boolean;

  constructor({ instruments, emit }: ScanTarget, time: StreamTime, events: HotEvents) {
    const parts = {
      scanner: this.#scanner,
      instruments: new ScanInstruments(instruments.values()),
      time,
      emit,
    };
    this.#depth = new DepthScanner(parts, events.depth);
    this.#quote = new QuoteScanner(parts, events.quote);
    this.#trade = new TradeScanner(parts, events.trade);
    this.#aggregate = new TradeScanner(parts, events.aggregate);
    this.#quoteIsNamed = events.quoteIsNamed;
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
    const data = scanner.matches(bytes, at, end, DATA);
    if (data < 0) return false;
    at = scanner.matches(bytes, data, end, EVENT);
    if (at < 0) return !this.#quoteIsNamed && this.#quote.scan(bytes, data, end);
    let next = scanner.matches(bytes, at, end, DEPTH);
    if (next >= 0) return isDiffStreamAt(scanner, bytes, from, to) && this.#depth.scan(bytes, next, end);
    next = scanner.matches(bytes, at, end, QUOTE);
    if (next >= 0) return this.#quote.scan(bytes, next, end);
    next = scanner.matches(bytes, at, end, TRADE);
    if (next >= 0) return this.#trade.scan(bytes, next, end);
    next = scanner.matches(bytes, at, end, AGGREGATE);
    return next >= 0 && this.#aggregate.scan(bytes, next, end);
  }
}
