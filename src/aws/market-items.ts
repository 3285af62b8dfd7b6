import { z } from 'zod';
import type { CandleInterval } from '#core/market/candles.ts';
import type { VenueId } from '#core/market/instrument.ts';
import type { EpochMs } from '#core/time/clock.ts';

/** Keys and shapes of the items of a symbol in the ledger's table; `docs/formats.md`, "Market items". */
export function marketPartition(venue: VenueId, symbol: string): string {
  return `MARKET#${venue}#${symbol}`;
}

export const LATEST_SORT = 'LATEST';

export function candleSort(interval: CandleInterval, start: EpochMs): string {
  return `CANDLE#${interval}#${new Date(start).toISOString()}`;
}

const text = z.string();
const optionalText = text.nullable();

/** Parts of the `LATEST` item, each the newest of its kind by the venue's time. */
export const LATEST_PARTS = {
  trade: z.object({ price: text, size: text, side: z.enum(['buy', 'sell']), id: text, exchangeTime: z.number() }),
  quote: z.object({ bidPrice: text, bidSize: text, askPrice: text, askSize: text, exchangeTime: z.number() }),
  ticker: z.object({
    lastPrice: optionalText,
    markPrice: optionalText,
    indexPrice: optionalText,
    fundingRate: optionalText,
    nextFundingTime: z.number().nullable(),
    openInterest: optionalText,
    exchangeTime: z.number(),
  }),
  /** How far the book has been published: the venue's own sequence number. */
  book: z.object({ lastSequence: z.number(), exchangeTime: z.number() }),
} as const;
export type LatestPart = keyof typeof LATEST_PARTS;
export type LatestContent<Part extends LatestPart> = z.infer<(typeof LATEST_PARTS)[Part]>;

/** The item as a whole: null where nothing of a kind has come yet. */
export const LATEST_ITEM = z
  .object({
    trade: z.object({ content: LATEST_PARTS.trade }).optional(),
    quote: z.object({ content: LATEST_PARTS.quote }).optional(),
    ticker: z.object({ content: LATEST_PARTS.ticker }).optional(),
    book: z.object({ content: LATEST_PARTS.book }).optional(),
  })
  .transform(({ trade, quote, ticker, book }) => ({
    trade: trade?.content ?? null,
    quote: quote?.content ?? null,
    ticker: ticker?.content ?? null,
    book: book?.content ?? null,
  }));
export type Latest = z.infer<typeof LATEST_ITEM>;

const priceAt = z.object({ price: text, at: text });
const range = z.tuple([z.number(), z.number()]);

/** A candle as the table holds it; `version` counts its writes. */
export const CANDLE_ITEM = z.object({
  start: z.number().transform((start) => start as EpochMs),
  open: priceAt,
  high: text,
  low: text,
  close: priceAt,
  volume: text,
  trades: z.number(),
  applied: z.record(z.string(), z.array(range)),
  version: z.number(),
});
