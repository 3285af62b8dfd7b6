import type { Instrument, InstrumentKind, VenueId } from '#core/market/instrument.ts';
import type { BookMessage, MarketMessage } from '#core/market/market-message.ts';
import type { OrderBook } from '#core/market/order-book.ts';
import type { Price, Size } from '#core/market/scaled-decimal.ts';
import type { ScannedMessage } from '#core/market/scanned-message.ts';
import { venues } from '#venues/venues.ts';
import { type Bar, type Benchmark, type BenchmarkRow, compareWithFirst } from './benchmark.ts';
import { type Corpus, corpora } from './corpus.ts';

/** Messages already decoded → book; and the whole way from bytes to the top of the book. */
export const bookBenchmark: Benchmark = {
  name: 'book',
  what: 'one book message applied by its sequence rule; and one frame from bytes to the top of the book',
  run() {
    return corpora().flatMap((corpus) => {
      const { venue, frames } = corpus;
      const instrument = instrumentOf(corpus);
      const messages = booksOf(corpus);
      const levels = messages.reduce((sum, { bids, asks }) => sum + bids.length + asks.length, 0) / messages.length;
      const start = startOf(messages);
      requireSameBook(corpus, start);
      const rows = compareWithFirst([
        {
          label: `${venue}: JSON.parse`,
          pass() {
            let parsed: unknown = null;
            for (const frame of frames) parsed = JSON.parse(frame.toString());
            return { operations: parsed === null ? 0 : frames.length };
          },
        },
        {
          label: `${venue}: apply`,
          note: `${levels.toFixed(1)} levels a message`,
          pass() {
            const sync = venues[venue].createBookSync(instrument);
            for (const message of start) sync.onMessage(message);
            let applied = 0;
            for (const message of messages) if (sync.onMessage(message).kind === 'applied') applied += 1;
            return { operations: requireMost(applied, messages.length) };
          },
        },
        {
          label: `${venue}: parse + apply + top`,
          note: corpus.origin,
          pass: () => ({ operations: follow(corpus, start, false).top > 0 ? frames.length : 0 }),
        },
        {
          label: `${venue}: scan + apply + top`,
          pass: () => ({ operations: follow(corpus, start, true).top > 0 ? frames.length : 0 }),
        },
      ]);
      return againstParse(rows);
    });
  },
  bars: (rows) =>
    rows
      .filter(({ label }) => label.includes('scan'))
      .map(
        ({ label, figures }): Bar => ({
          what: `${label}, ${FASTER}`,
          measured: figures?.[FASTER] ?? Number.NaN,
          least: 2.5,
        }),
      ),
};

const FASTER = '× as fast as JSON.parse';

/** Every row with how much faster it is than the first, which is bare `JSON.parse` in the same rounds. */
function againstParse(rows: ReturnType<typeof compareWithFirst>): readonly BenchmarkRow[] {
  return rows.map(({ row, ratio }) => (row.label.endsWith('top') ? { ...row, figures: { [FASTER]: 1 / ratio } } : row));
}

/** One way of reading, from bytes to the top of the book after each frame. */
function follow(corpus: Corpus, start: readonly BookMessage[], isScanned: boolean): { book: OrderBook; top: number } {
  const { venue, symbol, frames } = corpus;
  const instrument = instrumentOf(corpus);
  const sync = venues[venue].createBookSync(instrument);
  for (const message of start) sync.onMessage(message);
  let top = 0;
  const emit = (message: MarketMessage | ScannedMessage): void => {
    if (message.type !== 'book' && message.type !== 'scannedBook') return;
    sync.onMessage(message);
    if (sync.book.valid) top += sync.book.bidPrice + sync.book.askPrice;
  };
  const instruments = new Map([[symbol, instrument]]);
  const decode = venues[venue].marketData.createDecoder(isScanned ? { instruments, emit } : undefined);
  for (const frame of frames) decode(frame, emit);
  return { book: sync.book, top };
}

/** Ways of reading that do not lead to the same book may not be compared. */
function requireSameBook(corpus: Corpus, start: readonly BookMessage[]): void {
  const [parsed, scanned] = [follow(corpus, start, false), follow(corpus, start, true)];
  const isSame = (['buy', 'sell'] as const).every(
    (side) => JSON.stringify(parsed.book.levels(side)) === JSON.stringify(scanned.book.levels(side)),
  );
  if (!isSame || parsed.top !== scanned.top) throw new Error(`${corpus.venue}: scanned and parsed books differ`);
}

/** A run in which the book was lost half-way would measure how fast nothing is done. */
function requireMost(applied: number, messages: number): number {
  if (applied < messages * 0.99) throw new Error(`only ${applied} of ${messages} book messages were applied`);
  return applied;
}

function booksOf({ venue, frames }: Corpus): readonly BookMessage[] {
  const decode = venues[venue].marketData.createDecoder();
  const messages: BookMessage[] = [];
  for (const frame of frames) {
    decode(frame, (message) => {
      if (message.type === 'book') messages.push(message);
    });
  }
  return messages;
}

/** What the first message needs before it: where the venue's snapshot comes by REST, an empty one that it follows. */
function startOf(messages: readonly BookMessage[]): readonly BookMessage[] {
  const [first] = messages;
  if (first === undefined || first.isSnapshot) return [];
  const lastSequence = first.previousSequence ?? first.firstSequence - 1;
  return [{ ...first, isSnapshot: true, bids: [], asks: [], lastSequence }];
}

/** What a corpus trades, at its scales. */
export function instrumentOf({ venue, symbol, scales }: Corpus): Instrument {
  return {
    venue,
    symbol,
    kind: kindOf(venue),
    baseCurrency: 'BTC',
    quoteCurrency: 'USDT',
    settlementCurrency: 'USDT',
    priceScale: scales.priceScale,
    sizeScale: scales.sizeScale,
    tickSize: scales.tickSize as Price,
    lotSize: 1 as Size,
    minSize: 1 as Size,
    maxSize: 1_000_000 as Size,
    minNotional: 5,
    multiplier: 1,
    tradable: true,
  };
}

function kindOf(venue: VenueId): InstrumentKind {
  if (venue === 'deribit') return 'inverse';
  return venue.endsWith('spot') ? 'spot' : 'linear';
}
