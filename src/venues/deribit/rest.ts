import type { z } from 'zod';
import { VenueError } from '#core/orders/venue-error.ts';
import type { EpochMs } from '#core/time/clock.ts';
import { createVenueClock, takeSample, type VenueClock } from '../connection/venue-clock.ts';
import type { AccountRuntime } from '../venue.ts';
import type { DeribitOperation } from './errors.ts';
import { TOO_MANY_REQUESTS } from './errors.ts';
import { deribitLimitsOf } from './limits.ts';
import { exchange, fetchServerTime, type QueryParameters, uriOf } from './public-rest.ts';
import { authorizationHeader } from './signing.ts';

/** Longest wait for the own budget. */
const MAX_WAIT_MS = 2_000;

/** Signed REST calls of one account. Every method rejects with a `VenueError`. */
export interface DeribitRest {
  readonly venueClock: VenueClock;
  serverTime(): Promise<EpochMs>;
  /** The result of a private method, numbers as text. */
  call(method: string, parameters: QueryParameters, operation?: DeribitOperation): Promise<unknown>;
}

/** Reads a result by its schema. Throws `VenueError` of class `retry` for one of another shape. */
export function read<Schema extends z.ZodType>(schema: Schema, result: unknown, what: string): z.infer<Schema> {
  const parsed = schema.safeParse(result);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const where = issue === undefined ? '' : `${issue.path.join('.')}: ${issue.message}`;
  throw new VenueError('retry', 'ANSWER_INVALID', `${what} ${where}`);
}

export function createDeribitRest(runtime: AccountRuntime): DeribitRest {
  const { clock, timers } = runtime;
  const venueClock = createVenueClock(clock);
  const limits = deribitLimitsOf(runtime);
  const serverTime = (): Promise<EpochMs> => fetchServerTime(runtime);

  /** Waits for its turn in the budget; a longer wait than a caller can be kept for rejects. */
  async function withinBudget(operation: DeribitOperation, method: string): Promise<void> {
    const kind = operation === 'query' ? 'query' : operation === 'cancel' ? 'cancel' : 'order';
    for (let waitMs = limits.take(kind); waitMs > 0; waitMs = limits.take(kind)) {
      if (waitMs > MAX_WAIT_MS) {
        throw new VenueError('retry', 'RATE_BUDGET', `method=${method} wait=${Math.ceil(waitMs)}`, waitMs);
      }
      await new Promise<void>((resolve) => timers.after(Math.ceil(waitMs), resolve));
    }
  }

  return {
    venueClock,
    serverTime,
    async call(method, parameters, operation = 'query') {
      if (!venueClock.synced()) await takeSample(venueClock, clock, serverTime);
      await withinBudget(operation, method);
      const credentials = runtime.credentials();
      if (credentials === null)
        throw new VenueError('keys', 'CREDENTIALS_MISSING', `account=${runtime.account.account}`);
      const uri = uriOf(method, parameters);
      const request = { timestamp: Math.floor(venueClock.venueNow()), method: 'GET', uri, body: '' };
      const sentAt = clock.monoNanos();
      try {
        const headers = { authorization: authorizationHeader(credentials, request) };
        // Each answer is a reading of the venue's clock: the offset is never older than the last call.
        return await exchange(runtime, operation, uri, headers, (time) =>
          venueClock.sample(sentAt, clock.monoNanos(), time),
        );
      } catch (error) {
        if (!(error instanceof VenueError) || error.venueCode !== String(TOO_MANY_REQUESTS)) {
          // By REST each request is signed by itself: one that is not accepted is a matter of keys, not of a session's age.
          if (error instanceof VenueError && (error.venueCode === '13009' || error.venueCode === '10000')) {
            throw new VenueError('keys', error.venueCode, error.message);
          }
          throw error;
        }
        const waitMs = limits.refused(operation === 'query' ? 'query' : 'order');
        throw new VenueError('retry', error.venueCode, error.message, waitMs);
      }
    },
  };
}
