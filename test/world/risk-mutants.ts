import { RISK_CHECKS } from '#core/risk/checks.ts';
import type { RiskCheck, RiskContext } from '#core/risk/risk-context.ts';
import type { Mutant } from './mutants.ts';
import { replaceProperty } from './planted-bugs.ts';

type Shift = (context: RiskContext, by: number) => RiskContext;
type Limit = 'maxDataAgeMs' | 'maxSpreadBps' | 'priceBandBps' | 'maxDailyLoss' | 'maxDrawdown' | 'maxOpenOrders';

const limit =
  (name: Limit): Shift =>
  (context, by) => ({ ...context, limits: { ...context.limits, [name]: (context.limits[name] ?? 0) + by } });
const figure =
  (
    name: 'maxOrderSize' | 'maxPositionSize' | 'orderTokens' | 'unknownOrders' | 'exitsAtWork' | 'positionSize',
  ): Shift =>
  (context, by) => ({ ...context, [name]: context[name] + by });
const part =
  (name: 'maxExposure' | 'maxDailyLoss' | 'maxDrawdown' | 'maxOpenOrders'): Shift =>
  ({ unit, ...context }, by) => ({
    ...context,
    unit: unit === null ? null : { ...unit, allotment: { ...unit.allotment, [name]: unit.allotment[name] + by } },
  });
const ofUnit =
  (name: 'orderTokens' | 'unpriced'): Shift =>
  ({ unit, ...context }, by) => ({ ...context, unit: unit === null ? null : { ...unit, [name]: unit[name] + by } });

/** The figure of each check that has one; it is shifted by one of its smallest steps. */
const SHIFTS: Readonly<Record<string, { readonly shift: Shift; readonly step: number }>> = {
  DATA_TOO_OLD: { shift: limit('maxDataAgeMs'), step: 1 },
  SPREAD_TOO_WIDE: { shift: limit('maxSpreadBps'), step: 0.1 },
  ORDER_SIZE_BELOW_MINIMUM: {
    shift: (context, by) => ({
      ...context,
      instrument: { ...context.instrument, minNotional: context.instrument.minNotional + by },
    }),
    step: 1,
  },
  ORDER_SIZE_LIMIT: { shift: figure('maxOrderSize'), step: 1 },
  POSITION_SIZE_LIMIT: { shift: figure('maxPositionSize'), step: 1 },
  SHORT_IMPOSSIBLE: { shift: figure('positionSize'), step: 1 },
  EXIT_AT_WORK: { shift: figure('exitsAtWork'), step: 1 },
  PRICE_OUT_OF_BAND: { shift: limit('priceBandBps'), step: 0.1 },
  DAILY_LOSS_LIMIT: { shift: limit('maxDailyLoss'), step: 0.1 },
  DRAWDOWN_LIMIT: { shift: limit('maxDrawdown'), step: 0.1 },
  OPEN_ORDERS_LIMIT: { shift: limit('maxOpenOrders'), step: 1 },
  ORDER_RATE_LIMIT: { shift: figure('orderTokens'), step: 1 },
  ORDER_UNKNOWN_PENDING: { shift: figure('unknownOrders'), step: 1 },
  EXPOSURE_UNPRICED: { shift: ofUnit('unpriced'), step: 1 },
  UNIT_EXPOSURE_LIMIT: { shift: part('maxExposure'), step: 50 },
  SYMBOL_EXPOSURE_LIMIT: { shift: symbolPart, step: 50 },
  CONCENTRATION_LIMIT: { shift: share, step: 0.02 },
  UNIT_DAILY_LOSS_LIMIT: { shift: part('maxDailyLoss'), step: 0.1 },
  UNIT_DRAWDOWN_LIMIT: { shift: part('maxDrawdown'), step: 0.1 },
  UNIT_OPEN_ORDERS_LIMIT: { shift: part('maxOpenOrders'), step: 1 },
  UNIT_ORDER_RATE_LIMIT: { shift: ofUnit('orderTokens'), step: 1 },
  MARGIN_INSUFFICIENT: { shift: available, step: 1 },
  REDUCE_ONLY_WOULD_OPEN: { shift: figure('positionSize'), step: 1 },
};

/** Each check never or always refusing, and its limit a step too low or too high. */
export function riskMutants(): Mutant[] {
  const checks: readonly RiskCheck[] = RISK_CHECKS;
  return checks.flatMap((each) => {
    const { check, code } = each;
    const mutant = (name: string, cell: Mutant['cell'], mutated: RiskCheck['check']): Mutant => ({
      name: `risk ${code} ${name}`,
      table: 'risk',
      cell,
      install: () => replaceProperty(each, 'check', mutated),
    });
    const shifted = SHIFTS[code];
    return [
      mutant('never refuses', `risk ${code} refuses`, () => null),
      mutant('always refuses', `risk ${code} passes`, (context, intent) => check(context, intent) ?? 'mutant'),
      ...(shifted === undefined
        ? []
        : [-shifted.step, shifted.step].map((by) =>
            mutant(`is off by ${by}`, `risk ${code} passes`, (context, intent) =>
              check(shifted.shift(context, by), intent),
            ),
          )),
    ];
  });
}

function symbolPart({ unit, ...context }: RiskContext, by: number): RiskContext {
  if (unit === null) return { ...context, unit };
  const parts = new Map([...unit.allotment.symbolExposure].map(([symbol, amount]) => [symbol, amount + by]));
  return { ...context, unit: { ...unit, allotment: { ...unit.allotment, symbolExposure: parts } } };
}

function share({ unit, ...context }: RiskContext, by: number): RiskContext {
  return { ...context, unit: unit === null ? null : { ...unit, maxConcentration: unit.maxConcentration + by } };
}

function available({ unit, ...context }: RiskContext, by: number): RiskContext {
  if (unit === null || unit.available === null) return { ...context, unit };
  return { ...context, unit: { ...unit, available: unit.available + by } };
}
