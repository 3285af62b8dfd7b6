import type { Budget, Policy } from '../config/policy.ts';
import { type UnitId, type UnitRef, unitId } from '../control/unit.ts';

/** Smallest amount of the reporting currency that is counted; exposures are rounded up to it, limits and profits down. */
export const AMOUNT_SCALE = 4;
const AMOUNT = 10 ** AMOUNT_SCALE;

/** A lane as budgets see it. */
export interface BudgetedLane extends UnitRef {
  readonly symbol: string;
}

/** A unit's parts of all budgets over it; amounts in the reporting currency, +Infinity: no limit. */
export interface UnitAllotment {
  readonly maxExposure: number;
  readonly maxDailyLoss: number;
  readonly maxDrawdown: number;
  readonly maxOpenOrders: number;
  readonly maxOrderRate: number;
  /** Of each symbol that a budget names. */
  readonly symbolExposure: ReadonlyMap<string, number>;
}

/**
 * What a unit may do of what is allowed over several units, divided in advance: no engine has to know what another does, and the parts never exceed the whole. Of several budgets over a unit the
 * smallest part holds.
 */
export function allotmentOf(policy: Policy, lanes: readonly BudgetedLane[], unit: UnitRef): UnitAllotment {
  const id = unitId(unit);
  const over = policy.budgets.filter((budget) => covers(budget, unit));
  const whole = over.filter((budget) => budget.symbols === undefined);
  const part = (
    limit: 'maxExposure' | 'maxDailyLoss' | 'maxDrawdown' | 'maxOpenOrders' | 'maxOrderRate',
    unitOf: number,
  ) =>
    whole.reduce((least, budget) => {
      const amount = budget[limit];
      return amount === undefined ? least : Math.min(least, partOf(amount, budget, lanes, id, unitOf));
    }, Number.POSITIVE_INFINITY);
  return {
    maxExposure: part('maxExposure', AMOUNT),
    maxDailyLoss: part('maxDailyLoss', AMOUNT),
    maxDrawdown: part('maxDrawdown', AMOUNT),
    maxOpenOrders: part('maxOpenOrders', 1),
    maxOrderRate: part('maxOrderRate', AMOUNT),
    symbolExposure: symbolParts(over, lanes, id),
  };
}

/** What each unit has of a budget's exposure; of one over symbols, its lanes' parts together. */
export function partsOf(budget: Budget, lanes: readonly BudgetedLane[]): ReadonlyMap<UnitId, number> {
  const { maxExposure = 0, symbols } = budget;
  const parts = new Map<UnitId, number>();
  const over = lanes.filter((lane) => covers(budget, lane));
  if (symbols === undefined) {
    for (const lane of over) parts.set(unitId(lane), partOf(maxExposure, budget, lanes, unitId(lane), AMOUNT));
    return parts;
  }
  const covered = over.filter((lane) => symbols.includes(lane.symbol));
  const total = covered.reduce((sum, lane) => sum + weightOf(budget, unitId(lane)), 0);
  for (const lane of covered) {
    const id = unitId(lane);
    parts.set(id, (parts.get(id) ?? 0) + divide(maxExposure, AMOUNT, weightOf(budget, id), total));
  }
  return parts;
}

/** Every lane of a budget's symbols counts by itself: a unit with two of them has two parts, shared by weight among all. */
function symbolParts(
  budgets: readonly Budget[],
  lanes: readonly BudgetedLane[],
  id: UnitId,
): ReadonlyMap<string, number> {
  const parts = new Map<string, number>();
  for (const budget of budgets) {
    const { maxExposure, symbols } = budget;
    if (maxExposure === undefined || symbols === undefined) continue;
    const covered = lanes.filter((lane) => covers(budget, lane) && symbols.includes(lane.symbol));
    const total = covered.reduce((sum, lane) => sum + weightOf(budget, unitId(lane)), 0);
    for (const { symbol } of covered.filter((lane) => unitId(lane) === id)) {
      const part = divide(maxExposure, AMOUNT, weightOf(budget, id), total);
      parts.set(symbol, Math.min(parts.get(symbol) ?? Number.POSITIVE_INFINITY, part));
    }
  }
  return parts;
}

function partOf(amount: number, budget: Budget, lanes: readonly BudgetedLane[], id: UnitId, scale: number): number {
  const units = new Set(lanes.filter((lane) => covers(budget, lane)).map((lane) => unitId(lane)));
  const total = [...units].reduce((sum, each) => sum + weightOf(budget, each), 0);
  return units.has(id) ? divide(amount, scale, weightOf(budget, id), total) : 0;
}

/** The part of `amount` that falls to `weight` of `total`, down to the last 1/`scale`. Exact, so that no sum of parts exceeds the whole. */
function divide(amount: number, scale: number, weight: number, total: number): number {
  if (total === 0) return 0;
  return Number((BigInt(Math.floor(amount * scale)) * BigInt(weight)) / BigInt(total)) / scale;
}

function weightOf(budget: Budget, unit: UnitId): number {
  return budget.shares[unit] ?? 1;
}

function covers(budget: Budget, { account, mode, venue }: UnitRef): boolean {
  return (
    budget.mode === mode && (budget.accounts?.includes(account) ?? true) && (budget.venues?.includes(venue) ?? true)
  );
}
