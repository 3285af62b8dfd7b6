import { z } from 'zod';
import { MillraceError } from '#core/errors.ts';
import { canonicalDecimal } from '#core/market/scaled-decimal.ts';
import type {
  AdjustmentReport,
  BalanceReport,
  FillReport,
  OrderReport,
  OrderType,
  PositionReport,
} from '#core/orders/order.ts';
import type { EpochMs } from '#core/time/clock.ts';
import type { FeeCurrencyOf } from './fee-currency.ts';

type Source = 'accountStream' | 'query';

const digits = z.string().regex(/^\d{1,16}$/);
const text = z.string().nullish();
const side = z.enum(['Buy', 'Sell']);

/** One order, as the private stream and `/v5/order/{realtime,history}` state it. */
export const orderRow = z.object({
  category: z.string().optional(),
  symbol: z.string(),
  orderId: z.string().min(1),
  orderLinkId: text,
  side,
  orderType: z.string(),
  orderStatus: z.string(),
  marketUnit: text,
  price: text,
  qty: z.string(),
  cumExecQty: text,
  reduceOnly: z.boolean().optional(),
  rejectReason: text,
  cancelType: text,
  triggerPrice: text,
  triggerDirection: z.number().nullish(),
  basePrice: text,
  positionIdx: z.number().optional(),
  createdTime: digits,
  updatedTime: digits,
});
export type OrderRow = z.infer<typeof orderRow>;

/** One execution, as the private stream and `/v5/execution/list` state it. */
export const executionRow = z.object({
  category: z.string().optional(),
  symbol: z.string(),
  execId: z.string().min(1),
  orderId: z.string(),
  orderLinkId: text,
  side: z.enum(['Buy', 'Sell', '', 'None']),
  execType: z.string(),
  execPrice: z.string(),
  execQty: z.string(),
  execFee: text,
  feeCurrency: text,
  isMaker: z.boolean().optional(),
  execTime: digits,
});
export type ExecutionRow = z.infer<typeof executionRow>;

/** One position: the stream says `entryPrice`, REST says `avgPrice`. */
export const positionRow = z.object({
  category: z.string().optional(),
  symbol: z.string(),
  positionIdx: z.number(),
  side: z.enum(['Buy', 'Sell', '', 'None']),
  size: z.string(),
  entryPrice: text,
  avgPrice: text,
  updatedTime: text,
});
export type PositionRow = z.infer<typeof positionRow>;

/** One wallet with its coins. */
export const walletRow = z.object({
  coin: z.array(z.object({ coin: z.string(), walletBalance: z.string(), availableToWithdraw: text })),
});
export type WalletRow = z.infer<typeof walletRow>;

const STATUS: Readonly<Record<string, OrderReport['status']>> = {
  New: 'accepted',
  Untriggered: 'accepted',
  Triggered: 'accepted',
  PartiallyFilled: 'partiallyFilled',
  Filled: 'filled',
  Cancelled: 'canceled',
  PartiallyFilledCanceled: 'canceled',
  Deactivated: 'canceled',
  Rejected: 'rejected',
};

/** Whether an order may still do something; one of an unknown status may. */
export function works(row: OrderRow): boolean {
  const status = STATUS[row.orderStatus];
  return status === undefined || status === 'accepted' || status === 'partiallyFilled';
}

/** Throws `HEDGE_MODE` (class configuration): with two positions to a symbol the sum of fills is not the position. */
function refuseHedgeMode(symbol: string, positionIdx: number | undefined): void {
  if (positionIdx === undefined || positionIdx === 0) return;
  throw new MillraceError(
    'configuration',
    'HEDGE_MODE',
    `symbol=${symbol} positionIdx=${positionIdx} the account is in hedge mode; switch it to one-way mode`,
  );
}

/** Throws `REPORT_INVALID` for a status that is not documented, `HEDGE_MODE` for an order of a hedge-mode account. */
export function readOrder(row: OrderRow, source: Source): OrderReport {
  refuseHedgeMode(row.symbol, row.positionIdx);
  const stated = STATUS[row.orderStatus];
  if (stated === undefined) {
    throw new MillraceError('validation', 'REPORT_INVALID', `orderStatus=${row.orderStatus} order=${row.orderId}`);
  }
  const price = decimal(row.price);
  const cumulativeSize = decimal(row.cumExecQty);
  // What has filled in part was taken in before it was refused: its end is that of a cancelled order.
  const status = stated === 'rejected' && cumulativeSize !== '0' ? 'canceled' : stated;
  return {
    kind: 'orderReport',
    source,
    symbol: row.symbol,
    clientOrderId: emptyAsNull(row.orderLinkId),
    venueOrderId: row.orderId,
    status,
    side: row.side === 'Buy' ? 'buy' : 'sell',
    price: row.orderType === 'Market' || price === '0' ? null : price,
    // A spot market order of somebody else's may state quote currency: of the asset only what was filled is known.
    size: decimal(row.marketUnit === 'quoteCoin' ? row.cumExecQty : row.qty),
    cumulativeSize,
    ...triggerOf(row),
    reduceOnly: row.reduceOnly ?? false,
    reason: status === 'canceled' || status === 'rejected' ? reasonOf(row) : '',
    venueTime: Number(row.updatedTime) as EpochMs,
  };
}

/**
 * Of an order that waits, or waited, for a price. Contracts tell the direction that it waits for (1: a rise, 2: a fall), spot the last price when it was made. Where
 * neither is told its kind is left open: whoever placed it knows.
 */
function triggerOf(row: OrderRow): Pick<OrderReport, 'orderType' | 'triggerPrice'> {
  const triggerPrice = decimal(row.triggerPrice);
  if (triggerPrice === '0') return {};
  const base = Number(emptyAsNull(row.basePrice) ?? 0);
  const rises = row.triggerDirection ? row.triggerDirection === 1 : Number(triggerPrice) > base;
  if (row.orderType !== 'Market' || !(row.triggerDirection || base > 0)) return { triggerPrice };
  const orderType: OrderType = rises === (row.side === 'Buy') ? 'stopMarket' : 'takeProfitMarket';
  return { orderType, triggerPrice };
}

function reasonOf(row: OrderRow): string {
  const said = [row.rejectReason, row.cancelType].filter(
    (each) => each !== undefined && each !== null && !['', 'EC_NoError', 'UNKNOWN'].includes(each),
  );
  return said.join(' ');
}

/**
 * What is no fill although it has a quantity. Funding changes the balance alone; of a split of the shares behind a contract the documentation does not say what its quantity
 * means, so the position that the venue states tells its size.
 */
const ADJUSTMENT: Readonly<Record<string, AdjustmentReport['reason']>> = {
  Funding: 'funding',
  CorporateAction: 'settlement',
};

/** What changes the position, and for which reason. */
const CAUSE: Readonly<Record<string, FillReport['cause']>> = {
  Trade: 'trade',
  BlockTrade: 'trade',
  FutureSpread: 'trade',
  AdlTrade: 'adl',
  BustTrade: 'liquidation',
  Delivery: 'settlement',
  Settle: 'settlement',
  MovePosition: 'settlement',
};

/**
 * Throws `REPORT_INVALID` for an execution type that is not documented (guessing could count a position twice), and for a fee of which neither the venue nor
 * `feeCurrencyOf` says what it was taken in.
 */
export function readExecution(
  row: ExecutionRow,
  source: Source,
  feeCurrencyOf: FeeCurrencyOf,
): FillReport | AdjustmentReport {
  const venueTime = Number(row.execTime) as EpochMs;
  const fee = decimal(row.execFee);
  const side = row.side === 'Sell' ? 'sell' : 'buy';
  const currency = emptyAsNull(row.feeCurrency) ?? feeCurrencyOf(row.symbol, side, fee);
  if (currency === null) {
    throw new MillraceError(
      'validation',
      'REPORT_INVALID',
      `feeCurrency= symbol=${row.symbol} execution=${row.execId}`,
    );
  }
  const reason = ADJUSTMENT[row.execType];
  if (reason !== undefined) {
    return {
      kind: 'adjustment',
      reason,
      id: row.execId,
      symbol: row.symbol,
      currency,
      amount: negated(fee),
      venueTime,
    };
  }
  const cause = CAUSE[row.execType];
  if (cause === undefined || (row.side !== 'Buy' && row.side !== 'Sell')) {
    throw new MillraceError(
      'validation',
      'REPORT_INVALID',
      `execType=${row.execType} side=${row.side} execution=${row.execId}`,
    );
  }
  return {
    kind: 'fill',
    source,
    symbol: row.symbol,
    fillId: row.execId,
    clientOrderId: emptyAsNull(row.orderLinkId),
    venueOrderId: row.orderId,
    side,
    price: decimal(row.execPrice),
    size: decimal(row.execQty),
    fee,
    feeCurrency: currency,
    liquidity: row.isMaker === true ? 'maker' : 'taker',
    cause,
    venueTime,
  };
}

/** Throws `HEDGE_MODE`. `at` stamps a row that carries no time of its own. */
export function readPosition(row: PositionRow, source: Source, at: EpochMs): PositionReport {
  refuseHedgeMode(row.symbol, row.positionIdx);
  const size = decimal(row.size);
  const updated = Number(row.updatedTime ?? 0);
  return {
    kind: 'position',
    source,
    symbol: row.symbol,
    size: row.side === 'Sell' ? negated(size) : row.side === 'Buy' ? size : '0',
    entryPrice: decimal(row.entryPrice ?? row.avgPrice),
    venueTime: (updated > 0 ? updated : at) as EpochMs,
  };
}

export function readWallet(row: WalletRow, at: EpochMs): BalanceReport[] {
  return row.coin.map((coin) => ({
    kind: 'balance',
    currency: coin.coin,
    walletBalance: decimal(coin.walletBalance),
    availableBalance: emptyAsNull(coin.availableToWithdraw) === null ? null : decimal(coin.availableToWithdraw),
    venueTime: at,
  }));
}

function emptyAsNull(value: string | null | undefined): string | null {
  return value === undefined || value === null || value === '' ? null : value;
}

/** An absent number is zero in this venue's reports. */
function decimal(value: string | null | undefined): string {
  return canonicalDecimal(emptyAsNull(value) ?? '0');
}

function negated(value: string): string {
  if (value === '0') return value;
  return value.startsWith('-') ? value.slice(1) : `-${value}`;
}
