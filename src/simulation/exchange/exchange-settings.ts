import { parseExact } from '#core/ledger/exact-decimal.ts';

/** Fee rates as decimal text, share of the notional; a negative maker rate is a rebate. */
export interface ExchangeFees {
  readonly maker: string;
  readonly taker: string;
}

export interface ExchangeSettings {
  /** A post-only order that would take: false = canceled after being accepted (Bybit); true = expired (Binance GTX). */
  readonly postOnlyRejects: boolean;
  /** What triggers stop orders. */
  readonly triggerBy: 'mark' | 'last';
  /** Limit prices stay within this share of the mark price: buys not above, sells not below. */
  readonly priceBand: number;
  /** Market orders walk the book no further than this share from the best price. */
  readonly marketBand: number;
  /** Decimal text: positions are liquidated when the account's equity falls below this share of their notional. */
  readonly maintenanceMarginRate: string;
  /** Per account and symbol, stop orders included. */
  readonly maxOpenOrders: number;
  readonly fundingIntervalMs: number;
  /** Decimal text per interval, until the source says otherwise; longs pay while it is positive. */
  readonly fundingRate: string;
  /** Contracts without funding: futures that expire. Spot, equities and options never have any. */
  readonly unfundedSymbols: readonly string[];
  /**
   * For queries each account keeps its newest so many finished orders and so many fills; working orders are always kept. What is older is forgotten,
   * and counted in `forgotten`.
   */
  readonly historyLimit: number;
}

export const DEFAULT_FEES: ExchangeFees = { maker: '0.0002', taker: '0.0005' };
/** Brokers of equities take none, unless the exchange is told otherwise. */
export const EQUITY_FEES: ExchangeFees = { maker: '0', taker: '0' };

export const DEFAULT_SETTINGS: ExchangeSettings = {
  postOnlyRejects: false,
  triggerBy: 'last',
  priceBand: 0.05,
  marketBand: 0.05,
  maintenanceMarginRate: '0.005',
  maxOpenOrders: 200,
  fundingIntervalMs: 8 * 3_600_000,
  fundingRate: '0.0001',
  unfundedSymbols: [],
  historyLimit: 100_000,
};

/** Fee rates in units of 10^-18. */
export interface ExactFees {
  readonly maker: bigint;
  readonly taker: bigint;
}

/** Throws `DECIMAL_SYNTAX` for a rate that is no decimal text. */
export function exactFees(fees: ExchangeFees): ExactFees {
  return { maker: parseExact(fees.maker), taker: parseExact(fees.taker) };
}
