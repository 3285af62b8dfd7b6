import { z } from 'zod';
import { canonicalDecimal } from '#core/market/scaled-decimal.ts';
import type { AdjustmentReport } from '#core/orders/order.ts';
import type { EpochMs } from '#core/time/clock.ts';

/** One row of `GET /v2/account/activities?category=non_trade_activity`. Its day is all that it says of its time. */
export const cashActivity = z.object({
  id: z.string().min(1),
  activity_type: z.string().min(1),
  date: z.string().regex(/^\d{4}-\d{2}-\d{2}$/),
  net_amount: z.string().regex(/^-?\d+(\.\d+)?$/),
  symbol: z.string().nullish(),
});
export type CashActivity = z.infer<typeof cashActivity>;

/** Paid in and out; whatever else moves cash without a trade (dividends, fees, interest, splits' cash) is what holding and trading bring and cost. */
const TRANSFERS = /^(CSD|CSW|JNL|JNLC|JNLS|TRANS|ACATC|ACATS|CSR|MEM)$/;

/** Null: it moves no cash. A split's shares show in the position. */
export function readCashActivity(row: CashActivity): AdjustmentReport | null {
  const amount = canonicalDecimal(row.net_amount);
  if (amount === '0') return null;
  return {
    kind: 'adjustment',
    reason: TRANSFERS.test(row.activity_type) ? 'transfer' : 'settlement',
    id: `${row.activity_type}-${row.id}`,
    symbol: row.symbol === undefined || row.symbol === '' ? null : row.symbol,
    currency: 'USD',
    amount,
    venueTime: Date.parse(`${row.date}T00:00:00Z`) as EpochMs,
  };
}
