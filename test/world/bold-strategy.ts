import type { Instrument } from '#core/market/instrument.ts';
import type { OrderBook } from '#core/market/order-book.ts';
import type { Price, Size } from '#core/market/scaled-decimal.ts';
import { MomentumScalper } from '#core/strategies/momentum-scalper.ts';
import type { Signal } from '#core/strategies/strategy.ts';
import { createDice } from '#simulation/world/dice.ts';
import { replaceProperty } from './planted-bugs.ts';

/** What the strategy of one symbol is made to ask for. */
export interface BoldTerms {
  readonly instrument: Instrument;
  /** Largest size that it asks for, in units of size. */
  readonly mostSize: number;
  /** Sizes at which a limit lies, or near which: half of what it asks for is about as large as one of these. */
  readonly edges: readonly number[];
}

/** Share of the books that signal nothing, and on which it asks all the same. */
const UNASKED = 0.35;
/** About as large: so many lots apart. */
const NEAR = 2;
/** Farthest from its touch, in ticks. */
const FARTHEST = 4;

/**
 * Lets strategies ask for anything: sizes from nothing to far too much, prices away from the touch, beyond it and off the tick, sales of spot that is not held. What leaves all the same, and what is
 * refused, is risk's doing alone. Follows from the book, so that a replay asks for the same. What is returned puts it back.
 */
export function emboldenStrategies(terms: ReadonlyMap<string, BoldTerms>): () => void {
  const { onBook } = MomentumScalper.prototype;
  const bold: typeof onBook = function (this: MomentumScalper, book, now) {
    const signal = onBook.call(this, book, now);
    const own = terms.get(book.symbol);
    if (own !== undefined && book.bidPrice > 0 && book.askPrice > 0) distort(signal, book, own);
    return signal;
  };
  return replaceProperty(MomentumScalper.prototype, 'onBook', bold);
}

function distort(signal: Signal, book: OrderBook, { instrument, mostSize, edges }: BoldTerms): void {
  const dice = createDice(Math.imul(book.sequence, 0x9e3779b1) ^ book.bidPrice ^ (book.askPrice << 1));
  if (signal.side === null && !dice.chance(UNASKED)) return;
  const { kind, tickSize, lotSize } = instrument;
  signal.side = dice.chance(kind === 'spot' ? 0.2 : 0.5) ? 'sell' : 'buy';
  signal.style = dice.chance(0.25) ? 'take' : 'rest';
  const buys = signal.side === 'buy';
  const touch = buys === (signal.style === 'take') ? book.askPrice : book.bidPrice;
  const away = dice.chance(0.5) ? dice.whole(-1, FARTHEST) * tickSize : 0;
  const off = tickSize > 1 && dice.chance(0.04) ? 1 : 0;
  signal.price = (touch + (buys ? -away : away) + off) as Price;
  const lots =
    edges.length > 0 && dice.chance(0.5)
      ? Math.max(0, Math.floor(dice.pick(edges) / lotSize) + dice.whole(-NEAR, NEAR))
      : dice.whole(0, Math.ceil(mostSize / lotSize));
  signal.size = (lots * lotSize) as Size;
  signal.strength = 1;
}
