import type { Instrument } from '#core/market/instrument.ts';
import type { LevelText } from '#core/market/market-message.ts';
import { canonicalDecimal, type Price, parseScaled, type Size } from '#core/market/scaled-decimal.ts';
import type { SourceChange, SourceLevel } from './market-source.ts';
import type { FrameContent, VenueFrame } from './venue-frame.ts';

type BookContent = Extract<FrameContent, { kind: 'book' }>;
type TradesContent = Extract<FrameContent, { kind: 'trades' }>;
type TickerContent = Extract<FrameContent, { kind: 'ticker' }>;
export type DepthSnapshot = Extract<VenueFrame, { kind: 'depthSnapshot' }>;

export interface FrameInterpreterOptions {
  readonly instruments: readonly Instrument[];
  /** Milliseconds since the source began for a time of the venue. */
  readonly offsetOf: (epochMs: number) => number;
  /**
   * What happens where the sequence of diffs breaks. `applies`: the book goes on as far as it is known, until a snapshot mends it (a recording holds no
   * more than it holds). `waits`: diffs are held until a snapshot comes.
   */
  readonly atGap: 'applies' | 'waits';
}

/** Turns the frames of a venue into the changes that they tell of. One per source; it keeps each symbol's sequence. */
export interface FrameInterpreter {
  /** Throws `DECIMAL_PRECISION` for prices and sizes that do not fit the instrument, `DECIMAL_SYNTAX` for what is no number. */
  interpret(symbol: string, content: FrameContent): SourceChange[];
  /** A whole book from a REST answer: mends a book that waits or has a gap, else it says nothing new. */
  mend(symbol: string, snapshot: DepthSnapshot): SourceChange[];
  /** Starts a book as it stood before the diff that follows `sequence`, as far as a later snapshot can tell. */
  seed(symbol: string, snapshot: DepthSnapshot | null, sequence: number): SourceChange[];
  /** Whether the book is whole; not while diffs wait for a snapshot. */
  isWhole(symbol: string): boolean;
  /** Breaks in the sequence of diffs so far. */
  readonly gaps: number;
  /** Diffs dropped because too many waited for a snapshot. */
  readonly dropped: number;
}

interface SymbolState {
  readonly instrument: Instrument;
  /** Levels of the stream that the book follows: the deepest wins, diffs of the whole book over all; 0 = none yet. */
  depth: number;
  sequence: number;
  synced: boolean;
  /** A snapshot was taken last: the next diff may begin before it. */
  fresh: boolean;
  /** Diffs kept until a snapshot comes. */
  held: BookContent[];
  tradeFeed: TradesContent['feed'] | null;
  /** Of the last quote that had both sides, in price units; 0 = none yet. Trades without a taker are judged by it. */
  middle: number;
}

const MAX_HELD = 5_000;

export function createFrameInterpreter(options: FrameInterpreterOptions): FrameInterpreter {
  const states = new Map<string, SymbolState>();
  for (const instrument of options.instruments) {
    states.set(instrument.symbol, {
      instrument,
      depth: 0,
      sequence: 0,
      synced: false,
      fresh: false,
      held: [],
      tradeFeed: null,
      middle: 0,
    });
  }
  let gaps = 0;
  let dropped = 0;

  function onBook(state: SymbolState, book: BookContent): SourceChange[] {
    if (book.isSnapshot) {
      if (book.depth < state.depth) return [];
      state.depth = book.depth;
      state.sequence = book.last;
      state.synced = true;
      state.fresh = false;
      if (book.depth === 1) state.middle = middleOf(state.instrument, book) ?? state.middle;
      return [bookChange(state, book)];
    }
    if (book.depth !== Number.POSITIVE_INFINITY) return onDelta(state, book);
    if (state.depth !== Number.POSITIVE_INFINITY || !state.synced) {
      hold(state, book);
      if (options.atGap === 'waits' || state.depth !== Number.POSITIVE_INFINITY) return [];
    } else if (book.last <= state.sequence) return [];
    else if (!follows(state, book)) {
      gaps += 1;
      state.synced = false;
      hold(state, book);
      if (options.atGap === 'waits') return [];
    }
    state.fresh = false;
    state.sequence = book.last;
    return [bookChange(state, book)];
  }

  /** Bybit: deltas of the stream that the book follows; their numbers rise by one. */
  function onDelta(state: SymbolState, book: BookContent): SourceChange[] {
    if (book.depth !== state.depth || book.last <= state.sequence) return [];
    if (!state.synced && options.atGap === 'waits') return [];
    if (book.last !== state.sequence + 1) {
      gaps += 1;
      state.synced = false;
      if (options.atGap === 'waits') return [];
    }
    state.sequence = book.last;
    return [bookChange(state, book)];
  }

  function hold(state: SymbolState, book: BookContent): void {
    state.held.push(book);
    if (state.held.length <= MAX_HELD) return;
    state.held.shift();
    dropped += 1;
  }

  function bookChange(
    state: SymbolState,
    book: Pick<BookContent, 'isSnapshot' | 'bids' | 'asks' | 'last'>,
  ): SourceChange {
    const { instrument } = state;
    return {
      kind: 'book',
      symbol: instrument.symbol,
      isSnapshot: book.isSnapshot,
      bids: levelsOf(instrument, book.bids),
      asks: levelsOf(instrument, book.asks),
      sequence: book.last,
    };
  }

  function onTrades(state: SymbolState, content: TradesContent): SourceChange[] {
    // Single and aggregated trades tell of the same volume: the first kind seen counts.
    state.tradeFeed ??= content.feed;
    if (state.tradeFeed !== content.feed) return [];
    const { instrument } = state;
    return content.trades.flatMap((trade): SourceChange[] => {
      const size = parseScaled(trade.size, instrument.sizeScale) as Size;
      // Binance reports some events that are no trades with size 0.
      if (size === 0) return [];
      const price = parseScaled(trade.price, instrument.priceScale) as Price;
      const { id: tradeId } = trade;
      const takerSide = trade.takerSide ?? (price >= state.middle ? 'buy' : 'sell');
      return [{ kind: 'trade', symbol: instrument.symbol, tradeId, price, size, takerSide }];
    });
  }

  function onTicker(state: SymbolState, content: TickerContent): SourceChange[] {
    const { instrument } = state;
    const { lastPrice, markPrice, indexPrice, fundingRate, nextFundingTime, openInterest } = content;
    return [
      {
        kind: 'ticker',
        symbol: instrument.symbol,
        ...(lastPrice === null ? {} : { lastPrice: roundedPrice(instrument, lastPrice) }),
        ...(markPrice === null ? {} : { markPrice: roundedPrice(instrument, markPrice) }),
        ...(indexPrice === null ? {} : { indexPrice: roundedPrice(instrument, indexPrice) }),
        ...(fundingRate === null ? {} : { fundingRate: canonicalDecimal(fundingRate) }),
        ...(nextFundingTime === null ? {} : { nextFundingOffsetMs: options.offsetOf(nextFundingTime) }),
        ...(openInterest === null ? {} : { openInterest: canonicalDecimal(openInterest) }),
      },
    ];
  }

  function stateOf(symbol: string): SymbolState | null {
    return states.get(symbol) ?? null;
  }

  return {
    interpret(symbol, content) {
      const state = stateOf(symbol);
      if (state === null) return [];
      switch (content.kind) {
        case 'book':
          return onBook(state, content);
        case 'quote': {
          const { bid, ask, sequence } = content;
          const top = { first: sequence, last: sequence, previous: null, depth: 1 };
          return onBook(state, { kind: 'book', isSnapshot: true, bids: [bid], asks: [ask], ...top });
        }
        case 'trades':
          return onTrades(state, content);
        case 'ticker':
          return onTicker(state, content);
      }
    },
    mend(symbol, snapshot) {
      const state = stateOf(symbol);
      if (state === null || (state.synced && state.depth === Number.POSITIVE_INFINITY)) return [];
      const kept = state.held.filter((book) => book.last >= snapshot.sequence);
      if (!isChain(kept, snapshot.sequence)) return [];
      state.depth = Number.POSITIVE_INFINITY;
      state.synced = true;
      state.held = [];
      state.fresh = kept.length === 0;
      state.sequence = kept.at(-1)?.last ?? snapshot.sequence;
      const whole = bookChange(state, { ...snapshot, isSnapshot: true, last: snapshot.sequence });
      return [whole, ...kept.map((book) => bookChange(state, book))];
    },
    seed(symbol, snapshot, sequence) {
      const state = stateOf(symbol);
      if (state === null) return [];
      state.depth = Number.POSITIVE_INFINITY;
      state.synced = true;
      state.fresh = true;
      state.sequence = sequence;
      if (snapshot === null) return [];
      return [bookChange(state, { ...snapshot, isSnapshot: true, last: sequence })];
    },
    isWhole(symbol) {
      const state = stateOf(symbol);
      return state?.synced === true && state.held.length === 0;
    },
    get gaps() {
      return gaps;
    },
    get dropped() {
      return dropped;
    },
  };
}

/** USD-M: a diff follows the one before by `pu`; the first after a snapshot may begin before it. */
function follows(state: SymbolState, book: BookContent): boolean {
  if (book.previous === state.sequence) return true;
  if (state.fresh) return book.first <= state.sequence + 1;
  return book.previous === null && book.first === state.sequence + 1;
}

/** Whether held diffs follow a snapshot, and one another, without a hole. */
function isChain(diffs: readonly BookContent[], sequence: number): boolean {
  return diffs.every((book, index) => {
    const before = diffs[index - 1];
    if (before === undefined)
      return book.first <= sequence + 1 || (book.previous !== null && book.previous <= sequence);
    return book.previous === null ? book.first === before.last + 1 : book.previous === before.last;
  });
}

/** Null without a bid or an offer. */
function middleOf({ priceScale }: Instrument, { bids, asks }: BookContent): number | null {
  const [bid, ask] = [bids[0]?.[0], asks[0]?.[0]];
  if (bid === undefined || ask === undefined) return null;
  return (parseScaled(bid, priceScale) + parseScaled(ask, priceScale)) / 2;
}

function levelsOf(instrument: Instrument, levels: readonly LevelText[]): SourceLevel[] {
  return levels.map(([price, size]) => [
    parseScaled(price, instrument.priceScale) as Price,
    parseScaled(size, instrument.sizeScale) as Size,
  ]);
}

/** Mark and index prices have more decimals than orders can have. */
function roundedPrice(instrument: Instrument, text: string): Price {
  return Math.round(Number(canonicalDecimal(text)) * 10 ** instrument.priceScale) as Price;
}
