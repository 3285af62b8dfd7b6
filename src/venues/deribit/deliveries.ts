import { z } from 'zod';
import { MillraceError } from '#core/errors.ts';
import type { FillReport } from '#core/orders/order.ts';
import { VenueError } from '#core/orders/venue-error.ts';
import { readAnswer } from '../connection/read-answer.ts';
import { currencyOf } from './channels.ts';
import { LOG_ROWS, logPage, logRow, readLogRow } from './log-messages.ts';
import type { DeribitRest } from './rest.ts';

const MONTHS = ['JAN', 'FEB', 'MAR', 'APR', 'MAY', 'JUN', 'JUL', 'AUG', 'SEP', 'OCT', 'NOV', 'DEC'];
/** Contracts expire at eight o'clock, UTC. */
const EXPIRY_HOUR = 8;
/** More pages than a year of deliveries has. */
const MAX_PAGES = 100;

/** When a dated contract expires, ms: `BTC-27JUN25`, `ETH_USDC-5JUN26`, `BTC-27JUN25-100000-C`. Null for a perpetual. */
export function expiryOf(symbol: string): number | null {
  const [, day, month = '', year] = /-(\d{1,2})([A-Z]{3})(\d{2})(?:-|$)/.exec(symbol) ?? [];
  const index = MONTHS.indexOf(month);
  return index < 0 ? null : Date.UTC(2000 + Number(year), index, Number(day), EXPIRY_HOUR);
}

/**
 * Deliveries of an instrument between two times, oldest first. They end a position without a trade, and stand in the transaction log alone ("private/get_transaction_log"):
 * without them nothing explains why the position has gone. Rejects with a `VenueError`.
 */
export async function fetchDeliveries(
  rest: DeribitRest,
  symbol: string,
  from: number,
  until: number,
): Promise<readonly FillReport[]> {
  const fills: FillReport[] = [];
  let continuation: string | undefined;
  for (let page = 0; page < MAX_PAGES; page += 1) {
    const parameters = {
      currency: currencyOf(symbol),
      start_timestamp: from,
      end_timestamp: until,
      count: LOG_ROWS,
      query: 'delivery',
      continuation,
    };
    const result = await rest.call('private/get_transaction_log', parameters);
    const { logs, continuation: next } = readAnswer(logPage, result, 'get_transaction_log');
    for (const row of logs) {
      if (!isDelivery(row, symbol)) continue;
      const fill = readDelivery(row);
      if (fill !== null) fills.push(fill);
    }
    if (next === undefined || next === null || logs.length === 0) return fills.reverse();
    continuation = next;
  }
  throw new VenueError('retry', 'PAGES_ENDLESS', `method=private/get_transaction_log pages=${MAX_PAGES}`);
}

function isDelivery(row: unknown, symbol: string): boolean {
  const named = z.looseObject({ type: z.literal('delivery'), instrument_name: z.literal(symbol) });
  return named.safeParse(row).success;
}

function readDelivery(row: unknown): FillReport | null {
  try {
    const report = readLogRow(readAnswer(logRow, row, 'get_transaction_log'));
    return report?.kind === 'fill' ? report : null;
  } catch (error) {
    if (!(error instanceof MillraceError)) throw error;
    throw new VenueError('retry', error.code, error.message);
  }
}
