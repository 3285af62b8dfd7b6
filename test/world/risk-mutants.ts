import { RISK_CHECKS } from '#core/risk/checks.ts';
import type { RiskCheck, RiskContext } from '#core/risk/risk-context.ts';
import { bookMutants } from './book-mutants.ts';
import { breakerMutants } from './breaker-mutants.ts';
import type { Mutant } from './mutants.ts';
import { replaceProperty } from './planted-bugs.ts';

/** The context with a figure or a limit `by` of its steps further; the context itself where there is none. */
type Shift = (context: RiskContext, by: number) => RiskContext;
type Limit = 'maxDataAgeMs' | 'maxSpreadBps' | 'priceBandBps' | 'maxDailyLoss' | 'maxDrawdown' | 'maxOpenOrders';
type Unit = NonNullable<RiskContext['unit']>;

/** A limit of the lane. */
const limit =
  (name: Limit, stepOf: (context: RiskContext, limit: number) => number): Shift =>
  (context, by) => {
    const before = context.limits[name];
    if (before === undefined) return context;
    return { ...context, limits: { ...context.limits, [name]: before + by * stepOf(context, before) } };
  };
const figure =
  (
    name: 'maxOrderSize' | 'maxPositionSize' | 'orderTokens' | 'unknownOrders' | 'exitsAtWork' | 'positionSize',
    stepOf: (context: RiskContext) => number,
  ): Shift =>
  (context, by) => ({ ...context, [name]: context[name] + by * stepOf(context) });
/** Something of the unit; without a policy there is nothing. */
const ofUnit =
  (change: (unit: Unit, by: number, context: RiskContext) => Partial<Unit>): Shift =>
  (context, by) =>
    context.unit === null ? context : { ...context, unit: { ...context.unit, ...change(context.unit, by, context) } };
const part = (
  name: 'maxExposure' | 'maxDailyLoss' | 'maxDrawdown' | 'maxOpenOrders',
  stepOf: (limit: number) => number,
): Shift =>
  ofUnit(({ allotment }, by) => {
    const before = allotment[name];
    const after = Number.isFinite(before) ? before + by * stepOf(before) : before;
    return { allotment: { ...allotment, [name]: after } };
  });

const one = () => 1;
const oneLot = ({ instrument }: RiskContext) => instrument.lotSize;
/** What a lane holds when it enters is dust, and what it may ask to sell no less than a venue takes. */
const leastSale = ({ instrument, askPrice }: RiskContext) =>
  Math.ceil((instrument.minNotional / (askPrice / 10 ** instrument.priceScale)) * 10 ** instrument.sizeScale);
/** What a lot is worth in the currency that the order binds: what is bound grows by no less, where all of it is. */
const lotWorth = ({ instrument, askPrice }: RiskContext) => {
  const price = askPrice / 10 ** instrument.priceScale;
  const lot = instrument.lotSize / 10 ** instrument.sizeScale;
  return instrument.kind === 'inverse' ? lot / price : lot * price;
};
/** Prices lie on ticks, and what is measured between them is a multiple of what half a tick makes. */
const oneTick = ({ instrument, bidPrice }: RiskContext) => (instrument.tickSize / bidPrice) * 1e4;
/** Losses grow by what a trade costs, which is a good part of such a limit: a finer step falls between two trades. */
const ofLoss = (_context: RiskContext, before: number) => before * LOSS_STEP;
const LOSS_STEP = 0.1;
/** Far less than a lot is worth, reporting currency. */
const EXPOSURE_STEP = 10;

/** The figure of each check that has one, and the smallest step by which it is shifted. */
const SHIFTS: Readonly<Record<string, Shift>> = {
  DATA_TOO_OLD: limit('maxDataAgeMs', one),
  SPREAD_TOO_WIDE: limit('maxSpreadBps', oneTick),
  ORDER_SIZE_BELOW_MINIMUM: (context, by) => ({
    ...context,
    instrument: { ...context.instrument, minNotional: context.instrument.minNotional + by },
  }),
  ORDER_SIZE_LIMIT: figure('maxOrderSize', oneLot),
  POSITION_SIZE_LIMIT: figure('maxPositionSize', oneLot),
  SHORT_IMPOSSIBLE: figure('positionSize', leastSale),
  EXIT_AT_WORK: figure('exitsAtWork', one),
  PRICE_OUT_OF_BAND: limit('priceBandBps', oneTick),
  DAILY_LOSS_LIMIT: limit('maxDailyLoss', ofLoss),
  DRAWDOWN_LIMIT: limit('maxDrawdown', ofLoss),
  OPEN_ORDERS_LIMIT: limit('maxOpenOrders', one),
  ORDER_RATE_LIMIT: figure('orderTokens', () => TOKEN_STEP),
  ORDER_UNKNOWN_PENDING: figure('unknownOrders', one),
  EXPOSURE_UNPRICED: ofUnit(({ unpriced }, by) => ({ unpriced: unpriced + by })),
  UNIT_EXPOSURE_LIMIT: part('maxExposure', () => EXPOSURE_STEP),
  SYMBOL_EXPOSURE_LIMIT: ofUnit(({ allotment }, by) => {
    const parts = [...allotment.symbolExposure].map(([symbol, of]) => [symbol, of + by * EXPOSURE_STEP] as const);
    return { allotment: { ...allotment, symbolExposure: new Map(parts) } };
  }),
  CONCENTRATION_LIMIT: ofUnit(({ maxConcentration, allotment }, by) => ({
    maxConcentration: maxConcentration + (by * EXPOSURE_STEP) / allotment.maxExposure,
  })),
  UNIT_DAILY_LOSS_LIMIT: part('maxDailyLoss', (before) => before * LOSS_STEP),
  UNIT_DRAWDOWN_LIMIT: part('maxDrawdown', (before) => before * LOSS_STEP),
  UNIT_OPEN_ORDERS_LIMIT: part('maxOpenOrders', one),
  UNIT_ORDER_RATE_LIMIT: ofUnit(({ orderTokens }, by) => ({ orderTokens: orderTokens + by * TOKEN_STEP })),
  MARGIN_INSUFFICIENT: ofUnit(({ available }, by, context) => ({
    available: available === null ? null : available + by * lotWorth(context),
  })),
  REDUCE_ONLY_WOULD_OPEN: figure('positionSize', oneLot),
};
/** Of an order: what a bucket gains in a few hundredths of a second. */
const TOKEN_STEP = 0.1;

/** What these count is hardly ever met, and is one thing or nothing. Of the others a limit is near where something was refused. */
const SELDOM: ReadonlySet<string> = new Set([
  'SHORT_IMPOSSIBLE',
  'EXIT_AT_WORK',
  'ORDER_UNKNOWN_PENDING',
  'EXPOSURE_UNPRICED',
  'REDUCE_ONLY_WOULD_OPEN',
]);

/** Each check never or always refusing, and its limit a step too low or too high; the breakers; and what lanes share. */
export function riskMutants(): Mutant[] {
  return [...checkMutants(), ...breakerMutants(), ...bookMutants()];
}

function checkMutants(): Mutant[] {
  const checks: readonly RiskCheck[] = RISK_CHECKS;
  return checks.flatMap((each) => {
    const { check, code } = each;
    const mutant = (name: string, cell: Mutant['cell'], mutated: RiskCheck['check']): Mutant => ({
      name: `risk ${code} ${name}`,
      table: 'risk',
      cell,
      install: () => replaceProperty(each, 'check', mutated),
    });
    const shift = SHIFTS[code];
    return [
      mutant('never refuses', `risk ${code} refuses`, () => null),
      mutant('always refuses', `risk ${code} passes`, (context, intent) => check(context, intent) ?? 'mutant'),
      ...(shift === undefined
        ? []
        : [-1, 1].map((by) =>
            mutant(`is off by ${by}`, `risk ${code} ${SELDOM.has(code) ? 'passes' : 'refuses'}`, (context, intent) =>
              check(shift(context, by), intent),
            ),
          )),
    ];
  });
}
