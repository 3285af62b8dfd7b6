import { MillraceError, messageOf } from '#core/errors.ts';
import type { MarketControlMessage, Subscription } from '#core/market/market-message.ts';
import type { ConnectionStatus } from '#core/orders/venue-ports.ts';
import type { Clock, MonoNanos, Random, Timers } from '#core/time/clock.ts';
import type { MarketDataProtocol, SocketPlan, VenueLog, VenueRuntime } from '../venue.ts';
import type { BackoffOptions } from './backoff.ts';
import { createRhythms, type Rhythms } from './channel-rhythm.ts';
import { createCredentialWatch } from './credential-watch.ts';
import { limitDials } from './dial-schedule.ts';
import { CONNECTION_OCCUPIED } from './loss-reason.ts';
import { createMaintenanceNote } from './maintenance-note.ts';
import {
  type ConnectionCounts,
  type ConnectionSession,
  createResilientConnection,
  type ResilientConnection,
} from './resilient-connection.ts';
import { createResubscriptions, type ResubscribeOutcome } from './resubscriptions.ts';
import { createSilenceWatch, type Silence } from './silence-watch.ts';
import { subscribeAll } from './subscribe-all.ts';
import { type Ack, createSubscriptionRequests, keyOf } from './subscription-requests.ts';
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
  /**
   * This connection should be replaced while it still serves: the venue will cut it, or a channel stays mute. Whoever can, opens another and then stops this one (make before
   * break); without this, or where the venue allows one connection at a time, it is closed and opened again.
   */
  onLeave?(reason: string): void;
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
  /** See `VenueRuntime`. */
  readonly marketCredentials?: VenueRuntime['marketCredentials'];
  readonly listener: MarketConnectionListener;
  readonly backoff?: BackoffOptions;
  /** How long an answer to a request may take. */
  readonly ackTimeoutMs?: number;
  /** Longest time without any frame while something is subscribed; null: not judged. */
  readonly silenceMs?: number | null;
  /** What was learned of the channels by earlier connections of the same plan. */
  readonly rhythms?: Rhythms;
}

export interface MarketConnection {
  start(): void;
  /** Closes in order; frames that were on their way are still handed over. */
  stop(): Promise<void>;
  status(): ConnectionStatus;
  /** A data message of this channel and symbol came in the frame that is being handled. `moved` false: it repeats what it said before. */
  heard(channel: Subscription['channel'], symbol: string, moved?: boolean): void;
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
  /** As of a resilient connection. */
  beats(): number | null;
  readonly counts: MarketConnectionCounts;
}

export interface MarketConnectionCounts extends ConnectionCounts {
  resubscribed: number;
  silences: number;
  /** Changes of connection that were planned or asked for by the venue. */
  planned: number;
  /** Answers that nobody waited for. */
  lateAnswers: number;
}

const ACK_TIMEOUT_MS = 10_000;
const ANY_SILENCE_MS = 60_000;
/** Part of a connection's life after which it is replaced at the latest. */
const PLANNED_PART = 0.9;
const OPEN_TIMEOUT_MS = 15_000;

/** One market-data socket of a venue, kept up: subscriptions with awaited acks, heartbeats, silence by channel and symbol (R10, F16, F17). */
export function createMarketConnection(options: MarketConnectionOptions): MarketConnection {
  const { protocol, clock, timers, listener, log, plan } = options;
  const ackTimeoutMs = options.ackTimeoutMs ?? ACK_TIMEOUT_MS;
  const wanted = new Map<string, Subscription>(plan.subscriptions.map((each) => [keyOf(each), each]));
  const requests = createSubscriptionRequests({ protocol, clock, timers, ackTimeoutMs });
  const resubscriptions = createResubscriptions({
    clock,
    timers,
    requests,
    ackTimeoutMs,
    wants: (subscription) => wanted.has(keyOf(subscription)),
    onFailed: (session, reason) => connection.live() === session && connection.fail(reason),
    // It speaks, and no whole book has come of it: another socket is the next thing to try. (If it is silent, that is judged as silence.)
    onOverdue(subscription, askedAt) {
      if ((silence.lastHeard(subscription) ?? 0) > askedAt)
        leaveMute(`${subscription.channel} ${subscription.symbol} not whole after a resubscription`);
    },
  });
  const own = { resubscribed: 0, silences: 0, planned: 0, lateAnswers: 0 };
  const mayOverlap = protocol.limits.overlap && listener.onLeave !== undefined;
  const maintenance = createMaintenanceNote({
    clock,
    timers,
    onChange: () => connection.live() !== null && listener.onStatus(currentStatus()),
    onOverdue: (text) => connection.fail(`maintenance: ${text}`),
  });
  if (protocol.limits.connections !== null) limitDials(clock, plan.url, protocol.limits.connections);
  let receivedAt = 0 as MonoNanos;

  const silence = createSilenceWatch({
    clock,
    timers,
    silenceMs: (subscription) => protocol.silenceMs(subscription),
    rhythms: options.rhythms ?? createRhythms(),
    onSilent,
  });

  /** Once a resubscription, then a new connection; what is silent even then is quiet, and waited for longer (`channel-rhythm.ts`). */
  function onSilent({ subscription, quietMs, before, evidence }: Silence): void {
    own.silences += 1;
    if (maintenance.current !== null) return;
    const why = evidence === 'peer' ? ' while the symbol moves on another channel' : '';
    const reason = `${subscription.channel} ${subscription.symbol} silent for ${Math.round(quietMs)} ms${why}`;
    if (before === 0) startResubscribe(subscription, reason);
    else if (before === 1) leaveMute(reason);
  }

  /** Others may still flow: with a successor they lose nothing. */
  function leaveMute(reason: string): void {
    if (mayOverlap && silence.flowing()) listener.onLeave?.(reason);
    else connection.fail(reason);
  }

  const connection: ResilientConnection = createResilientConnection({
    name: options.name,
    url: () => plan.url,
    connect: options.connect,
    clock,
    timers,
    random: options.random,
    log,
    heartbeat: countedHeartbeat(),
    silenceMs: options.silenceMs === undefined ? anySilence() : options.silenceMs,
    plannedReconnectMs: mayOverlap ? null : plannedMs(),
    openTimeoutMs: openTimeoutMs(),
    ...(options.backoff === undefined ? {} : { backoff: options.backoff }),
    listener: {
      async onOpen(session) {
        await begin(session);
        if (wanted.size === 0) return;
        session.progress('subscribing', `${wanted.size} subscriptions`);
        await subscribeAll({ protocol, requests, session, refuse }, [...wanted.values()]);
        silence.watch([...wanted.values()]);
        if (mayOverlap) planLeave(session);
      },
      onFrame(frame, _session, at) {
        receivedAt = at;
        listener.onFrame(frame, at);
      },
      onSessionEnd(session, reason) {
        cancelLeave?.();
        cancelLeave = null;
        maintenance.end();
        silence.clear();
        resubscriptions.clear();
        requests.endSession(session, reason);
      },
      onStatus: () => listener.onStatus(currentStatus()),
    },
  });

  let cancelLeave: (() => void) | null = null;

  /** Requests that keep the venue's pace take their time: at worst two for each subscription. */
  function openTimeoutMs(): number {
    const { messagesPerSecond } = protocol.limits;
    if (messagesPerSecond === null) return OPEN_TIMEOUT_MS;
    return OPEN_TIMEOUT_MS + (plan.subscriptions.length * 2_000) / messagesPerSecond;
  }

  /** Well before the venue cuts it. */
  function plannedMs(): number | null {
    const { connectionLifeMs } = protocol.limits;
    return connectionLifeMs === null ? null : connectionLifeMs * PLANNED_PART;
  }

  /** Spread over a tenth of the period, so that connections that began together do not change together. */
  function planLeave(session: ConnectionSession): void {
    const periodMs = plannedMs();
    if (periodMs === null) return;
    cancelLeave = timers.after(periodMs * (1 - options.random.next() / 10), () => {
      cancelLeave = null;
      if (connection.live() === session) leave('planned');
    });
  }

  function leave(reason: string): void {
    own.planned += 1;
    if (mayOverlap) listener.onLeave?.(reason);
    else connection.reconnect(reason);
  }

  function currentStatus(): ConnectionStatus {
    const status = connection.status();
    const { current } = maintenance;
    if (current === null || status.state !== 'live') return status;
    return { state: 'maintenance', reason: current.text, since: current.since };
  }

  const keys = createCredentialWatch({
    credentials: () => options.marketCredentials?.() ?? null,
    timers,
    onChange: () => (connection.live() === null ? connection.retryNow('new keys') : connection.reconnect('new keys')),
  });
  const watchesKeys = protocol.opening !== undefined && options.marketCredentials !== undefined;

  /** Heartbeats are client messages like any other. */
  function countedHeartbeat(): MarketDataProtocol['heartbeat'] {
    const { heartbeat } = protocol;
    if (heartbeat === null) return null;
    return {
      intervalMs: heartbeat.intervalMs,
      message() {
        requests.count();
        return heartbeat.message();
      },
    };
  }

  function reply(text: string): void {
    const session = connection.session();
    if (session === null) return;
    requests.count();
    try {
      session.send(text);
    } catch (error) {
      connection.fail(messageOf(error));
    }
  }

  /** With heartbeats their answers are frames; without them the venue's data alone can tell. */
  function anySilence(): number | null {
    return protocol.heartbeat === null && plan.subscriptions.length === 0 ? null : ANY_SILENCE_MS;
  }

  /** What the venue wants first: keys, heartbeats. Refused, the connection waits with the venue's reason, and comes back with other keys or by the backoff. */
  async function begin(session: ConnectionSession): Promise<void> {
    if (protocol.opening === undefined) return;
    const credentials = options.marketCredentials?.() ?? null;
    keys.using(credentials);
    const opening = protocol.opening(requests.nextId(), credentials, clock);
    if (opening.length === 0) return;
    session.progress('authenticating', `${opening.length} opening requests`);
    try {
      await requests.begin(session, opening, credentials !== null);
    } catch (error) {
      const isRefused = error instanceof MillraceError && error.code === 'OPENING_REFUSED';
      if (!isRefused || credentials === null || protocol.loginOptional !== true) throw error;
      log('error', 'login refused, market data goes on without it', {
        connection: options.name,
        reason: error.message,
      });
      await requests.begin(session, protocol.opening(requests.nextId(), null, clock), false);
    }
  }

  function refuse(subscription: Subscription, reason: string): void {
    wanted.delete(keyOf(subscription));
    log('error', 'subscription refused', { connection: options.name, ...subscription, reason });
    listener.onRefused(subscription, reason);
  }

  function startResubscribe(subscription: Subscription, reason: string): ResubscribeOutcome {
    const session = connection.live();
    if (session === null) return 'notLive';
    if (resubscriptions.has(subscription)) return 'already';
    own.resubscribed += 1;
    log('warn', 'resubscribe', { connection: options.name, ...subscription, reason });
    listener.onResubscribe(subscription, reason);
    resubscriptions.start(session, subscription);
    return 'started';
  }

  return {
    start() {
      connection.start();
      if (watchesKeys) keys.start();
    },
    stop() {
      keys.stop();
      return connection.stop();
    },
    status: currentStatus,
    heard(channel, symbol, moved = true) {
      if (maintenance.current !== null) maintenance.end();
      silence.heard(channel, symbol, receivedAt, moved);
    },
    control(message) {
      switch (message.type) {
        case 'subscribed':
        case 'subscriptionState':
          if (!requests.answer(message)) own.lateAnswers += 1;
          return;
        case 'reply':
          reply(message.text);
          return;
        case 'pong':
          connection.pong();
          return;
        case 'notice':
          log('warn', 'venue notice', { connection: options.name, notice: message.notice, text: message.text });
          if (message.notice === 'shutdown') leave(`venue notice: ${message.text}`);
          if (message.notice === 'maintenance') maintenance.begin(message.text);
          if (message.notice === 'resumed') maintenance.end();
          if (message.notice === 'occupied') connection.fail(`${CONNECTION_OCCUPIED}: ${message.text}`);
          return;
        case 'venueError':
          log('error', 'venue error', { connection: options.name, code: message.code, text: message.text });
          return;
      }
    },
    resubscribe: startResubscribe,
    synced: (subscription) => resubscriptions.done(subscription),
    async subscribe(subscriptions) {
      const session = connection.live();
      if (session === null)
        throw new MillraceError('retryable', 'CONNECTION_NOT_LIVE', `state=${connection.status().state}`);
      const fresh = subscriptions.filter((each) => !wanted.has(keyOf(each)));
      for (const each of fresh) wanted.set(keyOf(each), each);
      try {
        const acks: Ack[] = fresh.length === 0 ? [] : await Promise.all(requests.ask(session, 'subscribe', fresh));
        const refused = acks.find((ack) => !ack.ok);
        if (refused !== undefined) throw new MillraceError('rejected', 'SUBSCRIBE_REFUSED', refused.reason);
        silence.watch(fresh);
      } catch (error) {
        for (const each of fresh) wanted.delete(keyOf(each));
        if (connection.live() === session) {
          // What of it the venue may have taken is taken back; its answer changes nothing.
          await Promise.allSettled(requests.ask(session, 'unsubscribe', fresh));
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
        const acks = await Promise.all(requests.ask(session, 'unsubscribe', subscriptions));
        const refused = acks.find((ack) => !ack.ok);
        if (refused !== undefined) throw new MillraceError('retryable', 'UNSUBSCRIBE_REFUSED', refused.reason);
      } catch (error) {
        // With the socket gone nothing of it can come any more.
        if (connection.live() === session) throw error;
      }
    },
    wanted: () => [...wanted.values()],
    beats: connection.beats,
    get counts() {
      return { ...connection.counts, ...own };
    },
  };
}
