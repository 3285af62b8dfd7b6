import { z } from 'zod';
import { messageOf } from '#core/errors.ts';
import type { ConnectionStatus, OrderAnswer, OrderEntry, OrderTarget } from '#core/orders/venue-ports.ts';
import type { EpochMs, MonoNanos } from '#core/time/clock.ts';
import { admitOrder } from '../connection/admit-order.ts';
import { PRIVATE_RECONNECT } from '../connection/backoff.ts';
import { createPendingRequests, type RequestOutcome } from '../connection/pending-requests.ts';
import { refusedOrder } from '../connection/refused-order.ts';
import { type ConnectionSession, createResilientConnection } from '../connection/resilient-connection.ts';
import { createVenueClock, keepVenueClock, takeSample } from '../connection/venue-clock.ts';
import type { AccountRuntime, Managed } from '../venue.ts';
import { createBybitAuthentication } from './authentication.ts';
import type { BybitCategory } from './category.ts';
import { BYBIT_PATHS } from './endpoints.ts';
import { type BybitOperation, classOfCode, RESTARTING, TOO_OFTEN } from './errors.ts';
import { createBybitLimits } from './limits.ts';
import { amendArguments, cancelBody, createArguments, isNotFound, STOP_FILTER } from './order-arguments.ts';
import { fetchServerTime } from './public-rest.ts';

type OrderOperation = Exclude<BybitOperation, 'query'>;

const ANSWER_TIMEOUT_MS = 5_000;
const RECV_WINDOW_MS = 5_000;
/** A shorter window than this would mostly be refused on arrival. */
const MIN_WINDOW_MS = 50;
const MAX_PENDING = 500;
const PING_MS = 20_000;
/** For how long a connection that is being replaced may still deliver its answers. */
const LINGER_MS = 10_000;

const reply = z.object({
  reqId: z.string().optional(),
  req_id: z.string().optional(),
  retCode: z.number().optional(),
  retMsg: z.string().optional(),
  success: z.boolean().optional(),
  op: z.string().optional(),
  data: z.unknown().optional(),
  header: z
    .object({
      'X-Bapi-Limit': z.string().optional(),
      'X-Bapi-Limit-Status': z.string().optional(),
      'X-Bapi-Limit-Reset-Timestamp': z.string().optional(),
      Timenow: z.string().optional(),
    })
    .optional(),
});
type Reply = z.infer<typeof reply>;
const orderData = z.object({ orderId: z.string().min(1) });

/**
 * Order entry over `/v5/trade` (Bybit V5 documentation, "Websocket Trade Guideline"). The signed-in session is the signature; each request
 * carries its timestamp and window, and the window ends before `validUntil`.
 */
export function createBybitOrderEntry(
  category: BybitCategory,
  runtime: AccountRuntime,
  onStatus: (status: ConnectionStatus) => void,
): OrderEntry & Managed {
  const { clock, timers, log } = runtime;
  const pending = createPendingRequests<Reply>(timers, MAX_PENDING);
  const limits = createBybitLimits(clock, category.ordersPerSecond, null);
  const venueClock = createVenueClock(clock);
  const idPrefix = Math.floor(runtime.random.next() * 36 ** 6).toString(36);
  let requests = 0;
  let stopClock: (() => void) | null = null;
  let whenIdle: (() => void)[] = [];
  const askTime = (): Promise<EpochMs> => fetchServerTime(runtime);

  const authentication = createBybitAuthentication({
    runtime,
    venueClock,
    onKeysChanged: () =>
      connection.live() === null ? connection.retryNow('keys changed') : connection.replace('keys changed', LINGER_MS),
  });

  const connection = createResilientConnection({
    ...PRIVATE_RECONNECT,
    name: `${category.venue} orders ${runtime.account.account}`,
    url: () => `${runtime.endpoints.orders}${BYBIT_PATHS.trade}`,
    connect: runtime.connect,
    clock,
    timers,
    random: runtime.random,
    log,
    heartbeat: { intervalMs: PING_MS, message: () => JSON.stringify({ op: 'ping' }) },
    silenceMs: null,
    listener: {
      async onOpen(session) {
        if (!venueClock.synced()) {
          await takeSample(venueClock, clock, askTime).catch((error: unknown) =>
            log('warn', 'venue time not known, the wall clock is used', { reason: messageOf(error) }),
          );
        }
        await authentication.signIn(session);
      },
      onFrame,
      onSessionEnd(session, reason) {
        authentication.onSessionEnd(session, reason);
        pending.failSession(session.id, reason);
      },
      onStatus,
    },
  });

  function onFrame(frame: Buffer, session: ConnectionSession): void {
    const message = parseReply(frame);
    if (message === null) {
      log('error', 'order answer unreadable', { connection: `${category.venue} orders`, bytes: frame.length });
      return;
    }
    if (message.op === 'pong' || message.retMsg === 'pong') {
      connection.pong();
    } else if (message.op === 'auth') {
      authentication.onAnswer(session, message.retCode ?? (message.success === true ? 0 : 10004), message.retMsg ?? '');
    } else if (message.reqId !== undefined && message.reqId !== '') {
      if (!pending.answer(message.reqId, message)) {
        log('warn', 'answer that nobody waits for', { reqId: message.reqId, retCode: message.retCode });
      }
    } else {
      log('error', 'order connection says', { retCode: message.retCode, retMsg: message.retMsg, op: message.op });
      if (message.retCode === RESTARTING) leave(session);
    }
  }

  /** The service behind this connection restarts. What it says on one that was left already is no reason to leave the next. */
  function leave(session: ConnectionSession): void {
    if (connection.live() === session) connection.replace('the venue restarts', LINGER_MS);
  }

  function request(
    operation: OrderOperation,
    args: Readonly<Record<string, unknown>>,
    validUntil: EpochMs,
    answer: (answer: OrderAnswer) => void,
  ): void {
    const session = connection.live();
    if (session === null) {
      answer({ kind: 'notSent', reason: 'notReady', text: notReady() ?? 'not live' });
      return;
    }
    const windowMs = admitOrder({
      validUntil,
      now: clock.epochMs(),
      maxWindowMs: RECV_WINDOW_MS,
      minWindowMs: MIN_WINDOW_MS,
      take: () => limits.take(operation),
      pending: pending.size,
      maxPending: MAX_PENDING,
    });
    if (typeof windowMs !== 'number') {
      answer(windowMs);
      return;
    }
    requests += 1;
    const reqId = `${idPrefix}-${requests.toString(36)}`;
    const text = JSON.stringify({
      reqId,
      header: { 'X-BAPI-TIMESTAMP': String(venueClock.venueNow()), 'X-BAPI-RECV-WINDOW': String(windowMs) },
      op: `order.${operation}`,
      args: [args],
    });
    const sentAt = clock.monoNanos();
    try {
      session.send(text);
    } catch (error) {
      // The socket refused the text, so nothing of it has left.
      answer({ kind: 'notSent', reason: 'notReady', text: messageOf(error) });
      return;
    }
    pending.add(reqId, session.id, ANSWER_TIMEOUT_MS, (outcome) => {
      answer(answerOf(operation, outcome, sentAt, session));
      if (pending.size === 0) settleIdle();
    });
  }

  function answerOf(
    operation: OrderOperation,
    outcome: RequestOutcome<Reply>,
    sentAt: MonoNanos,
    session: ConnectionSession,
  ): OrderAnswer {
    if (outcome.kind === 'timeout') {
      return { kind: 'unknown', cause: 'timeout', code: 'TIMEOUT', text: `no answer in ${ANSWER_TIMEOUT_MS} ms` };
    }
    if (outcome.kind === 'linkLost') return { kind: 'unknown', cause: 'linkLost', code: 'LINK', text: outcome.reason };
    return readAnswer(operation, outcome.answer, sentAt, session);
  }

  function readAnswer(
    operation: OrderOperation,
    message: Reply,
    sentAt: MonoNanos,
    session: ConnectionSession,
  ): OrderAnswer {
    const errorClass = message.retCode === undefined ? null : classOfCode(message.retCode, operation);
    if (errorClass === 'clock') venueClock.distrust();
    const venueTime = timeOf(message.header?.Timenow);
    if (venueTime !== null) venueClock.sample(sentAt, clock.monoNanos(), venueTime);
    const headers = {
      limit: message.header?.['X-Bapi-Limit'] ?? null,
      remaining: message.header?.['X-Bapi-Limit-Status'] ?? null,
      resetAt: message.header?.['X-Bapi-Limit-Reset-Timestamp'] ?? null,
    };
    limits.observe(operation, headers);
    if (message.retCode === 0) {
      const data = orderData.safeParse(message.data);
      if (data.success) return { kind: 'accepted', venueOrderId: data.data.orderId, venueTime };
      return { kind: 'unknown', cause: 'venueUnclear', code: '0', text: 'accepted without an order id' };
    }
    if (message.retCode === undefined || errorClass === null) {
      return { kind: 'unknown', cause: 'venueUnclear', code: 'ANSWER_INVALID', text: 'no retCode' };
    }
    if (TOO_OFTEN.has(message.retCode)) {
      limits.refused(operation, headers, venueClock.venueNow());
    }
    if (errorClass === 'clock') synchronise();
    if (message.retCode === RESTARTING) leave(session);
    return refusedOrder(errorClass, String(message.retCode), message.retMsg ?? '');
  }

  function synchronise(): void {
    takeSample(venueClock, clock, askTime).catch((error: unknown) =>
      log('warn', 'venue time not known', { reason: messageOf(error) }),
    );
  }

  function notReady(): string | null {
    if (connection.live() !== null) return null;
    const status = connection.status();
    return `${status.state}: ${status.reason}`;
  }

  function settleIdle(): void {
    const resolve = whenIdle;
    whenIdle = [];
    for (const done of resolve) done();
  }

  /** Where stops are orders of another kind, one that is not among the plain ones is looked for among the stops; the second answer is then the answer. */
  function cancel(target: OrderTarget, validUntil: EpochMs, answer: (answer: OrderAnswer) => void): void {
    const body = cancelBody(category, target);
    request('cancel', body, validUntil, (first) => {
      if (!category.stopsHaveFilter || !isNotFound(first)) answer(first);
      else request('cancel', { ...body, orderFilter: STOP_FILTER }, validUntil, answer);
    });
  }

  return {
    notReady,
    place: (intent, instrument, validUntil, answer) =>
      request('create', createArguments(category, intent, instrument), validUntil, answer),
    cancel,
    amend: (target, change, instrument, validUntil, answer) =>
      request('amend', amendArguments(category, target, change, instrument), validUntil, answer),
    start() {
      connection.start();
      authentication.start();
      stopClock ??= keepVenueClock({
        venueClock,
        clock,
        timers,
        ask: askTime,
        onFailure: (reason) => log('warn', 'venue time not known', { reason }),
        onAlarm: (raised, offsetMs) =>
          log(raised ? 'error' : 'info', 'venue clock and ours', { venue: category.venue, raised, offsetMs }),
      });
    },
    async stop() {
      stopClock?.();
      stopClock = null;
      authentication.stop();
      // Each request settles within its time limit; its answer is worth the wait.
      if (pending.size > 0) await new Promise<void>((resolve) => whenIdle.push(resolve));
      await connection.stop();
    },
    status: () => connection.status(),
    beats: connection.beats,
  };
}

function parseReply(frame: Buffer): Reply | null {
  try {
    return reply.parse(JSON.parse(frame.toString('utf8')));
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof z.ZodError) return null;
    throw error;
  }
}

function timeOf(text: string | undefined): EpochMs | null {
  return text !== undefined && /^\d{13}$/.test(text) ? (Number(text) as EpochMs) : null;
}
