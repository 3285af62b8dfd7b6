import { MillraceError, messageOf } from '#core/errors.ts';
import type { AdjustmentReport, FillReport } from '#core/orders/order.ts';
import type { Timers } from '#core/time/clock.ts';
import type { ConnectionSession } from '../connection/resilient-connection.ts';
import type { VenueLog } from '../venue.ts';
import { NumberText } from './json-rpc.ts';
import { LOG_ROWS, logPage, logRow, readLogRow } from './log-messages.ts';
import { RecentIds } from './recent-ids.ts';
import type { DeribitSession } from './session.ts';

/** How often the log is asked for what no channel tells: settlement, funding, delivery, transfers. Rows may be written so much late. */
const EVERY_MS = 60_000;
/** How far back the first look goes. */
const BACK_MS = 3_600_000;

export interface TransactionLogOptions {
  /** For logs. */
  readonly name: string;
  readonly timers: Timers;
  readonly log: VenueLog;
  readonly session: DeribitSession;
  /** The session to ask on, or null. */
  readonly live: () => ConnectionSession | null;
  /** Whether a query may go out now; it is paid then. */
  readonly mayAsk: () => boolean;
  readonly currencies: () => Iterable<string>;
  readonly onReport: (report: AdjustmentReport | FillReport) => void;
}

/** Reads the transaction log of an account, currency by currency, for as long as it runs. */
export interface TransactionLog {
  /** Looks at once, and then every minute: to be called whenever the connection is live again. */
  start(): void;
  stop(): void;
}

/** One look at one currency: all its pages, oldest told first. */
interface Look {
  readonly currency: string;
  readonly from: number;
  readonly until: number;
  /** Newest first. */
  readonly rows: unknown[];
}

export function createTransactionLog(options: TransactionLogOptions): TransactionLog {
  const { name, timers, log, session } = options;
  const told = new RecentIds(10_000);
  const unreadable = new RecentIds(1_000);
  /** Up to where each currency has been read, ms. A look that fails leaves its place: the next one begins there. */
  const readTo = new Map<string, number>();
  const looking = new Set<string>();
  let cancel: (() => void) | null = null;

  function schedule(afterMs: number): void {
    cancel?.();
    cancel = timers.after(afterMs, () => {
      const opened = options.live();
      schedule(EVERY_MS);
      if (opened !== null) look(opened);
    });
  }

  function look(opened: ConnectionSession): void {
    const now = Math.floor(session.venueClock.venueNow());
    for (const currency of new Set(options.currencies())) {
      if (looking.has(currency)) continue;
      const known = readTo.get(currency);
      if (known === undefined) readTo.set(currency, now - BACK_MS);
      looking.add(currency);
      askPage(opened, { currency, from: known ?? now - BACK_MS, until: now, rows: [] }, null);
    }
  }

  function askPage(opened: ConnectionSession, asked: Look, continuation: string | null): void {
    const parameters = {
      currency: asked.currency,
      start_timestamp: asked.from,
      end_timestamp: asked.until + 1_000,
      count: LOG_ROWS,
      continuation: continuation === null ? undefined : new NumberText(continuation),
    };
    if (!options.mayAsk()) {
      failed(asked, 'no credits');
      return;
    }
    try {
      const sent = session.request(opened, 'private/get_transaction_log', parameters, (outcome) => {
        if (outcome.kind !== 'answer') failed(asked, outcome.kind);
        else if (outcome.answer.error !== undefined) failed(asked, outcome.answer.error.message);
        else onPage(opened, asked, continuation, outcome.answer.result);
      });
      if (!sent) failed(asked, 'too many requests wait');
    } catch (error) {
      failed(asked, messageOf(error));
    }
  }

  function onPage(opened: ConnectionSession, asked: Look, before: string | null, result: unknown): void {
    const page = logPage.safeParse(result);
    if (!page.success) {
      failed(asked, 'the answer is not as documented');
      return;
    }
    asked.rows.push(...page.data.logs.filter((row) => !isTrade(row)));
    const next = page.data.continuation ?? null;
    if (next !== null && page.data.logs.length > 0) {
      if (next === before || !/^\d+$/.test(next)) failed(asked, 'the pages do not lead on');
      else askPage(opened, asked, next);
      return;
    }
    looking.delete(asked.currency);
    readTo.set(asked.currency, asked.until - EVERY_MS);
    for (const row of asked.rows.reverse()) tell(row, asked.currency);
  }

  function failed({ currency }: Look, cause: string): void {
    looking.delete(currency);
    log('warn', 'transaction log not read, it is asked again', { connection: name, currency, cause });
  }

  function tell(value: unknown, currency: string): void {
    const row = logRow.safeParse(value);
    if (!row.success) {
      refuse(currency, JSON.stringify(value).slice(0, 80), row.error.issues[0]?.path.join('.') ?? '');
      return;
    }
    try {
      const report = readLogRow(row.data);
      if (report !== null && told.add(`${row.data.currency} ${row.data.id}`)) options.onReport(report);
    } catch (error) {
      if (!(error instanceof MillraceError)) throw error;
      refuse(currency, row.data.id, error.message);
    }
  }

  /** Once for each row, although looks overlap. */
  function refuse(currency: string, row: string, reason: string): void {
    if (unreadable.add(`${currency} ${row}`))
      log('error', 'row of the transaction log refused', { connection: name, currency, row, reason });
  }

  return {
    start: () => schedule(0),
    stop() {
      cancel?.();
      cancel = null;
    },
  };
}

/** Trades are fills, and told by their own channel: of a busy hour they are most of the log. */
function isTrade(row: unknown): boolean {
  return typeof row === 'object' && row !== null && 'type' in row && row.type === 'trade';
}
