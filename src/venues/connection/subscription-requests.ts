import { MillraceError, messageOf } from '#core/errors.ts';
import type { MarketControlMessage, Subscription } from '#core/market/market-message.ts';
import type { Clock, Timers } from '#core/time/clock.ts';
import type { MarketDataProtocol, VenueRequest } from '../venue.ts';
import { createPendingRequests, type RequestOutcome } from './pending-requests.ts';
import type { ConnectionSession } from './resilient-connection.ts';
import { createSendPace, type SendPace } from './send-pace.ts';

/** The venue's answer to one request. `missing`: of its subscriptions, those that the venue did not take, where it says so one by one. */
export interface Ack {
  readonly ok: boolean;
  readonly reason: string;
  readonly missing: readonly Subscription[];
}

/** Requests of a market-data connection: sent at the venue's pace, each answered, timed out or lost with its link exactly once. */
export interface SubscriptionRequests {
  /** All requests that the venue needs for it. Each promise rejects with `ACK_MISSING` (retryable) without an answer. */
  ask(
    session: ConnectionSession,
    kind: 'subscribe' | 'unsubscribe',
    subscriptions: readonly Subscription[],
  ): Promise<Ack>[];
  /** What a fresh socket begins with, one after the other. Rejects with `OPENING_REFUSED` (configuration) if the venue refuses. */
  begin(session: ConnectionSession, requests: readonly VenueRequest[], loggedIn?: boolean): Promise<void>;
  /** Digits only, never used twice: some venues take nothing but a number. */
  nextId(): string;
  /** False: nobody waited for this answer. */
  answer(message: Extract<MarketControlMessage, { type: 'subscribed' | 'subscriptionState' }>): boolean;
  /** A heartbeat or reply leaves at once; it counts towards the pace. */
  count(): void;
  /** Requests that wait for their turn. */
  readonly waiting: number;
  endSession(session: ConnectionSession, reason: string): void;
}

const MAX_PENDING = 1_000;

/** One call's requests, whose answers may have to be taken together. */
interface Call {
  readonly kind: 'subscribe' | 'unsubscribe' | 'begin';
  readonly subscriptions: readonly Subscription[];
  readonly confirmed: Set<string>;
  open: number;
}

export function createSubscriptionRequests(options: {
  readonly protocol: MarketDataProtocol;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly ackTimeoutMs: number;
}): SubscriptionRequests {
  const { protocol, clock, timers, ackTimeoutMs } = options;
  const pending = createPendingRequests<Ack>(timers, MAX_PENDING);
  /** Written and not answered, oldest first. */
  const open = new Map<string, Call>();
  /** Requests that wait for their turn, by how they are told that it will not come. */
  const unsent = new Map<(reason: string) => void, number>();
  let pace: SendPace | null = null;
  let paced = 0;
  let requests = 0;
  /** The session whose opening has logged in, for venues that give more to those. */
  let loggedInAs = -1;

  function paceOf(session: ConnectionSession): SendPace {
    if (pace === null || paced !== session.id) {
      pace?.end();
      pace = createSendPace(clock, timers, protocol.limits.messagesPerSecond);
      paced = session.id;
    }
    return pace;
  }

  function send(session: ConnectionSession, request: VenueRequest, call: Call): Promise<Ack> {
    call.open += 1;
    return new Promise<Ack>((resolve, reject) => {
      const { requestId } = request;
      const write = (): void => {
        const settle = (outcome: RequestOutcome<Ack>): void => {
          open.delete(requestId);
          call.open -= 1;
          unsent.delete(lost);
          if (outcome.kind === 'answer') resolve(outcome.answer);
          else reject(unanswered(call.kind, requestId, outcome));
        };
        unsent.delete(lost);
        if (!pending.add(requestId, session.id, ackTimeoutMs, settle)) {
          reject(new MillraceError('retryable', 'REQUESTS_PENDING', `max=${MAX_PENDING} request=${requestId}`));
          return;
        }
        open.set(requestId, call);
        try {
          session.send(request.text);
        } catch (error) {
          pending.fail(requestId, messageOf(error));
        }
      };
      const lost = (reason: string): void => {
        call.open -= 1;
        reject(unanswered(call.kind, requestId, { kind: 'linkLost', reason }));
      };
      unsent.set(lost, session.id);
      paceOf(session).whenAllowed(write);
    });
  }

  /** What of the call the venue's list leaves open; judged with the last of its requests. */
  function missingOf(call: Call, listed: readonly Subscription[], named: boolean): readonly Subscription[] {
    for (const each of listed) call.confirmed.add(keyOf(each));
    if (call.open > 1) return [];
    if (call.kind === 'subscribe' || named) {
      return call.subscriptions.filter((each) => !call.confirmed.has(keyOf(each)));
    }
    const still = new Set(listed.map(keyOf));
    return call.subscriptions.filter((each) => still.has(keyOf(each)));
  }

  return {
    ask(session, kind, subscriptions) {
      requests += 1;
      const made = protocol[kind](String(requests), subscriptions, session.id === loggedInAs);
      const saysWhat = made.some(({ covers }) => covers !== undefined);
      const asked = saysWhat ? made.flatMap(({ covers }) => covers ?? []) : subscriptions;
      const call: Call = { kind, subscriptions: asked, confirmed: new Set(), open: 0 };
      return made.map((request) => send(session, request, call));
    },
    async begin(session, opening, loggedIn = false) {
      loggedInAs = loggedIn ? session.id : -1;
      for (const request of opening) {
        const ack = await send(session, request, { kind: 'begin', subscriptions: [], confirmed: new Set(), open: 0 });
        if (!ack.ok) throw new MillraceError('configuration', 'OPENING_REFUSED', ack.reason);
      }
    },
    nextId() {
      requests += 1;
      return String(requests);
    },
    answer(message) {
      if (message.type === 'subscribed') {
        return pending.answer(message.requestId, {
          ok: message.ok,
          reason: message.ok ? '' : message.reason,
          missing: [],
        });
      }
      const requestId = message.requestId ?? open.keys().next().value;
      const call = requestId === undefined ? undefined : open.get(requestId);
      if (requestId === undefined || call === undefined) return false;
      if (message.refused !== undefined) {
        return pending.answer(requestId, { ok: false, reason: message.refused, missing: [] });
      }
      const missing = missingOf(call, message.subscriptions, message.requestId !== undefined);
      const reason = missing.length === 0 ? '' : `not as asked in the venue's list of subscriptions`;
      return pending.answer(requestId, { ok: missing.length === 0, reason, missing });
    },
    count() {
      pace?.count();
    },
    get waiting() {
      return pace?.waiting ?? 0;
    },
    endSession(session, reason) {
      if (paced === session.id) pace?.end();
      for (const [lost, id] of [...unsent]) {
        if (id !== session.id) continue;
        unsent.delete(lost);
        lost(reason);
      }
      pending.failSession(session.id, reason);
    },
  };
}

export function keyOf(subscription: Subscription): string {
  return `${subscription.channel} ${subscription.symbol}`;
}

function unanswered(
  kind: string,
  requestId: string,
  outcome: Exclude<RequestOutcome<Ack>, { kind: 'answer' }>,
): MillraceError {
  const why = outcome.kind === 'timeout' ? 'timeout' : `linkLost ${outcome.reason}`;
  return new MillraceError('retryable', 'ACK_MISSING', `request=${kind} id=${requestId} cause=${why}`);
}
