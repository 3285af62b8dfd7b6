import { VenueError } from '#core/orders/venue-error.ts';
import type { EpochMs } from '#core/time/clock.ts';
import { createVenueClock, takeSample, type VenueClock } from '../connection/venue-clock.ts';
import { waitForTurn } from '../connection/wait-for-turn.ts';
import type { AccountRuntime } from '../venue.ts';
import type { DeribitOperation } from './errors.ts';
import { TOO_MANY_REQUESTS } from './errors.ts';
import { deribitLimitsOf } from './limits.ts';
import { exchange, fetchServerTime, type QueryParameters, uriOf } from './public-rest.ts';
import { authorizationHeader } from './signing.ts';

/** Signed REST calls of one account. Every method rejects with a `VenueError`. */
export interface DeribitRest {
  readonly venueClock: VenueClock;
  serverTime(): Promise<EpochMs>;
  /** The result of a private method, numbers as text. */
  call(method: string, parameters: QueryParameters, operation?: DeribitOperation): Promise<unknown>;
}

export function createDeribitRest(runtime: AccountRuntime): DeribitRest {
  const { clock, timers } = runtime;
  const venueClock = createVenueClock(clock);
  const limits = deribitLimitsOf(runtime);
  const serverTime = (): Promise<EpochMs> => fetchServerTime(runtime);

  return {
    venueClock,
    serverTime,
    async call(method, parameters, operation = 'query') {
      if (!venueClock.synced()) await takeSample(venueClock, clock, serverTime);
      const turn = operation === 'query' || operation === 'cancel' ? operation : 'order';
      await waitForTurn(timers, method, () => limits.take(turn));
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
