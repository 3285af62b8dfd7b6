import type { Side } from '#core/market/market-message.ts';
import type { Price, Size } from '#core/market/scaled-decimal.ts';
import { accountOf } from './account-views.ts';
import { type ExchangeState, nextTradeId, tellMarket } from './exchange-state.ts';
import { applyFill, endOrder, reducibleSize } from './fills.ts';
import type { SymbolMarket } from './symbol-market.ts';
import { remainingOf, type WorkingOrder } from './working-order.ts';

export function opposite(side: Side): Side {
  return side === 'buy' ? 'sell' : 'buy';
}

/** Whether an order of this side at `limit` meets `price`. */
export function meets(side: Side, limit: number, price: number): boolean {
  return side === 'buy' ? price <= limit : price >= limit;
}

/** Whether a limit order would trade at once. */
export function wouldTake(market: SymbolMarket, side: Side, limit: number): boolean {
  const best = market.bestPrice(opposite(side));
  return best !== null && meets(side, limit, best);
}

/** Size that the account could take down to `limit`; its own resting orders are none of it. */
export function takeableSize(market: SymbolMarket, accountId: string, side: Side, limit: number): number {
  const against = opposite(side);
  let size = 0;
  for (const [price, left] of market.external.remaining(against)) {
    if (!meets(side, limit, price)) break;
    size += left;
  }
  for (const order of market.resting[against]) {
    if (order.price !== null && meets(side, limit, order.price) && order.accountId !== accountId) {
      size += remainingOf(order);
    }
  }
  return size;
}

/**
 * Lets an incoming order walk the book down to `limit`: price by price; at a price the others' size that stood before an account order goes first,
 * then that order, then the rest. Own resting orders that it meets are canceled (`selfTrade`).
 */
export function takeLiquidity(
  state: ExchangeState,
  market: SymbolMarket,
  order: WorkingOrder,
  limit: number,
  cause: 'trade' | 'liquidation' = 'trade',
): void {
  const { side } = order.request;
  const against = opposite(side);
  const account = accountOf(state, order.accountId);
  for (;;) {
    const wanted = order.request.reduceOnly
      ? Math.min(remainingOf(order), reducibleSize(account, order))
      : remainingOf(order);
    const price = market.bestPrice(against);
    if (wanted <= 0 || price === null || !meets(side, limit, price)) return;
    const [first] = market.resting[against].at(price);
    const left = market.external.sizeAt(against, price);
    const external = first === undefined ? left : Math.min(left, first.queueAhead);
    market.markDirty(against, price);
    if (first === undefined || external > 0) {
      const size = Math.min(wanted, external);
      market.external.take(against, price, size);
      market.resting[against].passQueue(price, size);
      applyFill(state, market, order, { price, size, liquidity: 'taker', cause });
      publishTrade(state, market, price, size, side);
    } else if (first.accountId === order.accountId) {
      endOrder(state, market, first, 'selfTrade');
    } else {
      const size = Math.min(wanted, remainingOf(first));
      applyFill(state, market, first, { price, size, liquidity: 'maker', cause: 'trade' });
      applyFill(state, market, order, { price, size, liquidity: 'taker', cause });
      publishTrade(state, market, price, size, side);
    }
  }
}

/** Leaves what is left of an order in the book, last at its price. */
export function rest(market: SymbolMarket, order: WorkingOrder, price: Price): void {
  const { side } = order.request;
  order.queueAhead = market.external.sizeAt(side, price);
  market.resting[side].add(order, price);
  market.markDirty(side, price);
}

/**
 * A trade between others: its volume reaches the account orders that stand better than its price first, then those at its price, each after the
 * others' size before it.
 */
export function matchTrade(
  state: ExchangeState,
  market: SymbolMarket,
  takerSide: Side,
  price: number,
  volume: number,
): void {
  if (!state.marketOpen) return;
  const makers = market.resting[opposite(takerSide)];
  let left = volume;
  for (;;) {
    const best = makers.bestPrice();
    if (left <= 0 || best === null || !meets(takerSide, price, best)) return;
    const [first] = makers.at(best);
    if (first === undefined) return;
    // Whoever stood before it at a better price than the trade's is gone.
    if (best !== price) makers.limitQueue(best, 0);
    if (first.queueAhead > 0) {
      const passed = Math.min(left, first.queueAhead);
      makers.passQueue(best, passed);
      left -= passed;
    } else {
      const size = Math.min(left, remainingOf(first));
      applyFill(state, market, first, { price: best, size, liquidity: 'maker', cause: 'trade' });
      left -= size;
    }
  }
}

/** The others' book has come to cross resting orders: they are filled at their own price, as far as the crossing size goes. */
export function matchCrossing(state: ExchangeState, market: SymbolMarket): void {
  if (!state.marketOpen) return;
  for (const side of ['buy', 'sell'] as const) {
    const against = opposite(side);
    for (;;) {
      const price = market.resting[side].bestPrice();
      const crossing = market.external.bestPrice(against);
      if (price === null || crossing === null || !meets(side, price, crossing)) break;
      const [first] = market.resting[side].at(price);
      if (first === undefined) break;
      const size = Math.min(remainingOf(first), market.external.sizeAt(against, crossing));
      market.external.take(against, crossing, size);
      market.resting[against].passQueue(crossing, size);
      market.markDirty(against, crossing);
      applyFill(state, market, first, { price, size, liquidity: 'maker', cause: 'trade' });
      publishTrade(state, market, price, size, against);
    }
  }
}

/** A trade that accounts took part in is public as any other; beside a recording nothing is made up. */
function publishTrade(state: ExchangeState, market: SymbolMarket, price: number, size: number, takerSide: Side): void {
  if (state.origin === 'recorded') return;
  market.lastPrice = price as Price;
  tellMarket(state, {
    kind: 'trade',
    symbol: market.instrument.symbol,
    tradeId: nextTradeId(state),
    price: price as Price,
    size: size as Size,
    takerSide,
    time: state.now,
  });
}
