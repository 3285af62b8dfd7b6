import { MillraceError } from '#core/errors.ts';
import { formatExact } from '#core/ledger/exact-decimal.ts';
import { formatScaled } from '#core/market/scaled-decimal.ts';
import { type Account, walletOf } from './account.ts';
import type { ExchangeState } from './exchange-state.ts';
import { availableOf, liquidationPriceOf } from './margin.ts';
import { divideRounded } from './money.ts';
import { entryPrice, type Position, unrealizedProfit } from './position.ts';
import type { SimulatedBalance, SimulatedPosition } from './simulated-exchange.ts';

/** Decimals of an average entry price beyond the instrument's own. */
const ENTRY_PRICE_DECIMALS = 8;

/** Throws `ACCOUNT_UNKNOWN`. */
export function accountOf(state: ExchangeState, accountId: string): Account {
  const account = state.accounts.get(accountId);
  if (account === undefined) {
    throw new MillraceError('validation', 'ACCOUNT_UNKNOWN', `account=${accountId} open it first`);
  }
  return account;
}

export function balanceView(state: ExchangeState, account: Account, currency: string): SimulatedBalance {
  return {
    currency,
    walletBalance: formatExact(walletOf(account, currency)),
    availableBalance: formatExact(availableOf(account, state.markets, currency)),
  };
}

export function positionView(state: ExchangeState, account: Account, position: Position): SimulatedPosition {
  const { instrument } = position;
  const markPrice = state.markets.get(instrument.symbol)?.markPrice();
  if (markPrice === undefined) throw new MillraceError('fatal', 'MARKET_UNKNOWN', `symbol=${instrument.symbol}`);
  const liquidation = liquidationPriceOf(account, state.markets, position, state.maintenanceRate);
  return {
    symbol: instrument.symbol,
    size: position.size,
    entryPrice: entryPriceText(position),
    markPrice,
    unrealizedProfit: formatExact(unrealizedProfit(position, markPrice)),
    liquidationPrice: liquidation === null ? null : formatScaled(Math.round(liquidation), instrument.priceScale),
    leverage: account.leverage,
  };
}

function entryPriceText(position: Position): string {
  const decimals = Math.min(18, position.instrument.priceScale + ENTRY_PRICE_DECIMALS);
  return formatExact(divideRounded(entryPrice(position), 10n ** BigInt(18 - decimals)), decimals);
}
