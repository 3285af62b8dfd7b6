import { messageOf } from '#core/errors.ts';
import type { Subscription } from '#core/market/market-message.ts';
import type { MarketDataProtocol } from '../venue.ts';
import type { ConnectionSession } from './resilient-connection.ts';
import type { SubscriptionRequests } from './subscription-requests.ts';

/**
 * Subscribes to all of it; where the venue refuses a request without saying what of it, its halves, and theirs: one bad symbol does not take the others down, and costs
 * few requests. Rejects when an answer is missing.
 */
export async function subscribeAll(
  parts: {
    readonly protocol: MarketDataProtocol;
    readonly requests: SubscriptionRequests;
    readonly session: ConnectionSession;
    readonly refuse: (subscription: Subscription, reason: string) => void;
  },
  subscriptions: readonly Subscription[],
): Promise<void> {
  const { requests, session, refuse } = parts;

  async function ask(some: readonly Subscription[]): Promise<void> {
    const acks = await Promise.all(requests.ask(session, 'subscribe', some));
    if (acks.every((ack) => ack.ok)) return;
    // A venue that says which ones it did not take need not be asked again.
    if (acks.every((ack) => ack.ok || ack.missing.length > 0)) {
      const missing = acks.flatMap((ack) => ack.missing);
      for (const each of missing) refuse(each, 'not in the list of subscriptions that the venue confirmed');
      return;
    }
    const [first] = some;
    if (some.length === 1 && first !== undefined) {
      const reason = acks.find((ack) => !ack.ok)?.reason ?? '';
      if (!/already/i.test(reason)) refuse(first, reason);
      return;
    }
    const middle = Math.ceil(some.length / 2);
    await ask(some.slice(0, middle));
    await ask(some.slice(middle));
  }

  const known = subscriptions.filter((each) => {
    const reason = unknownBecause(parts.protocol, each);
    if (reason !== null) refuse(each, reason);
    return reason === null;
  });
  if (known.length > 0) await ask(known);
}

/** Why the venue has no such channel, whatever its protocol does with one; null if it has. */
function unknownBecause(protocol: MarketDataProtocol, subscription: Subscription): string | null {
  try {
    return protocol.subscribe('0', [subscription]).length > 0 ? null : 'the venue has no such channel';
  } catch (error) {
    return messageOf(error);
  }
}
