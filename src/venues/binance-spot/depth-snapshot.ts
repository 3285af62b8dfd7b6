import { messageOf } from '#core/errors.ts';
import type { BookMessage } from '#core/market/market-message.ts';
import { VenueError } from '#core/orders/venue-error.ts';
import type { EpochMs } from '#core/time/clock.ts';
import { readAs, serverTime } from '../binance/private-messages.ts';
import { publicGet } from '../binance/public-rest.ts';
import { readDepthSnapshot } from '../binance/stream-messages.ts';
import { isObject } from '../connection/frame-fields.ts';
import type { VenueRuntime } from '../venue.ts';
import { binanceSpotApi } from './api.ts';

const LEVELS = 1_000;
/** IP weight of a depth snapshot of 1,000 levels. */
const WEIGHT = 50;

/**
 * A whole book by `/api/v3/depth`. It does not say its time: it carries the venue's time just before it, so that it is never taken for younger than it is.
 * Rejects with a `VenueError` of class `retry`.
 */
export async function fetchBook(runtime: VenueRuntime, symbol: string): Promise<BookMessage> {
  try {
    const asked = await publicGet(binanceSpotApi, runtime, binanceSpotApi.timePath, 1);
    const time = readAs(serverTime, asked, 'server time').serverTime as EpochMs;
    const path = `/api/v3/depth?symbol=${encodeURIComponent(symbol)}&limit=${LEVELS}`;
    const answer = await publicGet(binanceSpotApi, runtime, path, WEIGHT);
    return readDepthSnapshot(isObject(answer) ? answer : {}, symbol, time);
  } catch (error) {
    if (error instanceof VenueError) throw error;
    throw new VenueError('retry', 'ANSWER_INVALID', `depth of ${symbol}: ${messageOf(error)}`);
  }
}
