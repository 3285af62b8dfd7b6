import { z } from 'zod';
import { VenueError } from '#core/orders/venue-error.ts';
import { readAnswer } from '../connection/read-answer.ts';
import type { MarketStatus, VenueRuntime } from '../venue.ts';
import { createAlpacaRest, MAINTENANCE, readTime } from './rest.ts';

const clockRow = z.looseObject({
  timestamp: z.string(),
  is_open: z.boolean(),
  next_open: z.string(),
  next_close: z.string(),
});

/** Reads `/v2/clock`: holidays and early closes are in it. */
export function readClock(answer: unknown): MarketStatus {
  const clock = readAnswer(clockRow, answer, '/v2/clock');
  return clock.is_open
    ? { state: 'open', reason: 'regular session', nextChange: readTime(clock.next_close, 'next_close') }
    : { state: 'closed', reason: 'outside the regular session', nextChange: readTime(clock.next_open, 'next_open') };
}

/** Whether US equities trade now, by the venue's own clock. HTTP 503 is maintenance; whatever else goes wrong rejects with a `VenueError`. */
export async function fetchMarketStatus(runtime: VenueRuntime): Promise<MarketStatus> {
  const rest = createAlpacaRest(runtime, () => runtime.marketCredentials?.() ?? null);
  try {
    return readClock(await rest.get('/v2/clock'));
  } catch (error) {
    if (!(error instanceof VenueError) || error.venueCode !== MAINTENANCE) throw error;
    return { state: 'maintenance', reason: error.message, nextChange: null };
  }
}
