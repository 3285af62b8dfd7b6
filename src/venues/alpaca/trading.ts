import { z } from 'zod';
import { messageOf } from '#core/errors.ts';
import type { Instrument } from '#core/market/instrument.ts';
import { formatScaled } from '#core/market/scaled-decimal.ts';
import type { OrderIntent } from '#core/orders/order.ts';
import { VenueError } from '#core/orders/venue-error.ts';
import type { ConnectionStatus, OrderAnswer, OrderEntry } from '#core/orders/venue-ports.ts';
import type { EpochMs } from '#core/time/clock.ts';
import { createBackoff } from '../connection/backoff.ts';
import { createCredentialWatch } from '../connection/credential-watch.ts';
import { readAnswer } from '../connection/read-answer.ts';
import { answerOfError } from '../connection/refused-order.ts';
import { createVenueClock, keepVenueClock } from '../connection/venue-clock.ts';
import { RATE_BUDGET } from '../connection/wait-for-turn.ts';
import type { AccountRuntime, Managed } from '../venue.ts';
import { accountRow, blockedBy } from './account-messages.ts';
import { cancelByRest } from './queries.ts';
import { CREDENTIALS_MISSING, createAlpacaRest } from './rest.ts';
import { streamGateOf } from './stream-gate.ts';
import { parseTimestamp } from './timestamps.ts';

/** An order carries no time until which it may be executed, so one is sent only while the lease has this left: more than a request takes to be judged there. */
const MIN_LEFT_MS = 500;
const MAX_PENDING = 200;
/** Between looks at the account while it may trade. */
const LOOK_MS = 60_000;
const BACKOFF = { baseMs: 1_000, capMs: 60_000 } as const;

const TIME_IN_FORCE = { gtc: 'gtc', ioc: 'ioc', fok: 'fok' } as const;

const acknowledged = z.looseObject({ id: z.string().min(1), created_at: z.string() });

/**
 * Order entry by REST (Alpaca documentation, "Orders"). Each call writes at once and answers later, exactly once. Live once `/v2/account` says that these keys may trade.
 * An order is not changed in place: the venue would make a new order with another id, which the first one may outrun, so cancel and place is what is known to be right.
 */
export function createAlpacaOrderEntry(
  runtime: AccountRuntime,
  onStatus: (status: ConnectionStatus) => void,
): OrderEntry & Managed {
  const { clock, timers, log } = runtime;
  const rest = createAlpacaRest(runtime, runtime.credentials);
  const gate = streamGateOf(runtime);
  const venueClock = createVenueClock(clock);
  const backoff = createBackoff(runtime.random, BACKOFF);
  let status: ConnectionStatus = { state: 'closed', reason: 'not started' };
  let running = false;
  let cancelLook: (() => void) | null = null;
  let looking = false;
  /** Why the account is to be looked at once more, after the look under way. */
  let lookAgain: string | null = null;
  let stopClock: (() => void) | null = null;
  let pending = 0;
  let whenIdle: (() => void)[] = [];
  const watch = createCredentialWatch({
    credentials: runtime.credentials,
    timers,
    onChange: () => void look('keys changed'),
  });

  function setStatus(state: ConnectionStatus['state'], reason: string): void {
    if (status.state === state && status.reason === reason) return;
    status = { state, reason };
    log(state === 'waiting' ? 'warn' : 'info', 'connection state', { connection: 'alpaca orders', state, reason });
    onStatus(status);
  }

  /** Whether the account may trade with these keys; again later, sooner while it may not. */
  async function look(reason: string): Promise<void> {
    if (!running) return;
    if (looking) {
      lookAgain = reason;
      return;
    }
    looking = true;
    cancelLook?.();
    cancelLook = null;
    if (status.state !== 'live') setStatus('authenticating', reason);
    watch.using(runtime.credentials());
    let refused: string | null;
    try {
      const account = readAnswer(accountRow, await rest.get('/v2/account'), '/v2/account');
      const blocked = blockedBy(account);
      refused = blocked === null ? null : `ACCOUNT_BLOCKED: ${blocked}`;
    } catch (error) {
      refused = messageOf(error);
      // A question that was lost says nothing of the account while it has been seen to trade.
      if (status.state === 'live' && error instanceof VenueError && error.venueClass === 'retry') refused = null;
    }
    looking = false;
    if (!running) return;
    if (lookAgain !== null) {
      const why = lookAgain;
      lookAgain = null;
      void look(why);
      return;
    }
    if (refused === null) backoff.reset();
    const delayMs = refused === null ? LOOK_MS : backoff.nextDelayMs();
    if (refused === null) setStatus('live', 'the account may trade');
    else setStatus('waiting', `${refused}; next look in ${Math.ceil(delayMs)} ms`);
    cancelLook = timers.after(delayMs, () => void look('looking again'));
  }

  function notReady(): string | null {
    if (status.state !== 'live') return `${status.state}: ${status.reason}`;
    return gate.closed;
  }

  /** How long a request may still be sent; 0: it would hardly be judged before its time ends. */
  function leftMs(validUntil: EpochMs): number {
    const left = Math.floor(validUntil - clock.epochMs());
    return left >= MIN_LEFT_MS ? left : 0;
  }

  /** Why nothing may leave now, as an answer; or null. */
  function heldBack(validUntil: EpochMs): OrderAnswer | null {
    const reason = notReady();
    if (reason !== null) return { kind: 'notSent', reason: 'notReady', text: reason };
    if (leftMs(validUntil) === 0) {
      return { kind: 'notSent', reason: 'leaseEnds', text: `less than the ${MIN_LEFT_MS} ms that are needed are left` };
    }
    if (pending < MAX_PENDING) return null;
    return { kind: 'notSent', reason: 'notReady', text: `${MAX_PENDING} requests wait for their answers` };
  }

  function request(validUntil: EpochMs, send: () => Promise<OrderAnswer>, answer: (answer: OrderAnswer) => void): void {
    const held = heldBack(validUntil);
    if (held !== null) {
      answer(held);
      return;
    }
    pending += 1;
    send().then(
      (said) => settle(said, answer),
      (error: unknown) => settle(answerOf(error), answer),
    );
  }

  function settle(said: OrderAnswer, answer: (answer: OrderAnswer) => void): void {
    pending -= 1;
    answer(said);
    if (status.state === 'live' && said.kind === 'rejected' && said.errorClass === 'keys')
      void look('the venue refused the keys');
    if (pending > 0) return;
    const resolve = whenIdle;
    whenIdle = [];
    for (const done of resolve) done();
  }

  async function create(body: Readonly<Record<string, string>>, withinMs: number): Promise<OrderAnswer> {
    const sentAt = clock.monoNanos();
    const answer = acknowledged.safeParse(await rest.send('POST', '/v2/orders', body, 'create', withinMs));
    if (!answer.success) {
      return { kind: 'unknown', cause: 'venueUnclear', code: 'ANSWER_INVALID', text: 'accepted without an order id' };
    }
    const venueTime = parseTimestamp(answer.data.created_at);
    if (venueTime !== null) venueClock.sample(sentAt, clock.monoNanos(), venueTime);
    return { kind: 'accepted', venueOrderId: answer.data.id, venueTime };
  }

  return {
    notReady,
    place(intent, instrument, validUntil, answer) {
      const unsupported = unsupportedOf(intent);
      if (unsupported !== null) {
        answer({ kind: 'rejected', code: 'ORDER_UNSUPPORTED', text: unsupported, errorClass: 'reject' });
        return;
      }
      request(validUntil, () => create(orderBody(intent, instrument), leftMs(validUntil)), answer);
    },
    cancel: (target, validUntil, answer) =>
      request(validUntil, () => cancelByRest(rest, target, () => leftMs(validUntil)), answer),
    amend(_target, _change, _instrument, _validUntil, answer) {
      const text = 'an order is not changed in place at this venue: cancel it and place another';
      answer({ kind: 'rejected', code: 'AMEND_UNSUPPORTED', text, errorClass: 'reject' });
    },
    start() {
      if (running) return;
      running = true;
      watch.start();
      void look('start');
      stopClock = keepVenueClock({
        venueClock,
        clock,
        timers,
        ask: () => rest.serverTime(),
        onFailure: (reason) => log('warn', 'venue time not known', { reason }),
        onAlarm: (raised, offsetMs) =>
          log(raised ? 'error' : 'info', 'venue clock and ours', { venue: 'alpaca', raised, offsetMs }),
      });
    },
    async stop() {
      running = false;
      cancelLook?.();
      cancelLook = null;
      stopClock?.();
      stopClock = null;
      watch.stop();
      // Each request settles within its time limit; its answer is worth the wait.
      if (pending > 0) await new Promise<void>((resolve) => whenIdle.push(resolve));
      setStatus('closed', 'stopped');
    },
    status: () =>
      status.state === 'live' && gate.closed !== null ? { state: 'waiting', reason: gate.closed } : status,
  };
}

/** An error of a request whose proof is that nothing left is `notSent`; any other is what the venue, or the link, said. */
function answerOf(error: unknown): OrderAnswer {
  if (error instanceof VenueError && error.venueCode === RATE_BUDGET) {
    return { kind: 'notSent', reason: 'rateLimited', text: error.message };
  }
  if (error instanceof VenueError && error.venueCode === CREDENTIALS_MISSING) {
    return { kind: 'notSent', reason: 'notReady', text: error.message };
  }
  if (error instanceof VenueError) return answerOfError(error);
  // A fault of our own after the request may have left: whoever asks the venue will know.
  return { kind: 'unknown', cause: 'venueUnclear', code: 'INTERNAL', text: messageOf(error) };
}

/** What the venue has no order for; nothing is sent then. */
function unsupportedOf(intent: OrderIntent): string | null {
  if (intent.type === 'takeProfitMarket') return 'the venue has no market order that waits for a better price';
  if (intent.timeInForce === 'postOnly') return 'the venue has no orders that never take';
  return null;
}

/** Quantities and prices are decimal text. A stop order waits at the venue: it is good till cancelled. */
function orderBody(intent: OrderIntent, instrument: Instrument): Readonly<Record<string, string>> {
  const { price, triggerPrice, timeInForce } = intent;
  const type = intent.type === 'stopMarket' ? 'stop' : intent.type === 'limit' ? 'limit' : 'market';
  return {
    symbol: intent.symbol,
    qty: formatScaled(intent.size, instrument.sizeScale),
    side: intent.side,
    type,
    time_in_force: type === 'stop' || timeInForce === 'postOnly' ? 'gtc' : TIME_IN_FORCE[timeInForce],
    client_order_id: intent.clientOrderId,
    ...(type === 'limit' && price !== null ? { limit_price: formatScaled(price, instrument.priceScale) } : {}),
    ...(type === 'stop' && triggerPrice !== undefined
      ? { stop_price: formatScaled(triggerPrice, instrument.priceScale) }
      : {}),
  };
}
