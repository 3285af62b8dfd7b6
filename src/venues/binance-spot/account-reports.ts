import { formatExact, sumExact } from '#core/ledger/exact-decimal.ts';
import type { AdjustmentReport, BalanceReport, FillReport, OrderReport } from '#core/orders/order.ts';
import type { EpochMs } from '#core/time/clock.ts';
import { endReason, STATUS } from '../binance/order-status.ts';
import type { AccountPosition, BalanceUpdate, ExecutionReport, RestOrder, UserTrade } from './account-messages.ts';

/** The fill, if the event is one, then the order's new state. */
export function reportsOfExecution(event: ExecutionReport): readonly (FillReport | OrderReport)[] {
  const clientOrderId = clientIdOf(event);
  const complete = event.z === event.q && event.z !== '0';
  const report: OrderReport = {
    kind: 'orderReport',
    source: 'accountStream',
    symbol: event.s,
    clientOrderId,
    venueOrderId: event.i,
    status: complete ? 'filled' : STATUS[event.X],
    side: event.S,
    price: priceOf(event.p),
    size: event.q,
    cumulativeSize: event.z,
    reduceOnly: false,
    ...triggerOf(event.o, event.P),
    reason: endReason(event.X, event.f, event.r === 'NONE' ? '' : ` r=${event.r}`),
    venueTime: event.T as EpochMs,
  };
  if (event.x !== 'TRADE' || event.l === '0') return [report];
  const fill: FillReport = {
    kind: 'fill',
    source: 'accountStream',
    symbol: event.s,
    fillId: event.t,
    clientOrderId,
    venueOrderId: event.i,
    side: event.S,
    price: event.L,
    size: event.l,
    fee: event.n ?? '0',
    feeCurrency: event.N ?? '',
    liquidity: event.m ? 'maker' : 'taker',
    cause: 'trade',
    venueTime: event.T as EpochMs,
  };
  return [fill, report];
}

/** A cancel and an amendment have ids of their own; the order's is then the original one. */
function clientIdOf({ x, c, C }: ExecutionReport): string {
  const original = x === 'CANCELED' || x === 'REPLACED' ? (C ?? '') : '';
  return original === '' ? c : original;
}

/** Orders at the market have none. */
function priceOf(price: string): string | null {
  return price === '0' ? null : price;
}

const TRIGGERED_TYPES: Readonly<Record<string, 'stopMarket' | 'takeProfitMarket'>> = {
  STOP_LOSS: 'stopMarket',
  TAKE_PROFIT: 'takeProfitMarket',
};

/** What an order waits for: who adopts it must not take it for one at the market. */
function triggerOf(type: string, stopPrice: string): Pick<OrderReport, 'orderType' | 'triggerPrice'> {
  const orderType = TRIGGERED_TYPES[type];
  return {
    ...(orderType === undefined ? {} : { orderType }),
    ...(stopPrice === '0' ? {} : { triggerPrice: stopPrice }),
  };
}

export function reportsOfAccountPosition(event: AccountPosition): readonly BalanceReport[] {
  return event.B.map(({ a, f, l }) => balanceOf(a, f, l, event.u as EpochMs));
}

/** What is locked in orders is still held. */
export function balanceOf(currency: string, free: string, locked: string, venueTime: EpochMs): BalanceReport {
  const walletBalance = formatExact(sumExact([free, locked]));
  return { kind: 'balance', currency, walletBalance, availableBalance: free, venueTime };
}

export function reportOfBalanceUpdate({ a, d, T }: BalanceUpdate): AdjustmentReport {
  return {
    kind: 'adjustment',
    reason: 'transfer',
    id: `balanceUpdate-${T}-${a}-${d}`,
    symbol: null,
    currency: a,
    amount: d,
    venueTime: T as EpochMs,
  };
}

export function reportOfOrder(order: RestOrder): OrderReport {
  return {
    kind: 'orderReport',
    source: 'query',
    symbol: order.symbol,
    clientOrderId: order.clientOrderId,
    venueOrderId: order.orderId,
    status: STATUS[order.status],
    side: order.side,
    price: priceOf(order.price),
    size: order.origQty,
    cumulativeSize: order.executedQty,
    reduceOnly: false,
    ...triggerOf(order.type, order.stopPrice),
    reason: endReason(order.status, order.timeInForce, ''),
    venueTime: order.updateTime as EpochMs,
  };
}

/** `myTrades` does not name the client's id. */
export function reportOfTrade(trade: UserTrade): FillReport {
  return {
    kind: 'fill',
    source: 'query',
    symbol: trade.symbol,
    fillId: trade.id,
    clientOrderId: null,
    venueOrderId: trade.orderId,
    side: trade.isBuyer ? 'buy' : 'sell',
    price: trade.price,
    size: trade.qty,
    fee: trade.commission,
    feeCurrency: trade.commissionAsset,
    liquidity: trade.isMaker ? 'maker' : 'taker',
    cause: 'trade',
    venueTime: trade.time as EpochMs,
  };
}
