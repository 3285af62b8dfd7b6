import { parseExact } from '#core/ledger/exact-decimal.ts';
import type { EpochMs } from '#core/time/clock.ts';
import { type Account, addOrder, addToWallet, walletOf } from './account.ts';
import { positionView } from './account-views.ts';
import { type ExchangeState, nextOrderId, stampOf, tellAccount } from './exchange-state.ts';
import { endOrder, tellBalance } from './fills.ts';
import { equityOf, maintenanceMarginOf } from './margin.ts';
import { marketOrder } from './market-order.ts';
import { takeLiquidity } from './matching.ts';
import { notionalOf, portion, settled } from './money.ts';
import { triggerStop } from './order-entry.ts';
import type { SimulatedOrderRequest } from './simulated-exchange.ts';
import { isTriggered } from './stop-trigger.ts';
import type { SymbolMarket } from './symbol-market.ts';
import { createWorkingOrder, isWorking, snapshotOf } from './working-order.ts';

/** Triggers the stop orders whose price is reached, oldest first; what they trade may trigger further ones. */
export function triggerStops(state: ExchangeState, market: SymbolMarket): void {
  if (!state.marketOpen) return;
  for (;;) {
    const due = [...market.stops].find((order) => isTriggered(order.request, market, state.settings.triggerBy));
    if (due === undefined) return;
    triggerStop(state, market, due);
  }
}

/** Pays funding on every position of the symbol, on its value at the mark price, and sets the next time. */
export function payFunding(state: ExchangeState, market: SymbolMarket): void {
  const rate = parseExact(market.fundingRate);
  const markPrice = market.markPrice();
  const currency = market.instrument.settlementCurrency;
  for (const account of state.accounts.values()) {
    const position = account.positions.get(market.instrument.symbol);
    if (position === undefined || position.size === 0) continue;
    const change = -settled(portion(notionalOf(market.instrument, markPrice, position.size), rate));
    addToWallet(account, currency, change);
    tellAccount(state, {
      kind: 'position',
      accountId: account.id,
      position: positionView(state, account, position),
      reason: 'funding',
      time: stampOf(state),
    });
    tellBalance(state, account, currency, change, 'funding');
  }
  market.nextFundingTime = (market.nextFundingTime + state.settings.fundingIntervalMs) as EpochMs;
}

/** Liquidates accounts that hold the symbol and whose equity has fallen below their maintenance margin. */
export function liquidateBreaches(state: ExchangeState, market: SymbolMarket): void {
  if (!state.marketOpen) return;
  const currency = market.instrument.settlementCurrency;
  for (const account of state.accounts.values()) {
    const held = account.positions.get(market.instrument.symbol)?.size ?? 0;
    if (held === 0) continue;
    const maintenance = maintenanceMarginOf(account, state.markets, currency, state.maintenanceRate);
    if (equityOf(account, state.markets, currency) < maintenance) liquidate(state, account, currency);
  }
}

/**
 * Cancels all orders and closes all positions of the currency at the market. What finds no liquidity stays, and is tried again with the next price.
 * A debt that is left when all is closed is covered by the venue, so that no balance stays negative.
 */
function liquidate(state: ExchangeState, account: Account, currency: string): void {
  for (const order of [...account.working.values()]) {
    const market = state.markets.get(order.request.symbol);
    if (market?.instrument.settlementCurrency === currency && market.instrument.kind !== 'spot')
      endOrder(state, market, order, 'liquidation');
  }
  let open = false;
  for (const position of account.positions.values()) {
    const market = state.markets.get(position.instrument.symbol);
    if (position.size === 0 || market?.instrument.settlementCurrency !== currency) continue;
    closePosition(state, market, account, position.size);
    open ||= position.size !== 0;
  }
  const debt = walletOf(account, currency);
  if (open || debt >= 0n) return;
  addToWallet(account, currency, -debt);
  tellBalance(state, account, currency, -debt, 'liquidation');
}

function closePosition(state: ExchangeState, market: SymbolMarket, account: Account, held: number): void {
  const request = marketOrder({
    symbol: market.instrument.symbol,
    side: held > 0 ? 'sell' : 'buy',
    size: Math.abs(held) as SimulatedOrderRequest['size'],
    reduceOnly: true,
  });
  const order = createWorkingOrder(nextOrderId(state), account.id, request, stampOf(state));
  addOrder(account, order);
  tellAccount(state, { kind: 'order', order: snapshotOf(order), change: 'new', time: stampOf(state) });
  takeLiquidity(state, market, order, request.side === 'buy' ? Number.POSITIVE_INFINITY : 0, 'liquidation');
  if (isWorking(order)) endOrder(state, market, order, 'noLiquidity');
}
