import { z } from 'zod';
import { MillraceError, messageOf } from '#core/errors.ts';
import type { AccountReport } from '#core/orders/order.ts';
import type { AccountStream, AccountStreamListener } from '#core/orders/venue-ports.ts';
import type { EpochMs } from '#core/time/clock.ts';
import { PRIVATE_RECONNECT } from '../connection/backoff.ts';
import { holdingsOf } from '../connection/holdings.ts';
import { createPendingRequests } from '../connection/pending-requests.ts';
import { type ConnectionSession, createResilientConnection } from '../connection/resilient-connection.ts';
import { unreadableReason } from '../connection/unreadable-report.ts';
import { createVenueClock, takeSample } from '../connection/venue-clock.ts';
import type { AccountRuntime } from '../venue.ts';
import {
  executionRow,
  orderRow,
  positionRow,
  readExecution,
  readOrder,
  readPosition,
  readWallet,
  walletRow,
} from './account-messages.ts';
import { createBybitAuthentication } from './authentication.ts';
import type { BybitCategory } from './category.ts';
import { BYBIT_PATHS } from './endpoints.ts';
import { feeCurrencyRule } from './fee-currency.ts';
import { fetchServerTime } from './public-rest.ts';

const PING_MS = 20_000;
const SUBSCRIBE_TIMEOUT_MS = 5_000;
/** For how long the old connection may still deliver while the new one signs in with changed keys; reports that come twice count once. */
const LINGER_MS = 10_000;

const message = z.object({
  topic: z.string().optional(),
  op: z.string().optional(),
  req_id: z.string().optional(),
  success: z.boolean().optional(),
  ret_msg: z.string().optional(),
  retCode: z.number().optional(),
  retMsg: z.string().optional(),
  creationTime: z.number().optional(),
  data: z.array(z.unknown()).optional(),
});
type Message = z.infer<typeof message>;
const categorised = z.object({ category: z.string() });

/**
 * The private stream (Bybit V5 documentation, "Websocket Stream / Private"). It never replays. What cannot be read is never dropped in silence:
 * the connection is given up with the reason, and the queries that follow each `live` make up for it. A hedge-mode account is refused the same way.
 * All-in-one topics are asked for: rows of other categories are left out here.
 */
export function createBybitAccountStream(
  category: BybitCategory,
  runtime: AccountRuntime,
  listener: AccountStreamListener,
): AccountStream {
  const { clock, timers, log } = runtime;
  const venueClock = createVenueClock(clock);
  const pending = createPendingRequests<{ readonly ok: boolean; readonly text: string }>(timers, 4);
  const name = `${category.venue} account ${runtime.account.account}`;
  const feeCurrencyOf = feeCurrencyRule(category, (symbol) => runtime.instruments?.().get(symbol));

  const authentication = createBybitAuthentication({
    runtime,
    venueClock,
    onKeysChanged() {
      if (connection.live() === null) connection.retryNow('keys changed');
      else connection.replace('keys changed', LINGER_MS);
    },
  });

  const connection = createResilientConnection({
    ...PRIVATE_RECONNECT,
    name,
    url: () => `${runtime.endpoints.account}${BYBIT_PATHS.private}`,
    connect: runtime.connect,
    clock,
    timers,
    random: runtime.random,
    log,
    heartbeat: { intervalMs: PING_MS, message: () => JSON.stringify({ op: 'ping' }) },
    silenceMs: null,
    listener: {
      async onOpen(session) {
        await takeSample(venueClock, clock, () => fetchServerTime(runtime)).catch((error: unknown) =>
          log('warn', 'venue time not known', { connection: name, reason: messageOf(error) }),
        );
        await authentication.signIn(session);
        await subscribe(session);
      },
      onFrame,
      onSessionEnd(session, reason) {
        authentication.onSessionEnd(session, reason);
        pending.failSession(session.id, reason);
      },
      onStatus: (status) => listener.onStatus(status),
    },
  });

  function subscribe(session: ConnectionSession): Promise<void> {
    session.progress('subscribing', category.privateTopics.join(' '));
    return new Promise((resolve, reject) => {
      pending.add(`sub-${session.id}`, session.id, SUBSCRIBE_TIMEOUT_MS, (outcome) => {
        if (outcome.kind === 'answer' && outcome.answer.ok) resolve();
        else if (outcome.kind === 'answer') {
          reject(new MillraceError('configuration', 'SUBSCRIBE_REFUSED', outcome.answer.text));
        } else reject(new MillraceError('retryable', 'ACK_MISSING', `request=subscribe cause=${outcome.kind}`));
      });
      session.send(JSON.stringify({ op: 'subscribe', req_id: `sub-${session.id}`, args: category.privateTopics }));
    });
  }

  function onFrame(frame: Buffer, session: ConnectionSession): void {
    for (const report of read(frame, session)) listener.onReport(report, frame);
  }

  /** The reports of a frame: all of them, or none and the connection is given up. */
  function read(frame: Buffer, session: ConnectionSession): readonly AccountReport[] {
    try {
      const parsed = message.parse(JSON.parse(frame.toString('utf8')));
      if (parsed.topic !== undefined) return readReports(parsed.topic, parsed);
      onControl(parsed, session);
    } catch (error) {
      const reason = unreadableReason(error, frame);
      if (reason === null) throw error;
      log('error', 'account frame refused', { connection: name, reason });
      connection.fail(reason);
    }
    return [];
  }

  function onControl(control: Message, session: ConnectionSession): void {
    const text = control.ret_msg ?? control.retMsg ?? '';
    if (control.op === 'pong' || text === 'pong') {
      connection.pong();
      return;
    }
    const ok = control.success ?? control.retCode === 0;
    if (control.op === 'auth') authentication.onAnswer(session, ok ? 0 : (control.retCode ?? 10004), text);
    else if (control.op === 'subscribe') pending.answer(`sub-${session.id}`, { ok, text });
    else log('warn', 'account connection says', { connection: name, op: control.op, text });
  }

  function readReports(topic: string, envelope: Message): readonly AccountReport[] {
    const at = (envelope.creationTime ?? clock.epochMs()) as EpochMs;
    if (envelope.data === undefined) throw new MillraceError('validation', 'REPORT_INVALID', `topic=${topic} no data`);
    return envelope.data.flatMap((row) => readRow(topic, row, at));
  }

  function readRow(topic: string, row: unknown, at: EpochMs): readonly AccountReport[] {
    if (topic === 'wallet') return readWalletRow(row, at);
    if (categorised.parse(row).category !== category.name) return [];
    switch (topic) {
      case 'order':
        return [readOrder(orderRow.parse(row), 'accountStream')];
      case 'execution':
        return [readExecution(executionRow.parse(row), 'accountStream', feeCurrencyOf)];
      case 'position':
        return [readPosition(positionRow.parse(row), 'accountStream', at)];
      default:
        return [];
    }
  }

  function readWalletRow(row: unknown, at: EpochMs): readonly AccountReport[] {
    const balances = readWallet(walletRow.parse(row), at);
    if (category.positions === 'venue') return balances;
    return [...balances, ...holdingsOf(balances, runtime.instruments?.().values() ?? [], 'accountStream')];
  }

  return {
    status: () => connection.status(),
    beats: connection.beats,
    start() {
      connection.start();
      authentication.start();
    },
    async stop() {
      authentication.stop();
      await connection.stop();
    },
  };
}
