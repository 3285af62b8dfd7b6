import { z } from 'zod';
import { MillraceError, messageOf } from '#core/errors.ts';
import { VENUES, type VenueId } from '#core/market/instrument.ts';
import type { VenueEndpoints } from '#venues/venue.ts';

const endpoints = z.strictObject({ market: z.url(), account: z.url(), orders: z.url(), rest: z.url() });
const byVenue = z.partialRecord(z.enum(VENUES), endpoints);

/**
 * The addresses of a venue's real market that `MILLRACE_LIVE_ENDPOINTS` names, for those behind a gateway; null where it names none.
 * Throws `LIVE_ENDPOINTS_INVALID` with every fault at once.
 */
export function liveEndpoints(id: VenueId, text: string | undefined): VenueEndpoints | null {
  if (text === undefined || text === '') return null;
  const parsed = byVenue.safeParse(parseJson(text));
  if (parsed.success) return parsed.data[id] ?? null;
  throw invalid(parsed.error.issues.map((issue) => `${issue.path.join('.') || 'it'}: ${issue.message}`));
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw invalid([`not JSON: ${messageOf(error)}`]);
  }
}

function invalid(faults: readonly string[]): MillraceError {
  return new MillraceError(
    'configuration',
    'LIVE_ENDPOINTS_INVALID',
    `MILLRACE_LIVE_ENDPOINTS must be JSON {"<venue>":{"market","account","orders","rest"}} of URLs; unset it to use the venues' own\n${faults.map((fault) => `  - ${fault}`).join('\n')}`,
  );
}
