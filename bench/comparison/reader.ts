import type { MarketMessage } from '#core/market/market-message.ts';
import { parseScaled, powerOfTen } from '#core/market/scaled-decimal.ts';
import type { ScannedMessage } from '#core/market/scanned-message.ts';
import type { EpochMs } from '#core/time/clock.ts';
import { venues } from '#venues/venues.ts';
import { instrumentOf } from '../book.ts';
import type { Corpus } from '../corpus.ts';

/** A trade as every reader must have read it; decimals as the nearest doubles, which is all that the peers keep. */
export interface ReadTrade {
  readonly id: string;
  readonly price: number;
  readonly size: number;
  readonly side: string;
  readonly time: number;
}

/** Best bid and ask as the venue states them. */
export interface ReadQuote {
  readonly bidPrice: number;
  readonly bidSize: number;
  readonly askPrice: number;
  readonly askSize: number;
}

export type Level = readonly [price: number, size: number];

/** A client's whole way from a frame's bytes to its book and its events, without the socket. */
export interface Reader {
  /** Decodes one frame and applies what it says. */
  read(frame: Buffer): void;
  /** Best prices after the last frame, in the reader's own units; 0 while there are none. */
  top(): number;
  /** What one of those units is worth in the quote currency. */
  readonly topUnit: number;
  /** How many trades and quotes were read so far. */
  readonly said: { trades: number; quotes: number };
  /** The last trade and quote read: asked for between frames by the check alone. */
  lastTrade(): ReadTrade | null;
  lastQuote(): ReadQuote | null;
  /** Every level of the book, best first. */
  levels(side: 'buy' | 'sell'): readonly Level[];
}

/** A way of reading that can be begun again and again. */
export interface ReaderKind {
  readonly label: string;
  create(start: BookStart): Reader;
}

/** Where a book begins that is sent as changes only: an empty one with this number, which the first change follows. */
export interface BookStart {
  readonly corpus: Corpus;
  readonly sequence: number | null;
}

/** The first change's own first number: it joins by the rule of every reader. Null where the stream brings its snapshot. */
export function startOf(corpus: Corpus): BookStart {
  const decode = venues[corpus.venue].marketData.createDecoder();
  for (const frame of corpus.frames) {
    let sequence: number | null | undefined;
    decode(frame, (message) => {
      if (message.type === 'book') sequence = message.isSnapshot ? null : message.firstSequence;
    });
    if (sequence !== undefined) return { corpus, sequence };
  }
  throw new Error(`${corpus.venue}: no book message in the corpus`);
}

/** Ours, by the scanner or by the parser. */
export function ourReader(isScanned: boolean): ReaderKind {
  return {
    label: isScanned ? 'Millrace, scanner' : 'Millrace, parser',
    create: (start) => createOurs(start, isScanned),
  };
}

function createOurs({ corpus, sequence }: BookStart, isScanned: boolean): Reader {
  const { venue, symbol, scales } = corpus;
  const instrument = instrumentOf(corpus);
  const sync = venues[venue].createBookSync(instrument);
  if (sequence !== null) {
    sync.onMessage({
      type: 'book',
      symbol,
      isSnapshot: true,
      bids: [],
      asks: [],
      firstSequence: sequence,
      lastSequence: sequence,
      previousSequence: null,
      exchangeTime: 0 as EpochMs,
    });
  }
  const said = { trades: 0, quotes: 0 };
  const priceUnit = powerOfTen(scales.priceScale);
  const sizeUnit = powerOfTen(scales.sizeScale);
  const price = (value: string | number): number =>
    (typeof value === 'string' ? parseScaled(value, scales.priceScale) : value) / priceUnit;
  const size = (value: string | number): number =>
    (typeof value === 'string' ? parseScaled(value, scales.sizeScale) : value) / sizeUnit;
  let last: MarketMessage | ScannedMessage | null = null;
  const emit = (message: MarketMessage | ScannedMessage): void => {
    last = message;
    if (message.type === 'scannedBook' || message.type === 'book') sync.onMessage(message);
    else if (message.type === 'scannedTrade' || message.type === 'trade') said.trades += 1;
    else if (message.type === 'scannedQuote' || message.type === 'quote') said.quotes += 1;
  };
  const scans = { instruments: new Map([[symbol, instrument]]), emit };
  const decode = venues[venue].marketData.createDecoder(isScanned ? scans : undefined);
  const lastSaid = (): MarketMessage | ScannedMessage | null => last;
  return {
    read: (frame) => decode(frame, emit),
    top: () => (sync.book.valid ? sync.book.bidPrice + sync.book.askPrice : 0),
    topUnit: 1 / priceUnit,
    said,
    lastTrade() {
      const message = lastSaid();
      if (message?.type !== 'trade' && message?.type !== 'scannedTrade') return null;
      const { id, side, exchangeTime } = message;
      return { id, price: price(message.price), size: size(message.size), side, time: exchangeTime };
    },
    lastQuote() {
      const message = lastSaid();
      if (message?.type !== 'quote' && message?.type !== 'scannedQuote') return null;
      return {
        bidPrice: price(message.bidPrice),
        bidSize: size(message.bidSize),
        askPrice: price(message.askPrice),
        askSize: size(message.askSize),
      };
    },
    levels: (side) => sync.book.levels(side).map(([each, amount]) => [each / priceUnit, amount / sizeUnit]),
  };
}
