import { z } from 'zod';
import { MillraceError } from '#core/errors.ts';
import { canonicalDecimal } from '#core/market/scaled-decimal.ts';
import type { AccountReport, BalanceReport, FillReport, OrderReport, PositionReport } from '#core/orders/order.ts';
import type { EpochMs } from '#core/time/clock.ts';
import { parseTimestamp } from './timestamps.ts';

type Source = 'accountStream' | 'query';

/** Numbers come as text; old versions of the venue wrote some of them bare. */
const decimalText = z.union([z.string(), z.number().transform(String)]);
const maybeDecimal = decimalText.nullish();
const maybeText = z.string().nullish();
const side = z.enum(['buy', 'sell', 'sell_short', 'buy_minus', 'sell_plus', 'sell_short_exempt']);

/** One order, as the account stream and `/v2/orders` state it. */
export const orderRow = z.looseObject({
  id: z.string().min(1),
  client_order_id: maybeText,
  symbol: z.string().min(1),
  side,
  type: maybeText,
  order_type: maybeText,
  status: z.string(),
  qty: maybeDecimal,
  filled_qty: maybeDecimal,
  limit_price: maybeDecimal,
  stop_price: maybeDecimal,
  created_at: z.string(),
  updated_at: maybeText,
  submitted_at: maybeText,
  replaced_by: maybeText,
});
export type OrderRow = z.infer<typeof orderRow>;

/** What the account stream says of an order. `price` and `qty` are of this execution, `position_qty` is the position after it, negative when short. */
export const tradeUpdate = z.looseObject({
  event: z.string(),
  execution_id: maybeText,
  price: maybeDecimal,
  qty: maybeDecimal,
  position_qty: maybeDecimal,
  timestamp: maybeText,
  order: orderRow,
});
export type TradeUpdate = z.infer<typeof tradeUpdate>;

/** One execution of `/v2/account/activities/FILL`. */
export const fillRow = z.looseObject({
  id: z.string().min(1),
  activity_type: z.string(),
  transaction_time: z.string(),
  type: maybeText,
  price: decimalText,
  qty: decimalText,
  cum_qty: decimalText,
  side,
  symbol: z.string().min(1),
  order_id: z.string().min(1),
});
export type FillRow = z.infer<typeof fillRow>;

/** One position of `/v2/positions`. */
export const positionRow = z.looseObject({
  symbol: z.string().min(1),
  qty: decimalText,
  side: z.string(),
  avg_entry_price: maybeDecimal,
});
export type PositionRow = z.infer<typeof positionRow>;

export const accountRow = z.looseObject({
  currency: maybeText,
  cash: decimalText,
  buying_power: maybeDecimal,
  status: maybeText,
  trading_blocked: z.boolean().nullish(),
  account_blocked: z.boolean().nullish(),
  trade_suspended_by_user: z.boolean().nullish(),
});
export type AccountRow = z.infer<typeof accountRow>;

/**
 * The venue's statuses (documentation, "Order lifecycle") in ours. `done_for_day` is no end: a `gtc` order works again the next day, and of a `day` order `expired`
 * follows. `replaced` ends this order; the one that replaces it has an id of its own.
 */
const STATUS: Readonly<Record<string, OrderReport['status']>> = {
  accepted: 'accepted',
  pending_new: 'accepted',
  accepted_for_bidding: 'accepted',
  new: 'accepted',
  held: 'accepted',
  stopped: 'accepted',
  suspended: 'accepted',
  calculated: 'accepted',
  pending_cancel: 'accepted',
  pending_replace: 'accepted',
  done_for_day: 'accepted',
  partially_filled: 'partiallyFilled',
  filled: 'filled',
  canceled: 'canceled',
  replaced: 'canceled',
  rejected: 'rejected',
  expired: 'expired',
};

/** Throws `REPORT_INVALID` for a status or time that is not documented. */
export function readOrder(row: OrderRow, source: Source, at: EpochMs | null = null): OrderReport {
  const stated = STATUS[row.status];
  if (stated === undefined) throw invalid(`status=${row.status} order=${row.id}`);
  const cumulativeSize = decimal(row.filled_qty);
  const price = row.limit_price ?? null;
  return {
    kind: 'orderReport',
    source,
    symbol: row.symbol.trim(),
    clientOrderId: row.client_order_id ?? null,
    venueOrderId: row.id,
    status: stated === 'accepted' && cumulativeSize !== '0' ? 'partiallyFilled' : stated,
    side: sideOf(row.side),
    price: price === null ? null : decimal(price),
    // An order of so many dollars has no size of its own.
    size: row.qty === null || row.qty === undefined ? cumulativeSize : decimal(row.qty),
    cumulativeSize,
    ...triggerOf(row),
    // The venue has no such orders.
    reduceOnly: false,
    reason: reasonOf(row),
    venueTime: at ?? timeOf(row.updated_at ?? row.submitted_at ?? row.created_at, row.id),
  };
}

/** Kinds that go as market orders once their trigger is reached; one that trails moves it. */
const STOPS: ReadonlySet<string> = new Set(['stop', 'trailing_stop']);

/** Of an order that waits, or waited, for a price. */
function triggerOf(row: OrderRow): Pick<OrderReport, 'orderType' | 'triggerPrice'> {
  const trigger = decimal(row.stop_price);
  return {
    ...(STOPS.has(row.type ?? row.order_type ?? '') ? { orderType: 'stopMarket' as const } : {}),
    ...(trigger === '0' ? {} : { triggerPrice: trigger }),
  };
}

function reasonOf(row: OrderRow): string {
  if (row.status === 'replaced') return `replaced by ${row.replaced_by ?? 'another order'}`;
  return ['canceled', 'rejected', 'expired', 'suspended'].includes(row.status) ? row.status : '';
}

/**
 * The identity of a fill: its order and how much of it was filled with it. The stream names an execution and the query an activity, and no documentation says that the two
 * ids are the same; the order's cumulative quantity stands in both, and no two fills of an order share it.
 */
export function fillIdOf(orderId: string, cumulativeQuantity: string): string {
  return `${orderId}:${canonicalDecimal(cumulativeQuantity)}`;
}

const FILL_EVENTS: ReadonlySet<string> = new Set(['fill', 'partial_fill']);
/** A fill that was told before is taken back or corrected: the position alone tells what holds now. */
const CORRECTION_EVENTS: ReadonlySet<string> = new Set(['trade_bust', 'trade_correct']);

export function isCorrection(update: TradeUpdate): boolean {
  return CORRECTION_EVENTS.has(update.event);
}

/** All that one message of the account stream says, in order: the order, the fill, the position after it. Throws `REPORT_INVALID`. */
export function readTradeUpdate(update: TradeUpdate): readonly AccountReport[] {
  const { event, order } = update;
  const at = update.timestamp === undefined || update.timestamp === null ? null : timeOf(update.timestamp, order.id);
  const reports: AccountReport[] = [readOrder(order, 'accountStream', at)];
  if (FILL_EVENTS.has(event)) reports.push(readStreamedFill(update, at));
  if (update.position_qty !== undefined && update.position_qty !== null) {
    const position: PositionReport = {
      kind: 'position',
      source: 'accountStream',
      symbol: order.symbol.trim(),
      size: decimal(update.position_qty),
      // Not told here: `/v2/positions` has it.
      entryPrice: '0',
      venueTime: at ?? timeOf(order.updated_at ?? order.created_at, order.id),
    };
    reports.push(position);
  }
  return reports;
}

function readStreamedFill({ order, price, qty }: TradeUpdate, at: EpochMs | null): FillReport {
  if (price === undefined || price === null || qty === undefined || qty === null) {
    throw invalid(`order=${order.id} a fill without price or quantity`);
  }
  return {
    kind: 'fill',
    source: 'accountStream',
    symbol: order.symbol.trim(),
    fillId: fillIdOf(order.id, decimal(order.filled_qty)),
    clientOrderId: order.client_order_id ?? null,
    venueOrderId: order.id,
    side: sideOf(order.side),
    price: decimal(price),
    size: decimal(qty),
    ...NO_FEE,
    venueTime: at ?? timeOf(order.updated_at ?? order.created_at, order.id),
  };
}

/** Shares trade without commission; the regulators' fees are taken from the cash at the end of the day, and named by no fill. Who was the maker is not told. */
const NO_FEE = { fee: '0', feeCurrency: 'USD', liquidity: 'taker', cause: 'trade' } as const;

/** `clientOrderId` is not in the row: whoever knows the order says it. Throws `REPORT_INVALID`. */
export function readFill(row: FillRow, clientOrderId: string | null): FillReport {
  return {
    kind: 'fill',
    source: 'query',
    symbol: row.symbol.trim(),
    fillId: fillIdOf(row.order_id, row.cum_qty),
    clientOrderId,
    venueOrderId: row.order_id,
    side: sideOf(row.side),
    price: decimal(row.price),
    size: decimal(row.qty),
    ...NO_FEE,
    venueTime: timeOf(row.transaction_time, row.id),
  };
}

/** The sign is taken from `side`, whatever that of the quantity. Throws `REPORT_INVALID`. */
export function readPosition(row: PositionRow, at: EpochMs): PositionReport {
  const size = decimal(row.qty).replace(/^-/, '');
  if (row.side !== 'long' && row.side !== 'short') throw invalid(`side=${row.side} symbol=${row.symbol}`);
  return {
    kind: 'position',
    source: 'query',
    symbol: row.symbol.trim(),
    size: row.side === 'short' && size !== '0' ? `-${size}` : size,
    entryPrice: decimal(row.avg_entry_price),
    venueTime: at,
  };
}

/** By which of its flags the venue lets this account place no order; null: it may. */
export function blockedBy(row: AccountRow): string | null {
  const flags = ['account_blocked', 'trading_blocked', 'trade_suspended_by_user'] as const;
  return flags.find((flag) => row[flag] === true) ?? null;
}

export function readAccount(row: AccountRow, at: EpochMs): BalanceReport {
  const available = row.buying_power;
  return {
    kind: 'balance',
    currency: row.currency ?? 'USD',
    walletBalance: decimal(row.cash),
    availableBalance: available === undefined || available === null ? null : decimal(available),
    venueTime: at,
  };
}

function sideOf(value: z.infer<typeof side>): 'buy' | 'sell' {
  return value.startsWith('buy') ? 'buy' : 'sell';
}

/** An absent number is zero in this venue's reports. */
function decimal(value: string | null | undefined): string {
  return canonicalDecimal(value === undefined || value === null || value === '' ? '0' : value);
}

function timeOf(text: string, what: string): EpochMs {
  const time = parseTimestamp(text);
  if (time === null) throw invalid(`time of ${what}`);
  return time;
}

function invalid(detail: string): MillraceError {
  return new MillraceError('validation', 'REPORT_INVALID', detail);
}
