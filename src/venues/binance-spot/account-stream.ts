import { MillraceError, messageOf } from '#core/errors.ts';
import { VenueError } from '#core/orders/venue-error.ts';
import type { AccountStream, AccountStreamListener } from '#core/orders/venue-ports.ts';
import type { EpochMs } from '#core/time/clock.ts';
import { observeRefusal } from '../binance/limits.ts';
import { parsePrivate, readAs, type WebsocketAnswer, websocketAnswer } from '../binance/private-messages.ts';
import { createRestClient } from '../binance/rest.ts';
import { createShutdownObedience } from '../binance/server-shutdown.ts';
import { createSigner, MAX_RECV_WINDOW_MS, signedRequest } from '../binance/signing.ts';
import { PRIVATE_RECONNECT } from '../connection/backoff.ts';
import { createCredentialWatch } from '../connection/credential-watch.ts';
import { holdingsOf } from '../connection/holdings.ts';
import { createPendingRequests } from '../connection/pending-requests.ts';
import { type ConnectionSession, createResilientConnection } from '../connection/resilient-connection.ts';
import { createVenueClock, takeSample } from '../connection/venue-clock.ts';
import type { AccountRuntime } from '../venue.ts';
import { accountPosition, balanceUpdate, executionReport, privateFrame } from './account-messages.ts';
import { reportOfBalanceUpdate, reportsOfAccountPosition, reportsOfExecution } from './account-reports.ts';
import { binanceSpotApi } from './api.ts';
import { createKnownInstruments } from './known-instruments.ts';

const ANSWER_TIMEOUT_MS = 5_000;
/** One subscription for each connection; there are two while one is being replaced. */
const MAX_PENDING = 4;
const HEARTBEAT = { intervalMs: 20_000, answerTimeoutMs: 10_000, message: () => null };
/** The venue cuts connections after 24 hours. */
const PLANNED_RECONNECT_MS = 23 * 3_600_000;
/** While a connection is being replaced the old one stays for what is on its way. */
const LINGER_MS = 10_000;
const SUBSCRIBE = 'userDataStream.subscribe.signature';

export interface AccountStreamTiming {
  readonly heartbeat?: { readonly intervalMs: number; readonly answerTimeoutMs: number };
}

/**
 * User data over the websocket API, subscribed to by a signature: HMAC keys have no session logon, and listen keys are no longer served. A stream that the venue
 * ends (`eventStreamTerminated`) is opened anew, so that the listener reconciles.
 */
export function createBinanceSpotAccountStream(
  runtime: AccountRuntime,
  listener: AccountStreamListener,
  timing: AccountStreamTiming = {},
): AccountStream {
  const { clock, timers } = runtime;
  const rest = createRestClient(binanceSpotApi, runtime);
  const sign = createSigner();
  const instruments = createKnownInstruments(runtime);
  const pending = createPendingRequests<WebsocketAnswer>(timers, MAX_PENDING);
  let requests = 0;
  const watch = createCredentialWatch({
    credentials: runtime.credentials,
    timers,
    onChange: () => {
      if (connection.live() === null) connection.retryNow('new keys');
      else connection.replace('new keys', LINGER_MS);
    },
  });

  /** Signs by a clock read anew: it is asked for once a connection. */
  async function subscribe(session: ConnectionSession): Promise<void> {
    const credentials = runtime.credentials();
    watch.using(credentials);
    if (credentials === null) throw new VenueError('keys', 'NO_KEYS', 'no keys are known for this account');
    const venueClock = createVenueClock(clock);
    await takeSample(venueClock, clock, rest.serverTime);
    const window = { timestamp: Math.floor(venueClock.venueNow()) as EpochMs, recvWindow: MAX_RECV_WINDOW_MS };
    requests += 1;
    const id = `s${requests}`;
    // A connection that has gone meanwhile leaves nothing waiting: what is pending was written.
    session.send(signedRequest(sign, credentials, { id, method: SUBSCRIBE, params: {} }, window));
    await new Promise<void>((resolve, reject) => {
      const isAwaited = pending.add(id, session.id, ANSWER_TIMEOUT_MS, (outcome) => {
        if (outcome.kind !== 'answer') {
          reject(new VenueError('retry', 'NO_ANSWER', `${SUBSCRIBE}: ${outcome.kind}`));
          return;
        }
        observeRefusal(rest.limits, outcome.answer, venueClock.venueNow());
        const { error, status } = outcome.answer;
        if (error === undefined) resolve();
        else reject(new VenueError(errorClass(error.code, error.msg, status), String(error.code), error.msg));
      });
      if (!isAwaited) reject(new VenueError('retry', 'NO_ANSWER', `${SUBSCRIBE}: too many wait for their answers`));
    });
  }

  const errorClass = (code: number, text: string, status: number) =>
    binanceSpotApi.errors.classify(code, text, status, 'query');

  /** `isCurrent`: false for a connection that is being replaced already; then what it says of itself does not matter. */
  function onFrame(frame: Buffer, isCurrent: boolean): void {
    const message = parsePrivate(frame.toString('utf8'));
    const { event, id, e } = readAs(privateFrame, message, 'private frame');
    if (event !== undefined) {
      onEvent(event, frame, isCurrent);
    } else if (e === 'serverShutdown') {
      if (isCurrent) obeyShutdown();
    } else if (id !== undefined && id !== null) {
      const answer = readAs(websocketAnswer, message, 'websocket API answer');
      if (!pending.answer(String(id), answer)) runtime.log('warn', 'answer that nobody waits for', { id });
    } else {
      throw new MillraceError('validation', 'FRAME_INVALID', 'neither an event nor an answer');
    }
  }

  function onEvent(event: { readonly e: string }, frame: Buffer, isCurrent: boolean): void {
    switch (event.e) {
      case 'executionReport':
        for (const report of reportsOfExecution(readAs(executionReport, event, 'executionReport'))) {
          listener.onReport(report, frame);
        }
        return;
      case 'outboundAccountPosition': {
        const balances = reportsOfAccountPosition(readAs(accountPosition, event, 'outboundAccountPosition'));
        for (const balance of balances) listener.onReport(balance, frame);
        for (const holding of holdingsOf(balances, instruments.all(), 'accountStream')) {
          listener.onReport(holding, frame);
        }
        return;
      }
      case 'balanceUpdate':
        listener.onReport(reportOfBalanceUpdate(readAs(balanceUpdate, event, 'balanceUpdate')), frame);
        return;
      case 'eventStreamTerminated':
        if (isCurrent) connection.fail('the venue ended the event stream');
        return;
      case 'serverShutdown':
        if (isCurrent) obeyShutdown();
        return;
      default:
        // Lists of orders and locks from outside change nothing here.
        runtime.log('debug', 'private event not used', { event: event.e });
    }
  }

  const connection = createResilientConnection({
    ...PRIVATE_RECONNECT,
    name: 'binance-spot account',
    url: async () => runtime.endpoints.account,
    connect: runtime.connect,
    clock,
    timers,
    random: runtime.random,
    log: runtime.log,
    heartbeat: { ...HEARTBEAT, ...timing.heartbeat },
    // Quiet accounts send nothing for hours: pings tell whether the connection lives.
    silenceMs: null,
    plannedReconnectMs: PLANNED_RECONNECT_MS,
    listener: {
      async onOpen(session) {
        session.progress('authenticating', 'subscribing by signature');
        await instruments.load();
        await subscribe(session);
      },
      onFrame(frame, session) {
        try {
          onFrame(frame, session.id === connection.session()?.id);
        } catch (error) {
          // What cannot be read may have been a fill: start over, the listener reconciles after `live`.
          const reason = messageOf(error);
          runtime.log('error', 'account frame refused', {
            connection: 'binance-spot account',
            reason,
            bytes: frame.length,
          });
          connection.fail(reason);
        }
      },
      onSessionEnd: (session, reason) => pending.failSession(session.id, reason),
      onStatus: (status) => listener.onStatus(status),
    },
  });

  const obeyShutdown = createShutdownObedience(connection, clock, LINGER_MS);

  return {
    status: connection.status,
    beats: connection.beats,
    start() {
      watch.start();
      connection.start();
    },
    async stop() {
      watch.stop();
      await connection.stop();
    },
  };
}
