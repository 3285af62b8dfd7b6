import type { Instrument } from '#core/market/instrument.ts';
import type { BookMessage, MarketMessage } from '#core/market/market-message.ts';
import type { Price, Size } from '#core/market/scaled-decimal.ts';
import { venues } from '#venues/venues.ts';
import { type Benchmark, compare } from './benchmark.ts';
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
      return compare([
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
          label: `${venue}: decode + apply + top`,
          note: corpus.origin,
          pass() {
            const sync = venues[venue].createBookSync(instrument);
            for (const message of start) sync.onMessage(message);
            const decode = venues[venue].marketData.createDecoder();
            let top = 0;
            const emit = (message: MarketMessage): void => {
              if (message.type !== 'book') return;
              sync.onMessage(message);
              if (sync.book.valid) top += sync.book.bidPrice + sync.book.askPrice;
            };
            for (const frame of frames) decode(frame, emit);
            return { operations: top > 0 ? frames.length : 0 };
          },
        },
      ]);
    });
  },
};

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
  if (first === undefined || first.previousSequence === null) return [];
  return [{ ...first, isSnapshot: true, bids: [], asks: [], lastSequence: first.previousSequence }];
}

function instrumentOf({ venue, symbol, scales }: Corpus): Instrument {
  return {
    venue,
    symbol,
    kind: 'linear',
    baseCurrency: 'BTC',
    quoteCurrency: 'USDT',
    settlementCurrency: 'USDT',
    priceScale: scales.priceScale,
    sizeScale: scales.sizeScale,
    tickSize: 1 as Price,
    lotSize: 1 as Size,
    minSize: 1 as Size,
    maxSize: 1_000_000 as Size,
    minNotional: 5,
    multiplier: 1,
    tradable: true,
  };
}
