import { Decimal } from 'decimal.js';
import type { Instrument } from '#core/market/instrument.ts';
import { formatScaled } from '#core/market/scaled-decimal.ts';
import type {
  SimulatedBalance,
  SimulatedBook,
  SimulatedFill,
  SimulatedOrder,
  SimulatedPosition,
  SimulatedTicker,
} from '../exchange/simulated-exchange.ts';
import { exact } from './deribit-rpc.ts';

/** Shapes of the venue's rows as the documentation's examples have them; the same row serves answers and notifications. */
export type Row = Readonly<Record<string, unknown>>;

const TIME_IN_FORCE = {
  gtc: 'good_til_cancelled',
  ioc: 'immediate_or_cancel',
  fok: 'fill_or_kill',
  postOnly: 'good_til_cancelled',
} as const;
const ORDER_TYPE = {
  limit: 'limit',
  market: 'market',
  stopMarket: 'stop_market',
  takeProfitMarket: 'take_market',
} as const;

/** A price or size as the number that the venue writes. */
export function priceOf(instrument: Instrument, value: number): unknown {
  return exact(formatScaled(value, instrument.priceScale));
}

export function sizeOf(instrument: Instrument, value: number): unknown {
  return exact(formatScaled(value, instrument.sizeScale));
}

export function kindName(instrument: Instrument): 'future' | 'option' {
  return instrument.kind === 'option' ? 'option' : 'future';
}

export function isOpen(order: SimulatedOrder): boolean {
  return order.status === 'untriggered' || order.status === 'open' || order.status === 'partiallyFilled';
}

function stateOf(order: SimulatedOrder): string {
  switch (order.status) {
    case 'untriggered':
      return 'untriggered';
    case 'open':
    case 'partiallyFilled':
      return 'open';
    case 'filled':
      return 'filled';
    case 'canceled':
    case 'expired':
      return 'cancelled';
  }
}

const CANCEL_REASON: Readonly<Record<string, string>> = {
  user: 'user_request',
  postOnlyWouldTake: 'post_only_reject',
  reduceOnly: 'reduce_only',
  liquidation: 'liquidation',
  noLiquidity: 'no_liquidity',
  selfTrade: 'self_trade',
};

export interface OrderRowDetails {
  readonly label: string;
  readonly replaced: boolean;
  /** Acknowledged, then refused. */
  readonly rejected: boolean;
}

/** Ids of orders that wait for their trigger; what they become has another one. */
const WAITING_ID = 'SLMB-';

/** Whether it has become an order of the book; a stop that was cancelled before has not. */
export function isTriggered(order: SimulatedOrder): boolean {
  if (order.triggerPrice === null || order.status === 'untriggered') return false;
  return order.status !== 'canceled' || order.cumulativeSize > 0;
}

/** The id under which the venue shows an order now. */
function shownIdOf(order: SimulatedOrder): string {
  return order.triggerPrice === null || isTriggered(order) ? order.orderId : `${WAITING_ID}${order.orderId}`;
}

/** The order behind an id of the venue, and whether that is the id of one that waited. */
export function readOrderId(shownId: string): { readonly orderId: string; readonly isWaiting: boolean } {
  const isWaiting = shownId.startsWith(WAITING_ID);
  return { orderId: isWaiting ? shownId.slice(WAITING_ID.length) : shownId, isWaiting };
}

/** A stop whose trigger has come, as it is still known by its own id. */
export function triggeredRow(row: Row, order: SimulatedOrder): Row {
  const { trigger_order_id: _become, filled_amount: _filled, ...rest } = row;
  return { ...rest, order_id: `${WAITING_ID}${order.orderId}`, order_state: 'triggered', price: 'market_price' };
}

export function orderRow(order: SimulatedOrder, instrument: Instrument, details: OrderRowDetails): Row {
  const isStop = order.triggerPrice !== null;
  return {
    web: false,
    time_in_force: order.type === 'market' ? 'immediate_or_cancel' : TIME_IN_FORCE[order.timeInForce],
    risk_reducing: false,
    replaced: details.replaced,
    reject_post_only: order.timeInForce === 'postOnly',
    reduce_only: order.reduceOnly,
    price: order.type === 'limit' && order.price !== null ? priceOf(instrument, order.price) : 'market_price',
    post_only: order.timeInForce === 'postOnly',
    order_type: ORDER_TYPE[order.type],
    order_state: details.rejected ? 'rejected' : stateOf(order),
    order_id: shownIdOf(order),
    ...(isTriggered(order) ? { trigger_order_id: `${WAITING_ID}${order.orderId}` } : {}),
    mmp: false,
    max_show: sizeOf(instrument, order.size),
    last_update_timestamp: Math.floor(order.updatedAt),
    label: details.label,
    is_rebalance: false,
    is_liquidation: order.endReason === 'liquidation',
    instrument_name: order.symbol,
    // Stop orders that wait do not state it.
    ...(order.status === 'untriggered' ? {} : { filled_amount: sizeOf(instrument, order.cumulativeSize) }),
    direction: order.side,
    creation_timestamp: Math.floor(order.createdAt),
    contracts: contractsOf(order.size, instrument),
    average_price: averagePrice(order, instrument),
    api: true,
    amount: sizeOf(instrument, order.size),
    ...(isStop ? { trigger: 'last_price', trigger_price: priceOf(instrument, order.triggerPrice ?? 0) } : {}),
    ...(isStop ? { triggered: order.status !== 'untriggered' } : {}),
    ...(order.endReason === '' ? {} : { cancel_reason: CANCEL_REASON[order.endReason] ?? 'unknown' }),
  };
}

function averagePrice(order: SimulatedOrder, instrument: Instrument): unknown {
  if (order.cumulativeSize === 0) return 0;
  const unit = new Decimal(10).pow(instrument.priceScale);
  return exact(
    new Decimal(order.cumulativeCost.toString()).div(order.cumulativeSize).div(unit).toDecimalPlaces(8).toFixed(),
  );
}

/** Amount by contract: what one contract stands for is the lot here. */
function contractsOf(size: number, instrument: Instrument): number {
  return size / instrument.lotSize;
}

export interface TradeMarket {
  readonly markPrice: number;
  readonly indexPrice: number;
}

/** One execution, as answers and `user.trades` state it. */
export function userTradeRow(
  fill: SimulatedFill,
  order: SimulatedOrder | null,
  instrument: Instrument,
  label: string,
  market: TradeMarket,
): Row {
  return {
    trade_seq: Number(BigInt(fill.fillId) % 9007199254740991n),
    trade_id: fill.fillId,
    timestamp: Math.floor(fill.time),
    tick_direction: 0,
    state: order === null ? 'filled' : stateOf(order),
    risk_reducing: false,
    reduce_only: order?.reduceOnly ?? false,
    profit_loss: exact(fill.realizedProfit),
    price: priceOf(instrument, fill.price),
    post_only: order?.timeInForce === 'postOnly',
    order_type: fill.cause === 'liquidation' ? 'liquidation' : ORDER_TYPE[order?.type ?? 'market'],
    order_id: fill.orderId,
    matching_id: null,
    mark_price: priceOf(instrument, market.markPrice),
    ...(label === '' ? {} : { label }),
    liquidity: fill.liquidity === 'maker' ? 'M' : 'T',
    ...(fill.cause === 'liquidation' ? { liquidation: 'T' } : {}),
    instrument_name: fill.symbol,
    index_price: priceOf(instrument, market.indexPrice),
    fee_currency: fill.feeCurrency,
    fee: exact(fill.fee),
    direction: fill.side,
    contracts: contractsOf(fill.size, instrument),
    api: true,
    amount: sizeOf(instrument, fill.size),
  };
}

/** A position; shorts have a negative size. */
export function positionRow(position: SimulatedPosition, instrument: Instrument, ticker: SimulatedTicker): Row {
  const size = sizeOf(instrument, position.size);
  return {
    total_profit_loss: exact(position.unrealizedProfit),
    size_currency: size,
    size,
    settlement_price: priceOf(instrument, position.markPrice),
    realized_profit_loss: 0,
    realized_funding: 0,
    open_orders_margin: 0,
    mark_price: priceOf(instrument, position.markPrice),
    maintenance_margin: 0,
    leverage: position.leverage,
    kind: kindName(instrument),
    interest_value: 0,
    instrument_name: position.symbol,
    initial_margin: 0,
    index_price: priceOf(instrument, ticker.indexPrice),
    floating_profit_loss: exact(position.unrealizedProfit),
    estimated_liquidation_price: position.liquidationPrice === null ? null : exact(position.liquidationPrice),
    direction: position.size === 0 ? 'zero' : position.size > 0 ? 'buy' : 'sell',
    delta: 0,
    average_price: exact(position.entryPrice),
  };
}

/** What `get_account_summary` and `user.portfolio` state of a currency. */
export function portfolioRow(balance: SimulatedBalance): Row {
  const wallet = exact(balance.walletBalance);
  const available = exact(balance.availableBalance);
  const bound = exact(new Decimal(balance.walletBalance).sub(balance.availableBalance).toFixed());
  return {
    currency: balance.currency,
    balance: wallet,
    equity: wallet,
    margin_balance: wallet,
    available_funds: available,
    available_withdrawal_funds: available,
    initial_margin: bound,
    maintenance_margin: 0,
    session_rpl: 0,
    session_upl: 0,
    total_pl: 0,
    fee_balance: 0,
    spot_reserve: 0,
    portfolio_margining_enabled: false,
    cross_collateral_enabled: false,
    margin_model: 'segregated_sm',
  };
}

/** One row of `public/get_instruments`. */
export function instrumentRow(instrument: Instrument): Row {
  const isPerpetual = instrument.symbol.endsWith('-PERPETUAL');
  const type = instrument.kind === 'linear' ? 'linear' : 'reversed';
  return {
    tick_size: priceOf(instrument, instrument.tickSize),
    tick_size_steps: [],
    taker_commission: 0.0005,
    settlement_period: isPerpetual ? 'perpetual' : 'month',
    settlement_currency: instrument.settlementCurrency,
    quote_currency: instrument.quoteCurrency,
    price_index: `${instrument.baseCurrency}_${instrument.quoteCurrency}`.toLowerCase(),
    min_trade_amount: sizeOf(instrument, instrument.minSize),
    maker_commission: 0,
    kind: kindName(instrument),
    is_active: true,
    instrument_name: instrument.symbol,
    instrument_type: type,
    ...(instrument.kind === 'option' ? {} : { future_type: type, max_leverage: 50 }),
    expiration_timestamp: 32_503_708_800_000,
    creation_timestamp: 1_534_167_754_000,
    counter_currency: 'USD',
    contract_size: sizeOf(instrument, instrument.lotSize),
    base_currency: instrument.baseCurrency,
    state: 'open',
  };
}

/** What `ticker` states, by channel and by call. */
export function tickerRow(
  ticker: SimulatedTicker,
  book: SimulatedBook,
  instrument: Instrument,
  timestamp: number,
): Row {
  const bid = book.bids[0];
  const ask = book.asks[0];
  return {
    timestamp,
    stats: { volume_usd: 0, volume: 0, price_change: null, low: null, high: null },
    state: 'open',
    settlement_price: priceOf(instrument, ticker.markPrice),
    open_interest: exact(ticker.openInterest),
    min_price: priceOf(instrument, Math.max(1, Math.floor(ticker.markPrice * 0.9))),
    max_price: priceOf(instrument, Math.ceil(ticker.markPrice * 1.1)),
    mark_price: priceOf(instrument, ticker.markPrice),
    last_price: priceOf(instrument, ticker.lastPrice),
    interest_value: 0,
    instrument_name: ticker.symbol,
    index_price: priceOf(instrument, ticker.indexPrice),
    ...(instrument.kind === 'option'
      ? {}
      : { funding_8h: exact(ticker.fundingRate), current_funding: exact(ticker.fundingRate) }),
    estimated_delivery_price: priceOf(instrument, ticker.indexPrice),
    best_bid_price: bid === undefined ? 0 : priceOf(instrument, bid[0]),
    best_bid_amount: bid === undefined ? 0 : sizeOf(instrument, bid[1]),
    best_ask_price: ask === undefined ? 0 : priceOf(instrument, ask[0]),
    best_ask_amount: ask === undefined ? 0 : sizeOf(instrument, ask[1]),
  };
}
