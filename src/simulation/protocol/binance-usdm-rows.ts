import type { Instrument } from '#core/market/instrument.ts';
import type {
  SimulatedBalance,
  SimulatedExchange,
  SimulatedFill,
  SimulatedOrder,
  SimulatedPosition,
} from '../exchange/simulated-exchange.ts';
import { fixed, idNumber, SIDE, statusOf } from './binance-rows.ts';

const TIME_IN_FORCE = { gtc: 'GTC', ioc: 'IOC', fok: 'FOK', postOnly: 'GTX' } as const;
const TYPE = {
  limit: 'LIMIT',
  market: 'MARKET',
  stopMarket: 'STOP_MARKET',
  takeProfitMarket: 'TAKE_PROFIT_MARKET',
} as const;

export function timeInForceOf(order: SimulatedOrder): string {
  // The venue shows market orders as good till cancelled.
  return order.type === 'limit' ? TIME_IN_FORCE[order.timeInForce] : 'GTC';
}

export function typeOf(order: SimulatedOrder): string {
  return TYPE[order.type];
}

/** Average price over the fills, at two decimals more than the price. */
export function averagePrice(order: SimulatedOrder, instrument: Instrument): string {
  if (order.cumulativeSize === 0) return fixed(0, instrument.priceScale);
  const more = 100n;
  const average = (order.cumulativeCost * more) / BigInt(order.cumulativeSize);
  return fixed(average, instrument.priceScale + 2);
}

/** An order as acknowledgements give it, without prices of fills. `clientOrderId`: what the venue shows for an order that nobody named. */
export function acknowledgementRow(
  order: SimulatedOrder,
  instrument: Instrument,
  clientOrderId: string,
): Record<string, unknown> {
  const { priceScale, sizeScale } = instrument;
  return {
    orderId: idNumber(order.orderId),
    symbol: order.symbol,
    status: statusOf(order),
    clientOrderId,
    price: fixed(order.price ?? 0, priceScale),
    origQty: fixed(order.size, sizeScale),
    executedQty: fixed(order.cumulativeSize, sizeScale),
    cumQty: fixed(order.cumulativeSize, sizeScale),
    timeInForce: timeInForceOf(order),
    type: typeOf(order),
    reduceOnly: order.reduceOnly,
    closePosition: false,
    side: SIDE[order.side],
    positionSide: 'BOTH',
    stopPrice: fixed(order.triggerPrice ?? 0, priceScale),
    workingType: 'CONTRACT_PRICE',
    priceProtect: false,
    origType: typeOf(order),
    priceMatch: 'NONE',
    selfTradePreventionMode: 'NONE',
    goodTillDate: 0,
    updateTime: Math.floor(order.updatedAt),
  };
}

/** An order as queries give it. */
export function orderRow(
  order: SimulatedOrder,
  instrument: Instrument,
  clientOrderId: string,
): Record<string, unknown> {
  return {
    ...acknowledgementRow(order, instrument, clientOrderId),
    avgPrice: averagePrice(order, instrument),
    cumQuote: fixed(order.cumulativeCost, instrument.priceScale + instrument.sizeScale),
    time: Math.floor(order.createdAt),
  };
}

export function tradeRow(fill: SimulatedFill, instrument: Instrument): Record<string, unknown> {
  const { priceScale, sizeScale } = instrument;
  return {
    symbol: fill.symbol,
    id: idNumber(fill.fillId),
    orderId: idNumber(fill.orderId),
    side: SIDE[fill.side],
    price: fixed(fill.price, priceScale),
    qty: fixed(fill.size, sizeScale),
    realizedPnl: fill.realizedProfit,
    quoteQty: fixed(BigInt(fill.price) * BigInt(fill.size), priceScale + sizeScale),
    commission: fill.fee,
    commissionAsset: fill.feeCurrency,
    time: Math.floor(fill.time),
    positionSide: 'BOTH',
    maker: fill.liquidity === 'maker',
    buyer: fill.side === 'buy',
  };
}

/** `positionRisk`; the older version carries leverage and margin type besides. */
export function positionRow(
  position: SimulatedPosition,
  instrument: Instrument,
  version: 'v2' | 'v3',
  now: number,
): Record<string, unknown> {
  const { priceScale, sizeScale } = instrument;
  const notional = fixed(BigInt(position.size) * BigInt(position.markPrice), priceScale + sizeScale);
  const common = {
    symbol: position.symbol,
    positionSide: 'BOTH',
    positionAmt: fixed(position.size, sizeScale),
    entryPrice: position.entryPrice,
    breakEvenPrice: position.entryPrice,
    markPrice: fixed(position.markPrice, priceScale),
    unRealizedProfit: position.unrealizedProfit,
    liquidationPrice: position.liquidationPrice ?? '0',
    isolatedMargin: '0',
    notional,
    isolatedWallet: '0',
    updateTime: Math.floor(now),
  };
  return version === 'v3'
    ? { ...common, marginAsset: instrument.settlementCurrency, adl: 0 }
    : {
        ...common,
        leverage: String(position.leverage),
        maxNotionalValue: '100000000',
        marginType: 'cross',
        isAutoAddMargin: 'false',
      };
}

export function balanceRow(balance: SimulatedBalance, now: number): Record<string, unknown> {
  return {
    accountAlias: 'SgsR',
    asset: balance.currency,
    balance: balance.walletBalance,
    crossWalletBalance: balance.walletBalance,
    crossUnPnl: '0.00000000',
    availableBalance: balance.availableBalance,
    maxWithdrawAmount: balance.availableBalance,
    marginAvailable: true,
    updateTime: Math.floor(now),
  };
}

/** Flat positions are rows as well, for every instrument that has none. */
export function allPositions(exchange: SimulatedExchange, accountId: string): readonly SimulatedPosition[] {
  const held = new Map(exchange.positions(accountId).map((position) => [position.symbol, position]));
  return exchange.instruments.map(
    (instrument) =>
      held.get(instrument.symbol) ?? {
        symbol: instrument.symbol,
        size: 0,
        entryPrice: '0.0',
        markPrice: exchange.ticker(instrument.symbol).markPrice,
        unrealizedProfit: '0.00000000',
        liquidationPrice: null,
        leverage: 20,
      },
  );
}

/** `account` v2 and v3: balances and positions together. */
export function accountRow(
  exchange: SimulatedExchange,
  accountId: string,
  version: 'v2' | 'v3',
): Record<string, unknown> {
  const now = exchange.now();
  const balances = exchange.balances(accountId);
  const settlement = balances[0];
  const positions =
    version === 'v2'
      ? allPositions(exchange, accountId)
      : exchange.positions(accountId).filter((each) => each.size !== 0);
  const scale = (symbol: string): Instrument | undefined => exchange.instruments.find((each) => each.symbol === symbol);
  return {
    feeTier: 0,
    canTrade: true,
    canDeposit: true,
    canWithdraw: true,
    multiAssetsMargin: false,
    totalWalletBalance: settlement?.walletBalance ?? '0',
    totalMarginBalance: settlement?.walletBalance ?? '0',
    totalCrossWalletBalance: settlement?.walletBalance ?? '0',
    availableBalance: settlement?.availableBalance ?? '0',
    maxWithdrawAmount: settlement?.availableBalance ?? '0',
    assets: balances.map((balance) => ({
      asset: balance.currency,
      walletBalance: balance.walletBalance,
      marginBalance: balance.walletBalance,
      crossWalletBalance: balance.walletBalance,
      availableBalance: balance.availableBalance,
      maxWithdrawAmount: balance.availableBalance,
      marginAvailable: true,
      updateTime: Math.floor(now),
    })),
    positions: positions.map((position) => {
      const instrument = scale(position.symbol);
      return {
        symbol: position.symbol,
        positionSide: 'BOTH',
        positionAmt: fixed(position.size, instrument?.sizeScale ?? 0),
        entryPrice: position.entryPrice,
        unrealizedProfit: position.unrealizedProfit,
        leverage: String(position.leverage),
        isolated: false,
        updateTime: Math.floor(now),
      };
    }),
  };
}
