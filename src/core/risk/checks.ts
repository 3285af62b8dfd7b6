import { hasReduceOnly, notional } from '../market/instrument.ts';
import type { Price } from '../market/scaled-decimal.ts';
import type { OrderIntent } from '../orders/order.ts';
import { BREAKER_CHECKS } from './breaker-checks.ts';
import type { RiskCheck, RiskContext } from './risk-context.ts';
import { UNIT_CHECKS } from './unit-checks.ts';

/**
 * The checks in the order in which they are asked; the first that refuses names the denial. The reference document `docs/denials.md` is generated
 * from this table. No order leaves without passing all that apply to it (invariant 3).
 */
export const RISK_CHECKS = [
  {
    code: 'LEASE_NOT_HELD',
    scope: 'all',
    explains: 'The engine does not hold the lease of the unit, or it ends too soon.',
    check: (c) => c.closed,
  },
  {
    code: 'ENTRIES_FENCED',
    scope: 'entry',
    explains: 'The trading stream is absent, the desired state is stale, or the account has not been reconciled.',
    check: (c) => c.fence,
  },
  {
    code: 'ENTRIES_PAUSED',
    scope: 'entry',
    explains: 'The lane is reducing: only exits and cancels pass.',
    check: (c) => c.entriesPaused,
  },
  {
    code: 'SYMBOL_FROZEN',
    scope: 'entry',
    explains: 'The symbol is frozen by desired state.',
    check: (c, i) => (c.frozen ? `symbol=${i.symbol}` : null),
  },
  {
    code: 'MARKET_CLOSED',
    scope: 'entry',
    explains: 'The market is closed, or closes too soon for something to be opened in it.',
    check: (c) => c.marketClosed,
  },
  ...BREAKER_CHECKS,
  {
    code: 'ORDER_UNKNOWN_PENDING',
    scope: 'entry',
    explains: 'An order of the lane is Unknown: nothing is opened before it is resolved.',
    check: (c) => (c.unknownOrders > 0 ? `unknown=${c.unknownOrders}` : null),
  },
  {
    code: 'BOOK_INVALID',
    scope: 'entry',
    explains: 'The order book is not known to be complete.',
    check: (c) => (c.bookValid && c.bidPrice > 0 && c.askPrice > 0 ? null : 'valid=false'),
  },
  {
    code: 'DATA_TOO_OLD',
    scope: 'entry',
    explains: 'The market data is older than the limit (H10).',
    check: (c) =>
      c.dataAgeMs <= c.limits.maxDataAgeMs ? null : `ageMs=${c.dataAgeMs.toFixed(1)} limitMs=${c.limits.maxDataAgeMs}`,
  },
  {
    code: 'SPREAD_TOO_WIDE',
    scope: 'entry',
    explains: 'The spread is wider than the limit.',
    check: (c) => {
      const bps = ((c.askPrice - c.bidPrice) / ((c.askPrice + c.bidPrice) / 2)) * 1e4;
      return bps <= c.limits.maxSpreadBps ? null : `spreadBps=${bps.toFixed(2)} limitBps=${c.limits.maxSpreadBps}`;
    },
  },
  {
    code: 'ORDER_SIZE_BELOW_MINIMUM',
    scope: 'entry',
    explains: 'The size is below what the venue takes.',
    check: (c, i) => {
      if (i.size < c.instrument.minSize || i.size <= 0) return `size=${i.size} minimum=${c.instrument.minSize}`;
      const value = notional(c.instrument, i.price ?? (c.askPrice as Price), i.size);
      return value >= c.instrument.minNotional ? null : `notional=${value} minimum=${c.instrument.minNotional}`;
    },
  },
  {
    code: 'ORDER_SIZE_LIMIT',
    scope: 'all',
    explains: "The size exceeds the lane's or the venue's limit for one order.",
    check: (c, i) => {
      const limit = i.reduceOnly ? c.instrument.maxSize : Math.min(c.maxOrderSize, c.instrument.maxSize);
      return i.size <= limit ? null : `size=${i.size} limit=${limit}`;
    },
  },
  {
    code: 'POSITION_SIZE_LIMIT',
    scope: 'entry',
    explains: 'Position, working and Unknown orders and this order together exceed the position limit (F6).',
    check: (c, i) => {
      const after =
        i.side === 'buy' ? c.positionSize + c.workingBuySize + i.size : -(c.positionSize - c.workingSellSize - i.size);
      return after <= c.maxPositionSize ? null : `after=${after} limit=${c.maxPositionSize}`;
    },
  },
  {
    code: 'SHORT_IMPOSSIBLE',
    scope: 'entry',
    explains: 'A spot sale of more than is held and not yet offered: spot has no short positions.',
    check: (c, i) => {
      if (c.instrument.kind !== 'spot' || i.side === 'buy') return null;
      const held = c.positionSize - c.workingSellSize;
      return i.size <= held ? null : `held=${held} size=${i.size}`;
    },
  },
  {
    code: 'EXIT_AT_WORK',
    scope: 'all',
    explains:
      'An exit while another exit can still fill, where the venue knows no reduce-only orders: both together would open the other side.',
    check: (c, i) =>
      i.reduceOnly && c.exitsAtWork > 0 && !hasReduceOnly(c.instrument.kind) ? `exits=${c.exitsAtWork}` : null,
  },
  {
    code: 'PRICE_OUT_OF_BAND',
    scope: 'all',
    explains:
      'The limit price is too far from the mid, or not a multiple of the tick; or the trigger price of a stop order is missing or no multiple of it.',
    check: (c, i) => {
      if (i.type === 'stopMarket' || i.type === 'takeProfitMarket') {
        const trigger = i.triggerPrice ?? 0;
        return trigger > 0 && trigger % c.instrument.tickSize === 0
          ? null
          : `trigger=${trigger} tick=${c.instrument.tickSize}`;
      }
      if (i.price === null) return null;
      if (i.price <= 0 || i.price % c.instrument.tickSize !== 0)
        return `price=${i.price} tick=${c.instrument.tickSize}`;
      if (!c.bookValid) return null;
      const middle = (c.bidPrice + c.askPrice) / 2;
      const bps = (Math.abs(i.price - middle) / middle) * 1e4;
      return bps <= c.limits.priceBandBps ? null : `bps=${bps.toFixed(1)} limit=${c.limits.priceBandBps}`;
    },
  },
  {
    code: 'DAILY_LOSS_LIMIT',
    scope: 'entry',
    explains: 'The loss of the day has reached the limit.',
    check: (c) =>
      c.dailyProfit > -c.limits.maxDailyLoss
        ? null
        : `profit=${c.dailyProfit.toFixed(2)} limit=${c.limits.maxDailyLoss}`,
  },
  {
    code: 'DRAWDOWN_LIMIT',
    scope: 'entry',
    explains: "The lane's profit of the day has fallen too far below its highest.",
    check: (c) => {
      const limit = c.limits.maxDrawdown;
      return limit === undefined || c.drawdown < limit ? null : `drawdown=${c.drawdown.toFixed(2)} limit=${limit}`;
    },
  },
  {
    code: 'OPEN_ORDERS_LIMIT',
    scope: 'entry',
    explains: 'Too many orders are open.',
    check: (c) =>
      c.openOrders < c.limits.maxOpenOrders ? null : `open=${c.openOrders} limit=${c.limits.maxOpenOrders}`,
  },
  {
    code: 'ORDER_RATE_LIMIT',
    scope: 'entry',
    explains: 'Orders are sent faster than the limit.',
    check: (c) => (c.orderTokens >= 1 ? null : `perSecond=${c.limits.maxOrderRate}`),
  },
  {
    code: 'ENTRY_FILTERED',
    scope: 'entry',
    explains:
      "The lane's learned entry filter declines the entry: its logit is below the threshold, or what it looks at is missing or stale (H16).",
    check: (c) => c.entryFilter ?? null,
  },
  ...UNIT_CHECKS,
  {
    code: 'REDUCE_ONLY_WOULD_OPEN',
    scope: 'all',
    explains: 'A reduce-only order that would not reduce the position.',
    check: (c, i) => {
      if (!i.reduceOnly) return null;
      const reduces = i.side === 'sell' ? c.positionSize > 0 : c.positionSize < 0;
      return reduces && i.size <= Math.abs(c.positionSize) ? null : `position=${c.positionSize} size=${i.size}`;
    },
  },
] as const satisfies readonly RiskCheck[];

export type { RiskContext } from './risk-context.ts';

export type DenialCode = (typeof RISK_CHECKS)[number]['code'];

/** A refusal with the figures that led to it. */
export interface Denial {
  readonly code: DenialCode;
  readonly detail: string;
}

/** Reduce-only orders are asked no more than this. */
const EXIT_CHECKS = RISK_CHECKS.filter((each) => each.scope === 'all');
/** Without a policy there are neither breakers nor budgets. */
const BEYOND_LANE: ReadonlySet<string> = new Set([...BREAKER_CHECKS, ...UNIT_CHECKS].map((each) => each.code));
const LANE_CHECKS = RISK_CHECKS.filter((each) => !BEYOND_LANE.has(each.code));

/** Asks every check that applies. Null: the order may go. */
export function checkRisk(context: RiskContext, intent: OrderIntent): Denial | null {
  const checks = intent.reduceOnly ? EXIT_CHECKS : context.unit === null ? LANE_CHECKS : RISK_CHECKS;
  for (const each of checks) {
    const detail = each.check(context, intent);
    if (detail !== null) return { code: each.code, detail };
  }
  return null;
}
