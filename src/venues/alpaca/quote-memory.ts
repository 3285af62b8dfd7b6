import type { Side } from '#core/market/market-message.ts';

/** What is known of one symbol. Prices are the doubles nearest to the venue's decimals, whichever way a frame was read. */
interface Known {
  sequence: number;
  /** 0: that side is empty or not known. */
  bid: number;
  ask: number;
  lastPrice: number;
  lastSide: Side;
}

/**
 * What reading this venue's frames must remember from frame to frame, whichever way a frame is read. The venue numbers no quote and names no taker: the numbers
 * of books are made here, rising by one for each symbol, and the taker's side of a trade is inferred.
 */
export class QuoteMemory {
  readonly #symbols = new Map<string, Known>();

  /** Takes in a quote and gives the number of the book that it makes. A side without price or size is 0. */
  onQuote(symbol: string, bid: number, ask: number): number {
    const known = this.#of(symbol);
    known.bid = bid;
    known.ask = ask;
    known.sequence += 1;
    return known.sequence;
  }

  /**
   * The likely taker of a trade (Lee and Ready, "Inferring trade direction from intraday data", 1991): above the middle of the quote in force a buyer, below it
   * a seller; at the middle, or without a quote, by the last change of price.
   */
  takerOf(symbol: string, price: number): Side {
    const known = this.#of(symbol);
    const middle = known.bid > 0 && known.ask > 0 ? (known.bid + known.ask) / 2 : price;
    let side = known.lastSide;
    if (price !== middle) side = price > middle ? 'buy' : 'sell';
    else if (known.lastPrice > 0 && price !== known.lastPrice) side = price > known.lastPrice ? 'buy' : 'sell';
    known.lastPrice = price;
    known.lastSide = side;
    return side;
  }

  #of(symbol: string): Known {
    let known = this.#symbols.get(symbol);
    if (known === undefined) {
      known = { sequence: 0, bid: 0, ask: 0, lastPrice: 0, lastSide: 'buy' };
      this.#symbols.set(symbol, known);
    }
    return known;
  }
}
