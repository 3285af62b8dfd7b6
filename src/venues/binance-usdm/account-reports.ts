import { MillraceError } from '#core/errors.ts';
import type { AdjustmentReport, BalanceReport, FillReport, OrderReport, PositionReport } from '#core/orders/order.ts';
import type { EpochMs } from '#core/time/clock.ts';
import { endReason, STATUS } from '../binance/order-status.ts';
import type { AccountUpdate, OrderTradeUpdate, RestOrder, UserTrade } from './account-messages.ts';

/** What the venue did by itself shows in the client id that it gives (its "Order Update" page). */
function causeOf(clientOrderId: string): FillReport['cause'] {
  if (clientOrderId.startsWith('adl_autoclose')) return 'adl';
  if (clientOrderId.startsWith('settlement_autoclose')) return 'settlement';
  return clientOrderId.startsWith('autoclose-') ? 'liquidation' : 'trade';
}

/** Throws `HEDGE_MODE` (class configuration): positions that carry their side in a field of their own cannot be told apart here. */
export function requireOneWay(positionSide: string, symbol: string): void {
  if (positionSide === 'BOTH') return;
  throw new MillraceError(
    'configuration',
    'HEDGE_MODE',
    `symbol=${symbol} side=${positionSide} the account is in hedge mode; set it to one-way mode (positionSide/dual=false)`,
  );
}

/** The fill, if the event is one, then the order's new state. */
export function reportsOfOrderUpdate(event: OrderTradeUpdate): readonly (FillReport | OrderReport)[] {
  const order = event.o;
  requireOneWay(order.ps, order.s);
  const complete = order.z === order.q;
  const report: OrderReport = {
    kind: 'orderReport',
    source: 'accountStream',
    symbol: order.s,
    clientOrderId: order.c,
    venueOrderId: order.i,
    status: complete && order.z !== '0' ? 'filled' : STATUS[order.X],
    side: order.S,
    price: order.o === 'MARKET' || order.p === '0' ? null : order.p,
    size: order.q,
    cumulativeSize: order.z,
    reduceOnly: order.R,
    reason: endReason(order.X, order.f, order.er === null || order.er === undefined ? '' : ` er=${order.er}`),
    venueTime: order.T as EpochMs,
  };
  const isFill = (order.x === 'TRADE' || order.x === 'CALCULATED') && order.l !== '0';
  if (!isFill) return [report];
  const fill: FillReport = {
    kind: 'fill',
    source: 'accountStream',
    symbol: order.s,
    // The venue's own closings may carry no trade id; order and running total are unique as well.
    fillId: order.t === '0' || order.t.startsWith('-') ? `${order.i}-${order.z}` : order.t,
    clientOrderId: order.c,
    venueOrderId: order.i,
    side: order.S,
    price: order.L,
    size: order.l,
    fee: order.n ?? '0',
    feeCurrency: order.N ?? '',
    liquidity: order.m ? 'maker' : 'taker',
    cause: causeOf(order.c),
    venueTime: order.T as EpochMs,
  };
  return [fill, report];
}

/**
 * Reasons of ACCOUNT_UPDATE that change a balance by themselves. What trading does to it is in the fills; a reason that is not listed moved money
 * all the same, so it counts as a transfer.
 */
const ADJUSTMENTS: Readonly<Record<string, AdjustmentReport['reason']>> = {
  FUNDING_FEE: 'funding',
  INSURANCE_CLEAR: 'settlement',
};

export function reportsOfAccountUpdate(
  event: AccountUpdate,
): readonly (PositionReport | BalanceReport | AdjustmentReport)[] {
  const reports: (PositionReport | BalanceReport | AdjustmentReport)[] = [];
  const venueTime = event.T as EpochMs;
  for (const row of event.a.P) {
    requireOneWay(row.ps, row.s);
    reports.push({
      kind: 'position',
      source: 'accountStream',
      symbol: row.s,
      size: row.pa,
      entryPrice: row.ep,
      venueTime,
    });
  }
  const reason = event.a.m === 'ORDER' ? null : (ADJUSTMENTS[event.a.m] ?? 'transfer');
  const symbol = event.a.P.length === 1 ? (event.a.P[0]?.s ?? null) : null;
  for (const row of event.a.B) {
    reports.push({
      kind: 'balance',
      currency: row.a,
      walletBalance: row.wb,
      availableBalance: null,
      venueTime,
    });
    if (reason !== null && row.bc !== '0') {
      // Of cross positions the symbol is not told, and several are charged at one instant: the balance after each tells them apart.
      const id = `${event.a.m}-${event.T}-${row.a}${symbol === null ? '' : `-${symbol}`}-${row.bc}-${row.wb}`;
      reports.push({
        kind: 'adjustment',
        reason,
        id,
        symbol,
        currency: row.a,
        amount: row.bc,
        unnamed: true,
        venueTime,
      });
    }
  }
  return reports;
}

export function reportOfOrder(order: RestOrder): OrderReport {
  requireOneWay(order.positionSide, order.symbol);
  return {
    kind: 'orderReport',
    source: 'query',
    symbol: order.symbol,
    clientOrderId: order.clientOrderId,
    venueOrderId: order.orderId,
    status: STATUS[order.status],
    side: order.side,
    price: order.type === 'MARKET' || order.price === '0' ? null : order.price,
    size: order.origQty,
    cumulativeSize: order.executedQty,
    reduceOnly: order.reduceOnly,
    reason: endReason(order.status, order.timeInForce, ''),
    venueTime: order.updateTime as EpochMs,
  };
}

/** `userTrades` names neither the client's id nor whether the venue closed by itself. */
export function reportOfTrade(trade: UserTrade): FillReport {
  requireOneWay(trade.positionSide, trade.symbol);
  return {
    kind: 'fill',
    source: 'query',
    symbol: trade.symbol,
    fillId: trade.id,
    clientOrderId: null,
    venueOrderId: trade.orderId,
    side: trade.side,
    price: trade.price,
    size: trade.qty,
    fee: trade.commission,
    feeCurrency: trade.commissionAsset,
    liquidity: trade.maker ? 'maker' : 'taker',
    cause: 'trade',
    venueTime: trade.time as EpochMs,
  };
}
