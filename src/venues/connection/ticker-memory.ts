import type { TickerMessage } from '#core/market/market-message.ts';
import type { EpochMs } from '#core/time/clock.ts';

/** What one message says of a ticker; null or absent: nothing. Decimals are canonical, so that equal values are equal texts. */
export type TickerChange = Partial<Omit<TickerMessage, 'type' | 'symbol' | 'exchangeTime'>>;

const UNKNOWN = {
  lastPrice: null,
  markPrice: null,
  indexPrice: null,
  fundingRate: null,
  nextFundingTime: null,
  openInterest: null,
} as const;

/** What is known so far of each symbol's ticker: venues state it piece by piece, over several channels or as deltas. */
export class TickerMemory {
  readonly #known = new Map<string, TickerMessage>();

  /** The ticker with the change in it, or null if the change says nothing new. Without a time of its own a change has that of the last one. */
  update(symbol: string, change: TickerChange, exchangeTime: EpochMs | null): TickerMessage | null {
    const before = this.#known.get(symbol);
    const known = before ?? UNKNOWN;
    const lastPrice = change.lastPrice ?? known.lastPrice;
    const markPrice = change.markPrice ?? known.markPrice;
    const indexPrice = change.indexPrice ?? known.indexPrice;
    const fundingRate = change.fundingRate ?? known.fundingRate;
    const nextFundingTime = change.nextFundingTime ?? known.nextFundingTime;
    const openInterest = change.openInterest ?? known.openInterest;
    const time = exchangeTime ?? before?.exchangeTime;
    if (time === undefined) return null;
    if (
      lastPrice === known.lastPrice &&
      markPrice === known.markPrice &&
      indexPrice === known.indexPrice &&
      fundingRate === known.fundingRate &&
      nextFundingTime === known.nextFundingTime &&
      openInterest === known.openInterest
    ) {
      return null;
    }
    const ticker: TickerMessage = {
      type: 'ticker',
      symbol,
      lastPrice,
      markPrice,
      indexPrice,
      fundingRate,
      nextFundingTime,
      openInterest,
      exchangeTime: time,
    };
    this.#known.set(symbol, ticker);
    return ticker;
  }
}
