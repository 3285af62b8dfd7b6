import type { Instrument } from '#core/market/instrument.ts';
import type { OrderBook } from '#core/market/order-book.ts';

/** State of one symbol's book, for health and the live view. */
export interface BookStatus {
  readonly symbol: string;
  readonly valid: boolean;
  readonly bidPrice: number;
  readonly askPrice: number;
  readonly bidSize: number;
  readonly askSize: number;
  readonly messages: number;
  readonly gaps: number;
}

/** A book as it stands, in whole units. */
export function bookStatus(
  book: OrderBook,
  instrument: Instrument | undefined,
  counts: { readonly messages: number; readonly gaps: number },
): BookStatus {
  const priceUnit = 10 ** (instrument?.priceScale ?? 0);
  const sizeUnit = 10 ** (instrument?.sizeScale ?? 0);
  return {
    symbol: book.symbol,
    valid: book.valid,
    bidPrice: book.bidPrice / priceUnit,
    askPrice: book.askPrice / priceUnit,
    bidSize: book.bidSize / sizeUnit,
    askSize: book.askSize / sizeUnit,
    messages: counts.messages,
    gaps: counts.gaps,
  };
}
