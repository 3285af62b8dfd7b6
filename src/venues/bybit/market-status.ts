import { z } from 'zod';
import { VenueError } from '#core/orders/venue-error.ts';
import type { EpochMs } from '#core/time/clock.ts';
import { readAnswer } from '../connection/read-answer.ts';
import type { MarketStatus, VenueRuntime } from '../venue.ts';
import type { BybitCategory } from './category.ts';
import { fetchPublic, fetchServerTime } from './public-rest.ts';

const digits = z.string().regex(/^\d{1,16}$/);

/** `/v5/system/status` (Bybit V5 documentation, "Get System Status"). */
const announcements = z.looseObject({
  list: z.array(
    z.looseObject({
      title: z.string(),
      state: z.string(),
      begin: digits,
      end: digits,
      serviceTypes: z.array(z.number()),
      product: z.array(z.number()),
      env: z.union([z.number(), z.string()]).optional(),
    }),
  ),
});

/** Trading as a whole, by HTTP, by websocket (documentation, "Enums", `serviceTypes`). What concerns streams alone does not stop trading. */
const TRADING_SERVICES: readonly number[] = [1, 2, 3];
/** The other is the venue's own demo. */
const PRODUCTION = '1';

/**
 * Whether the venue trades, by what it announces: that says why it does not, and until when, which its clock alone would not. A venue that answers no question for
 * want of service is in maintenance as well; where announcements are not served (HTTP 404) one whose clock answers is open. Rejects with a `VenueError` where
 * nothing can be known.
 */
export async function fetchMarketStatus(category: BybitCategory, runtime: VenueRuntime): Promise<MarketStatus> {
  try {
    return statusOf(
      category,
      readAnswer(announcements, await fetchPublic(runtime, '/v5/system/status'), 'system/status'),
    );
  } catch (error) {
    if (!(error instanceof VenueError)) throw error;
    if (/^HTTP_5\d\d$/.test(error.venueCode)) {
      return { state: 'maintenance', reason: error.venueCode, nextChange: null };
    }
    if (error.venueCode !== 'HTTP_404') throw error;
    await fetchServerTime(runtime);
    return { state: 'open', reason: 'no announcements are served; its clock answers', nextChange: null };
  }
}

function statusOf(category: BybitCategory, { list }: z.infer<typeof announcements>): MarketStatus {
  const ours = list.filter(
    ({ product, serviceTypes, env }) =>
      product.includes(category.product) &&
      serviceTypes.some((service) => TRADING_SERVICES.includes(service)) &&
      (env === undefined || String(env) === PRODUCTION),
  );
  const ongoing = ours.filter(({ state }) => state === 'ongoing');
  if (ongoing.length > 0) {
    // Trading is back when the last of them is over.
    const end = Math.max(...ongoing.map((each) => Number(each.end)));
    const reason = ongoing.map(({ title }) => title).join('; ');
    return { state: 'maintenance', reason, nextChange: end > 0 ? (end as EpochMs) : null };
  }
  const [next] = ours
    .filter(({ state }) => state === 'scheduled')
    .sort((one, other) => Number(one.begin) - Number(other.begin));
  if (next === undefined) return { state: 'open', reason: '', nextChange: null };
  return { state: 'open', reason: `announced: ${next.title}`, nextChange: Number(next.begin) as EpochMs };
}
