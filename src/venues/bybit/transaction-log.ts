import { z } from 'zod';
import { canonicalDecimal } from '#core/market/scaled-decimal.ts';
import type { AdjustmentReport } from '#core/orders/order.ts';
import type { EpochMs } from '#core/time/clock.ts';

/** One row of `GET /v5/account/transaction-log`. */
export const transactionRow = z.object({
  id: z.string().min(1),
  type: z.string().min(1),
  currency: z.string().min(1),
  symbol: z.string().nullish(),
  change: z.string(),
  transactionTime: z.string().regex(/^\d{1,16}$/),
});
export type TransactionRow = z.infer<typeof transactionRow>;

/** What the list of executions tells, under ids of its own: funding (`SETTLEMENT`) stands there as well, and the account stream tells it by that id. */
const OF_EXECUTIONS: ReadonlySet<string> = new Set([
  'TRADE',
  'SETTLEMENT',
  'DELIVERY',
  'LIQUIDATION',
  'ADL',
  'BLOCKTRADE',
  'BLOCK_TRADE',
  'MOVE_POSITION',
]);

/** Money that no execution tells of: transfers, bonuses, interest. Null: an execution does. The venue adds kinds as it likes. */
export function readTransaction(row: TransactionRow): AdjustmentReport | null {
  if (OF_EXECUTIONS.has(row.type) || Number(row.change) === 0) return null;
  return {
    kind: 'adjustment',
    reason: 'transfer',
    id: `${row.type}-${row.id}`,
    symbol: row.symbol === undefined || row.symbol === '' ? null : row.symbol,
    currency: row.currency,
    amount: canonicalDecimal(row.change),
    venueTime: Number(row.transactionTime) as EpochMs,
  };
}
