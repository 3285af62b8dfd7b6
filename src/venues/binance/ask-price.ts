import { z } from 'zod';
import type { PriceQuote } from '#core/orders/venue-ports.ts';
import type { VenueRuntime } from '../venue.ts';
import type { BinanceApi } from './api.ts';
import { readAnswer } from './history.ts';
import { publicGet } from './public-rest.ts';

/** `ticker/bookTicker` of one symbol; only futures say when. */
const bookTicker = z.object({ askPrice: z.string(), time: z.number().optional() });

/** The best ask of a symbol by public REST; null while nobody sells. Rejects with a `VenueError`. */
export async function askPrice(
  api: BinanceApi,
  runtime: VenueRuntime,
  path: string,
  symbol: string,
  serverTime: () => Promise<number>,
): Promise<PriceQuote | null> {
  const answer = await publicGet(api, runtime, `${path}?symbol=${encodeURIComponent(symbol)}`, 2);
  const { askPrice: price, time } = readAnswer(bookTicker, answer, 'bookTicker');
  if (!(Number(price) > 0)) return null;
  return time === undefined ? { price } : { price, venueAgeMs: Math.max(0, (await serverTime()) - time) };
}
