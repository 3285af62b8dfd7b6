import { z } from 'zod';
import { MillraceError } from '#core/errors.ts';
import { canonicalDecimal } from '#core/market/scaled-decimal.ts';
import type { AdjustmentReport, FillReport } from '#core/orders/order.ts';
import type { EpochMs } from '#core/time/clock.ts';

/** Numbers have become decimal text when these are read (`json-numbers.ts`). */
const number = z.string().regex(/^-?\d+(\.\d+)?$/);

/** One row of `private/get_transaction_log`. */
export const logRow = z.object({
  id: z.string().min(1),
  type: z.string(),
  timestamp: z.string().regex(/^\d{1,16}$/),
  currency: z.string().min(1),
  instrument_name: z.string().nullish(),
  change: number.nullish(),
  cashflow: number.nullish(),
  amount: number.nullish(),
  price: number.nullish(),
  side: z.string().nullish(),
  commission: number.nullish(),
  /** Of a settlement: what of it is funding. */
  interest_pl: number.nullish(),
});
export type LogRow = z.infer<typeof logRow>;

/** One page of the log, newest first; `continuation` names the next, older one. Rows are read one by one: one that cannot be read takes no other with it. */
export const logPage = z.object({ logs: z.array(z.unknown()), continuation: z.string().nullish() });

/** Most rows of a page. */
export const LOG_ROWS = 250;

/**
 * What a row of the log changes that no report has told of; nothing for trades, which are fills. The daily settlement pays out the session's profit and the funding of
 * perpetuals: it moves money, no position. A delivery ends the position at the delivery price: it is a fill that the venue made. Whatever else moves money is a
 * transfer; the venue adds kinds as it likes. Throws `REPORT_INVALID` for a delivery that does not say what it did.
 */
export function readLogRow(row: LogRow): AdjustmentReport | FillReport | null {
  if (/trade/.test(row.type)) return null;
  const symbol = row.instrument_name ?? null;
  if (row.type === 'delivery' && symbol !== null) return readDelivery(row, symbol);
  const amount = canonicalDecimal(row.change ?? row.cashflow ?? '0');
  if (amount === '0') return null;
  return {
    kind: 'adjustment',
    reason: row.type === 'settlement' ? 'funding' : 'transfer',
    ...(row.type === 'settlement' ? { profit: fundingOf(row, amount) } : {}),
    id: `${row.type}-${row.id}`,
    symbol,
    currency: row.currency,
    amount,
    venueTime: Number(row.timestamp) as EpochMs,
  };
}

/** A settlement pays out the session's profit as well, which fills and prices have told: only its funding is news. Where it does not say how much that is, a loss counts and a gain does not. */
function fundingOf(row: LogRow, amount: string): string {
  if (row.interest_pl !== undefined && row.interest_pl !== null) return canonicalDecimal(row.interest_pl);
  return amount.startsWith('-') ? amount : '0';
}

/** `side` is `close sell` of what was long, `close buy` of what was short. */
function readDelivery(row: LogRow, symbol: string): FillReport | null {
  const size = canonicalDecimal((row.amount ?? '0').replace(/^-/, ''));
  if (size === '0') return null;
  const side = /\b(buy|sell)$/.exec(row.side ?? '')?.[1];
  if ((side !== 'buy' && side !== 'sell') || row.price === undefined || row.price === null) {
    throw new MillraceError('validation', 'REPORT_INVALID', `delivery=${row.id} side=${row.side} price=${row.price}`);
  }
  return {
    kind: 'fill',
    source: 'query',
    symbol,
    fillId: `delivery-${row.id}`,
    clientOrderId: null,
    venueOrderId: `delivery-${row.id}`,
    side,
    price: canonicalDecimal(row.price),
    size,
    fee: canonicalDecimal(row.commission ?? '0'),
    feeCurrency: row.currency,
    liquidity: 'taker',
    cause: 'settlement',
    venueTime: Number(row.timestamp) as EpochMs,
  };
}
