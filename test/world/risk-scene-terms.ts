import { POLICY, type Policy } from '#core/config/policy.ts';
import type { LaneConfiguration } from '#core/config/runtime-configuration.ts';
import type { UnitRef } from '#core/control/unit.ts';
import type { Instrument } from '#core/market/instrument.ts';
import type { Dice } from '#simulation/world/dice.ts';
import { BTC, laneConfiguration } from '../support/lane-world.ts';

/** Share of the limits that a scene makes narrow. */
const NARROW = 0.15;
const SYMBOLS = ['BTCUSDT', 'ETHUSDT'] as const;
const BREAKER = { withinMs: 60_000, openMs: 1_500, maxOpenMs: 4_000 };

export const SCENE_UNIT: UnitRef = { account: 'main', mode: 'paper', venue: 'binance-usdm' };
/** Where prices begin, at the instruments' scale, and sizes of orders: an order is worth some 600 and more. */
export const SCENE_PRICE = 600_000;
export const SCENE_SIZES = [10, 10, 15, 16, 20, 21, 30] as const;
/** What half of the smallest order is worth, about: sums of orders lie near its multiples. */
const GRAIN = 300;
/** What a tick is of a price, basis points. */
const TICK_BPS = 1e4 / SCENE_PRICE;

/** A lane of a scene, and what it trades. */
export interface SceneLaneTerms {
  readonly configuration: LaneConfiguration;
  readonly instrument: Instrument;
}

/** What the unit of a scene is limited by: limits lie where the sizes, counts and losses of a scene fall on both sides of them, each scene's in places of its own. */
export interface RiskSceneTerms {
  readonly lanes: readonly SceneLaneTerms[];
  readonly policy: Policy;
}

export function riskSceneTerms(dice: Dice): RiskSceneTerms {
  const lanes = SYMBOLS.map((symbol, index) => ({
    configuration: laneOf(`lane-${index + 1}`, symbol, dice),
    instrument: { ...BTC, symbol, minNotional: dice.chance(NARROW) ? 2 * GRAIN + dice.between(-1.2, 1.2) : 5 },
  }));
  return { lanes, policy: policyOf(dice) };
}

function laneOf(name: string, symbol: string, dice: Dice): LaneConfiguration {
  const narrow = <Limit>(limit: () => Limit, wide: Limit): Limit => (dice.chance(NARROW) ? limit() : wide);
  const usual = laneConfiguration();
  const maxDrawdown = narrow<number | undefined>(() => loss(dice), undefined);
  const limits: LaneConfiguration['limits'] = {
    ...usual.limits,
    maxOrderSize: narrow(() => dice.pick(['0.015', '0.020']), '1'),
    maxPositionSize: narrow(() => dice.pick(['0.020', '0.035', '0.050']), '10'),
    maxSpreadBps: narrow(() => dice.between(2, 6) * TICK_BPS, 10),
    priceBandBps: narrow(() => dice.between(5, 25) * TICK_BPS, 100),
    maxDailyLoss: narrow(() => loss(dice), 1e6),
    ...(maxDrawdown === undefined ? {} : { maxDrawdown }),
    maxOpenOrders: dice.chance(0.4) ? dice.whole(1, 4) : 1_000,
    maxOrderRate: narrow(() => dice.pick([0.5, 1, 1.5, 2]), 1_000),
  };
  return { ...usual, name, symbol, limits };
}

function policyOf(dice: Dice): Policy {
  const narrow = (limit: () => number): number | undefined => (dice.chance(NARROW) ? limit() : undefined);
  const maxExposure = narrow(() => exposure(dice, 5, 13));
  const maxConcentration = maxExposure === undefined ? undefined : narrow(() => exposure(dice, 3, 5) / maxExposure);
  const ofSymbol = narrow(() => exposure(dice, 3, 8));
  const limits = {
    maxExposure,
    maxDailyLoss: narrow(() => loss(dice)),
    maxDrawdown: dice.chance(2 * NARROW) ? loss(dice) : undefined,
    maxOpenOrders: narrow(() => dice.whole(1, 5)),
    maxOrderRate: narrow(() => dice.pick([0.5, 1, 1.5, 2])),
  };
  const given = Object.fromEntries(Object.entries(limits).filter(([, limit]) => limit !== undefined));
  const count = dice.whole(2, 3);
  const trials = dice.whole(1, 2);
  return POLICY.parse({
    version: 1,
    budgets: [
      ...(Object.keys(given).length === 0 ? [] : [{ name: 'unit', mode: 'paper', ...given }]),
      ...(ofSymbol === undefined
        ? []
        : [{ name: 'symbol', mode: 'paper', symbols: [dice.pick(SYMBOLS)], maxExposure: ofSymbol }]),
    ],
    ...(maxConcentration === undefined ? {} : { maxConcentration }),
    // Now and then nobody states what the quote currency is worth.
    ...(dice.chance(0.04) ? { worth: { EUR: 1 } } : {}),
    slowAckMs: dice.pick([40, 300]),
    ...(dice.chance(0.3) ? { marginRate: dice.pick([0.2, 0.5]) } : {}),
    breakers: {
      ...(dice.chance(0.5) ? { consecutiveLosses: { ...BREAKER, window: count, bad: count, trials } } : {}),
      ...(dice.chance(0.3) ? { errorRate: { ...BREAKER, window: 8, bad: 3, trials } } : {}),
      ...(dice.chance(0.3) ? { rejectRate: { ...BREAKER, window: 8, bad: 3, trials } } : {}),
      ...(dice.chance(0.3) ? { latency: { ...BREAKER, window: 8, bad: 4, trials } } : {}),
    },
  });
}

/** Of the size of what some trades lose. */
function loss(dice: Dice): number {
  return dice.between(0.3, 2);
}

/** Near what some orders are worth together. */
function exposure(dice: Dice, least: number, most: number): number {
  return dice.whole(least, most) * GRAIN + dice.between(-15, 15);
}
