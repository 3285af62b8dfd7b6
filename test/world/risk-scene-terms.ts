import { POLICY, type Policy } from '#core/config/policy.ts';
import type { LaneConfiguration } from '#core/config/runtime-configuration.ts';
import type { UnitRef } from '#core/control/unit.ts';
import type { Instrument } from '#core/market/instrument.ts';
import type { Dice } from '#simulation/world/dice.ts';
import { BTC, laneConfiguration } from '../support/lane-world.ts';

/** Share of the limits that a scene makes narrow. */
const NARROW = 0.2;
const SYMBOLS = ['BTCUSDT', 'ETHUSDT'] as const;
const BREAKER = { withinMs: 60_000, openMs: 1_500, maxOpenMs: 4_000 };

export const SCENE_UNIT: UnitRef = { account: 'main', mode: 'paper', venue: 'binance-usdm' };
/** Where prices begin, at the instruments' scale, and sizes of orders: an order is worth some 600 and more. */
export const SCENE_PRICE = 600_000;
export const SCENE_SIZES = [10, 15, 20, 30] as const;

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
    instrument: { ...BTC, symbol },
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
    maxDailyLoss: narrow(() => loss(dice), 1e6),
    ...(maxDrawdown === undefined ? {} : { maxDrawdown }),
    maxOpenOrders: dice.chance(0.4) ? dice.whole(1, 4) : 1_000,
    maxOrderRate: narrow(() => dice.pick([0.5, 1, 1.5, 2]), 1_000),
  };
  return { ...usual, name, symbol, limits };
}

function policyOf(dice: Dice): Policy {
  const narrow = (limit: () => number): number | undefined => (dice.chance(NARROW) ? limit() : undefined);
  const limits = {
    maxExposure: narrow(() => dice.between(1_500, 4_000)),
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
    budgets: Object.keys(given).length === 0 ? [] : [{ name: 'unit', mode: 'paper', ...given }],
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
