import { MillraceError } from '#core/errors.ts';
import type { BookSync } from '#core/market/book-sync.ts';
import type { BookScales } from '#core/market/book-writer.ts';
import type { VenueId } from '#core/market/instrument.ts';
import type { BookMessage, LevelText, MarketMessage } from '#core/market/market-message.ts';
import { AlpacaBookSync } from '#venues/alpaca/book-sync.ts';
import { BinanceSpotBookSync } from '#venues/binance-spot/book-sync.ts';
import { BinanceUsdmBookSync } from '#venues/binance-usdm/book-sync.ts';
import { BybitBookSync } from '#venues/bybit/book-sync.ts';
import { DeribitBookSync } from '#venues/deribit/book-sync.ts';
import { venues } from '#venues/venues.ts';
import { RecordedDepthSnapshots } from './binance-recording.ts';
import { normalizedLine } from './normalized-line.ts';
import { RecordedBook } from './recorded-book.ts';
import type { RecordedLine } from './recorded-frames.ts';

/** Where normalized lines go, and what people are told. */
export interface NormalizerOutput {
  line(text: string): void;
  /** Something that is wrong with no frame: a gap, a book without a snapshot. */
  notice(text: string): void;
}

const BOOK_SYNCS: Readonly<Record<VenueId, (symbol: string, scales: BookScales) => BookSync>> = {
  'binance-usdm': (symbol, scales) => new BinanceUsdmBookSync(symbol, scales),
  'binance-spot': (symbol, scales) => new BinanceSpotBookSync(symbol, scales),
  'bybit-linear': (symbol, scales) => new BybitBookSync(symbol, scales),
  'bybit-spot': (symbol, scales) => new BybitBookSync(symbol, scales),
  deribit: (symbol, scales) => new DeribitBookSync(symbol, scales),
  alpaca: (symbol, scales) => new AlpacaBookSync(symbol, scales),
};

/** Turns the lines of one venue's recordings, in order, into normalized lines. State goes on over files: a recording may be cut into several. */
export class Normalizer {
  readonly #venue: VenueId;
  readonly #output: NormalizerOutput;
  readonly #decode: (frame: Buffer, emit: (message: MarketMessage) => void) => void;
  readonly #emit: (message: MarketMessage) => void;
  readonly #books = new Map<string, RecordedBook>();
  readonly #snapshots: RecordedDepthSnapshots | null;
  #said = 0;
  /** Sound frames that hold nothing which has a normalized form: other channels, unknown ones. */
  #other = 0;

  constructor(venue: VenueId, output: NormalizerOutput) {
    this.#venue = venue;
    this.#output = output;
    this.#decode = venues[venue].marketData.createDecoder();
    this.#emit = (message) => {
      this.#said += 1;
      this.#onMessage(message);
    };
    this.#snapshots = venue.startsWith('binance-') ? new RecordedDepthSnapshots() : null;
  }

  /** One line. Throws a `validation` error for what cannot be read: nothing else is lost by it. */
  onLine(record: RecordedLine): void {
    if (record.kind === 'bad') throw new MillraceError('validation', 'RECORD_INVALID', record.reason);
    const { frame, receivedAt } = record;
    if (this.#snapshots !== null && RecordedDepthSnapshots.looksLike(frame)) {
      const snapshot = this.#snapshots.read(frame, record.kind === 'rest' ? record.url : null, receivedAt);
      if (snapshot !== null) this.#onBook(snapshot);
    } else if (record.kind === 'frame' || isOpenInterest(record.url)) {
      const before = this.#said;
      this.#decode(frame, this.#emit);
      if (this.#said === before) this.#other += 1;
    }
  }

  /** The end of the input. With `depth` the state of each book is told, so many levels a side. Throws if a snapshot never learnt its symbol. */
  end(depth: number | null): void {
    for (const book of this.#books.values()) {
      book.end();
      if (depth === null) continue;
      const state = book.state();
      const cut = (levels: readonly LevelText[]): readonly LevelText[] => levels.slice(0, depth);
      this.#output.line(JSON.stringify({ ...state, bids: cut(state.bids), asks: cut(state.asks) }));
    }
    if (this.#other > 0) this.#output.notice(`FRAMES_OTHER: frames=${this.#other} of channels that are not normalized`);
    const waiting = this.#snapshots?.waiting ?? 0;
    if (waiting > 0) {
      throw new MillraceError(
        'validation',
        'SNAPSHOT_SYMBOL',
        `snapshots=${waiting} do not name their symbol, and no diff does`,
      );
    }
  }

  #onMessage(message: MarketMessage): void {
    switch (message.type) {
      case 'book':
        for (const snapshot of this.#snapshots?.beforeDiff(message.symbol) ?? []) this.#onBook(snapshot);
        this.#onBook(message);
        return;
      case 'trade':
      case 'quote':
      case 'ticker':
      case 'liquidation':
        this.#output.line(normalizedLine(message));
        return;
      case 'candle':
      case 'news':
      case 'tradingStatus':
        // Market data without a normalized form: nothing was said.
        this.#said -= 1;
        return;
      default:
        // Answers and notices of the connection are no market data.
        return;
    }
  }

  #onBook(message: BookMessage): void {
    const said = this.#bookOf(message.symbol).onMessage(message);
    if (said !== null) this.#output.line(normalizedLine(said));
  }

  #bookOf(symbol: string): RecordedBook {
    const known = this.#books.get(symbol);
    if (known !== undefined) return known;
    const book = new RecordedBook(
      symbol,
      (scales) => BOOK_SYNCS[this.#venue](symbol, scales),
      this.#snapshots !== null,
      (text) => this.#output.notice(text),
    );
    this.#books.set(symbol, book);
    return book;
  }
}

/** Of REST answers the decoder reads this one alone. */
function isOpenInterest(url: string): boolean {
  return URL.canParse(url) && new URL(url).pathname.endsWith('/openInterest');
}
