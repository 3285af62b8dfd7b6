import { messageOf } from '#core/errors.ts';
import type { ConnectionStatus, OrderAnswer } from '#core/orders/venue-ports.ts';
import type { EpochMs } from '#core/time/clock.ts';
import { PRIVATE_RECONNECT } from '../connection/backoff.ts';
import { createCredentialWatch } from '../connection/credential-watch.ts';
import { createPendingRequests, type RequestOutcome } from '../connection/pending-requests.ts';
import type { RatePriority } from '../connection/rate-budget.ts';
import { addressCircuit } from '../connection/rate-circuit.ts';
import { type ConnectionSession, createResilientConnection } from '../connection/resilient-connection.ts';
import { createVenueClock, keepVenueClock } from '../connection/venue-clock.ts';
import type { AccountRuntime, Managed } from '../venue.ts';
import type { BinanceApi } from './api.ts';
import { createLimits, observeRefusal } from './limits.ts';
import {
  parsePrivate,
  readAcknowledgement,
  readAs,
  type WebsocketAnswer,
  websocketAnswer,
} from './private-messages.ts';
import { createRestClient } from './rest.ts';
import { createShutdownObedience } from './server-shutdown.ts';
import { createSigner, type Params, signedRequest, signedWindow } from './signing.ts';

/** An answer that has not come by then may still have taken effect. Not shorter than the longest window of a request. */
const ANSWER_TIMEOUT_MS = 5_000;
const MAX_PENDING = 500;
const HEARTBEAT = { intervalMs: 20_000, answerTimeoutMs: 10_000, message: () => null };
/** The venue cuts connections after 24 hours. */
const PLANNED_RECONNECT_MS = 23 * 3_600_000;
/** While a connection is being replaced the old one stays for the answers that are due. */
const LINGER_MS = ANSWER_TIMEOUT_MS + 1_000;
/** IP weight of opening a connection. */
const HANDSHAKE_WEIGHT = 5;

export interface OrderEntryTiming {
  readonly answerTimeoutMs?: number;
  readonly heartbeat?: { readonly intervalMs: number; readonly answerTimeoutMs: number };
}

/** What a request costs: orders count per account, what else there is weighs per address; only cancels may use the reserve. */
export interface RequestCost {
  readonly orders: 0 | 1;
  readonly weight: number;
  readonly priority: RatePriority;
}

export interface WebsocketApiOptions {
  readonly api: BinanceApi;
  readonly runtime: AccountRuntime;
  readonly onStatus: (status: ConnectionStatus) => void;
  readonly timing: OrderEntryTiming;
  /** A harmless signed query, to try the keys with, and its IP weight. */
  readonly probe: { readonly method: string; readonly weight: number };
}

/** The websocket API of one account. */
export interface WebsocketApi extends Managed {
  beats(): number | null;
  notReady(): string | null;
  /** Signs and writes one request at once; answers later, exactly once. */
  request(
    method: string,
    params: Params,
    cost: RequestCost,
    validUntil: EpochMs,
    answer: (answer: OrderAnswer) => void,
  ): void;
}

/**
 * Order entry by the websocket API, each request signed by itself (HMAC keys have no session logon). A connection goes live after the keys
 * were tried with one query, so that wrong ones show before the first order.
 */
export function createWebsocketApi(options: WebsocketApiOptions): WebsocketApi {
  const { api, runtime, onStatus, timing } = options;
  const { clock, timers, log } = runtime;
  const answerTimeoutMs = timing.answerTimeoutMs ?? ANSWER_TIMEOUT_MS;
  const rest = createRestClient(api, runtime);
  let venueClock = createVenueClock(clock);
  const limits = createLimits(clock, api.windows, 1, addressCircuit(clock, runtime.endpoints.rest));
  const pending = createPendingRequests<WebsocketAnswer>(timers, MAX_PENDING);
  const sign = createSigner();
  let requestNumber = 0;
  let endClock: (() => void) | null = null;

  const watch = createCredentialWatch({
    credentials: runtime.credentials,
    timers,
    onChange: () => {
      if (connection.live() === null) connection.retryNow('new keys');
      else connection.replace('new keys', LINGER_MS);
    },
  });

  function startClock(): void {
    endClock?.();
    endClock = keepVenueClock({
      venueClock,
      clock,
      timers,
      ask: rest.serverTime,
      onFailure: (text) => log('warn', 'venue time not known', { reason: text }),
      onAlarm: (raised, offsetMs) =>
        log(raised ? 'error' : 'info', 'venue clock and ours', { venue: api.name, raised, offsetMs }),
    });
  }

  function resyncClock(): void {
    venueClock = createVenueClock(clock);
    startClock();
  }

  function notReady(): string | null {
    if (connection.live() === null) return `order entry is ${connection.status().state}: ${connection.status().reason}`;
    if (!venueClock.synced()) return 'the venue clock has not been read yet';
    return runtime.credentials() === null ? 'no keys are known for this account' : null;
  }

  /** Signs and writes one request, or says why nothing was sent. `settle` is called later, once, if it was sent. */
  function send(
    session: ConnectionSession,
    method: string,
    params: Params,
    validUntil: EpochMs,
    settle: (outcome: RequestOutcome<WebsocketAnswer>) => void,
  ): Extract<OrderAnswer, { kind: 'notSent' }> | null {
    const credentials = runtime.credentials();
    if (credentials === null)
      return { kind: 'notSent', reason: 'notReady', text: 'no keys are known for this account' };
    if (pending.size >= MAX_PENDING) {
      return { kind: 'notSent', reason: 'rateLimited', text: `${MAX_PENDING} requests wait for their answers` };
    }
    const window = signedWindow(venueClock, clock, validUntil);
    if (window === null) {
      return { kind: 'notSent', reason: 'leaseEnds', text: `too little time is left before ${validUntil}` };
    }
    requestNumber += 1;
    const id = `m${requestNumber}`;
    const text = signedRequest(sign, credentials, { id, method, params }, window);
    try {
      session.send(text);
    } catch (error) {
      return { kind: 'notSent', reason: 'notReady', text: messageOf(error) };
    }
    pending.add(id, session.id, answerTimeoutMs, settle);
    return null;
  }

  function request(
    method: string,
    params: Params,
    cost: RequestCost,
    validUntil: EpochMs,
    answer: (answer: OrderAnswer) => void,
  ): void {
    const session = connection.live();
    const reason = notReady();
    const refused = (text: string, why: 'notReady' | 'rateLimited'): void =>
      later(answer, { kind: 'notSent', reason: why, text });
    if (session === null || reason !== null) {
      refused(reason ?? 'no connection', 'notReady');
      return;
    }
    const orderMs = cost.orders === 0 ? 0 : limits.takeOrder();
    const waitMs = orderMs > 0 || cost.weight === 0 ? orderMs : limits.takeWeight(cost.weight, cost.priority);
    if (waitMs > 0) {
      refused(`the request budget is used up for ${Math.ceil(waitMs)} ms`, 'rateLimited');
      return;
    }
    const notSent = send(session, method, params, validUntil, (outcome) => answer(answerOf(outcome)));
    if (notSent !== null) later(answer, notSent);
  }

  function answerOf(outcome: RequestOutcome<WebsocketAnswer>): OrderAnswer {
    if (outcome.kind === 'timeout') {
      return { kind: 'unknown', cause: 'timeout', code: '', text: `no answer in ${answerTimeoutMs} ms` };
    }
    if (outcome.kind === 'linkLost') return { kind: 'unknown', cause: 'linkLost', code: '', text: outcome.reason };
    const { answer } = outcome;
    if (answer.error === undefined && answer.status === 200) {
      const acknowledged = readAcknowledgement(answer.result);
      return acknowledged === null
        ? { kind: 'unknown', cause: 'venueUnclear', code: '200', text: 'acknowledged without an order id' }
        : { kind: 'accepted', venueOrderId: acknowledged.orderId, venueTime: acknowledged.time };
    }
    const code = answer.error?.code ?? null;
    const text = answer.error?.msg ?? '';
    const errorClass = api.errors.classify(code, text, answer.status, 'order');
    const shown = code === null ? `status ${answer.status}` : String(code);
    if (errorClass === 'clock') resyncClock();
    return errorClass === 'unknown'
      ? { kind: 'unknown', cause: 'venueUnclear', code: shown, text }
      : { kind: 'rejected', code: shown, text, errorClass };
  }

  /** One harmless signed query: are the keys good? */
  function tryKeys(session: ConnectionSession): Promise<void> {
    return new Promise((resolve, reject) => {
      if (!venueClock.synced()) {
        reject(new Error('the venue clock has not been read yet'));
        return;
      }
      watch.using(runtime.credentials());
      const validUntil = (clock.epochMs() + answerTimeoutMs) as EpochMs;
      const notSent = send(session, options.probe.method, {}, validUntil, (outcome) => {
        if (outcome.kind !== 'answer') reject(new Error(`no answer to the first query: ${outcome.kind}`));
        else if (outcome.answer.error === undefined) resolve();
        else {
          const { code, msg } = outcome.answer.error;
          if (api.errors.classify(code, msg, outcome.answer.status, 'query') === 'clock') resyncClock();
          reject(new Error(`first query refused: ${code} ${msg}`));
        }
      });
      if (notSent !== null) reject(new Error(notSent.text));
    });
  }

  /** `isCurrent`: false for a connection that is being replaced already; then only its answers matter. */
  function onFrame(frame: Buffer, isCurrent: boolean): void {
    const message = parsePrivate(frame.toString('utf8'));
    if (typeof message === 'object' && message !== null && 'e' in message) {
      if (message.e === 'serverShutdown' && isCurrent) obeyShutdown();
      return;
    }
    const answer = readAs(websocketAnswer, message, 'websocket API answer');
    if (answer.rateLimits !== undefined) limits.observeRows(answer.rateLimits);
    observeRefusal(limits, answer, venueClock.venueNow());
    if (answer.id === null) {
      // The session was revoked, or a request could not be read at all: whose it was cannot be told.
      connection.fail(`refused without an id: ${answer.error?.code ?? answer.status} ${answer.error?.msg ?? ''}`);
      return;
    }
    if (!pending.answer(String(answer.id), answer)) log('warn', 'answer that nobody waits for', { id: answer.id });
  }

  const connection = createResilientConnection({
    ...PRIVATE_RECONNECT,
    name: `${api.name} orders`,
    url: async () => {
      // Who is refused and comes again is banned, or banned for longer (F26). The reserve serves, since cancels need the connection.
      const waitMs = limits.takeWeight(HANDSHAKE_WEIGHT + options.probe.weight, 'cancel');
      if (waitMs > 0) throw new Error(`the request budget is used up for ${Math.ceil(waitMs)} ms`);
      if (!venueClock.synced()) {
        const sentAt = clock.monoNanos();
        const time = await rest.serverTime();
        venueClock.sample(sentAt, clock.monoNanos(), time);
      }
      return runtime.endpoints.orders;
    },
    connect: runtime.connect,
    clock,
    timers,
    random: runtime.random,
    log,
    heartbeat: { ...HEARTBEAT, ...timing.heartbeat },
    silenceMs: null,
    plannedReconnectMs: PLANNED_RECONNECT_MS,
    listener: {
      async onOpen(session) {
        session.progress('authenticating', 'trying the keys');
        await tryKeys(session);
      },
      onFrame(frame, session) {
        try {
          onFrame(frame, session.id === connection.session()?.id);
        } catch (error) {
          // It may have been an answer; whoever waits for it gets `unknown` by the end of the connection.
          log('error', 'order answer unreadable', { reason: messageOf(error), bytes: frame.length });
          connection.fail(messageOf(error));
        }
      },
      onSessionEnd: (session, reason) => pending.failSession(session.id, reason),
      onStatus,
    },
  });

  const obeyShutdown = createShutdownObedience(connection, clock, LINGER_MS);

  return {
    notReady,
    request,
    start() {
      watch.start();
      startClock();
      connection.start();
    },
    async stop() {
      watch.stop();
      endClock?.();
      endClock = null;
      await connection.stop();
    },
    status: connection.status,
    beats: connection.beats,
  };
}

/** Answers never come before the call that asks for them has returned. */
function later(answer: (answer: OrderAnswer) => void, value: OrderAnswer): void {
  queueMicrotask(() => answer(value));
}
