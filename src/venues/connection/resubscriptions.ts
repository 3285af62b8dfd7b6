import { MillraceError, messageOf } from '#core/errors.ts';
import type { Subscription } from '#core/market/market-message.ts';
import type { Clock, MonoNanos, Timers } from '#core/time/clock.ts';
import type { ConnectionSession } from './resilient-connection.ts';
import { keyOf, type SubscriptionRequests } from './subscription-requests.ts';

/** `started`: one resubscription is on its way. `already`: one was, and goes on. `notLive`: the reconnection brings a snapshot anyhow. */
export type ResubscribeOutcome = 'started' | 'already' | 'notLive';

/** Unsubscribe and subscribe, exactly one at a time for each subscription (F28). */
export interface Resubscriptions {
  /** Whether one is on its way. */
  has(subscription: Subscription): boolean;
  start(session: ConnectionSession, subscription: Subscription): void;
  /** The book is whole again. */
  done(subscription: Subscription): void;
  clear(): void;
}

/** A resubscription that has brought no whole book by then has failed. */
const RESYNC_MS = 10_000;

export function createResubscriptions(options: {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly requests: SubscriptionRequests;
  readonly ackTimeoutMs: number;
  readonly wants: (subscription: Subscription) => boolean;
  /** The venue refused, or did not answer. */
  readonly onFailed: (session: ConnectionSession, reason: string) => void;
  /** It was confirmed, and no whole book has come of it. */
  readonly onOverdue: (subscription: Subscription, askedAt: MonoNanos) => void;
}): Resubscriptions {
  const { clock, timers, requests } = options;
  const underWay = new Map<string, () => void>();

  function done(subscription: Subscription): void {
    const key = keyOf(subscription);
    underWay.get(key)?.();
    underWay.delete(key);
  }

  async function renew(session: ConnectionSession, subscription: Subscription): Promise<void> {
    // A refusal to unsubscribe means that it was not subscribed: the wished state.
    await Promise.all(requests.ask(session, 'unsubscribe', [subscription]));
    if (!options.wants(subscription)) return;
    const acks = await Promise.all(requests.ask(session, 'subscribe', [subscription]));
    const refused = acks.find((ack) => !ack.ok);
    if (refused !== undefined) throw new MillraceError('retryable', 'SUBSCRIBE_REFUSED', refused.reason);
  }

  return {
    has: (subscription) => underWay.has(keyOf(subscription)),
    start(session, subscription) {
      const key = keyOf(subscription);
      const askedAt = clock.monoNanos();
      const cancel = timers.after(RESYNC_MS + options.ackTimeoutMs, () => {
        if (underWay.get(key) !== cancel) return;
        underWay.delete(key);
        options.onOverdue(subscription, askedAt);
      });
      underWay.set(key, cancel);
      renew(session, subscription).then(
        () => {
          // Only a book has to become whole again; any other channel is done with the acknowledgement.
          if (subscription.channel !== 'book' && underWay.get(key) === cancel) done(subscription);
        },
        (error: unknown) => options.onFailed(session, `resubscribe failed: ${messageOf(error)}`),
      );
    },
    done,
    clear() {
      for (const cancel of underWay.values()) cancel();
      underWay.clear();
    },
  };
}
