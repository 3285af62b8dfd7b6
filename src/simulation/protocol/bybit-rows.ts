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

/** Shapes of Bybit V5 rows as the documentation's examples have them; the same row serves the private stream and REST. */
export type Row = Readonly<Record<string, unknown>>;

const TIME_IN_FORCE = { gtc: 'GTC', ioc: 'IOC', fok: 'FOK', postOnly: 'PostOnly' } as const;

/** How the venue calls the category of an instrument. */
function categoryOf(instrument: Instrument): 'linear' | 'spot' {
  return instrument.kind === 'spot' ? 'spot' : 'linear';
}

const REJECT_REASON: Readonly<Record<string, string>> = {
  postOnlyWouldTake: 'EC_PostOnlyWillTakeLiquidity',
  iocRemainder: 'EC_NoImmediateQtyToFill',
  fokUnfilled: 'EC_NoEnoughQtyToFill',
  noLiquidity: 'EC_NoImmediateQtyToFill',
  user: 'EC_PerCancelRequest',
};
const CANCEL_TYPE: Readonly<Record<string, string>> = {
  user: 'CancelByUser',
  reduceOnly: 'CancelByReduceOnly',
  liquidation: 'CancelByPrepareLiq',
};

/** Spot tells one that ended in part from one that ended untouched; what was taken back before it triggered has a name of its own. */
function orderStatus(order: SimulatedOrder, isSpot: boolean): string {
  switch (order.status) {
    case 'untriggered':
      return 'Untriggered';
    case 'open':
      return 'New';
    case 'partiallyFilled':
      return 'PartiallyFilled';
    case 'filled':
      return 'Filled';
    case 'canceled':
    case 'expired':
      if (isStop(order) && order.endReason === 'user') return 'Deactivated';
      return isSpot && order.cumulativeSize > 0 ? 'PartiallyFilledCanceled' : 'Cancelled';
  }
}

export function isOpen(order: SimulatedOrder): boolean {
  return order.status === 'untriggered' || order.status === 'open' || order.status === 'partiallyFilled';
}

/** It waits, or waited, for its trigger price. */
export function isStop(order: Pick<SimulatedOrder, 'type'>): boolean {
  return order.type === 'stopMarket' || order.type === 'takeProfitMarket';
}

/** 1: it waits for a rise, 2: for a fall, 0: for nothing. */
function triggerDirection(order: SimulatedOrder): number {
  if (!isStop(order)) return 0;
  return (order.type === 'stopMarket') === (order.side === 'buy') ? 1 : 2;
}

/** `rejectedAs`: acknowledged, then refused by the matching engine, with this reason. */
export function orderRow(order: SimulatedOrder, instrument: Instrument, fee: string, rejectedAs: string | null): Row {
  const size = (value: number): string => formatScaled(value, instrument.sizeScale);
  const leaves = isOpen(order) ? order.size - order.cumulativeSize : 0;
  const isMarket = order.type !== 'limit';
  const isSpot = instrument.kind === 'spot';
  const executed = new Decimal(order.cumulativeCost.toString()).div(
    new Decimal(10).pow(instrument.priceScale + instrument.sizeScale),
  );
  const filled = new Decimal(order.cumulativeSize).div(new Decimal(10).pow(instrument.sizeScale));
  const price = formatScaled(order.price ?? 0, instrument.priceScale);
  return {
    category: categoryOf(instrument),
    symbol: order.symbol,
    orderId: uuidOf(order.orderId),
    orderLinkId: order.clientOrderId ?? '',
    blockTradeId: '',
    side: order.side === 'buy' ? 'Buy' : 'Sell',
    positionIdx: 0,
    orderStatus: rejectedAs === null ? orderStatus(order, isSpot) : 'Rejected',
    ...(isSpot ? { marketUnit: isMarket ? 'baseCoin' : '' } : { createType: 'CreateByUser' }),
    cancelType: CANCEL_TYPE[order.endReason] ?? 'UNKNOWN',
    rejectReason: rejectedAs ?? REJECT_REASON[order.endReason] ?? 'EC_NoError',
    timeInForce: isMarket ? 'IOC' : TIME_IN_FORCE[order.timeInForce],
    isLeverage: isSpot ? '0' : '',
    price,
    qty: size(order.size),
    avgPrice: order.cumulativeSize === 0 ? '' : executed.div(filled).toDecimalPlaces(8).toFixed(),
    leavesQty: size(leaves),
    leavesValue: new Decimal(price).mul(size(leaves)).toFixed(),
    cumExecQty: size(order.cumulativeSize),
    cumExecValue: executed.toFixed(),
    cumExecFee: fee,
    closedPnl: '0',
    feeCurrency: '',
    orderType: isMarket ? 'Market' : 'Limit',
    stopOrderType: isStop(order) ? 'Stop' : '',
    orderIv: '',
    triggerPrice: order.triggerPrice === null ? '' : formatScaled(order.triggerPrice, instrument.priceScale),
    takeProfit: '',
    stopLoss: '',
    tpslMode: '',
    tpLimitPrice: '',
    slLimitPrice: '',
    tpTriggerBy: '',
    slTriggerBy: '',
    triggerBy: isStop(order) && !isSpot ? 'LastPrice' : '',
    triggerDirection: isSpot ? 0 : triggerDirection(order),
    reduceOnly: order.reduceOnly,
    closeOnTrigger: false,
    placeType: '',
    smpType: 'None',
    smpGroup: 0,
    smpOrderId: '',
    lastPriceOnCreated: '',
    createdTime: String(Math.floor(order.createdAt)),
    updatedTime: String(Math.floor(order.updatedAt)),
  };
}

const EXEC_TYPE = { trade: 'Trade', liquidation: 'BustTrade', adl: 'AdlTrade', settlement: 'Settle' } as const;

export function executionRow(fill: SimulatedFill, order: SimulatedOrder | null, instrument: Instrument): Row {
  const price = formatScaled(fill.price, instrument.priceScale);
  const size = formatScaled(fill.size, instrument.sizeScale);
  const value = new Decimal(price).mul(size);
  const isLimit = order?.type === 'limit';
  return {
    category: categoryOf(instrument),
    symbol: fill.symbol,
    execFee: fill.fee,
    execId: uuidOf(fill.fillId),
    execPrice: price,
    execQty: size,
    execType: EXEC_TYPE[fill.cause],
    execValue: value.toFixed(),
    execPnl: fill.realizedProfit,
    feeRate: value.isZero() ? '0' : new Decimal(fill.fee).div(value).toDecimalPlaces(8).toFixed(),
    feeCurrency: fill.feeCurrency,
    closedSize: '0',
    isMaker: fill.liquidity === 'maker',
    leavesQty: order === null ? '0' : formatScaled(order.size - order.cumulativeSize, instrument.sizeScale),
    orderId: uuidOf(fill.orderId),
    orderLinkId: fill.clientOrderId ?? '',
    orderPrice: formatScaled(order?.price ?? 0, instrument.priceScale),
    orderQty: order === null ? size : formatScaled(order.size, instrument.sizeScale),
    orderType: isLimit ? 'Limit' : 'Market',
    stopOrderType: 'UNKNOWN',
    createType: 'CreateByUser',
    side: fill.side === 'buy' ? 'Buy' : 'Sell',
    execTime: String(Math.floor(fill.time)),
    isLeverage: '0',
    tradeIv: '',
    markIv: '',
    markPrice: price,
    indexPrice: '',
    underlyingPrice: '',
    blockTradeId: '',
    seq: Number(BigInt(fill.fillId) % 9007199254740991n),
  };
}

/** A funding payment: it has a quantity, and changes no position. `paid` is positive when the account paid. */
export function fundingRow(details: {
  readonly id: string;
  readonly position: SimulatedPosition;
  readonly instrument: Instrument;
  readonly paid: string;
  readonly time: number;
}): Row {
  const { position, instrument } = details;
  const size = formatScaled(Math.abs(position.size), instrument.sizeScale);
  const price = formatScaled(position.markPrice, instrument.priceScale);
  return {
    category: 'linear',
    symbol: position.symbol,
    execFee: details.paid,
    execId: details.id,
    execPrice: price,
    execQty: size,
    execType: 'Funding',
    execValue: new Decimal(price).mul(size).toFixed(),
    feeRate: '0',
    feeCurrency: instrument.settlementCurrency,
    isMaker: false,
    leavesQty: '0',
    orderId: details.id,
    orderLinkId: '',
    orderPrice: '0',
    orderQty: '0',
    orderType: 'UNKNOWN',
    stopOrderType: 'UNKNOWN',
    side: position.size >= 0 ? 'Buy' : 'Sell',
    execTime: String(Math.floor(details.time)),
  };
}

/** REST calls the entry price `avgPrice`, the stream `entryPrice`. */
export function positionRow(position: SimulatedPosition, instrument: Instrument, time: number, seq: number): Row {
  const size = formatScaled(Math.abs(position.size), instrument.sizeScale);
  const value = new Decimal(position.entryPrice).mul(size);
  const margin = value.div(Math.max(1, position.leverage)).toDecimalPlaces(8).toFixed();
  return {
    positionIdx: 0,
    tradeMode: 0,
    riskId: 1,
    riskLimitValue: '2000000',
    symbol: position.symbol,
    category: 'linear',
    side: position.size === 0 ? '' : position.size > 0 ? 'Buy' : 'Sell',
    size,
    entryPrice: position.entryPrice,
    avgPrice: position.entryPrice,
    leverage: String(position.leverage),
    positionValue: value.toFixed(),
    positionBalance: '0',
    markPrice: formatScaled(position.markPrice, instrument.priceScale),
    positionIM: margin,
    positionMM: '0',
    takeProfit: '0',
    stopLoss: '0',
    trailingStop: '0',
    unrealisedPnl: position.unrealizedProfit,
    curRealisedPnl: '0',
    cumRealisedPnl: '0',
    sessionAvgPrice: '',
    createdTime: String(Math.floor(time)),
    updatedTime: String(Math.floor(time)),
    tpslMode: 'Full',
    liqPrice: position.liquidationPrice ?? '',
    bustPrice: '',
    positionStatus: 'Normal',
    adlRankIndicator: position.size === 0 ? 0 : 2,
    autoAddMargin: 0,
    leverageSysUpdatedTime: '',
    mmrSysUpdatedTime: '',
    seq,
    isReduceOnly: false,
  };
}

/** A wallet of these balances. `usdPrice`: what one of a currency is worth. `coin`: the only one that is listed, or null. */
export function walletRow(
  balances: readonly SimulatedBalance[],
  positions: readonly SimulatedPosition[],
  usdPrice: (currency: string) => string,
  coin: string | null,
): Row {
  const worth = (amount: string, currency: string): Decimal => new Decimal(amount).mul(usdPrice(currency));
  const sum = (values: readonly Decimal[]): Decimal =>
    values.reduce((total, value) => total.add(value), new Decimal(0));
  const wallet = sum(balances.map(({ walletBalance, currency }) => worth(walletBalance, currency)));
  const available = sum(balances.map(({ availableBalance, currency }) => worth(availableBalance, currency)));
  const unrealised = sum(positions.map((position) => new Decimal(position.unrealizedProfit)));
  const equity = wallet.add(unrealised).toFixed();
  return {
    accountType: 'UNIFIED',
    accountIMRate: '0',
    accountMMRate: '0',
    accountLTV: '0',
    totalEquity: equity,
    totalWalletBalance: wallet.toFixed(),
    totalMarginBalance: equity,
    totalAvailableBalance: available.toFixed(),
    totalPerpUPL: unrealised.toFixed(),
    totalInitialMargin: wallet.sub(available).toFixed(),
    totalMaintenanceMargin: '0',
    coin: balances
      .filter(({ currency }) => coin === null || currency === coin)
      .map((balance) => ({
        coin: balance.currency,
        equity: balance.walletBalance,
        usdValue: worth(balance.walletBalance, balance.currency).toFixed(),
        walletBalance: balance.walletBalance,
        availableToWithdraw: balance.availableBalance,
        availableToBorrow: '',
        borrowAmount: '0',
        accruedInterest: '0',
        totalOrderIM: '0',
        totalPositionIM: '0',
        totalPositionMM: '0',
        unrealisedPnl: '0',
        cumRealisedPnl: '0',
        bonus: '0',
        locked: new Decimal(balance.walletBalance).sub(balance.availableBalance).toFixed(),
        collateralSwitch: true,
        marginCollateral: true,
        spotHedgingQty: '0',
        spotBorrow: '0',
      })),
  };
}
