import type { RiskCheck } from './risk-context.ts';

/** What all lanes of a unit may do together: its parts of the policy's budgets, which are divided over units in advance. Without a policy each passes. */
export const UNIT_CHECKS = [
  {
    code: 'EXPOSURE_UNPRICED',
    scope: 'entry',
    explains:
      'A budget counts money, and a lane of the unit cannot be valued: it has not begun yet, or the policy states no worth for the currency that it settles in.',
    check: ({ unit }) => {
      if (unit === null || unit.unpriced === 0) return null;
      const { maxExposure, maxDailyLoss, maxDrawdown, symbolExposure } = unit.allotment;
      const counted =
        Math.min(maxExposure, maxDailyLoss, maxDrawdown) < Number.POSITIVE_INFINITY || symbolExposure.size > 0;
      return counted ? `lanes=${unit.unpriced} reporting=${unit.reportingCurrency}` : null;
    },
  },
  {
    code: 'UNIT_EXPOSURE_LIMIT',
    scope: 'entry',
    explains:
      "Positions, working and Unknown orders of all lanes and this order together exceed the unit's part of a budget (F6).",
    check: ({ unit }) => beyond(unit?.exposureAfter, unit?.allotment.maxExposure, 'after'),
  },
  {
    code: 'SYMBOL_EXPOSURE_LIMIT',
    scope: 'entry',
    explains: "The same of one symbol exceeds the unit's part of that symbol's budget.",
    check: ({ unit }, intent) =>
      beyond(unit?.laneExposureAfter, unit?.allotment.symbolExposure.get(intent.symbol), 'after'),
  },
  {
    code: 'CONCENTRATION_LIMIT',
    scope: 'entry',
    explains: "One symbol would take more than its share of the unit's exposure.",
    check: ({ unit }) =>
      unit === null
        ? null
        : beyond(unit.laneExposureAfter, unit.allotment.maxExposure * unit.maxConcentration, 'after'),
  },
  {
    code: 'UNIT_DAILY_LOSS_LIMIT',
    scope: 'entry',
    explains: "The loss of the day of all lanes has reached the unit's part of a budget.",
    check: ({ unit }) => reached(unit === null ? undefined : -unit.profit, unit?.allotment.maxDailyLoss, 'loss'),
  },
  {
    code: 'UNIT_DRAWDOWN_LIMIT',
    scope: 'entry',
    explains: "The profit of the day of all lanes has fallen below its highest by the unit's part of a budget.",
    check: ({ unit }) => reached(unit?.drawdown, unit?.allotment.maxDrawdown, 'drawdown'),
  },
  {
    code: 'UNIT_OPEN_ORDERS_LIMIT',
    scope: 'entry',
    explains: 'Too many orders of all lanes are open.',
    check: ({ unit }) => reached(unit?.openOrders, unit?.allotment.maxOpenOrders, 'open', 0),
  },
  {
    code: 'UNIT_ORDER_RATE_LIMIT',
    scope: 'entry',
    explains: 'Orders of all lanes are sent faster than the limit.',
    check: ({ unit }) => (unit === null || unit.orderTokens >= 1 ? null : `perSecond=${unit.allotment.maxOrderRate}`),
  },
  {
    code: 'MARGIN_INSUFFICIENT',
    scope: 'entry',
    explains:
      'What the venue says is free of the settlement currency, less what was sent since, does not cover the order.',
    check: ({ unit }) =>
      unit === null || unit.available === null || unit.marginNeeded === null || unit.marginNeeded <= unit.available
        ? null
        : `needed=${unit.marginNeeded.toFixed(2)} available=${unit.available.toFixed(2)}`,
  },
] as const satisfies readonly RiskCheck[];

function beyond(value: number | undefined, limit: number | undefined, name: string): string | null {
  if (value === undefined || limit === undefined || limit === Number.POSITIVE_INFINITY || value <= limit) return null;
  return `${name}=${value.toFixed(2)} limit=${limit.toFixed(2)}`;
}

function reached(value: number | undefined, limit: number | undefined, name: string, decimals = 2): string | null {
  if (value === undefined || limit === undefined || limit === Number.POSITIVE_INFINITY || value < limit) return null;
  return `${name}=${value.toFixed(decimals)} limit=${limit.toFixed(decimals)}`;
}
