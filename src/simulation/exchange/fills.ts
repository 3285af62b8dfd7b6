import { formatExact } from '#core/ledger/exact-decimal.ts';
import type { Side } from '#core/market/market-message.ts';
import type { Price, Size } from '#core/market/scaled-decimal.ts';
import { type Account, addFill, addToWallet, positionOf, retireOrder } from './account.ts';
import { accountOf, balanceView, positionView } from './account-views.ts';
import { type ExchangeState, nextFillId, stampOf, tellAccount } from './exchange-state.ts';
import { amountOfSize, type Money, notionalOf, portion, settled } from './money.ts';
import { applyToPosition } from './position.ts';
import type { SimulatedFill } from './simulated-exchange.ts';
import type { SymbolMarket } from './symbol-market.ts';
import { isWorking, remainingOf, snapshotOf, touch, type WorkingOrder } from './working-order.ts';

/** Books one execution: order, position, wallet, history; tells fill, order, position and balance, in this order. */
export function applyFill(
  state: ExchangeState,
  market: SymbolMarket,
  order: WorkingOrder,
  execution: {
    readonly price: number;
    readonly size: number;
    readonly liquidity: 'maker' | 'taker';
    readonly cause: 'trade' | 'liquidation';
  },
): void {
  const { price, size, liquidity, cause } = execution;
  const { instrument } = market;
  const { side } = order.request;
  const account = accountOf(state, order.accountId);

  order.cumulativeSize = (order.cumulativeSize + size) as Size;
  order.cumulativeCost += BigInt(price) * BigInt(size);
  const done = order.cumulativeSize === order.size;
  order.status = done ? 'filled' : 'partiallyFilled';
  touch(order, stampOf(state));
  if (order.price !== null) market.markDirty(side, order.price);
  if (done) {
    market.resting[side].remove(order);
    retireOrder(account, order, state.settings.historyLimit);
  }

  const booked = instrument.kind === 'spot' ? exchangeAssets : bookContract;
  const { changes, fee, feeCurrency, realized } = booked(account, market, side, price, size, market.fees[liquidity]);
  for (const [currency, change] of changes) addToWallet(account, currency, change);

  const fill: SimulatedFill = {
    fillId: nextFillId(state),
    orderId: order.orderId,
    clientOrderId: order.request.clientOrderId,
    accountId: account.id,
    symbol: instrument.symbol,
    side,
    price: price as Price,
    size: size as Size,
    fee: formatExact(fee),
    feeCurrency,
    liquidity,
    cause,
    realizedProfit: formatExact(realized),
    time: stampOf(state),
  };
  addFill(account, fill, state.settings.historyLimit);
  const shown = snapshotOf(order);
  const reason = cause === 'liquidation' ? 'liquidation' : 'order';
  tellAccount(state, { kind: 'fill', fill, order: shown, time: stampOf(state) });
  tellAccount(state, { kind: 'order', order: shown, change: 'trade', time: stampOf(state) });
  if (instrument.kind !== 'spot') {
    const position = positionView(state, account, positionOf(account, instrument));
    tellAccount(state, { kind: 'position', accountId: account.id, position, reason, time: stampOf(state) });
  }
  for (const [currency, change] of changes) tellBalance(state, account, currency, change, reason);
  shrinkReduceOnly(state, account, market);
}

/** What one execution does to an account's money. */
interface Booking {
  readonly changes: readonly (readonly [currency: string, change: Money])[];
  readonly fee: Money;
  readonly feeCurrency: string;
  readonly realized: Money;
}

function bookContract(
  account: Account,
  { instrument }: SymbolMarket,
  side: Side,
  price: number,
  size: number,
  rate: bigint,
): Booking {
  const realized = applyToPosition(positionOf(account, instrument), side, price, size);
  const fee = portion(notionalOf(instrument, price, size), rate);
  const currency = instrument.settlementCurrency;
  return { changes: [[currency, realized - fee]], fee, feeCurrency: currency, realized };
}

/** Base against quote; the fee is kept back from what is received, in whole units of 10^-8. */
function exchangeAssets(
  _account: Account,
  { instrument }: SymbolMarket,
  side: Side,
  price: number,
  size: number,
  rate: bigint,
): Booking {
  const base = amountOfSize(instrument, size);
  const quote = notionalOf(instrument, price, size);
  const fee = settled(portion(side === 'buy' ? base : quote, rate));
  const { baseCurrency, quoteCurrency } = instrument;
  return side === 'buy'
    ? {
        changes: [
          [baseCurrency, base - fee],
          [quoteCurrency, -quote],
        ],
        fee,
        feeCurrency: baseCurrency,
        realized: 0n,
      }
    : {
        changes: [
          [baseCurrency, -base],
          [quoteCurrency, quote - fee],
        ],
        fee,
        feeCurrency: quoteCurrency,
        realized: 0n,
      };
}

export function tellBalance(
  state: ExchangeState,
  account: Account,
  currency: string,
  change: bigint,
  reason: 'order' | 'funding' | 'deposit' | 'liquidation',
): void {
  tellAccount(state, {
    kind: 'balance',
    accountId: account.id,
    balance: balanceView(state, account, currency),
    change: formatExact(change),
    reason,
    time: stampOf(state),
  });
}

/** Takes a working order out with the size it has reached. */
export function endOrder(
  state: ExchangeState,
  market: SymbolMarket,
  order: WorkingOrder,
  endReason: string,
  status: 'canceled' | 'expired' = 'canceled',
): void {
  const { side } = order.request;
  market.resting[side].remove(order);
  market.stops.delete(order);
  state.waiting.delete(order);
  if (order.price !== null) market.markDirty(side, order.price);
  order.status = status;
  order.endReason = endReason;
  touch(order, stampOf(state));
  retireOrder(accountOf(state, order.accountId), order, state.settings.historyLimit);
  tellAccount(state, { kind: 'order', order: snapshotOf(order), change: status, time: stampOf(state) });
}

/** How much of the order would reduce the position now. */
export function reducibleSize(account: Account, order: WorkingOrder): number {
  const held = account.positions.get(order.request.symbol)?.size ?? 0;
  const opposes = order.request.side === 'sell' ? held > 0 : held < 0;
  return opposes ? Math.abs(held) : 0;
}

/** Resting reduce-only orders never stand for more than the position: they shrink with it, and go when it is gone. */
function shrinkReduceOnly(state: ExchangeState, account: Account, market: SymbolMarket): void {
  for (const order of [...account.working.values()]) {
    const { request } = order;
    if (!request.reduceOnly || request.symbol !== market.instrument.symbol || !isWorking(order)) continue;
    if (!market.resting[request.side].at(order.price ?? 0).includes(order)) continue;
    const reducible = reducibleSize(account, order);
    if (reducible === 0) endOrder(state, market, order, 'reduceOnly');
    else if (remainingOf(order) > reducible) shrinkTo(state, market, order, reducible);
  }
}

/** Lowers an order's size so that `remaining` is left of it; it keeps its place in the queue. */
export function shrinkTo(state: ExchangeState, market: SymbolMarket, order: WorkingOrder, remaining: number): void {
  order.size = (order.cumulativeSize + remaining) as Size;
  touch(order, stampOf(state));
  if (order.price !== null) market.markDirty(order.request.side, order.price);
  tellAccount(state, { kind: 'order', order: snapshotOf(order), change: 'amended', time: stampOf(state) });
}
