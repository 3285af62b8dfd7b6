import { z } from 'zod';
import { MillraceError } from '#core/errors.ts';
import { canonicalDecimal } from '#core/market/scaled-decimal.ts';
import type { BalanceReport, FillReport, OrderReport, OrderType, PositionReport } from '#core/orders/order.ts';
import type { EpochMs } from '#core/time/clock.ts';

type Source = 'accountStream' | 'query';

/** Numbers have become decimal text when these are read (`json-numbers.ts`). */
const number = z.string().regex(/^-?\d+(\.\d+)?$/);
const time = z.string().regex(/^\d{1,16}$/);
const direction = z.enum(['buy', 'sell']);

/** One order, as answers, queries and the user channels state it ("private/buy"). Stop orders that wait may lack `filled_amount`; `price` may be `market_price`. */
export const orderRow = z.object({
  instrument_name: z.string().min(1),
  order_id: z.string().min(1),
  label: z.string().nullish(),
  direction,
  order_type: z.string(),
  order_state: z.string(),
  price: z.string().nullish(),
  amount: number,
  filled_amount: number.nullish(),
  reduce_only: z.boolean().optional(),
  cancel_reason: z.string().nullish(),
  trigger_price: number.nullish(),
  /** Of what a triggered order has become: the id of the one that waited. */
  trigger_order_id: z.string().nullish(),
  post_only: z.boolean().optional(),
  creation_timestamp: time,
  last_update_timestamp: time,
});
export type OrderRow = z.infer<typeof orderRow>;

/** One execution, as answers, queries and the user channels state it. */
export const tradeRow = z.object({
  instrument_name: z.string().min(1),
  trade_id: z.string().min(1),
  order_id: z.string(),
  label: z.string().nullish(),
  direction,
  price: number,
  amount: number,
  fee: number,
  fee_currency: z.string(),
  liquidity: z.string().nullish(),
  liquidation: z.string().nullish(),
  order_type: z.string().optional(),
  timestamp: time,
});
export type TradeRow = z.infer<typeof tradeRow>;

/** One position. Shorts have a negative size; the direction says it as well. */
export const positionRow = z.object({
  instrument_name: z.string().min(1),
  direction: z.enum(['buy', 'sell', 'zero']),
  size: number,
  average_price: number.nullish(),
});
export type PositionRow = z.infer<typeof positionRow>;

/** What `get_account_summaries` and `user.portfolio` state of a currency. */
export const portfolioRow = z.object({
  currency: z.string().min(1),
  balance: number,
  available_funds: number.nullish(),
});
export type PortfolioRow = z.infer<typeof portfolioRow>;

const STATUS: Readonly<Record<string, OrderReport['status']>> = {
  open: 'accepted',
  untriggered: 'accepted',
  triggered: 'accepted',
  filled: 'filled',
  cancelled: 'canceled',
  rejected: 'rejected',
};

const ORDER_TYPE: Readonly<Record<string, OrderType>> = {
  limit: 'limit',
  market: 'market',
  stop_market: 'stopMarket',
  take_market: 'takeProfitMarket',
};

/**
 * An order that waited for its trigger becomes another one, with an id of its own and the same label: what has become of it is the order, and the waiting one is
 * left out where both are listed.
 */
export function withoutTriggered(rows: readonly OrderRow[]): readonly OrderRow[] {
  const become = new Set(rows.map((row) => row.trigger_order_id ?? ''));
  return rows.filter((row) => !become.has(row.order_id));
}

/** Throws `REPORT_INVALID` for a state that is not documented. */
export function readOrder(row: OrderRow, source: Source): OrderReport {
  const state = STATUS[row.order_state];
  if (state === undefined) {
    throw new MillraceError('validation', 'REPORT_INVALID', `order_state=${row.order_state} order=${row.order_id}`);
  }
  const filled = canonicalDecimal(row.filled_amount ?? '0');
  const price = row.price ?? '';
  const orderType = ORDER_TYPE[row.order_type];
  const trigger = row.trigger_price ?? null;
  const isLimit = row.order_type === 'limit' && /^-?\d/.test(price);
  return {
    kind: 'orderReport',
    source,
    symbol: row.instrument_name,
    clientOrderId: row.label === undefined || row.label === null || row.label === '' ? null : row.label,
    venueOrderId: row.order_id,
    status: state === 'accepted' && filled !== '0' ? 'partiallyFilled' : state,
    side: row.direction,
    price: isLimit ? canonicalDecimal(price) : null,
    size: canonicalDecimal(row.amount),
    cumulativeSize: filled,
    reduceOnly: row.reduce_only ?? false,
    ...(orderType === undefined ? {} : { orderType }),
    ...(trigger === null ? {} : { triggerPrice: canonicalDecimal(trigger) }),
    reason: state === 'canceled' || state === 'rejected' ? (row.cancel_reason ?? '') : '',
    venueTime: Number(row.last_update_timestamp) as EpochMs,
  };
}

export function readTrade(row: TradeRow, source: Source): FillReport {
  return {
    kind: 'fill',
    source,
    symbol: row.instrument_name,
    fillId: row.trade_id,
    clientOrderId: row.label === undefined || row.label === null || row.label === '' ? null : row.label,
    venueOrderId: row.order_id,
    side: row.direction,
    price: canonicalDecimal(row.price),
    size: canonicalDecimal(row.amount),
    fee: canonicalDecimal(row.fee),
    feeCurrency: row.fee_currency,
    liquidity: row.liquidity === 'M' ? 'maker' : 'taker',
    cause: isLiquidated(row) ? 'liquidation' : 'trade',
    venueTime: Number(row.timestamp) as EpochMs,
  };
}

/** The mark says which side of the trade was liquidated: maker, taker or both. Whether it was ours, our side of it says. */
function isLiquidated({ liquidation, liquidity, order_type: type }: TradeRow): boolean {
  if (type === 'liquidation') return true;
  if (liquidation === undefined || liquidation === null) return false;
  return liquidation === 'MT' || liquidation === (liquidity === 'M' ? 'M' : 'T');
}

/** `at` stamps a row, which carries no time of its own. */
export function readPosition(row: PositionRow, source: Source, at: EpochMs): PositionReport {
  const size = canonicalDecimal(row.size.replace(/^-/, ''));
  const isShort = row.direction === 'sell' || row.size.startsWith('-');
  return {
    kind: 'position',
    source,
    symbol: row.instrument_name,
    size: size === '0' || row.direction === 'zero' ? '0' : isShort ? `-${size}` : size,
    entryPrice: canonicalDecimal(row.average_price ?? '0'),
    venueTime: at,
  };
}

export function readPortfolio(row: PortfolioRow, at: EpochMs): BalanceReport {
  const available = row.available_funds ?? null;
  return {
    kind: 'balance',
    currency: row.currency.toUpperCase(),
    walletBalance: canonicalDecimal(row.balance),
    availableBalance: available === null ? null : canonicalDecimal(available),
    venueTime: at,
  };
}
