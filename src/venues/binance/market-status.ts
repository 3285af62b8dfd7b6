import { messageOf } from '#core/errors.ts';
import { VenueError } from '#core/orders/venue-error.ts';
import type { MarketStatus, VenueRuntime } from '../venue.ts';

const TIMEOUT_MS = 10_000;
/** The gateway's answer while the venue does not serve. */
const UNAVAILABLE = 503;

/** Whether the venue serves: it trades round the clock, so that it is open unless its gateway says otherwise. Rejects with a `VenueError` of class `retry`. */
export async function fetchStatusByPing(runtime: VenueRuntime, path: string): Promise<MarketStatus> {
  const abort = new AbortController();
  const cancel = runtime.timers.after(TIMEOUT_MS, () => abort.abort());
  try {
    const answer = await runtime.fetch(`${runtime.endpoints.rest}${path}`, { signal: abort.signal });
    const body = await answer.text();
    if (answer.ok) return { state: 'open', reason: '', nextChange: null };
    if (answer.status === UNAVAILABLE) return { state: 'maintenance', reason: shortened(body), nextChange: null };
    throw new VenueError('retry', `HTTP ${answer.status}`, shortened(body));
  } catch (error) {
    if (error instanceof VenueError) throw error;
    if (abort.signal.aborted) throw new VenueError('retry', 'TIMEOUT', `no answer in ${TIMEOUT_MS} ms`);
    throw new VenueError('retry', 'NETWORK', messageOf(error));
  } finally {
    cancel();
  }
}

function shortened(body: string): string {
  return body.replace(/\s+/g, ' ').slice(0, 120);
}
