import type { Side } from '#core/market/market-message.ts';
import type { Price, Size } from '#core/market/scaled-decimal.ts';
import { type Account, addOrder, findOrder, isClientIdInUse } from './account.ts';
import { accountOf } from './account-views.ts';
import { type ExchangeState, nextOrderId, stampOf, tellAccount } from './exchange-state.ts';
import { endOrder, reducibleSize, shrinkTo } from './fills.ts';
import { canBear } from './margin.ts';
import { opposite, rest, takeableSize, takeLiquidity, wouldTake } from './matching.ts';
import { refusalByFilters, refusalByTick } from './order-filters.ts';
import type {
  AmendOutcome,
  CancelOutcome,
  PlaceOutcome,
  RefusalReason,
  SimulatedOrderRequest,
  SimulatedTarget,
} from './simulated-exchange.ts';
import { canPay } from './spot-funds.ts';
import { isTriggered } from './stop-trigger.ts';
import type { SymbolMarket } from './symbol-market.ts';
import {
  createWorkingOrder,
  isStop,
  isWorking,
  remainingOf,
  snapshotOf,
  touch,
  type WorkingOrder,
} from './working-order.ts';

export function placeOrder(state: ExchangeState, accountId: string, request: SimulatedOrderRequest): PlaceOutcome {
  const account = accountOf(state, accountId);
  const market = state.markets.get(request.symbol);
  if (market === undefined) return { kind: 'refused', reason: 'unknownSymbol' };
  const reason = refusalOf(state, account, market, request);
  if (reason !== null) return { kind: 'refused', reason };
  const order = createWorkingOrder(nextOrderId(state), accountId, request, stampOf(state));
  addOrder(account, order);
  tellAccount(state, { kind: 'order', order: snapshotOf(order), change: 'new', time: stampOf(state) });
  if (isStop(request)) market.stops.add(order);
  else execute(state, market, order);
  return { kind: 'accepted', order: snapshotOf(order) };
}

function refusalOf(
  state: ExchangeState,
  account: Account,
  market: SymbolMarket,
  request: SimulatedOrderRequest,
): RefusalReason | null {
  const { settings } = state;
  // Options are listed for their data.
  if (!market.instrument.tradable || market.instrument.kind === 'option') return 'maintenance';
  const price = request.type === 'limit' ? (request.price ?? 0) : null;
  const byFilters = refusalByFilters(market, { ...request, price }, settings.priceBand);
  if (byFilters !== null) return byFilters;
  if (request.clientOrderId !== null && isClientIdInUse(account, request.clientOrderId))
    return 'duplicateClientOrderId';
  let open = 0;
  for (const order of account.working.values()) if (order.request.symbol === request.symbol) open += 1;
  if (open >= settings.maxOpenOrders) return 'tooManyOrders';
  if (isStop(request)) {
    if (request.triggerPrice === null) return 'priceTick';
    const byTick = refusalByTick(market.instrument, request.triggerPrice);
    if (byTick !== null) return byTick;
    return isTriggered(request, market, settings.triggerBy) ? 'wouldTriggerImmediately' : null;
  }
  if (request.reduceOnly && market.instrument.kind === 'spot') return 'reduceOnlyRejected';
  if (request.reduceOnly) {
    const probe = createWorkingOrder('', account.id, request, stampOf(state));
    return reducibleSize(account, probe) === 0 ? 'reduceOnlyRejected' : null;
  }
  return bears(state, account, market, request, request.size) ? null : 'insufficientMargin';
}

function bears(
  state: ExchangeState,
  account: Account,
  market: SymbolMarket,
  request: Pick<SimulatedOrderRequest, 'side' | 'price' | 'symbol'>,
  size: number,
): boolean {
  if (market.instrument.kind === 'spot') {
    return canPay(account, state.markets, market, { ...request, size }, marketLimit(state, market, request.side));
  }
  const price = request.price ?? market.bestPrice(opposite(request.side)) ?? market.markPrice();
  const exposure = { symbol: request.symbol, side: request.side, price, size };
  return canBear(account, state.markets, market.instrument.settlementCurrency, exposure, market.fees.taker);
}

/** Matches an accepted order by its type and time in force, and rests, cancels or expires what is left. */
function execute(state: ExchangeState, market: SymbolMarket, order: WorkingOrder): void {
  if (!state.marketOpen) {
    state.waiting.add(order);
    return;
  }
  const { request } = order;
  const price = request.type === 'limit' ? order.price : null;
  if (price === null) {
    executeAtMarket(state, market, order);
    return;
  }
  switch (request.timeInForce) {
    case 'postOnly':
      if (wouldTake(market, request.side, price)) {
        endOrder(state, market, order, 'postOnlyWouldTake', state.settings.postOnlyRejects ? 'expired' : 'canceled');
        return;
      }
      restRemainder(state, market, order, price);
      return;
    case 'fok':
      if (fillableSize(state, market, order, price) < remainingOf(order)) {
        endOrder(state, market, order, 'fokUnfilled');
        return;
      }
      takeLiquidity(state, market, order, price);
      return;
    case 'ioc':
      takeLiquidity(state, market, order, price);
      if (isWorking(order)) endOrder(state, market, order, endOfRemainder(state, order, 'iocRemainder'));
      return;
    case 'gtc':
      takeLiquidity(state, market, order, price);
      if (isWorking(order)) restRemainder(state, market, order, price);
      return;
  }
}

/** Immediate or cancel, no further from the best price than the protection band. */
function executeAtMarket(state: ExchangeState, market: SymbolMarket, order: WorkingOrder): void {
  const { side } = order.request;
  if (market.bestPrice(opposite(side)) !== null) {
    takeLiquidity(state, market, order, marketLimit(state, market, side));
  }
  if (isWorking(order)) endOrder(state, market, order, endOfRemainder(state, order, 'noLiquidity'));
}

/** How far a market order may go. */
function marketLimit(state: ExchangeState, market: SymbolMarket, side: Side): number {
  const { marketBand } = state.settings;
  return (market.bestPrice(opposite(side)) ?? 0) * (side === 'buy' ? 1 + marketBand : 1 - marketBand);
}

/** The session has opened: what came while it was closed is carried out, oldest first, as far as it can still be borne. */
export function executeWaiting(state: ExchangeState): void {
  const waiting = [...state.waiting];
  state.waiting.clear();
  for (const order of waiting) {
    const market = state.markets.get(order.request.symbol);
    if (market === undefined || !isWorking(order)) continue;
    const account = accountOf(state, order.accountId);
    account.working.delete(order.orderId);
    const borne = order.request.reduceOnly || bears(state, account, market, order.request, remainingOf(order));
    account.working.set(order.orderId, order);
    if (borne) execute(state, market, order);
    else endOrder(state, market, order, 'insufficientMargin');
  }
}

function endOfRemainder(state: ExchangeState, order: WorkingOrder, otherwise: string): string {
  const exhausted = order.request.reduceOnly && reducibleSize(accountOf(state, order.accountId), order) === 0;
  return exhausted ? 'reduceOnly' : otherwise;
}

function fillableSize(state: ExchangeState, market: SymbolMarket, order: WorkingOrder, limit: number): number {
  const takeable = takeableSize(market, order.accountId, order.request.side, limit);
  if (!order.request.reduceOnly) return takeable;
  return Math.min(takeable, reducibleSize(accountOf(state, order.accountId), order));
}

function restRemainder(state: ExchangeState, market: SymbolMarket, order: WorkingOrder, price: Price): void {
  if (order.request.reduceOnly) {
    const reducible = reducibleSize(accountOf(state, order.accountId), order);
    if (reducible === 0) {
      endOrder(state, market, order, 'reduceOnly');
      return;
    }
    if (remainingOf(order) > reducible) shrinkTo(state, market, order, reducible);
  }
  rest(market, order, price);
}

/** A triggered stop order becomes a market order. */
export function triggerStop(state: ExchangeState, market: SymbolMarket, order: WorkingOrder): void {
  market.stops.delete(order);
  order.status = 'open';
  touch(order, stampOf(state));
  tellAccount(state, { kind: 'order', order: snapshotOf(order), change: 'triggered', time: stampOf(state) });
  const account = accountOf(state, order.accountId);
  if (order.request.reduceOnly) {
    if (reducibleSize(account, order) === 0) endOrder(state, market, order, 'reduceOnly');
    else executeAtMarket(state, market, order);
  } else if (bears(state, account, market, { ...order.request, price: null }, remainingOf(order))) {
    executeAtMarket(state, market, order);
  } else endOrder(state, market, order, 'insufficientMargin');
}

export function cancelOrder(state: ExchangeState, accountId: string, target: SimulatedTarget): CancelOutcome {
  const order = findOrder(accountOf(state, accountId), target);
  if (order === null) return { kind: 'refused', reason: 'unknownOrder' };
  const market = state.markets.get(order.request.symbol);
  if (!isWorking(order) || market === undefined) return { kind: 'refused', reason: 'orderNotOpen' };
  endOrder(state, market, order, 'user');
  return { kind: 'canceled', order: snapshotOf(order) };
}

/** Keeps its place in the queue only if nothing but the size is lowered; otherwise it comes anew, and may take. */
export function amendOrder(
  state: ExchangeState,
  accountId: string,
  target: SimulatedTarget,
  price: Price | null,
  size: Size | null,
): AmendOutcome {
  const account = accountOf(state, accountId);
  const order = findOrder(account, target);
  if (order === null) return { kind: 'refused', reason: 'unknownOrder' };
  const market = state.markets.get(order.request.symbol);
  if (!isWorking(order) || market === undefined) return { kind: 'refused', reason: 'orderNotOpen' };
  const newPrice = order.request.type === 'limit' ? (price ?? order.price) : order.price;
  const newSize = size ?? order.size;
  if (newPrice === order.price && newSize === order.size) return { kind: 'refused', reason: 'notModified' };
  const reason = refusalOfAmendment(state, account, market, order, newPrice, newSize);
  if (reason !== null) return { kind: 'refused', reason };

  const keepsPlace = newPrice === order.price && newSize < order.size;
  const { side } = order.request;
  if (order.price !== null) market.markDirty(side, order.price);
  if (!keepsPlace) market.resting[side].remove(order);
  order.price = newPrice;
  order.size = newSize;
  touch(order, stampOf(state));
  tellAccount(state, { kind: 'order', order: snapshotOf(order), change: 'amended', time: stampOf(state) });
  if (!keepsPlace && order.status !== 'untriggered') execute(state, market, order);
  return { kind: 'amended', order: snapshotOf(order) };
}

function refusalOfAmendment(
  state: ExchangeState,
  account: Account,
  market: SymbolMarket,
  order: WorkingOrder,
  price: Price | null,
  size: Size,
): RefusalReason | null {
  const { request } = order;
  if (size <= order.cumulativeSize) return 'sizeTooSmall';
  const byFilters = refusalByFilters(market, { ...request, price, size }, state.settings.priceBand);
  if (byFilters !== null || request.reduceOnly || isStop(request)) return byFilters;
  // The order's own margin is bound already: what it would bind more is the difference to a new one.
  account.working.delete(order.orderId);
  const remaining = size - order.cumulativeSize;
  const bearable = bears(state, account, market, { ...request, price }, remaining);
  account.working.set(order.orderId, order);
  return bearable ? null : 'insufficientMargin';
}
