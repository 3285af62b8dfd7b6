import type { AdjustmentReport } from '#core/orders/order.ts';
import { VenueError } from '#core/orders/venue-error.ts';
import { readAnswer } from '../connection/read-answer.ts';
import { LOG_ROWS, logPage, logRow, readLogRow } from './log-messages.ts';
import type { DeribitRest } from './rest.ts';

const METHOD = 'private/get_transaction_log';
const MAX_PAGES = 1_000;

/** Money that moved without a trade in a time, of these currencies, oldest first; deliveries are fills and are not among it. Rejects with a `VenueError`. */
export async function fetchAdjustments(
  rest: DeribitRest,
  currencies: readonly string[],
  from: number,
  until: number,
): Promise<readonly AdjustmentReport[]> {
  const found: AdjustmentReport[] = [];
  for (const currency of currencies) {
    let continuation: string | null = null;
    for (let page = 0; ; page += 1) {
      if (page === MAX_PAGES) throw new VenueError('retry', 'PAGES_ENDLESS', `method=${METHOD} pages=${MAX_PAGES}`);
      const result: unknown = await rest.call(METHOD, {
        currency,
        start_timestamp: from,
        end_timestamp: until,
        count: LOG_ROWS,
        continuation: continuation === null ? undefined : Number(continuation),
      });
      const { logs, continuation: next } = readAnswer(logPage, result, METHOD);
      for (const row of logs) {
        const read = logRow.safeParse(row);
        // One that cannot be read takes no other with it: the account stream looks at the same log, and tells it.
        const report = read.success && read.data.type !== 'delivery' ? readLogRow(read.data) : null;
        if (report?.kind === 'adjustment') found.push(report);
      }
      if (next === undefined || next === null || logs.length === 0) break;
      if (next === continuation)
        throw new VenueError('retry', 'PAGES_ENDLESS', `method=${METHOD} continuation=${next}`);
      continuation = next;
    }
  }
  return found.sort((a, b) => a.venueTime - b.venueTime);
}
