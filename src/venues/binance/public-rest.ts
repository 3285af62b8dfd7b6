import { messageOf } from '#core/errors.ts';
import { VenueError } from '#core/orders/venue-error.ts';
import { addressCircuit } from '../connection/rate-circuit.ts';
import type { VenueRuntime } from '../venue.ts';
import type { BinanceApi } from './api.ts';
import { type BinanceLimits, createLimits } from './limits.ts';

const TIMEOUT_MS = 10_000;
/** Public requests may use half of the address's weight; the other half is for what is signed. */
const SHARE = 0.5;

/** The budget of each runtime: many books that lose their sync at once must not have the address banned. */
const budgets = new WeakMap<VenueRuntime, BinanceLimits>();

/**
 * One public REST request; the answer's JSON. Rejects with a `VenueError` of class `retry`: refusals by their code, `RATE_BUDGET` (nothing was sent),
 * `TIMEOUT`, `NETWORK`, `ANSWER_INVALID`.
 */
export async function publicGet(
  api: BinanceApi,
  runtime: VenueRuntime,
  pathAndQuery: string,
  weight: number,
): Promise<unknown> {
  const limits =
    budgets.get(runtime) ??
    createLimits(runtime.clock, api.windows, SHARE, addressCircuit(runtime.clock, runtime.endpoints.rest));
  budgets.set(runtime, limits);
  const waitMs = Math.max(limits.blockedMs(), limits.takeWeight(weight, 'normal'));
  if (waitMs > 0)
    throw new VenueError('retry', 'RATE_BUDGET', `wait=${Math.ceil(waitMs)} ms, nothing was sent`, waitMs);
  const abort = new AbortController();
  const cancel = runtime.timers.after(TIMEOUT_MS, () => abort.abort());
  try {
    const answer = await runtime.fetch(`${runtime.endpoints.rest}${pathAndQuery}`, { signal: abort.signal });
    const body = await answer.text();
    limits.observeHeaders(answer.headers);
    if (answer.ok) return JSON.parse(body);
    const error = api.errors.errorOf(answer.status, body, answer.headers.get('retry-after'), 'query');
    if (answer.status === 429 || answer.status === 418) limits.refused(answer.status, error.retryAfterMs);
    throw error;
  } catch (error) {
    if (error instanceof VenueError) throw error;
    if (error instanceof SyntaxError) throw new VenueError('retry', 'ANSWER_INVALID', messageOf(error));
    if (abort.signal.aborted) throw new VenueError('retry', 'TIMEOUT', `no answer in ${TIMEOUT_MS} ms`);
    throw new VenueError('retry', 'NETWORK', messageOf(error));
  } finally {
    cancel();
  }
}
