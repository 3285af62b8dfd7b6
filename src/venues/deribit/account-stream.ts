import { z } from 'zod';
import { MillraceError } from '#core/errors.ts';
import type { AccountReport, BalanceReport } from '#core/orders/order.ts';
import type { AccountStream, AccountStreamListener } from '#core/orders/venue-ports.ts';
import { nanosFromMs } from '#core/time/clock.ts';
import { PRIVATE_RECONNECT } from '../connection/backoff.ts';
import { type ConnectionSession, createResilientConnection } from '../connection/resilient-connection.ts';
import { unreadableReason } from '../connection/unreadable-report.ts';
import type { AccountRuntime } from '../venue.ts';
import {
  orderRow,
  portfolioRow,
  positionRow,
  readOrder,
  readPortfolio,
  readPosition,
  readTrade,
  tradeRow,
} from './account-messages.ts';
import { deribitLimitsOf } from './limits.ts';
import { RecentIds } from './recent-ids.ts';
import { createDeribitSession } from './session.ts';
import { createTransactionLog } from './transaction-log.ts';

/** Orders, trades and positions of all instruments as they change, and the balance of each currency. */
const CHANNELS = ['user.changes.any.any.raw', 'user.portfolio.any'] as const;
/** For how long the old connection may still deliver while the new one signs in with changed keys; reports that come twice count once. */
const LINGER_MS = 10_000;

/** How often a balance is told of which only the available part has changed. */
const AVAILABLE_EVERY_MS = 10_000;

const changes = z.object({
  orders: z.array(orderRow).optional(),
  trades: z.array(tradeRow).optional(),
  positions: z.array(positionRow).optional(),
});

/**
 * The private stream ("Subscriptions", user channels). It never replays. What cannot be read is never dropped in silence: the connection is given up with the reason, and
 * the queries that follow each `live` make up for it.
 */
export function createDeribitAccountStream(runtime: AccountRuntime, listener: AccountStreamListener): AccountStream {
  const { clock, timers, log } = runtime;
  const name = `deribit account ${runtime.account.account}`;
  const limits = deribitLimitsOf(runtime);
  /** A fill is told once, however many channels tell it. */
  const fillsTold = new RecentIds(10_000);
  const currencies = new Set<string>();
  const balancesTold = new Map<string, { readonly walletBalance: string; readonly at: number }>();
  const empty = Buffer.alloc(0);

  const session = createDeribitSession({
    runtime,
    name,
    address: runtime.endpoints.account,
    limits,
    onKeysChanged() {
      if (connection.live() === null) connection.retryNow('keys changed');
      else connection.replace('keys changed', LINGER_MS);
    },
    onFailure: (of, reason) => of === current && connection.fail(reason),
    onNotification,
  });
  let current: ConnectionSession | null = null;

  const connection = createResilientConnection({
    ...PRIVATE_RECONNECT,
    name,
    url: () => session.url(),
    connect: runtime.connect,
    clock,
    timers,
    random: runtime.random,
    log,
    // The venue asks every half minute, and each of its questions is a frame.
    heartbeat: null,
    silenceMs: 90_000,
    listener: {
      async onOpen(opened) {
        current = opened;
        await session.open(opened);
        await subscribe(opened);
      },
      onFrame,
      onSessionEnd: (ended, reason) => session.onSessionEnd(ended, reason),
      onStatus(status) {
        if (status.state === 'live') transactions.start();
        listener.onStatus(status);
      },
    },
  });

  function subscribe(opened: ConnectionSession): Promise<void> {
    opened.progress('subscribing', CHANNELS.join(' '));
    limits.take('subscribe');
    return new Promise((resolve, reject) => {
      const sent = session.request(opened, 'private/subscribe', { channels: CHANNELS }, (outcome) => {
        if (outcome.kind !== 'answer') {
          reject(new MillraceError('retryable', 'ACK_MISSING', `request=subscribe cause=${outcome.kind}`));
          return;
        }
        const taken = z.array(z.string()).safeParse(outcome.answer.result);
        const missing = CHANNELS.filter((channel) => !taken.success || !taken.data.includes(channel));
        if (missing.length === 0) resolve();
        else {
          const text = outcome.answer.error?.message ?? `missing ${missing.join(' ')}`;
          reject(new MillraceError('configuration', 'SUBSCRIBE_REFUSED', text));
        }
      });
      if (!sent) reject(new MillraceError('retryable', 'REQUESTS_PENDING', 'request=subscribe'));
    });
  }

  function onFrame(frame: Buffer, opened: ConnectionSession): void {
    try {
      session.onFrame(frame, opened);
    } catch (error) {
      giveUp(error, frame);
    }
  }

  function giveUp(error: unknown, frame: Buffer): void {
    const reason = unreadableReason(error, frame);
    if (reason === null) throw error;
    log('error', 'account frame refused', { connection: name, reason });
    connection.fail(reason);
  }

  function onNotification(channel: string, data: unknown, _session: ConnectionSession, frame: Buffer): void {
    for (const report of readReports(channel, data)) listener.onReport(report, frame);
  }

  /** The reports of a frame: all of them, or none and the connection is given up. */
  function readReports(channel: string, data: unknown): readonly AccountReport[] {
    const at = session.venueClock.venueNow();
    const [, kind] = channel.split('.');
    switch (kind) {
      case 'changes': {
        const { orders = [], trades = [], positions = [] } = changes.parse(data);
        const reports: AccountReport[] = [
          ...orders.map((row) => readOrder(row, 'accountStream')),
          ...trades.map((row) => readTrade(row, 'accountStream')),
          ...positions.map((row) => readPosition(row, 'accountStream', at)),
        ];
        return reports.filter((report) => report.kind !== 'fill' || fillsTold.add(`${report.symbol} ${report.fillId}`));
      }
      case 'portfolio': {
        const row = portfolioRow.parse(data);
        currencies.add(row.currency.toUpperCase());
        const balance = readPortfolio(row, at);
        return isNews(balance) ? [balance] : [];
      }
      default:
        return [];
    }
  }

  /** With a position open what is available follows the mark price, all the time: of that the state of every ten seconds is told, of the balance itself each change. */
  function isNews({ currency, walletBalance }: BalanceReport): boolean {
    const now = clock.monoNanos();
    const told = balancesTold.get(currency);
    if (told?.walletBalance === walletBalance && now - told.at < nanosFromMs(AVAILABLE_EVERY_MS)) return false;
    balancesTold.set(currency, { walletBalance, at: now });
    return true;
  }

  const transactions = createTransactionLog({
    name,
    timers,
    log,
    session,
    live: () => connection.live(),
    mayAsk: () => limits.take('query') === 0,
    currencies: () => [
      ...currencies,
      ...[...(runtime.instruments?.().values() ?? [])].map((each) => each.settlementCurrency),
    ],
    onReport: (report) => listener.onReport(report, empty),
  });

  return {
    status: () => connection.status(),
    beats: connection.beats,
    start() {
      connection.start();
      session.start();
    },
    async stop() {
      session.stop();
      transactions.stop();
      await connection.stop();
    },
  };
}
