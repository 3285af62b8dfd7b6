import { MillraceError, messageOf } from '#core/errors.ts';
import { VenueError } from '#core/orders/venue-error.ts';
import type { AccountStream, AccountStreamListener } from '#core/orders/venue-ports.ts';
import { parsePrivate, readAs } from '../binance/private-messages.ts';
import { createRestClient } from '../binance/rest.ts';
import { createShutdownObedience } from '../binance/server-shutdown.ts';
import { PRIVATE_RECONNECT } from '../connection/backoff.ts';
import { createCredentialWatch } from '../connection/credential-watch.ts';
import { createResilientConnection } from '../connection/resilient-connection.ts';
import type { AccountRuntime } from '../venue.ts';
import { accountUpdate, listenKeyAnswer, orderTradeUpdate, positionMode } from './account-messages.ts';
import { reportsOfAccountUpdate, reportsOfOrderUpdate } from './account-reports.ts';
import { algoUpdate, reportOfAlgoUpdate } from './algo-orders.ts';
import { binanceUsdmApi } from './api.ts';
import { userStreamUrl } from './endpoints.ts';
import { createTriggeredOrders } from './triggered-orders.ts';

/**
 * A listen key lives 60 minutes after its last renewal. It is renewed far more often, since a renewal is also how a key that was ended
 * without a word is found within a minute (F15).
 */
const KEEP_ALIVE_MS = 50_000;
const HEARTBEAT = { intervalMs: 20_000, answerTimeoutMs: 10_000, message: () => null };
/** The venue cuts connections after 24 hours. */
const PLANNED_RECONNECT_MS = 23 * 3_600_000;
/** While a connection is being replaced the old one stays for what is on its way. */
const LINGER_MS = 10_000;
const COIN_MARGINED = 2;
const LISTEN_KEY = '/fapi/v1/listenKey';

export interface AccountStreamTiming {
  readonly keepAliveMs?: number;
  readonly heartbeat?: { readonly intervalMs: number; readonly answerTimeoutMs: number };
}

/**
 * The user data stream: a listen key by REST, then the stream of that key. The key is never deleted, since the venue gives all engines of
 * an account the same one. Before it goes live the account must be in one-way mode; else the status is `waiting` with `HEDGE_MODE`.
 */
export function createBinanceUsdmAccountStream(
  runtime: AccountRuntime,
  listener: AccountStreamListener,
  timing: AccountStreamTiming = {},
): AccountStream {
  const rest = createRestClient(binanceUsdmApi, runtime);
  const watch = createCredentialWatch({
    credentials: runtime.credentials,
    timers: runtime.timers,
    onChange: () => {
      if (connection.live() === null) connection.retryNow('new keys');
      else connection.replace('new keys', LINGER_MS);
    },
  });
  const triggered = createTriggeredOrders();
  let cancelKeepAlive: (() => void) | null = null;

  async function url(): Promise<string> {
    watch.using(runtime.credentials());
    const answer = await rest.keyed({ method: 'POST', path: LISTEN_KEY, weight: 1 });
    return userStreamUrl(runtime.endpoints.account, readAs(listenKeyAnswer, answer, 'listen key').listenKey);
  }

  async function requireOneWayMode(): Promise<void> {
    const answer = await rest.signed({ method: 'GET', path: '/fapi/v1/positionSide/dual', weight: 30 });
    if (!readAs(positionMode, answer, 'position mode').dualSidePosition) return;
    throw new MillraceError('configuration', 'HEDGE_MODE', 'the account is in hedge mode; set it to one-way mode');
  }

  function keepAlive(): void {
    cancelKeepAlive?.();
    cancelKeepAlive = runtime.timers.after(timing.keepAliveMs ?? KEEP_ALIVE_MS, () => {
      const session = connection.live();
      keepAlive();
      if (session === null) return;
      rest.keyed({ method: 'PUT', path: LISTEN_KEY, weight: 1 }).catch((error: unknown) => {
        runtime.log('warn', 'listen key not renewed', { reason: messageOf(error) });
        const gone = error instanceof VenueError && (error.venueCode === '-1125' || error.venueClass === 'keys');
        if (gone && connection.live() === session) connection.reconnect(`listen key is gone: ${error.venueCode}`);
      });
    });
  }

  /** `isCurrent`: false for a connection that is being replaced already; then what it says of itself does not matter. */
  function onFrame(frame: Buffer, isCurrent: boolean): void {
    const message = eventOf(parsePrivate(frame.toString('utf8')));
    // Coin-margined contracts (2), where the venue tells them on the same stream, are another market.
    if (message.st === COIN_MARGINED) return;
    switch (message.e) {
      case 'ORDER_TRADE_UPDATE':
        for (const report of reportsOfOrderUpdate(readAs(orderTradeUpdate, message, 'ORDER_TRADE_UPDATE'))) {
          listener.onReport(triggered.named(report), frame);
        }
        return;
      case 'ACCOUNT_UPDATE':
        for (const report of reportsOfAccountUpdate(readAs(accountUpdate, message, 'ACCOUNT_UPDATE'))) {
          listener.onReport(report, frame);
        }
        return;
      case 'ALGO_UPDATE': {
        const update = readAs(algoUpdate, message, 'ALGO_UPDATE');
        if (update.o.ai !== '') triggered.remember(update.o.ai, update.o.caid);
        const report = reportOfAlgoUpdate(update);
        if (report !== null) listener.onReport(report, frame);
        return;
      }
      case 'listenKeyExpired':
        if (isCurrent) connection.fail('listen key expired');
        return;
      case 'serverShutdown':
        if (isCurrent) obeyShutdown();
        return;
      default:
        // TRADE_LITE repeats fills that ORDER_TRADE_UPDATE tells in full; the others (margin calls, settings) change nothing here.
        runtime.log('debug', 'private event not used', { event: message.e });
    }
  }

  const connection = createResilientConnection({
    ...PRIVATE_RECONNECT,
    name: 'binance-usdm account',
    url,
    connect: runtime.connect,
    clock: runtime.clock,
    timers: runtime.timers,
    random: runtime.random,
    log: runtime.log,
    heartbeat: { ...HEARTBEAT, ...timing.heartbeat },
    // Quiet accounts send nothing for hours: pings tell whether the connection lives.
    silenceMs: null,
    plannedReconnectMs: PLANNED_RECONNECT_MS,
    listener: {
      async onOpen(session) {
        session.progress('authenticating', 'checking the position mode');
        await requireOneWayMode();
        keepAlive();
      },
      onFrame(frame, session) {
        try {
          onFrame(frame, session.id === connection.session()?.id);
        } catch (error) {
          // What cannot be read may have been a fill: start over, the listener reconciles after `live`.
          const reason = messageOf(error);
          runtime.log('error', 'account frame refused', {
            connection: 'binance-usdm account',
            reason,
            bytes: frame.length,
          });
          connection.fail(reason);
        }
      },
      onSessionEnd: () => undefined,
      onStatus: (status) => listener.onStatus(status),
    },
  });

  const obeyShutdown = createShutdownObedience(connection, runtime.clock, LINGER_MS);

  return {
    status: connection.status,
    beats: connection.beats,
    start() {
      watch.start();
      connection.start();
    },
    async stop() {
      watch.stop();
      cancelKeepAlive?.();
      cancelKeepAlive = null;
      await connection.stop();
    },
  };
}

/** The event itself, out of the wrapping of a combined stream if it has one. */
function eventOf(message: unknown): Record<string, unknown> & { readonly e: string } {
  const inner = isObject(message) && isObject(message.data) && 'stream' in message ? message.data : message;
  if (!isObject(inner)) throw new MillraceError('validation', 'FRAME_INVALID', 'private frame is no object');
  const event = inner.e;
  return { ...inner, e: typeof event === 'string' ? event : 'answer' };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
