import { messageOf } from '#core/errors.ts';
import type { BookMessage } from '#core/market/market-message.ts';
import { VenueError } from '#core/orders/venue-error.ts';
import { publicGet } from '../binance/public-rest.ts';
import { readDepthSnapshot } from '../binance/stream-messages.ts';
import { isObject } from '../connection/frame-fields.ts';
import type { VenueRuntime } from '../venue.ts';
import { binanceUsdmApi } from './api.ts';

const LEVELS = 1_000;
/** IP weight of a depth snapshot of 1,000 levels. */
const WEIGHT = 20;

/** A whole book by `/fapi/v1/depth`. Rejects with a `VenueError` of class `retry`. */
export async function fetchBook(runtime: VenueRuntime, symbol: string): Promise<BookMessage> {
  const answer = await publicGet(
    binanceUsdmApi,
    runtime,
    `/fapi/v1/depth?symbol=${encodeURIComponent(symbol)}&limit=${LEVELS}`,
    WEIGHT,
  );
  try {
    return readDepthSnapshot(isObject(answer) ? answer : {}, symbol, null);
  } catch (error) {
    throw new VenueError('retry', 'ANSWER_INVALID', `depth of ${symbol}: ${messageOf(error)}`);
  }
}
