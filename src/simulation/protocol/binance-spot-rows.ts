import { formatExact, parseExact } from '#core/ledger/exact-decimal.ts';
import type { Instrument } from '#core/market/instrument.ts';
import type { SimulatedBalance, SimulatedFill, SimulatedOrder } from '../exchange/simulated-exchange.ts';
import { fixed, idNumber, SIDE, statusOf } from './binance-rows.ts';

type Row = Record<string, unknown>;

/** Decimals of an asset. */
const ASSET_SCALE = 8;

/** Spot writes every price and quantity with eight decimals. */
export function eight(value: number | bigint, scale: number): string {
  return scale > ASSET_SCALE
    ? fixed(value, scale)
    : fixed(BigInt(value) * 10n ** BigInt(ASSET_SCALE - scale), ASSET_SCALE);
}

const TIME_IN_FORCE = { gtc: 'GTC', ioc: 'IOC', fok: 'FOK', postOnly: 'GTC' } as const;
const TYPE = { limit: 'LIMIT', market: 'MARKET', stopMarket: 'STOP_LOSS', takeProfitMarket: 'TAKE_PROFIT' } as const;

export function typeOf(order: SimulatedOrder): string {
  return order.type === 'limit' && order.timeInForce === 'postOnly' ? 'LIMIT_MAKER' : TYPE[order.type];
}

/** Orders at the market are shown as good till cancelled. */
export function timeInForceOf(order: SimulatedOrder): string {
  return order.type === 'limit' ? TIME_IN_FORCE[order.timeInForce] : 'GTC';
}

/** What was paid for what was filled. */
export function quoteOf(order: SimulatedOrder, instrument: Instrument): string {
  return eightOf(order.cumulativeCost, instrument.priceScale + instrument.sizeScale);
}

/** A value of any scale, cut to eight decimals. */
export function eightOf(value: bigint, scale: number): string {
  return scale <= ASSET_SCALE ? eight(value, scale) : fixed(value / 10n ** BigInt(scale - ASSET_SCALE), ASSET_SCALE);
}

/** An order as acknowledgements of type ACK give it. */
export function acknowledgementRow(order: SimulatedOrder, clientOrderId: string): Row {
  return {
    symbol: order.symbol,
    orderId: idNumber(order.orderId),
    orderListId: -1,
    clientOrderId,
    transactTime: Math.floor(order.updatedAt),
  };
}

/** What answers to orders, cancels and queries have in common. */
function commonRow(order: SimulatedOrder, instrument: Instrument): Row {
  const { priceScale, sizeScale } = instrument;
  return {
    price: eight(order.price ?? 0, priceScale),
    origQty: eight(order.size, sizeScale),
    executedQty: eight(order.cumulativeSize, sizeScale),
    origQuoteOrderQty: '0.00000000',
    cummulativeQuoteQty: quoteOf(order, instrument),
    status: statusOf(order),
    timeInForce: timeInForceOf(order),
    type: typeOf(order),
    side: SIDE[order.side],
    ...(order.triggerPrice === null ? {} : { stopPrice: eight(order.triggerPrice, priceScale) }),
    selfTradePreventionMode: 'NONE',
  };
}

/** An answer of type RESULT or FULL. */
export function resultRow(
  order: SimulatedOrder,
  instrument: Instrument,
  clientOrderId: string,
  fills: readonly SimulatedFill[] | null,
): Row {
  const row = {
    ...acknowledgementRow(order, clientOrderId),
    ...commonRow(order, instrument),
    workingTime: Math.floor(order.createdAt),
  };
  if (fills === null) return row;
  return {
    ...row,
    fills: fills.map((fill) => ({
      price: eight(fill.price, instrument.priceScale),
      qty: eight(fill.size, instrument.sizeScale),
      commission: fill.fee,
      commissionAsset: fill.feeCurrency,
      tradeId: idNumber(fill.fillId),
    })),
  };
}

/** The answer to a cancel: it has an id of its own, and names the order's beside it. */
export function cancelRow(
  order: SimulatedOrder,
  instrument: Instrument,
  names: { readonly original: string; readonly own: string },
): Row {
  const { original: origClientOrderId, own } = names;
  return { origClientOrderId, ...acknowledgementRow(order, own), ...commonRow(order, instrument) };
}

/** An order as queries give it. */
export function orderRow(order: SimulatedOrder, instrument: Instrument, clientOrderId: string): Row {
  const { transactTime: _transactTime, ...named } = acknowledgementRow(order, clientOrderId);
  return {
    ...named,
    ...commonRow(order, instrument),
    stopPrice: eight(order.triggerPrice ?? 0, instrument.priceScale),
    icebergQty: '0.00000000',
    time: Math.floor(order.createdAt),
    updateTime: Math.floor(order.updatedAt),
    isWorking: order.status !== 'untriggered',
    workingTime: order.status === 'untriggered' ? -1 : Math.floor(order.createdAt),
  };
}

/** An execution as `myTrades` gives it. */
export function tradeRow(fill: SimulatedFill, instrument: Instrument): Row {
  const { priceScale, sizeScale } = instrument;
  return {
    symbol: fill.symbol,
    id: idNumber(fill.fillId),
    orderId: idNumber(fill.orderId),
    orderListId: -1,
    price: eight(fill.price, priceScale),
    qty: eight(fill.size, sizeScale),
    quoteQty: eightOf(BigInt(fill.price) * BigInt(fill.size), priceScale + sizeScale),
    commission: fill.fee,
    commissionAsset: fill.feeCurrency,
    time: Math.floor(fill.time),
    isBuyer: fill.side === 'buy',
    isMaker: fill.liquidity === 'maker',
    isBestMatch: true,
  };
}

/** Free and locked parts of a balance. */
export function balanceParts(balance: SimulatedBalance): { readonly free: string; readonly locked: string } {
  const locked = parseExact(balance.walletBalance) - parseExact(balance.availableBalance);
  return { free: balance.availableBalance, locked: formatExact(locked < 0n ? 0n : locked) };
}

/** `account`. */
export function accountRow(balances: readonly SimulatedBalance[], now: number, omitZero: boolean): Row {
  const rows = balances.map((each) => ({ asset: each.currency, ...balanceParts(each) }));
  return {
    makerCommission: 10,
    takerCommission: 10,
    buyerCommission: 0,
    sellerCommission: 0,
    canTrade: true,
    canWithdraw: true,
    canDeposit: true,
    brokered: false,
    requireSelfTradePrevention: false,
    preventSor: false,
    updateTime: Math.floor(now),
    accountType: 'SPOT',
    balances: omitZero ? rows.filter(({ free, locked }) => free !== '0' || locked !== '0') : rows,
    permissions: ['SPOT'],
    uid: 1,
  };
}
