import { type UnitRef, unitId } from '../control/unit.ts';
import type { VenueId } from '../market/instrument.ts';

/** How often every lane is compared with its venue, ms (H2). */
export const COMPARISON_INTERVAL_MS = 5_000;
/** Part of a venue's request budget that comparisons may take: the rest is for orders, doubts, recoveries, books and those outside the engine. */
export const COMPARISON_SHARE = 0.5;
/** The executions of a lane are asked for at least with each such comparison of it: after half a minute. */
const MAX_TURNS = 6;

/** What comparisons cost at a venue, in what it counts: weight, requests or credits. */
export interface ComparisonCost {
  readonly perMinute: number;
  /** Who shares the budget: all accounts that ask from one address, or each account has its own. */
  readonly countedBy: 'address' | 'account';
  /** Positions and open orders of so many symbols of one account. */
  readonly standing: (symbols: number) => number;
  /** Executions of one symbol. 0: those of all symbols come by one request, which `standing` contains. */
  readonly fillsOfOne: number;
}

/** From how many symbols on the list of all open orders of Binance's spot market (80) costs less than a list a symbol (6). USD-M asks for two lists of 1 each, against 80: never. */
export const ALL_OPEN_ORDERS_FROM = 14;

/**
 * By the venues' documentation of their limits, as the clients in `src/venues` ask; a test holds it to what the simulated venues count. Bybit: 600 requests in five seconds by address;
 * positions and open orders in each of two settlement currencies, and a page more of open orders for every ten symbols. Deribit: credits of the lowest tier, 500 a request, executions
 * by currency from two places. Alpaca: requests.
 */
const COSTS: Readonly<Record<VenueId, ComparisonCost>> = {
  'binance-usdm': {
    perMinute: 2_400,
    countedBy: 'address',
    standing: (symbols) => 5 + 2 * symbols,
    fillsOfOne: 5,
  },
  'binance-spot': {
    perMinute: 6_000,
    countedBy: 'address',
    standing: (symbols) => 20 + (symbols < ALL_OPEN_ORDERS_FROM ? 6 * symbols : 80),
    fillsOfOne: 20,
  },
  'bybit-linear': {
    perMinute: 7_200,
    countedBy: 'address',
    standing: (symbols) => 5 + Math.ceil(symbols / 10),
    fillsOfOne: 0,
  },
  'bybit-spot': {
    perMinute: 7_200,
    countedBy: 'address',
    standing: (symbols) => 3 + Math.ceil(symbols / 10),
    fillsOfOne: 0,
  },
  deribit: {
    perMinute: 540_000,
    countedBy: 'account',
    standing: (symbols) => 500 * (2 + 2 * Math.min(symbols, 8)),
    fillsOfOne: 0,
  },
  alpaca: { perMinute: 200, countedBy: 'account', standing: () => 3, fillsOfOne: 0 },
};

export function comparisonCost(venue: VenueId): ComparisonCost {
  return COSTS[venue];
}

/** How the lanes of a unit are compared so that what they cost stays within the share. */
export interface ComparisonPlan {
  /** Positions and open orders are asked for with each comparison, executions of a lane with each so many-th. Where those disagree, they are asked for at once. */
  readonly turns: number;
  /** What questions of one unit out of turn may cost in one interval: of lanes whose last answer was overtaken by reports. */
  readonly again: number;
  /** What one such question costs. */
  readonly ofOne: number;
}

/** `units`: how many lanes each unit has that shares the budget. Null: no such plan keeps within the share. */
export function planComparisons(venue: VenueId, units: readonly number[]): ComparisonPlan | null {
  const { perMinute, standing, fillsOfOne } = COSTS[venue];
  const allowed = (perMinute * COMPARISON_SHARE * COMPARISON_INTERVAL_MS) / 60_000;
  const ofOne = standing(1) + fillsOfOne;
  const lanes = units.reduce((sum, each) => sum + each, 0);
  const left = allowed - units.reduce((sum, each) => sum + standing(each), 0);
  if (left < ofOne) return null;
  // What is asked out of turn is divided among the units.
  const again = (rest: number) => Math.max(ofOne, rest / Math.max(1, units.length));
  if (fillsOfOne === 0) return { turns: 1, again: again(left), ofOne };
  const atOnce = Math.floor((left - ofOne) / fillsOfOne);
  const turns = Math.max(1, Math.ceil(lanes / atOnce));
  if (turns > MAX_TURNS || atOnce < 1) return null;
  return { turns, again: again(left - Math.ceil(lanes / turns) * fillsOfOne), ofOne };
}

/** How the lanes of `unit` are compared beside all that share its budget. Where nothing keeps within it, as seldom as may be: a configuration that asks for it is refused. */
export function comparisonPlanOf(lanes: readonly UnitRef[], unit: UnitRef): ComparisonPlan {
  const { standing, fillsOfOne } = COSTS[unit.venue];
  const ofOne = standing(1) + fillsOfOne;
  return planComparisons(unit.venue, sharing(lanes, unit)) ?? { turns: MAX_TURNS, again: ofOne, ofOne };
}

/** What is wrong with the lanes of a configuration: too many for what their venue lets be asked. `index`: of the first lane that is too many. */
export function comparisonFaults(
  lanes: readonly UnitRef[],
): readonly { readonly index: number; readonly message: string }[] {
  const told = new Set<string>();
  const faults: { index: number; message: string }[] = [];
  for (const [index, lane] of lanes.entries()) {
    const beside = sharing(lanes.slice(0, index + 1), lane);
    const { countedBy, perMinute } = COSTS[lane.venue];
    const budget = countedBy === 'address' ? `${lane.mode}/${lane.venue}` : unitId(lane);
    if (told.has(budget) || planComparisons(lane.venue, beside) !== null) continue;
    told.add(budget);
    const number = beside.reduce((sum, each) => sum + each, 0);
    const message = `COMPARISONS_EXCEED_BUDGET: ${number} lanes of ${budget} cannot be compared with the venue every ${COMPARISON_INTERVAL_MS / 1_000} s within ${COMPARISON_SHARE * 100} % of its ${perMinute} a minute`;
    faults.push({ index, message });
  }
  return faults;
}

/** How many lanes each unit has that shares the budget of this one. */
function sharing(lanes: readonly UnitRef[], unit: UnitRef): readonly number[] {
  const { countedBy } = COSTS[unit.venue];
  const counts = new Map<string, number>();
  for (const lane of lanes) {
    const shares = lane.venue === unit.venue && lane.mode === unit.mode;
    if (!shares || (countedBy === 'account' && lane.account !== unit.account)) continue;
    counts.set(unitId(lane), (counts.get(unitId(lane)) ?? 0) + 1);
  }
  return [...counts.values()];
}
