import { z } from 'zod';
import { MillraceError } from '#core/errors.ts';
import type { AccountReport } from '#core/orders/order.ts';
import type { AccountStream, AccountStreamListener, ConnectionStatus } from '#core/orders/venue-ports.ts';
import type { MonoNanos } from '#core/time/clock.ts';
import { PRIVATE_RECONNECT } from '../connection/backoff.ts';
import { createCredentialWatch } from '../connection/credential-watch.ts';
import { CONNECTION_OCCUPIED } from '../connection/loss-reason.ts';
import { createPendingRequests } from '../connection/pending-requests.ts';
import { type ConnectionSession, createResilientConnection } from '../connection/resilient-connection.ts';
import { unreadableReason } from '../connection/unreadable-report.ts';
import type { AccountRuntime } from '../venue.ts';
import { isCorrection, readTradeUpdate, tradeUpdate } from './account-messages.ts';
import { ALPACA_PATHS } from './endpoints.ts';
import { accountAuthMessage } from './signing.ts';
import { streamGateOf } from './stream-gate.ts';

const STREAM = 'trade_updates';
const ANSWER_TIMEOUT_MS = 5_000;
/** The venue keeps a connection that died for about 90 s before it lets the next one in; after this it is held by somebody who lives. */
const RELEASE_MS = 120_000;
/** Keys that are refused are tried again no oftener; new ones at once. */
const BACKOFF = { baseMs: 1_000, capMs: 60_000 } as const;
/** The venue's ws pings come more often than this; ours find a socket that is mute. */
const PING_MS = 20_000;

const envelope = z.looseObject({ stream: z.string(), data: z.unknown() });
const authorization = z.looseObject({
  status: z.string(),
  action: z.string().nullish(),
  message: z.string().nullish(),
});
const listening = z.looseObject({
  streams: z
    .array(z.string())
    .nullish()
    .transform((streams) => streams ?? []),
  error: z.string().nullish(),
});
/** An order of crypto or options. */
const otherAsset = z.looseObject({
  order: z.looseObject({ asset_class: z.string().refine((asset) => asset !== 'us_equity') }),
});
/** Market-data style notices: `[{"T":"error","code":406,"msg":"connection limit exceeded"}]`. */
const notice = z.array(z.looseObject({ T: z.string(), code: z.number().optional(), msg: z.string().optional() }));

interface Answer {
  readonly ok: boolean;
  readonly text: string;
}

/** Texts with which the venue says that another connection holds the key. */
const OCCUPIED = /connection limit|too many connections|\b406\b|already connected/i;

/**
 * The account stream `trade_updates` (Alpaca documentation, "Websocket streaming"): JSON, in binary frames on the paper addresses. Authenticate, listen, and only then live.
 * It never replays. One connection for a key: while the venue still holds another one the status is `waiting` and says since when and for how long at most (F18).
 * What cannot be read is never dropped in silence: the connection is given up with the reason, and the queries that follow each `live` make up for it.
 */
export function createAlpacaAccountStream(runtime: AccountRuntime, listener: AccountStreamListener): AccountStream {
  const { clock, timers, log } = runtime;
  const name = `alpaca account ${runtime.account.account}`;
  const pending = createPendingRequests<Answer>(timers, 4);
  const gate = streamGateOf(runtime);
  /** Since when the venue has refused us for another connection of the key. */
  let occupiedSince: MonoNanos | null = null;
  let authorised = false;

  const watch = createCredentialWatch({
    credentials: runtime.credentials,
    timers,
    // No overlap: the old connection goes before the new one comes.
    onChange: () =>
      connection.live() === null ? connection.retryNow('keys changed') : connection.reconnect('keys changed'),
  });

  const connection = createResilientConnection({
    ...PRIVATE_RECONNECT,
    backoff: BACKOFF,
    name,
    url: () => `${runtime.endpoints.account}${ALPACA_PATHS.account}`,
    connect: runtime.connect,
    clock,
    timers,
    random: runtime.random,
    log,
    heartbeat: { intervalMs: PING_MS, message: () => null },
    silenceMs: null,
    listener: {
      async onOpen(session) {
        const credentials = runtime.credentials();
        watch.using(credentials);
        if (credentials === null) {
          const unit = `${runtime.account.mode}/${runtime.account.account}`;
          throw new MillraceError('configuration', 'CREDENTIALS_MISSING', `account=${unit}`);
        }
        session.progress('authenticating', 'authenticate');
        const auth = await ask(session, 'auth', accountAuthMessage(credentials));
        if (!auth.ok) throw refusal(auth.text);
        session.progress('subscribing', STREAM);
        const listen = JSON.stringify({ action: 'listen', data: { streams: [STREAM] } });
        const heard = await ask(session, 'listen', listen);
        if (!heard.ok) throw new MillraceError('configuration', 'SUBSCRIBE_REFUSED', heard.text);
        authorised = true;
        occupiedSince = null;
        gate.closed = null;
      },
      onFrame,
      onSessionEnd: (session, reason) => pending.failSession(session.id, reason),
      onStatus: tellStatus,
    },
  });

  function ask(session: ConnectionSession, id: 'auth' | 'listen', text: string): Promise<Answer> {
    return new Promise((resolve, reject) => {
      pending.add(`${id}-${session.id}`, session.id, ANSWER_TIMEOUT_MS, (outcome) => {
        if (outcome.kind === 'answer') resolve(outcome.answer);
        else {
          const cause = outcome.kind === 'timeout' ? 'timeout' : outcome.reason;
          reject(new MillraceError('retryable', 'ACK_MISSING', `request=${id} cause=${cause}`));
        }
      });
      session.send(text);
    });
  }

  /** What the venue says when another connection holds the key: since when, and for how long that may be a dead one. */
  function refusal(text: string): MillraceError {
    if (!OCCUPIED.test(text)) {
      occupiedSince = null;
      return new MillraceError('configuration', 'AUTH_REFUSED', text);
    }
    occupiedSince ??= clock.monoNanos();
    const waitedMs = (clock.monoNanos() - occupiedSince) / 1e6;
    const held =
      waitedMs <= RELEASE_MS
        ? `refused for ${seconds(waitedMs)} of at most ${seconds(RELEASE_MS)}`
        : `refused for ${seconds(waitedMs)}: another process uses this key`;
    return new MillraceError('retryable', CONNECTION_OCCUPIED, `${held}; ${text}`);
  }

  /** Orders wait until the stream has been let in once. */
  function tellStatus(status: ConnectionStatus): void {
    if (!authorised && status.state !== 'closed') gate.closed = `account stream ${status.state}: ${status.reason}`;
    listener.onStatus(status);
  }

  function onFrame(frame: Buffer, session: ConnectionSession): void {
    for (const report of read(frame, session)) listener.onReport(report, frame);
  }

  /** The reports of a frame: all of them, or none and the connection is given up. */
  function read(frame: Buffer, session: ConnectionSession): readonly AccountReport[] {
    try {
      const value: unknown = JSON.parse(frame.toString('utf8'));
      const said = notice.safeParse(value);
      if (said.success) {
        onNotice(said.data, session);
        return [];
      }
      const { stream, data } = envelope.parse(value);
      if (stream === STREAM) return readReports(data);
      onControl(stream, data, session);
    } catch (error) {
      const reason = unreadableReason(error, frame);
      if (reason === null) throw error;
      log('error', 'account frame refused', { connection: name, reason });
      connection.fail(reason);
    }
    return [];
  }

  function readReports(data: unknown): readonly AccountReport[] {
    const asset = otherAsset.safeParse(data);
    if (asset.success) {
      // Options of several legs name no symbol: an account may trade what is no business of ours.
      log('info', 'report of another kind of asset left out', {
        connection: name,
        asset: asset.data.order.asset_class,
      });
      return [];
    }
    const update = tradeUpdate.parse(data);
    if (isCorrection(update)) {
      // Which fill it takes back is not told in our terms; the position that stands here, and the one that is asked for, show the difference.
      log('error', 'the venue corrected a fill', { connection: name, event: update.event, order: update.order.id });
    }
    if (update.event === 'order_cancel_rejected' || update.event === 'order_replace_rejected') {
      log('warn', 'the venue refused a change of an order', { event: update.event, order: update.order.id });
    }
    return readTradeUpdate(update);
  }

  function onControl(stream: string, data: unknown, session: ConnectionSession): void {
    if (stream === 'authorization') {
      const { status, action, message } = authorization.parse(data);
      const ok = status === 'authorized';
      const id = action === 'listen' ? 'listen' : 'auth';
      pending.answer(`${id}-${session.id}`, { ok, text: message ?? status });
    } else if (stream === 'listening') {
      const { streams, error } = listening.parse(data);
      const ok = streams.includes(STREAM);
      const text = error ?? `${STREAM} is not in the list of streams that the venue confirmed`;
      pending.answer(`listen-${session.id}`, { ok, text: ok ? '' : text });
    } else log('warn', 'account connection says', { connection: name, stream });
  }

  function onNotice(messages: z.infer<typeof notice>, session: ConnectionSession): void {
    for (const { T, code, msg } of messages) {
      if (T !== 'error') continue;
      const text = `code ${code ?? 'unknown'} ${msg ?? ''}`;
      log('error', 'account connection says', { connection: name, text });
      const answered = pending.answer(`auth-${session.id}`, { ok: false, text });
      if (!answered && !pending.answer(`listen-${session.id}`, { ok: false, text })) connection.fail(text);
    }
  }

  return {
    status: () => connection.status(),
    beats: connection.beats,
    start() {
      if (!authorised) gate.closed = 'account stream closed: not started';
      connection.start();
      watch.start();
    },
    async stop() {
      watch.stop();
      await connection.stop();
    },
  };
}

function seconds(ms: number): string {
  return `${Math.round(ms / 1_000)} s`;
}
