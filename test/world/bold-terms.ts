import { type Budget, NO_POLICY, POLICY, type Policy } from '#core/config/policy.ts';
import type { LaneConfiguration, LaneLimits } from '#core/config/runtime-configuration.ts';
import type { Instrument } from '#core/market/instrument.ts';
import { parseScaled } from '#core/market/scaled-decimal.ts';
import { startPriceOf } from '#simulation/market-sources/generated-market.ts';
import type { Dice } from '#simulation/world/dice.ts';
import type { BoldTerms } from './bold-strategy.ts';

/** Share of the limits that a bold world makes narrow: few at a time, so that each is the first to refuse in some. */
const NARROW = 0.22;
/** Worth of what accounts begin with, in quote currency. */
const DEPOSIT = 1_000_000;
const BREAKER = { withinMs: 20_000, openMs: 1_500, maxOpenMs: 4_000, trials: 1 };
/** Declines what takes and passes what rests, whatever the book. */
const RESTING_ALONE = {
  version: 1,
  features: ['takes'],
  means: [0],
  scales: [1],
  coefficients: [-1],
  intercept: 0.5,
  threshold: 0,
} as const;

/** What a bold world is made from; `entry`: worth of its smallest usual order in quote currency. */
export interface BoldUnit {
  readonly lanes: readonly LaneConfiguration[];
  readonly instruments: readonly Instrument[];
  readonly entry: number;
  /** Of an order `factor` times as large, decimal text. */
  readonly size: (instrument: Instrument, factor: number) => string;
}

/** Limits that lie where the sizes, prices and losses of a world with bold strategies fall on both sides of them, each world's in places of its own. */
export function boldTermsOf(unit: BoldUnit, dice: Dice) {
  const instruments = unit.instruments.map((instrument) => boldInstrument(instrument, unit, dice));
  const lanes = unit.lanes.map((lane, index) => {
    const instrument = instruments[index];
    return instrument === undefined ? lane : boldLane(lane, instrument, unit, dice);
  });
  const policy = dice.chance(0.75) ? boldPolicy(unit, dice) : null;
  // So little that an order may cost all of it, or far more than anything does.
  const depositShare = dice.chance(NARROW) ? (dice.between(1.2, 4) * unit.entry) / DEPOSIT : 1;
  const bold = new Map(
    instruments.map((instrument, index): [string, BoldTerms] => {
      const limits = lanes[index]?.limits;
      const edges = edgesOf(instrument, limits, policy, depositShare * DEPOSIT);
      const mostSize = parseScaled(unit.size(instrument, 2.5), instrument.sizeScale);
      return [instrument.symbol, { instrument, mostSize, edges: edges.filter((edge) => edge <= 2 * mostSize) }];
    }),
  );
  return { instruments, lanes, policy: policy ?? NO_POLICY, depositShare, bold };
}

/** Where venues ask for more than a lot is worth. */
function boldInstrument(instrument: Instrument, { entry }: BoldUnit, dice: Dice): Instrument {
  const asks = dice.chance(NARROW) && instrument.minNotional > 0;
  return asks ? { ...instrument, minNotional: Math.round(dice.between(0.05, 0.4) * entry) } : instrument;
}

/** Sizes at which limits lie, at the price that the world begins with. */
function edgesOf(
  instrument: Instrument,
  limits: LaneLimits | undefined,
  policy: Policy | null,
  deposit: number,
): readonly number[] {
  const price = startPriceOf(instrument) / 10 ** instrument.priceScale;
  const sizeOf = (worth: number) => (worth / (instrument.kind === 'inverse' ? 1 : price)) * 10 ** instrument.sizeScale;
  const scaled = (text: string) => parseScaled(text, instrument.sizeScale);
  const exposures = (policy?.budgets ?? []).flatMap(({ maxExposure, symbols }) => {
    if (maxExposure === undefined || symbols?.includes(instrument.symbol) === false) return [];
    return [maxExposure, maxExposure * (symbols === undefined ? (policy?.maxConcentration ?? 1) : 1)];
  });
  const rate = instrument.kind === 'spot' ? 1 : policy?.marginRate;
  return [
    ...(limits === undefined ? [] : [scaled(limits.maxOrderSize), scaled(limits.maxPositionSize)]),
    ...[instrument.minNotional, ...exposures, ...(rate === undefined ? [] : [deposit / rate])].map(sizeOf),
  ];
}

function boldLane(lane: LaneConfiguration, instrument: Instrument, unit: BoldUnit, dice: Dice): LaneConfiguration {
  const price = startPriceOf(instrument);
  const tickBps = (instrument.tickSize / price) * 1e4;
  const narrow = <Limit>(limit: () => Limit, wide: Limit): Limit => (dice.chance(NARROW) ? limit() : wide);
  const inSettlement = (factor: number) =>
    (unit.entry * factor) / (instrument.kind === 'inverse' ? price / 10 ** instrument.priceScale : 1);
  const maxDrawdown = narrow<number | undefined>(() => inSettlement(dice.between(0.0005, 0.003)), undefined);
  const limits: LaneLimits = {
    maxOrderSize: unit.size(
      instrument,
      narrow(() => dice.between(0.4, 2.2), 8),
    ),
    maxPositionSize: unit.size(
      instrument,
      narrow(() => dice.between(0.4, 2.2), 8),
    ),
    priceBandBps: narrow(() => dice.between(0.3, 4) * tickBps, 100),
    maxSpreadBps: narrow(() => dice.between(1, 6) * tickBps, 50),
    maxDataAgeMs: narrow(() => Math.round(dice.between(20, 150)), 400),
    maxDailyLoss: narrow(() => inSettlement(dice.between(0.0005, 0.003)), 1e6),
    ...(maxDrawdown === undefined ? {} : { maxDrawdown }),
    // What enters has nothing at work: only new terms of an entry meet it, beside what protects the part that has filled.
    maxOpenOrders: dice.chance(0.5) ? dice.whole(1, 2) : 8,
    maxOrderRate: narrow(() => dice.pick([0.5, 1, 1.5, 2, 3]), 50),
    ...(dice.chance(0.03) ? { marketHours: 'us-equity' as const } : {}),
  };
  return {
    ...lane,
    limits,
    ...(dice.chance(0.12) ? { entryFilter: { model: { ...RESTING_ALONE, ...COPIES() } } } : {}),
  };
}

/** The lists of a model may be changed by whoever has it. */
function COPIES() {
  const { features, means, scales, coefficients } = RESTING_ALONE;
  return { features: [...features], means: [...means], scales: [...scales], coefficients: [...coefficients] };
}

function boldPolicy({ entry, instruments }: BoldUnit, dice: Dice): Policy {
  const narrow = <Limit>(limit: () => Limit): Limit | undefined => (dice.chance(NARROW) ? limit() : undefined);
  const given = (limits: Readonly<Record<string, number | undefined>>) =>
    Object.fromEntries(Object.entries(limits).filter(([, limit]) => limit !== undefined));
  const concentration = narrow(() => dice.between(0.3, 0.9));
  const whole = given({
    maxExposure: concentration === undefined ? narrow(() => entry * dice.between(0.8, 4)) : entry * dice.between(1, 4),
    maxDailyLoss: narrow(() => entry * dice.between(0.0005, 0.004)),
    maxDrawdown: narrow(() => entry * dice.between(0.0005, 0.004)),
    maxOpenOrders: narrow(() => dice.whole(1, 3)),
    maxOrderRate: narrow(() => dice.pick([0.5, 1, 1.5, 2, 3])),
  });
  const budgets: Omit<Budget, 'shares'>[] = [];
  if (Object.keys(whole).length > 0) budgets.push({ name: 'unit', mode: 'paper', ...whole });
  const [first, second] = instruments;
  const named = dice.chance(0.5) ? first : second;
  const ofSymbol = narrow(() => entry * dice.between(0.5, 2.5));
  if (named !== undefined && ofSymbol !== undefined)
    budgets.push({ name: 'symbol', mode: 'paper', symbols: [named.symbol], maxExposure: ofSymbol });
  const breakers = {
    consecutiveLosses: { ...BREAKER, window: 3, bad: 3 },
    errorRate: { ...BREAKER, window: 8, bad: 3 },
    rejectRate: { ...BREAKER, window: 8, bad: 3 },
    latency: { ...BREAKER, window: 8, bad: 3 },
    // Longer than it takes until the two agree again: meanwhile no entry is asked about.
    reconciliation: { ...BREAKER, window: 2, bad: 1, openMs: 5_000, maxOpenMs: 8_000 },
  };
  return POLICY.parse({
    version: 1,
    budgets,
    ...(concentration === undefined ? {} : { maxConcentration: concentration }),
    ...(dice.chance(0.6) ? { marginRate: dice.pick([0.2, 0.5, 1]) } : {}),
    // Now and then nobody states what the quote currency is worth.
    ...(dice.chance(0.06) ? { worth: { EUR: 1 } } : {}),
    slowAckMs: dice.pick([40, 300]),
    ...(dice.chance(0.4) ? { breakers } : {}),
  });
}
