import { MillraceError, messageOf } from '#core/errors.ts';
import type { MarketControlMessage, Subscription } from '#core/market/market-message.ts';
import type { ConnectionStatus } from '#core/orders/venue-ports.ts';
import type { Clock, MonoNanos, Random, Timers } from '#core/time/clock.ts';
import type { MarketDataProtocol, SocketPlan, VenueLog } from '../venue.ts';
import type { BackoffOptions } from './backoff.ts';
import { createPendingRequests, type RequestOutcome } from './pending-requests.ts';
import {
  type ConnectionCounts,
  type ConnectionSession,
  createResilientConnection,
  type ResilientConnection,
} from './resilient-connection.ts';
import { createSilenceWatch } from './silence-watch.ts';
import type { Connect } from './transport.ts';

export interface MarketConnectionListener {
  /**
   * Every frame, first of all, by a direct call: publish the bytes, decode, then call `heard` for each data message and `control` for each
   * control message before returning.
   */
  onFrame(frame: Buffer, receivedAt: MonoNanos): void;
  /** Live or not. What is not live has books that must be invalidated. */
  onStatus(status: ConnectionStatus): void;
  /** The venue will not serve this subscription; it is no longer wanted. */
  onRefused(subscription: Subscription, reason: string): void;
  /** A channel fell silent, or a book was asked for anew: what it says next starts with a snapshot. */
  onResubscribe(subscription: Subscription, reason: string): void;
}

export interface MarketConnectionOptions {
  readonly name: string;
  readonly plan: SocketPlan;
  readonly protocol: MarketDataProtocol;
  readonly connect: Connect;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly log: VenueLog;
  readonly listener: MarketConnectionListener;
  readonly backoff?: BackoffOptions;
  /** How long an answer to a request may take. */
  readonly ackTimeoutMs?: number;
  /** Longest time without any frame while something is subscribed; null: not judged. */
  readonly silenceMs?: number | null;
  /** See `ResilientConnectionOptions`. */
  readonly plannedReconnectMs?: number | null;
}

/** `started`: one resubscription is on its way. `already`: one was, and goes on. `notLive`: the reconnection brings a snapshot anyhow. */
export type ResubscribeOutcome = 'started' | 'already' | 'notLive';

export interface MarketConnection {
  start(): void;
  /** Closes in order; frames that were on their way are still handed over. */
  stop(): Promise<void>;
  status(): ConnectionStatus;
  /** A data message of this channel and symbol came in the frame that is being handled. */
  heard(channel: Subscription['channel'], symbol: string): void;
  /** A control message came. */
  control(message: MarketControlMessage): void;
  /** Unsubscribe and subscribe, for a new snapshot: exactly one at a time for each subscription (F28), done when `synced` is called. */
  resubscribe(subscription: Subscription, reason: string): ResubscribeOutcome;
  /** The book of this subscription is whole again. */
  synced(subscription: Subscription): void;
  /** Resolves when the venue has confirmed all of it; rejects, and wants none of it, otherwise. */
  subscribe(subscriptions: readonly Subscription[]): Promise<void>;
  /** Resolves when the venue has confirmed it, or the socket is gone anyway. It is not wanted from the call on; after a rejection it may be asked again. */
  unsubscribe(subscriptions: readonly Subscription[]): Promise<void>;
  wanted(): readonly Subscription[];
  readonly counts: MarketConnectionCounts;
}

export interface MarketConnectionCounts extends ConnectionCounts {
  resubscribed: number;
  silences: number;
  /** Answers that nobody waited for. */
  lateAnswers: number;
}

const ACK_TIMEOUT_MS = 10_000;
const ANY_SILENCE_MS = 60_000;
const MAX_PENDING = 1_000;
/** A resubscription that has brought no whole book by then may be asked for again. */
const RESYNC_MS = 10_000;

interface Ack {
  readonly ok: boolean;
  readonly reason: string;
}

/** One market-data socket of a venue, kept up: subscriptions with awaited acks, heartbeats, silence by channel and symbol (R10, F16, F17). */
export function createMarketConnection(options: MarketConnectionOptions): MarketConnection {
  const { protocol, clock, timers, listener, log, plan } = options;
  const ackTimeoutMs = options.ackTimeoutMs ?? ACK_TIMEOUT_MS;
  const wanted = new Map<string, Subscription>(plan.subscriptions.map((each) => [keyOf(each), each]));
  const pending = createPendingRequests<Ack>(timers, MAX_PENDING);
  const resyncing = new Map<string, () => void>();
  const own = { resubscribed: 0, silences: 0, lateAnswers: 0 };
  let requests = 0;
  let receivedAt = 0 as MonoNanos;

  const silence = createSilenceWatch({
    clock,
    timers,
    silenceMs: (subscription) => protocol.silenceMs(subscription),
    onSilent(subscription, quietMs, before) {
      own.silences += 1;
      const reason = `${subscription.channel} ${subscription.symbol} silent for ${Math.round(quietMs)} ms`;
      if (before > 0) connection.fail(reason);
      else startResubscribe(subscription, reason);
    },
  });

  const connection: ResilientConnection = createResilientConnection({
    name: options.name,
    url: () => plan.url,
    connect: options.connect,
    clock,
    timers,
    random: options.random,
    log,
    heartbeat: protocol.heartbeat,
    silenceMs: options.silenceMs === undefined ? anySilence() : options.silenceMs,
    plannedReconnectMs: options.plannedReconnectMs ?? null,
    ...(options.backoff === undefined ? {} : { backoff: options.backoff }),
    listener: {
      async onOpen(session) {
        if (wanted.size === 0) return;
        session.progress('subscribing', `${wanted.size} subscriptions`);
        await subscribeAll(session, [...wanted.values()]);
        silence.watch([...wanted.values()]);
      },
      onFrame(frame) {
        receivedAt = clock.monoNanos();
        listener.onFrame(frame, receivedAt);
      },
      onSessionEnd(session, reason) {
        silence.clear();
        for (const cancel of resyncing.values()) cancel();
        resyncing.clear();
        pending.failSession(session.id, reason);
      },
      onStatus: (status) => listener.onStatus(status),
    },
  });

  /** With heartbeats their answers are frames; without them the venue's data alone can tell. */
  function anySilence(): number | null {
    return protocol.heartbeat === null && plan.subscriptions.length === 0 ? null : ANY_SILENCE_MS;
  }

  function ask(
    session: ConnectionSession,
    kind: 'subscribe' | 'unsubscribe',
    subscriptions: readonly Subscription[],
  ): Promise<Ack>[] {
    // Digits only, never used twice: some venues take nothing but a number.
    requests += 1;
    return protocol[kind](String(requests), subscriptions).map(
      (request) =>
        new Promise<Ack>((resolve, reject) => {
          const settle = (outcome: RequestOutcome<Ack>): void => {
            if (outcome.kind === 'answer') resolve(outcome.answer);
            else reject(unanswered(kind, request.requestId, outcome));
          };
          if (!pending.add(request.requestId, session.id, ackTimeoutMs, settle)) {
            reject(
              new MillraceError('retryable', 'REQUESTS_PENDING', `max=${MAX_PENDING} request=${request.requestId}`),
            );
            return;
          }
          try {
            session.send(request.text);
          } catch (error) {
            pending.fail(request.requestId, messageOf(error));
          }
        }),
    );
  }

  /** All at once; if the venue refuses a request, each of its subscriptions alone, so that one bad symbol does not take the others down. */
  async function subscribeAll(session: ConnectionSession, subscriptions: readonly Subscription[]): Promise<void> {
    const acks = await Promise.all(ask(session, 'subscribe', subscriptions));
    if (acks.every((ack) => ack.ok)) return;
    for (const subscription of subscriptions) {
      const [ack] = await Promise.all(ask(session, 'subscribe', [subscription]));
      if (ack?.ok === false && !/already/i.test(ack.reason)) {
        wanted.delete(keyOf(subscription));
        log('error', 'subscription refused', { connection: options.name, ...subscription, reason: ack.reason });
        listener.onRefused(subscription, ack.reason);
      }
    }
  }

  function startResubscribe(subscription: Subscription, reason: string): ResubscribeOutcome {
    const session = connection.live();
    if (session === null) return 'notLive';
    const key = keyOf(subscription);
    if (resyncing.has(key)) return 'already';
    own.resubscribed += 1;
    log('warn', 'resubscribe', { connection: options.name, ...subscription, reason });
    listener.onResubscribe(subscription, reason);
    const cancel = timers.after(RESYNC_MS + ackTimeoutMs, () => {
      if (resyncing.get(key) === cancel) resyncing.delete(key);
    });
    resyncing.set(key, cancel);
    renew(session, subscription).then(
      () => {
        // Only a book has to become whole again; any other channel is done with the acknowledgement.
        if (subscription.channel !== 'book' && resyncing.get(key) === cancel) finishResubscribe(key);
      },
      (error: unknown) => {
        if (connection.live() === session) connection.fail(`resubscribe failed: ${messageOf(error)}`);
      },
    );
    return 'started';
  }

  function finishResubscribe(key: string): void {
    resyncing.get(key)?.();
    resyncing.delete(key);
  }

  async function renew(session: ConnectionSession, subscription: Subscription): Promise<void> {
    // A refusal to unsubscribe means that it was not subscribed: the wished state.
    await Promise.all(ask(session, 'unsubscribe', [subscription]));
    if (!wanted.has(keyOf(subscription))) return;
    const acks = await Promise.all(ask(session, 'subscribe', [subscription]));
    const refused = acks.find((ack) => !ack.ok);
    if (refused !== undefined) throw new MillraceError('retryable', 'SUBSCRIBE_REFUSED', refused.reason);
  }

  return {
    start: () => connection.start(),
    stop: () => connection.stop(),
    status: () => connection.status(),
    heard: (channel, symbol) => silence.heard(channel, symbol, receivedAt),
    control(message) {
      switch (message.type) {
        case 'subscribed': {
          const ack = { ok: message.ok, reason: message.ok ? '' : message.reason };
          if (!pending.answer(message.requestId, ack)) own.lateAnswers += 1;
          return;
        }
        case 'pong':
          connection.pong();
          return;
        case 'notice':
          log('warn', 'venue notice', { connection: options.name, notice: message.notice, text: message.text });
          if (message.notice === 'shutdown') connection.reconnect(`venue notice: ${message.text}`);
          return;
        case 'venueError':
          log('error', 'venue error', { connection: options.name, code: message.code, text: message.text });
          return;
      }
    },
    resubscribe: startResubscribe,
    synced(subscription) {
      finishResubscribe(keyOf(subscription));
    },
    async subscribe(subscriptions) {
      const session = connection.live();
      if (session === null)
        throw new MillraceError('retryable', 'CONNECTION_NOT_LIVE', `state=${connection.status().state}`);
      const fresh = subscriptions.filter((each) => !wanted.has(keyOf(each)));
      for (const each of fresh) wanted.set(keyOf(each), each);
      try {
        const acks = fresh.length === 0 ? [] : await Promise.all(ask(session, 'subscribe', fresh));
        const refused = acks.find((ack) => !ack.ok);
        if (refused !== undefined) throw new MillraceError('rejected', 'SUBSCRIBE_REFUSED', refused.reason);
        silence.watch(fresh);
      } catch (error) {
        for (const each of fresh) wanted.delete(keyOf(each));
        if (connection.live() === session) {
          // What of it the venue may have taken is taken back; its answer changes nothing.
          await Promise.allSettled(ask(session, 'unsubscribe', fresh));
        }
        throw error;
      }
    },
    async unsubscribe(subscriptions) {
      for (const each of subscriptions) wanted.delete(keyOf(each));
      silence.unwatch(subscriptions);
      const session = connection.live();
      if (session === null) return;
      try {
        const acks = await Promise.all(ask(session, 'unsubscribe', subscriptions));
        const refused = acks.find((ack) => !ack.ok);
        if (refused !== undefined) throw new MillraceError('retryable', 'UNSUBSCRIBE_REFUSED', refused.reason);
      } catch (error) {
        // With the socket gone nothing of it can come any more.
        if (connection.live() === session) throw error;
      }
    },
    wanted: () => [...wanted.values()],
    get counts() {
      return { ...connection.counts, ...own };
    },
  };
}

function keyOf(subscription: Subscription): string {
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
