import type { Instrument } from '#core/market/instrument.ts';
import { type Account, walletOf } from './account.ts';
import { absolute, divideRounded, type Money, notionalOf, portion } from './money.ts';
import { type Position, unrealizedProfit } from './position.ts';
import { lockedOf } from './spot-funds.ts';
import type { SymbolMarket } from './symbol-market.ts';
import { isStop, remainingOf } from './working-order.ts';

type Markets = ReadonlyMap<string, SymbolMarket>;

/** A size that is about to be asked for: what margin is checked against. */
export interface Exposure {
  readonly symbol: string;
  readonly side: 'buy' | 'sell';
  readonly price: number;
  readonly size: number;
}

/** Wallet and unrealised profit of everything that settles in the currency. */
export function equityOf(account: Account, markets: Markets, currency: string): Money {
  let equity = walletOf(account, currency);
  for (const [position, market] of openPositions(account, markets, currency)) {
    equity += unrealizedProfit(position, market.markPrice());
  }
  return equity;
}

/**
 * Margin that positions and working orders bind. Per symbol it is the larger of two cases over the leverage: all buys filled, or all sells.
 * Reduce-only orders bind nothing, stop orders nothing until they are triggered.
 */
function initialMarginOf(account: Account, markets: Markets, currency: string, extra: Exposure | null): Money {
  const cases = new Map<string, { long: Money; short: Money }>();
  const caseOf = (symbol: string): { long: Money; short: Money } => {
    const known = cases.get(symbol) ?? { long: 0n, short: 0n };
    cases.set(symbol, known);
    return known;
  };
  const add = (instrument: Instrument, exposure: Exposure): void => {
    if (instrument.settlementCurrency !== currency || instrument.kind === 'spot') return;
    const value = notionalOf(instrument, exposure.price, exposure.size);
    if (exposure.side === 'buy') caseOf(instrument.symbol).long += value;
    else caseOf(instrument.symbol).short += value;
  };
  for (const [position, market] of openPositions(account, markets, currency)) {
    const value = notionalOf(position.instrument, market.markPrice(), position.size);
    caseOf(position.instrument.symbol).long += value;
    caseOf(position.instrument.symbol).short -= value;
  }
  for (const order of account.working.values()) {
    const { request } = order;
    const market = markets.get(request.symbol);
    if (market === undefined || request.reduceOnly || isStop(request) || order.price === null) continue;
    add(market.instrument, {
      symbol: request.symbol,
      side: request.side,
      price: order.price,
      size: remainingOf(order),
    });
  }
  const market = extra === null ? undefined : markets.get(extra.symbol);
  if (extra !== null && market !== undefined) add(market.instrument, extra);
  let margin = 0n;
  for (const { long, short } of cases.values()) {
    if (long > short) margin += long;
    else margin += short;
  }
  return divideRounded(margin, BigInt(account.leverage));
}

/** What the account's positions must be worth not to be liquidated. */
export function maintenanceMarginOf(account: Account, markets: Markets, currency: string, rate: bigint): Money {
  let margin = 0n;
  for (const [position, market] of openPositions(account, markets, currency)) {
    margin += portion(absolute(notionalOf(position.instrument, market.markPrice(), position.size)), rate);
  }
  return margin;
}

/** What new exposure may bind, and new spot orders may lock; never negative. */
export function availableOf(account: Account, markets: Markets, currency: string): Money {
  const bound = initialMarginOf(account, markets, currency, null) + lockedOf(account, markets, currency);
  const left = equityOf(account, markets, currency) - bound;
  return left > 0n ? left : 0n;
}

/** Whether the account can bear the exposure with its fee. What binds no more than before is always allowed. */
export function canBear(
  account: Account,
  markets: Markets,
  currency: string,
  extra: Exposure,
  feeRate: bigint,
): boolean {
  const before = initialMarginOf(account, markets, currency, null);
  const after = initialMarginOf(account, markets, currency, extra);
  if (after <= before) return true;
  const market = markets.get(extra.symbol);
  const value = market === undefined ? 0n : notionalOf(market.instrument, extra.price, extra.size);
  const free = equityOf(account, markets, currency) - lockedOf(account, markets, currency);
  return free >= after + portion(value, feeRate);
}

/**
 * The mark price at which the account's equity meets its maintenance margin if only this symbol moves, as a number in price units;
 * null where no positive price does.
 */
export function liquidationPriceOf(
  account: Account,
  markets: Markets,
  position: Position,
  rate: bigint,
): number | null {
  const market = markets.get(position.instrument.symbol);
  if (position.size === 0 || market === undefined) return null;
  const { instrument } = position;
  const currency = instrument.settlementCurrency;
  const markPrice = market.markPrice();
  const share = Number(rate) / 1e18;
  const spareMoney = equityOf(account, markets, currency) - maintenanceMarginOf(account, markets, currency, rate);
  if (instrument.kind === 'inverse') {
    // spare + (size + |size| × share) × (1/mark − 1/price) = 0
    const contracts = Number(notionalOf(instrument, 1, position.size)) * (1 + Math.sign(position.size) * share);
    const price = contracts / (Number(spareMoney) + contracts / markPrice);
    return Number.isFinite(price) && price > 0 ? price : null;
  }
  const spare = Number(spareMoney) / Number(notionalOf(instrument, 1, 1));
  // spare + size × (price − mark) − |size| × share × (price − mark) = 0
  const slope = position.size - Math.abs(position.size) * share;
  const price = markPrice - spare / slope;
  return Number.isFinite(price) && price > 0 ? price : null;
}

function* openPositions(account: Account, markets: Markets, currency: string): Generator<[Position, SymbolMarket]> {
  for (const position of account.positions.values()) {
    const market = markets.get(position.instrument.symbol);
    if (position.size !== 0 && market !== undefined && position.instrument.settlementCurrency === currency) {
      yield [position, market];
    }
  }
}
