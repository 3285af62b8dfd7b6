import { z } from 'zod';
import { canonicalDecimal } from '#core/market/scaled-decimal.ts';
import type { AdjustmentReport } from '#core/orders/order.ts';
import type { EpochMs } from '#core/time/clock.ts';

/** One row of `GET /fapi/v1/income`. */
export const incomeRow = z.object({
  symbol: z.string().nullish(),
  incomeType: z.string().min(1),
  income: z.string().regex(/^-?\d+(\.\d+)?$/),
  asset: z.string().min(1),
  time: z.number(),
  /** "Unique in the same incomeType for a user" (Binance USD-M documentation, "Get Income History"). */
  tranId: z.union([z.string(), z.number()]).transform(String),
});
export type IncomeRow = z.infer<typeof incomeRow>;

/** What executions tell themselves. */
const OF_FILLS: ReadonlySet<string> = new Set(['REALIZED_PNL', 'COMMISSION']);
const REASONS: Readonly<Record<string, AdjustmentReport['reason']>> = {
  FUNDING_FEE: 'funding',
  INSURANCE_CLEAR: 'settlement',
  DELIVERED_SETTELMENT: 'settlement',
};

/** Money that moved without an execution; null: an execution tells of it. Whatever else moves money is a transfer: the venue adds kinds as it likes. */
export function readIncome(row: IncomeRow): AdjustmentReport | null {
  const amount = canonicalDecimal(row.income);
  if (OF_FILLS.has(row.incomeType) || amount === '0') return null;
  return {
    kind: 'adjustment',
    reason: REASONS[row.incomeType] ?? 'transfer',
    id: incomeId(row),
    symbol: row.symbol === undefined || row.symbol === '' ? null : row.symbol,
    currency: row.asset,
    amount,
    venueTime: row.time as EpochMs,
  };
}

/** Unique of the account. */
export function incomeId({ incomeType, tranId, asset }: IncomeRow): string {
  return `${incomeType}-${tranId}-${asset}`;
}
