import type { SimulatedFill, SimulatedOrder } from '../exchange/simulated-exchange.ts';
import type { DeribitContext } from './deribit-context.ts';
import { allOrders, orderRowOf, showsAsOpen } from './deribit-orders.ts';
import { isCovered } from './deribit-public-channels.ts';
import {
  isTriggered,
  portfolioRow,
  positionRow,
  type Row,
  readOrderId,
  triggeredRow,
  userTradeRow,
} from './deribit-rows.ts';
import {
  booleanField,
  type Fields,
  invalidParameter,
  numberField,
  type RpcOutcome,
  refuse,
  textField,
} from './deribit-rpc.ts';
import { transactionLog } from './deribit-transaction-log.ts';

/** "Accessing historical trades and orders". */
const ORDERS_AT_HAND_MS = 30 * 60_000;
const TRADES_AT_HAND_MS = 24 * 3_600_000;
/** How late the history has them. */
const INDEXED_MS = 60_000;
const DEFAULT_COUNT = 20;
const MAX_COUNT = 1_000;
const DEFAULT_TRADES = 10;
const NOT_FOUND = refuse(10004, 'order_not_found');

/** Queries of an account. Null: there is no such method. */
export function createDeribitPrivateMethods(
  context: DeribitContext,
): (method: string, accountId: string, params: Fields) => RpcOutcome | null {
  const { exchange, faults } = context;

  function openOrders(accountId: string, chosen: (order: SimulatedOrder) => boolean): RpcOutcome {
    const open = exchange.openOrders(accountId, null).filter((order) => showsAsOpen(context, order) && chosen(order));
    return { result: open.map((order) => orderRowOf(context, order)) };
  }

  function named(params: Fields, name: string, run: (value: string) => RpcOutcome): RpcOutcome {
    const value = textField(params, name);
    return value === null ? invalidParameter(name, 'missing') : run(value);
  }

  /** Ended orders and trades are at hand for a while, and then in the history alone, which has them a little later. */
  function isAtHand(time: number, params: Fields, forMs: number): boolean {
    const age = context.now() - time;
    return booleanField(params, 'historical') ? age > INDEXED_MS : age <= forMs;
  }

  function orderState(accountId: string, shownId: string): RpcOutcome {
    const { orderId, isWaiting } = readOrderId(shownId);
    const order = context.rejected.get(orderId) ?? exchange.order(accountId, { orderId, clientOrderId: null });
    if (order === null || order.accountId !== accountId || faults.take('queryNotFound')) return NOT_FOUND;
    const row = orderRowOf(context, order);
    return { result: isWaiting && isTriggered(order) ? triggeredRow(row, order) : row };
  }

  function ordersByLabel(accountId: string, label: string, currency: string | null): RpcOutcome {
    if (faults.take('queryNotFound')) return { result: [] };
    const found = allOrders(context, accountId, null).filter(
      (order) =>
        context.labelOf(order) === label &&
        (showsAsOpen(context, order) || isAtHand(order.updatedAt, {}, ORDERS_AT_HAND_MS)) &&
        (currency === null || isCovered('any', currency, context.requireInstrument(order.symbol))),
    );
    return {
      result: found.flatMap((order) => {
        const row = orderRowOf(context, order);
        return isTriggered(order) ? [triggeredRow(row, order), row] : [row];
      }),
    };
  }

  /** Ended orders, newest first; those that never filled only where they are asked for. */
  function orderHistory(accountId: string, symbol: string, params: Fields): RpcOutcome {
    const unfilledToo = booleanField(params, 'include_unfilled');
    const ended = allOrders(context, accountId, symbol).filter(
      (order) =>
        !showsAsOpen(context, order) &&
        (unfilledToo || order.cumulativeSize > 0) &&
        isAtHand(order.updatedAt, params, ORDERS_AT_HAND_MS),
    );
    const offset = numberField(params, 'offset') ?? 0;
    const count = Math.min(numberField(params, 'count') ?? DEFAULT_COUNT, MAX_COUNT);
    return { result: ended.slice(offset, offset + count).map((order) => orderRowOf(context, order)) };
  }

  function tradeRows(accountId: string, fills: readonly SimulatedFill[]): Row[] {
    return fills.map((fill) => {
      const order = exchange.order(accountId, { orderId: fill.orderId, clientOrderId: null });
      const label = order === null ? (fill.clientOrderId ?? '') : context.labelOf(order);
      return userTradeRow(fill, order, context.requireInstrument(fill.symbol), label, exchange.ticker(fill.symbol));
    });
  }

  function trades(accountId: string, symbol: string | null, params: Fields, currency = 'any'): RpcOutcome {
    const from = numberField(params, 'start_timestamp') ?? 0;
    const to = numberField(params, 'end_timestamp') ?? Number.POSITIVE_INFINITY;
    const found = exchange
      .fills(accountId, symbol)
      .filter((fill) => isCovered('any', currency, context.requireInstrument(fill.symbol)))
      .filter(({ time }) => Math.floor(time) >= from && time <= to && isAtHand(time, params, TRADES_AT_HAND_MS));
    const ordered = textField(params, 'sorting') === 'asc' ? found : [...found].reverse();
    const count = Math.min(numberField(params, 'count') ?? DEFAULT_TRADES, MAX_COUNT);
    return { result: { trades: tradeRows(accountId, ordered.slice(0, count)), has_more: ordered.length > count } };
  }

  function positionOf(accountId: string, symbol: string): Row {
    const ticker = exchange.ticker(symbol);
    const held = exchange.positions(accountId).find((each) => each.symbol === symbol) ?? {
      symbol,
      size: 0,
      entryPrice: '0',
      markPrice: ticker.markPrice,
      unrealizedProfit: '0',
      liquidationPrice: null,
      leverage: 10,
    };
    return positionRow(held, context.requireInstrument(symbol), ticker);
  }

  function positions(accountId: string, params: Fields): RpcOutcome {
    const currency = textField(params, 'currency') ?? 'any';
    const kind = textField(params, 'kind') ?? 'any';
    const held = exchange
      .positions(accountId)
      .filter((each) => isCovered(kind, currency, context.requireInstrument(each.symbol)));
    return { result: held.map((each) => positionOf(accountId, each.symbol)) };
  }

  function summary(accountId: string, currency: string): RpcOutcome {
    const balance = exchange.balances(accountId).find((each) => each.currency === currency) ?? {
      currency,
      walletBalance: '0',
      availableBalance: '0',
    };
    return { result: portfolioRow(balance) };
  }

  return (method, accountId, params) => {
    switch (method) {
      case 'private/get_open_orders':
        return openOrders(accountId, () => true);
      case 'private/get_open_orders_by_instrument':
        return named(params, 'instrument_name', (symbol) => openOrders(accountId, (order) => order.symbol === symbol));
      case 'private/get_open_orders_by_currency':
        return named(params, 'currency', (currency) =>
          openOrders(accountId, (order) => isCovered('any', currency, context.requireInstrument(order.symbol))),
        );
      case 'private/get_order_state':
        return named(params, 'order_id', (orderId) => orderState(accountId, orderId));
      case 'private/get_order_state_by_label':
        return named(params, 'label', (label) => ordersByLabel(accountId, label, textField(params, 'currency')));
      case 'private/get_order_history_by_instrument':
        return named(params, 'instrument_name', (symbol) => orderHistory(accountId, symbol, params));
      case 'private/get_user_trades_by_instrument':
      case 'private/get_user_trades_by_instrument_and_time':
        return named(params, 'instrument_name', (symbol) => trades(accountId, symbol, params));
      case 'private/get_user_trades_by_currency':
      case 'private/get_user_trades_by_currency_and_time':
        return named(params, 'currency', (currency) => trades(accountId, null, params, currency));
      case 'private/get_user_trades_by_order':
        return named(params, 'order_id', (orderId) => ({
          result: tradeRows(
            accountId,
            exchange.fills(accountId, null).filter((fill) => fill.orderId === readOrderId(orderId).orderId),
          ),
        }));
      case 'private/get_position':
        return named(params, 'instrument_name', (symbol) =>
          context.instrument(symbol) === null
            ? invalidParameter('instrument_name', 'instrument not found')
            : { result: positionOf(accountId, symbol) },
        );
      case 'private/get_positions':
        return positions(accountId, params);
      case 'private/get_account_summary':
        return named(params, 'currency', (currency) => summary(accountId, currency));
      case 'private/get_account_summaries':
        return { result: { id: 1, type: 'main', summaries: exchange.balances(accountId).map(portfolioRow) } };
      case 'private/get_transaction_log':
        return named(params, 'currency', (currency) => transactionLog(context, accountId, currency, params));
      default:
        return null;
    }
  };
}
