import { z } from 'zod';
import { VenueError } from '#core/orders/venue-error.ts';
import type { MarketStatus, VenueRuntime } from '../venue.ts';
import { publicQuery } from './public-rest.ts';

const status = z.object({
  /** `true`, `false` or `partial`; older answers say it as a boolean. */
  locked: z.union([z.boolean(), z.string()]),
  locked_indices: z.array(z.string()).optional(),
  locked_currencies: z.array(z.string()).optional(),
});

/** Whether the venue trades, by `public/status`: closed while all of it is locked, maintenance while it answers that it is. Rejects with a `VenueError` if it does not answer. */
export async function fetchMarketStatus(runtime: VenueRuntime): Promise<MarketStatus> {
  let result: unknown;
  try {
    result = await publicQuery(runtime, 'public/status', {});
  } catch (error) {
    if (error instanceof VenueError && (error.venueCode === '11051' || error.venueCode === 'HTTP_503')) {
      return { state: 'maintenance', reason: error.message, nextChange: null };
    }
    throw error;
  }
  const parsed = status.safeParse(result);
  if (!parsed.success)
    throw new VenueError('retry', 'ANSWER_INVALID', 'public/status does not say whether it is locked');
  const { locked, locked_indices: indices, locked_currencies: currencies } = parsed.data;
  const named = [...(indices ?? []), ...(currencies ?? [])].join(', ');
  if (locked === true || locked === 'true')
    return { state: 'closed', reason: `locked ${named}`.trim(), nextChange: null };
  const reason = locked === 'partial' ? `partly locked: ${named}` : '';
  return { state: 'open', reason, nextChange: null };
}
