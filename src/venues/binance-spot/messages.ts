import { z } from 'zod';
import type { BookMessage, QuoteMessage } from '#core/market/market-message.ts';
import { type RawEvent, readDiff } from '../binance/stream-messages.ts';
import type { StreamTime } from '../binance/stream-time.ts';
import { requireCount, requireDecimal, requireText, requireTime } from '../connection/frame-fields.ts';

/** Public messages that spot has alone or in a form of its own. */

/** `{"e":"depthUpdate","E","s","U","u","b":[[price,size]],"a"}`: no `pu`, and no time but `E`. */
export function readDepthUpdate(raw: RawEvent): BookMessage {
  return readDiff(raw, null);
}

/** `{"u","s","b","B","a","A"}`: it names neither itself nor its time. `u` is on the counter of the book. */
export function readBookTicker(raw: RawEvent, time: StreamTime): QuoteMessage {
  const own = raw.T ?? raw.E;
  return {
    type: 'quote',
    symbol: requireText(raw.s, 's'),
    bidPrice: requireDecimal(raw.b, 'b'),
    bidSize: requireDecimal(raw.B, 'B'),
    askPrice: requireDecimal(raw.a, 'a'),
    askSize: requireDecimal(raw.A, 'A'),
    sequence: requireCount(raw.u, 'u'),
    exchangeTime: own === undefined ? time.of(0, 0) : requireTime(own, 'T'),
  };
}

/** One symbol of `/api/v3/exchangeInfo`. */
export const exchangeSymbol = z.looseObject({
  symbol: z.string().min(1),
  status: z.string(),
  baseAsset: z.string(),
  baseAssetPrecision: z.int().min(0).max(15),
  quoteAsset: z.string(),
  quotePrecision: z.int().min(0).max(15).default(0),
  filters: z.array(
    z.looseObject({
      filterType: z.string(),
      minPrice: z.string().optional(),
      tickSize: z.string().optional(),
      stepSize: z.string().optional(),
      minQty: z.string().optional(),
      maxQty: z.string().optional(),
      minNotional: z.string().optional(),
    }),
  ),
});

export const exchangeInfo = z.looseObject({ symbols: z.array(z.unknown()) });
