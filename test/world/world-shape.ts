import { NO_POLICY, POLICY, type Policy } from '#core/config/policy.ts';
import type { LaneConfiguration } from '#core/config/runtime-configuration.ts';
import type { UnitRef } from '#core/control/unit.ts';
import type { Instrument } from '#core/market/instrument.ts';
import { formatScaled } from '#core/market/scaled-decimal.ts';
import { builtInInstruments } from '#simulation/market-sources/built-in-instruments.ts';
import { startPriceOf } from '#simulation/market-sources/generated-market.ts';
import { createDice, type Dice } from '#simulation/world/dice.ts';
import type { Venue } from '#venues/venue.ts';
import { venues } from '#venues/venues.ts';
import type { BoldTerms } from './bold-strategy.ts';
import { boldTermsOf } from './bold-terms.ts';

/** What a world trades, and how narrow its limits are. */
export interface WorldShape {
  readonly market: 'linear' | 'inverse' | 'spot';
  /** `tight`: so near that each is met. */
  readonly limits: 'wide' | 'tight';
  /** Budgets and breakers over all lanes of the unit. */
  readonly policy: 'none' | 'tight';
  /** `large`: so that an order fills in parts; `huge`: so that it seldom fills whole. */
  readonly size?: 'small' | 'large' | 'huge';
  /** `hectic`: orders are amended and cancelled as soon as they are sent, and positions held for moments; `patient`: they rest, and are held, for as long as a venue takes to become clear. */
  readonly pace?: 'steady' | 'hectic' | 'patient';
  /** Whether entries only rest and never take. */
  readonly rests?: boolean;
  /** Whether the reconciler of the cloud runs as well. */
  readonly reconciled?: boolean;
  /** How many lanes the unit has; absent: `LANES`. */
  readonly lanes?: number;
  /** Strategies ask for anything, and the limits lie in places that this number chooses. */
  readonly bold?: number;
}

export const PLAIN_SHAPE: WorldShape = { market: 'linear', limits: 'wide', policy: 'none' };

/** How many lanes a unit has where its shape does not say. */
export const LANES = 2;

/** Worth of an entry at its smallest, in quote currency. */
const ENTRY = 2_000;

/** How many times as large an order is. */
const TIMES = { small: 1, large: 25, huge: 120 } as const satisfies Record<NonNullable<WorldShape['size']>, number>;

const UNITS = {
  linear: 'bybit-linear',
  inverse: 'deribit',
  // It amends no price: there an entry that follows its touch is cancelled, and what is left of it placed anew.
  spot: 'binance-spot',
} as const satisfies Record<WorldShape['market'], UnitRef['venue']>;

export function shapeOf(dice: Dice): WorldShape {
  const market = dice.chance(0.7) ? 'linear' : dice.chance(0.5) ? 'inverse' : 'spot';
  return {
    market,
    limits: dice.chance(0.3) ? 'tight' : 'wide',
    policy: dice.chance(0.3) ? 'tight' : 'none',
    size: dice.chance(0.5) ? 'large' : 'small',
    pace: dice.chance(0.5) ? 'hectic' : 'steady',
    reconciled: dice.chance(0.3),
    ...(dice.chance(0.06) ? { pace: 'patient' as const } : {}),
    ...(dice.chance(0.15) ? { bold: dice.whole(1, 2 ** 30) } : {}),
    ...(dice.chance(0.2) ? { lanes: 3 } : {}),
  };
}

/** The unit of a world with its lanes, by its shape. */
export interface WorldUnit {
  readonly unit: UnitRef;
  readonly venue: Venue;
  readonly instruments: readonly Instrument[];
  readonly lanes: readonly LaneConfiguration[];
  readonly policy: Policy;
  /** Of what accounts begin with. */
  readonly depositShare: number;
  /** What strategies are made to ask for, by symbol; empty: nothing but what they would. */
  readonly bold: ReadonlyMap<string, BoldTerms>;
}

export function unitOf(shape: WorldShape): WorldUnit {
  const id = UNITS[shape.market];
  const unit: UnitRef = { mode: 'paper', account: 'main', venue: id };
  const instruments = builtInInstruments(id).slice(0, shape.lanes ?? LANES);
  const lanes = instruments.map((instrument, index) => laneOf(unit, instrument, index, shape));
  // Books of all worlds come as those of Bybit.
  const venue = { ...venues[id], createBookSync: venues['bybit-linear'].createBookSync };
  if (shape.bold !== undefined) {
    const times = TIMES[shape.size ?? 'small'];
    const size = (instrument: Instrument, factor: number) => sizeFor(instrument, factor * times);
    return { unit, venue, ...boldTermsOf({ lanes, instruments, entry: ENTRY * times, size }, createDice(shape.bold)) };
  }
  const policy = shape.policy === 'none' ? NO_POLICY : tightPolicy(shape);
  return { unit, venue, instruments, lanes, policy, depositShare: 1, bold: new Map() };
}

const BREAKER = { withinMs: 20_000, openMs: 1_500, maxOpenMs: 4_000, trials: 1 };

/** Of a size at which what a world trades comes near to all of it. */
function tightPolicy(shape: WorldShape): Policy {
  const entry = ENTRY * TIMES[shape.size ?? 'small'];
  return POLICY.parse({
    version: 1,
    budgets: [
      {
        name: 'unit',
        mode: 'paper',
        maxExposure: 3 * entry,
        maxDailyLoss: entry * 0.003,
        maxDrawdown: entry * 0.0045,
        maxOpenOrders: 2,
        maxOrderRate: 3,
      },
      { name: 'first', mode: 'paper', symbols: ['BTCUSDT', 'BTC-PERPETUAL'], maxExposure: 1.8 * entry },
    ],
    maxConcentration: 0.62,
    marginRate: 0.1,
    slowAckMs: 300,
    breakers: {
      consecutiveLosses: { ...BREAKER, window: 3, bad: 3 },
      errorRate: { ...BREAKER, window: 8, bad: 3 },
      rejectRate: { ...BREAKER, window: 8, bad: 3 },
      latency: { ...BREAKER, window: 8, bad: 4 },
      reconciliation: { ...BREAKER, window: 2, bad: 1 },
    },
  });
}

function laneOf(unit: UnitRef, instrument: Instrument, index: number, shape: WorldShape): LaneConfiguration {
  const large = TIMES[shape.size ?? 'small'];
  const size = (factor: number) => sizeFor(instrument, factor * large);
  const { entryTicks, repegs, restMs, holdMs, cooldownMs } = paceOf(shape.pace ?? 'steady', index);
  const tight = shape.limits === 'tight';
  const price = startPriceOf(instrument) / 10 ** instrument.priceScale;
  const loss = (inQuote: number) => (instrument.kind === 'inverse' ? (inQuote * large) / price : inQuote * large);
  return {
    name: `lane-${index + 1}`,
    account: unit.account,
    mode: unit.mode,
    venue: unit.venue,
    symbol: instrument.symbol,
    strategy: {
      kind: 'momentum-scalper',
      window: 4,
      entryTicks,
      ...(repegs ? { repegTicks: 1 } : {}),
      takeTicks: shape.rests === true ? 100_000 : 12,
      takeProfitTicks: 6,
      stopLossTicks: 60,
      restMs,
      holdMs,
      cooldownMs,
      baseSize: size(1),
      maxSizeFactor: 2,
    },
    limits: {
      maxOrderSize: size(tight ? 1.7 : 3),
      maxPositionSize: size(tight ? 1.5 : 6),
      priceBandBps: tight ? 2 : 100,
      maxSpreadBps: tight ? 0.5 : 20,
      maxDataAgeMs: tight ? 100 : 400,
      maxDailyLoss: tight ? loss(6) : 100_000,
      ...(tight ? { maxDrawdown: loss(8) } : {}),
      maxOpenOrders: tight ? 1 : 5,
      maxOrderRate: tight ? 1 : 10,
    },
    ...(repegs ? { protection: { takeProfit: 'following' } } : {}),
    reservedSize: '0',
    confirm: index === 0 || !tight ? 'every' : 'unseen',
  };
}

function paceOf(pace: NonNullable<WorldShape['pace']>, index: number) {
  if (pace === 'steady') return { entryTicks: 2, repegs: false, restMs: 800, holdMs: 3_000, cooldownMs: 300 };
  // One that holds for long, and one that mostly waits.
  const patient = { entryTicks: 1, repegs: true, restMs: 11_000, cooldownMs: 300 };
  if (pace === 'patient') return { ...patient, holdMs: index === 0 ? 11_000 : 1_000 };
  // One that hardly waits, and one whose orders rest long enough to be amended more than once.
  const [restMs, holdMs] = index === 0 ? [150, 700] : [1_500, 1_500];
  return { entryTicks: 1, repegs: true, restMs, holdMs, cooldownMs: 100 };
}

/** Of an entry `factor` times the smallest, decimal text. */
export function sizeFor(instrument: Instrument, factor: number): string {
  const { kind, priceScale, sizeScale, lotSize } = instrument;
  const price = startPriceOf(instrument) / 10 ** priceScale;
  const size = ((ENTRY * factor) / (kind === 'inverse' ? 1 : price)) * 10 ** sizeScale;
  return formatScaled(Math.ceil(size / lotSize) * lotSize, sizeScale);
}
