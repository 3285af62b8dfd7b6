import { z } from 'zod';
import { MillraceError, messageOf } from '#core/errors.ts';
import type { Instrument } from '#core/market/instrument.ts';
import type { ConnectionStatus, OrderAnswer, OrderChange, OrderEntry, OrderTarget } from '#core/orders/venue-ports.ts';
import type { EpochMs } from '#core/time/clock.ts';
import { admitOrder } from '../connection/admit-order.ts';
import { PRIVATE_RECONNECT } from '../connection/backoff.ts';
import type { RequestOutcome } from '../connection/pending-requests.ts';
import { refusedOrder } from '../connection/refused-order.ts';
import { type ConnectionSession, createResilientConnection } from '../connection/resilient-connection.ts';
import { keepVenueClock } from '../connection/venue-clock.ts';
import type { AccountRuntime, Managed } from '../venue.ts';
import { type OrderRow, orderRow, withoutTriggered } from './account-messages.ts';
import { currencyOf } from './channels.ts';
import { classOfCode, type DeribitOperation, isKnownCode } from './errors.ts';
import { errorText, type RequestParameters, type RpcMessage } from './json-rpc.ts';
import { deribitLimitsOf } from './limits.ts';
import { amendParameters, placeParameters } from './order-parameters.ts';
import { fetchServerTime } from './public-rest.ts';
import { isWorking } from './queries.ts';
import { createDeribitSession } from './session.ts';

type OrderOperation = Exclude<DeribitOperation, 'query'>;

const ANSWER_TIMEOUT_MS = 5_000;
/** No order stays executable for longer than this, whatever its lease. */
const WINDOW_MS = 5_000;
/** A shorter window than this would mostly be refused on arrival. */
const MIN_WINDOW_MS = 50;
const MAX_PENDING = 400;
const ARM_METHOD = 'private/enable_cancel_on_disconnect';
/** For how long a connection that is being replaced may still deliver its answers. */
const LINGER_MS = 10_000;
/** How long leaving in order may take. */
const LEAVE_MS = 2_000;

/** `private/buy`, `sell` and `edit` answer `{order,trades}`, `private/cancel` the order itself. */
const orderResult = z.union([z.object({ order: orderRow }).transform(({ order }) => order), orderRow]);
const orderRows = z.union([z.array(orderRow), orderRow.transform((row) => [row])]);

/**
 * Order entry by websocket. The signed-in session is the signature; each order names until when it may be executed (`valid_until`), which ends before its lease does. What
 * fills at once stands in the answer and is told by the account stream, from where it is taken. Cancel-on-disconnect is armed: a connection that is torn takes its orders with
 * it; one that ends in order logs out first, and leaves them.
 */
export function createDeribitOrderEntry(
  runtime: AccountRuntime,
  onStatus: (status: ConnectionStatus) => void,
): OrderEntry & Managed {
  const { clock, timers, log } = runtime;
  const name = `deribit orders ${runtime.account.account}`;
  const limits = deribitLimitsOf(runtime);
  let current: ConnectionSession | null = null;
  /** Sessions whose end would take their orders with them: until they have logged out. */
  const armed = new Set<ConnectionSession>();
  let stopClock: (() => void) | null = null;
  let cancelLogOut: (() => void) | null = null;
  let whenIdle: (() => void)[] = [];
  let waiting = 0;

  const session = createDeribitSession({
    runtime,
    name,
    address: runtime.endpoints.orders,
    limits,
    onKeysChanged,
    onFailure: (of, reason) => of === current && connection.reconnect(reason),
    onNotification: () => undefined,
  });

  const connection = createResilientConnection({
    ...PRIVATE_RECONNECT,
    name,
    url: () => session.url(),
    connect: runtime.connect,
    clock,
    timers,
    random: runtime.random,
    log,
    heartbeat: null,
    silenceMs: 90_000,
    listener: {
      async onOpen(opened) {
        current = opened;
        await session.open(opened);
        await armCancelOnDisconnect(opened);
        // What this one replaces leaves in order, with its orders in place.
        for (const before of [...armed]) if (before !== opened) logOut(before);
      },
      onFrame(frame, opened) {
        try {
          session.onFrame(frame, opened);
        } catch (error) {
          log('error', 'order answer unreadable', { connection: name, bytes: frame.length, reason: messageOf(error) });
        }
      },
      onSessionEnd(ended, reason) {
        armed.delete(ended);
        session.onSessionEnd(ended, reason);
      },
      onStatus,
    },
  });

  /** Make before break. If the new keys are no good, the old connection leaves in order all the same: a typing error costs no order. */
  function onKeysChanged(): void {
    const old = connection.live();
    if (old === null) {
      connection.retryNow('keys changed');
      return;
    }
    connection.replace('keys changed', LINGER_MS + LEAVE_MS);
    cancelLogOut?.();
    cancelLogOut = timers.after(LINGER_MS, () => armed.has(old) && logOut(old));
  }

  function armCancelOnDisconnect(opened: ConnectionSession): Promise<void> {
    return new Promise((resolve, reject) => {
      const refuse = (cause: string): void =>
        reject(new MillraceError('retryable', 'CANCEL_ON_DISCONNECT', `not armed, cause=${cause}`));
      const sent = session.request(opened, ARM_METHOD, { scope: 'connection' }, (outcome) => {
        if (outcome.kind !== 'answer') refuse(outcome.kind);
        else if (outcome.answer.error !== undefined) refuse(errorText(outcome.answer.error));
        else {
          armed.add(opened);
          resolve();
        }
      });
      if (!sent) refuse('too many requests wait for their answers');
    });
  }

  /** Ends a session without the venue's cancelling its orders. */
  function logOut(opened: ConnectionSession): void {
    armed.delete(opened);
    try {
      session.request(opened, 'private/logout', { invalidate_token: false }, () => undefined);
    } catch (error) {
      log('debug', 'no logout: the connection has gone', { connection: name, reason: messageOf(error) });
    }
  }

  /** Sends one order request; `answer` is called exactly once, now or later. */
  function request(
    operation: OrderOperation,
    method: string,
    parameters: (validUntil: number) => RequestParameters,
    validUntil: EpochMs,
    answer: (answer: OrderAnswer) => void,
  ): void {
    const live = connection.live();
    if (live === null) {
      answer({ kind: 'notSent', reason: 'notReady', text: notReady() ?? 'not live' });
      return;
    }
    const windowMs = admitOrder({
      validUntil,
      now: clock.epochMs(),
      maxWindowMs: WINDOW_MS,
      minWindowMs: MIN_WINDOW_MS,
      take: () => limits.take(operation === 'cancel' ? 'cancel' : 'order'),
      pending: session.pending,
      maxPending: MAX_PENDING,
    });
    if (typeof windowMs !== 'number') {
      answer(windowMs);
      return;
    }
    waiting += 1;
    const done = (outcome: OrderAnswer): void => {
      waiting -= 1;
      answer(outcome);
      if (waiting === 0) settleIdle();
    };
    try {
      // By the venue's clock, of which `venueNow` is never ahead.
      const until = Math.floor(session.venueClock.venueNow()) + windowMs;
      const sent = session.request(live, method, parameters(until), (outcome) => done(answerOf(operation, outcome)));
      if (!sent) done({ kind: 'notSent', reason: 'notReady', text: 'too many requests wait for their answers' });
    } catch (error) {
      // The socket refused the text, so nothing of it has left.
      done({ kind: 'notSent', reason: 'notReady', text: messageOf(error) });
    }
  }

  function answerOf(operation: OrderOperation, outcome: RequestOutcome<RpcMessage>): OrderAnswer {
    if (outcome.kind === 'timeout') {
      return { kind: 'unknown', cause: 'timeout', code: 'TIMEOUT', text: `no answer in ${ANSWER_TIMEOUT_MS} ms` };
    }
    if (outcome.kind === 'linkLost') return { kind: 'unknown', cause: 'linkLost', code: 'LINK', text: outcome.reason };
    const { error, result, usOut } = outcome.answer;
    if (error !== undefined) {
      const code = Number(error.code);
      if (!isKnownCode(code))
        log('error', 'order refused with an unknown code', { connection: name, code, text: errorText(error) });
      return refusedOrder(classOfCode(code, error.message, operation), error.code, errorText(error));
    }
    const order = orderResult.safeParse(result);
    if (!order.success) {
      return { kind: 'unknown', cause: 'venueUnclear', code: 'ANSWER_INVALID', text: 'accepted without an order' };
    }
    if (order.data.order_state === 'rejected') {
      return { kind: 'rejected', code: 'rejected', text: order.data.cancel_reason ?? 'rejected', errorClass: 'reject' };
    }
    const venueTime = usOut === undefined ? null : (Math.floor(Number(usOut) / 1_000) as EpochMs);
    return { kind: 'accepted', venueOrderId: order.data.order_id, venueTime };
  }

  /**
   * The venue cancels by its own id. Where that is not known the label is asked for first; where it has ended, afterwards: a stop that was triggered goes on under another
   * id.
   */
  function cancel(target: OrderTarget, validUntil: EpochMs, answer: (answer: OrderAnswer) => void): void {
    const send = (orderId: string, then: (answer: OrderAnswer) => void): void =>
      request('cancel', 'private/cancel', () => ({ order_id: orderId }), validUntil, then);
    const { venueOrderId } = target;
    if (venueOrderId === null) {
      lookUp(target, 'cancelQuery', answer, (order) => send(order.order_id, answer));
      return;
    }
    send(venueOrderId, (given) => {
      if (given.kind !== 'rejected' || given.errorClass !== 'alreadySo') {
        answer(given);
        return;
      }
      const asItWas = (): void => answer(given);
      lookUp({ ...target, venueOrderId: null }, 'cancelQuery', asItWas, (order) => {
        if (isWorking(order) && order.order_id !== venueOrderId) send(order.order_id, answer);
        else asItWas();
      });
    });
  }

  /**
   * Asks for the order first: an amendment says again what it is (post-only, reduce-only), because the venue does not say that what is left out stays as it was, and its
   * label may stand for several.
   */
  function amend(
    target: OrderTarget,
    change: OrderChange,
    instrument: Instrument,
    validUntil: EpochMs,
    answer: (answer: OrderAnswer) => void,
  ): void {
    lookUp(target, 'query', answer, (order) => {
      const parameters = (until: number): RequestParameters => amendParameters(order, change, instrument, until);
      request('amend', 'private/edit', parameters, validUntil, answer);
    });
  }

  /** The order behind a target; of several with its label the working one. Without it `answer` says why: a question changes nothing, so nothing was done. */
  function lookUp(
    target: OrderTarget,
    budget: 'query' | 'cancelQuery',
    answer: (answer: OrderAnswer) => void,
    found: (order: OrderRow) => void,
  ): void {
    const live = connection.live();
    if (live === null || limits.take(budget) > 0) {
      answer({ kind: 'notSent', reason: live === null ? 'notReady' : 'rateLimited', text: notReady() ?? 'no credits' });
      return;
    }
    const { symbol, clientOrderId, venueOrderId } = target;
    const [method, parameters] =
      venueOrderId === null
        ? ['private/get_order_state_by_label', { currency: currencyOf(symbol), label: clientOrderId }]
        : ['private/get_order_state', { order_id: venueOrderId }];
    try {
      const sent = session.request(live, method, parameters, (outcome) => {
        if (outcome.kind === 'answer' && outcome.answer.error !== undefined) {
          const { code, message } = outcome.answer.error;
          const errorClass = classOfCode(Number(code), message, 'query');
          const text = errorText(outcome.answer.error);
          if (errorClass === 'notFound') answer({ kind: 'rejected', code, text, errorClass });
          else
            answer({ kind: 'notSent', reason: 'notReady', text: `the order could not be asked for: ${code} ${text}` });
          return;
        }
        const rows = outcome.kind === 'answer' ? orderRows.safeParse(outcome.answer.result) : null;
        if (rows === null || !rows.success) {
          answer({ kind: 'notSent', reason: 'notReady', text: 'the order could not be asked for' });
          return;
        }
        const orders = withoutTriggered(rows.data);
        const order = orders.find(isWorking) ?? orders[0];
        if (order !== undefined) found(order);
        else answer({ kind: 'rejected', code: '10004', text: 'no order with this label', errorClass: 'notFound' });
      });
      if (!sent) answer({ kind: 'notSent', reason: 'notReady', text: 'too many requests wait for their answers' });
    } catch (error) {
      answer({ kind: 'notSent', reason: 'notReady', text: messageOf(error) });
    }
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

  return {
    notReady,
    place(intent, instrument, validUntil, answer) {
      const method = intent.side === 'buy' ? 'private/buy' : 'private/sell';
      request('create', method, (until) => placeParameters(intent, instrument, until), validUntil, answer);
    },
    cancel,
    amend,
    start() {
      connection.start();
      session.start();
      stopClock ??= keepVenueClock({
        venueClock: session.venueClock,
        clock,
        timers,
        ask: () => fetchServerTime(runtime),
        onFailure: (reason) => log('warn', 'venue time not known', { reason }),
        onAlarm: (raised, offsetMs) =>
          log(raised ? 'error' : 'info', 'venue clock and ours', { venue: 'deribit', raised, offsetMs }),
      });
    },
    async stop() {
      stopClock?.();
      stopClock = null;
      session.stop();
      // Each request settles within its time limit; its answer is worth the wait.
      if (waiting > 0) await new Promise<void>((resolve) => whenIdle.push(resolve));
      cancelLogOut?.();
      for (const each of [...armed]) logOut(each);
      await connection.stop();
    },
    status: () => connection.status(),
    beats: connection.beats,
  };
}
