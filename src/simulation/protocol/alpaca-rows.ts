import { Decimal } from 'decimal.js';
import type { Instrument } from '#core/market/instrument.ts';
import { formatScaled } from '#core/market/scaled-decimal.ts';
import type {
  SimulatedBalance,
  SimulatedFill,
  SimulatedOrder,
  SimulatedPosition,
} from '../exchange/simulated-exchange.ts';
import { uuidOf } from './id-as-uuid.ts';

/** Shapes of Alpaca's rows as the documentation's examples have them. Money and quantities are text. */
export type Row = Readonly<Record<string, unknown>>;

/** RFC 3339 with nanoseconds: what is finer than a millisecond is made up, and stays the same for the same time. */
export function timestampOf(timeMs: number): string {
  const whole = Math.floor(timeMs);
  const nanos = String((whole * 7_919) % 1_000_000).padStart(6, '0');
  return new Date(whole).toISOString().replace('Z', `${nanos}Z`);
}

/** What the venue knows of an order beyond the exchange. */
export interface OrderExtras {
  /** As it was asked for; the exchange knows no `day`. */
  readonly timeInForce: string;
  /** `rejected`: after it was acknowledged. `expired`: at the end of the day. */
  ended: 'rejected' | 'expired' | null;
  doneForDay: boolean;
  /** Id of the order that this one replaces, and of the one that replaced it. */
  replaces: string | null;
  replacedBy: string | null;
}

export function isWorkingOrder(order: SimulatedOrder): boolean {
  return order.status === 'untriggered' || order.status === 'open' || order.status === 'partiallyFilled';
}

/** The venue's status of an order. An order that waits for the session is `accepted`. */
export function statusOf(order: SimulatedOrder, extras: OrderExtras, marketOpen: boolean): string {
  if (extras.ended !== null) return extras.ended;
  if (extras.replacedBy !== null && !isWorkingOrder(order)) return 'replaced';
  switch (order.status) {
    case 'untriggered':
    case 'open':
      if (marketOpen) return 'new';
      return extras.doneForDay ? 'done_for_day' : 'accepted';
    case 'partiallyFilled':
      return extras.doneForDay && !marketOpen ? 'done_for_day' : 'partially_filled';
    case 'filled':
      return 'filled';
    case 'canceled':
    case 'expired':
      return 'canceled';
  }
}

const TYPE = { limit: 'limit', market: 'market', stopMarket: 'stop', takeProfitMarket: 'market' } as const;

export function orderRow(order: SimulatedOrder, instrument: Instrument, extras: OrderExtras, marketOpen: boolean): Row {
  const size = (value: number): string => formatScaled(value, instrument.sizeScale);
  const price = (value: number): string => formatScaled(value, instrument.priceScale);
  const status = statusOf(order, extras, marketOpen);
  const created = timestampOf(order.createdAt);
  const updated = timestampOf(order.updatedAt);
  const cost = new Decimal(order.cumulativeCost.toString()).div(new Decimal(10).pow(instrument.priceScale));
  return {
    id: uuidOf(order.orderId),
    client_order_id: order.clientOrderId ?? uuidOf(order.orderId),
    created_at: created,
    updated_at: updated,
    submitted_at: created,
    filled_at: status === 'filled' ? updated : null,
    expired_at: status === 'expired' ? updated : null,
    canceled_at: status === 'canceled' ? updated : null,
    failed_at: status === 'rejected' ? updated : null,
    replaced_at: status === 'replaced' ? updated : null,
    replaced_by: extras.replacedBy,
    replaces: extras.replaces,
    asset_id: assetIdOf(order.symbol),
    symbol: order.symbol,
    asset_class: 'us_equity',
    notional: null,
    qty: size(order.size),
    filled_qty: size(order.cumulativeSize),
    filled_avg_price:
      order.cumulativeSize === 0
        ? null
        : cost.div(order.cumulativeSize).toDecimalPlaces(instrument.priceScale).toFixed(),
    order_class: '',
    order_type: TYPE[order.type],
    type: TYPE[order.type],
    side: order.side,
    time_in_force: extras.timeInForce,
    limit_price: order.type === 'limit' && order.price !== null ? price(order.price) : null,
    stop_price: order.triggerPrice === null ? null : price(order.triggerPrice),
    status,
    extended_hours: false,
    legs: null,
    trail_percent: null,
    trail_price: null,
    hwm: null,
  };
}

/** One execution of the account's history. `cumulative`: of its order, this fill included. */
export function activityRow(fill: SimulatedFill, instrument: Instrument, cumulative: number, orderSize: number): Row {
  const size = (value: number): string => formatScaled(value, instrument.sizeScale);
  const time = timestampOf(fill.time);
  return {
    activity_type: 'FILL',
    id: `${time.replace(/\D/g, '').slice(0, 17)}::${uuidOf(fill.fillId)}`,
    transaction_time: time,
    type: cumulative < orderSize ? 'partial_fill' : 'fill',
    price: formatScaled(fill.price, instrument.priceScale),
    qty: size(fill.size),
    side: fill.side,
    symbol: fill.symbol,
    leaves_qty: size(Math.max(0, orderSize - cumulative)),
    order_id: uuidOf(fill.orderId),
    cum_qty: size(cumulative),
    order_status: cumulative < orderSize ? 'partially_filled' : 'filled',
  };
}

export function positionRow(position: SimulatedPosition, instrument: Instrument): Row {
  const size = formatScaled(position.size, instrument.sizeScale);
  const price = formatScaled(position.markPrice, instrument.priceScale);
  return {
    asset_id: assetIdOf(position.symbol),
    symbol: position.symbol,
    exchange: 'NASDAQ',
    asset_class: 'us_equity',
    avg_entry_price: position.entryPrice,
    qty: size,
    qty_available: size,
    side: position.size < 0 ? 'short' : 'long',
    market_value: new Decimal(size).mul(price).toFixed(),
    cost_basis: new Decimal(size).mul(position.entryPrice).toFixed(),
    unrealized_pl: position.unrealizedProfit,
    current_price: price,
  };
}

export function accountRow(
  accountId: string,
  balances: readonly SimulatedBalance[],
  positions: readonly SimulatedPosition[],
): Row {
  const dollars = balances.find((each) => each.currency === 'USD');
  const cash = dollars?.walletBalance ?? '0';
  const open = positions.reduce((sum, position) => sum.add(position.unrealizedProfit), new Decimal(0));
  const equity = new Decimal(cash).add(open).toFixed();
  return {
    id: uuidOf(String(BigInt(`0x${Buffer.from(accountId).toString('hex').slice(0, 30)}`))),
    account_number: accountId,
    status: 'ACTIVE',
    currency: 'USD',
    cash,
    equity,
    last_equity: equity,
    portfolio_value: equity,
    buying_power: dollars?.availableBalance ?? '0',
    multiplier: '1',
    daytrade_count: 0,
    pattern_day_trader: false,
    trading_blocked: false,
    transfers_blocked: false,
    account_blocked: false,
    shorting_enabled: true,
  };
}

export function assetRow(instrument: Instrument): Row {
  return {
    id: assetIdOf(instrument.symbol),
    class: 'us_equity',
    exchange: 'NASDAQ',
    symbol: instrument.symbol,
    name: `${instrument.symbol} Common Stock`,
    status: 'active',
    tradable: instrument.tradable,
    marginable: true,
    shortable: true,
    easy_to_borrow: true,
    fractionable: true,
  };
}

function assetIdOf(symbol: string): string {
  return uuidOf(String(BigInt(`0x${Buffer.from(symbol).toString('hex').slice(0, 30)}`)));
}

/** Fills as a client knows them: the order and how much of it was filled with each. `fills`: all of an account, oldest first. */
export function alpacaFillIds(fills: readonly SimulatedFill[], instruments: readonly Instrument[]): readonly string[] {
  const scales = new Map(instruments.map((each) => [each.symbol, each.sizeScale]));
  const cumulative = new Map<string, number>();
  return fills.map(({ orderId, symbol, size }) => {
    const filled = (cumulative.get(orderId) ?? 0) + size;
    cumulative.set(orderId, filled);
    return `${uuidOf(orderId)}:${formatScaled(filled, scales.get(symbol) ?? 0)}`;
  });
}
