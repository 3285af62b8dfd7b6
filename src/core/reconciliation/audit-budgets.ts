import type { Budget, Policy } from '../config/policy.ts';
import { type UnitId, type UnitRef, unitId } from '../control/unit.ts';
import { type BudgetedLane, partsOf } from '../risk/allotment.ts';

/** What one symbol of a unit holds by the venue's own word, reporting currency; null: nobody states what it is worth. */
export interface HeldValue extends BudgetedLane {
  readonly value: number | null;
}

/** A budget that is not kept. */
export type BudgetFinding =
  /** The parts that units have of it come to more than the whole. */
  | { readonly kind: 'parts'; readonly budget: string; readonly parts: number; readonly whole: number }
  /** What a unit holds exceeds its part. */
  | {
      readonly kind: 'unit';
      readonly budget: string;
      readonly unit: UnitId;
      readonly held: number;
      readonly part: number;
    }
  /** What all units hold together exceeds the whole. */
  | { readonly kind: 'whole'; readonly budget: string; readonly held: number; readonly whole: number }
  /** Something held cannot be valued, so that nobody can say. */
  | { readonly kind: 'unvalued'; readonly budget: string; readonly unit: UnitId; readonly symbol: string };

/** Positions move with their prices: an exposure is beyond its limit when it is so by more than this share. */
const ROOM = 1.05;

/**
 * Looks after the division of budgets from outside the engines, each of which knows only its own part: whether the parts come to no more than the whole, and whether what is held by the venues' word is
 * within part and whole. Orders at work are not in it: what exceeds a limit without them does so in any case.
 */
export function auditBudgets(
  policy: Policy,
  lanes: readonly BudgetedLane[],
  held: readonly HeldValue[],
): readonly BudgetFinding[] {
  return policy.budgets.flatMap((budget) => auditBudget(budget, lanes, held));
}

function auditBudget(
  budget: Budget,
  lanes: readonly BudgetedLane[],
  held: readonly HeldValue[],
): readonly BudgetFinding[] {
  const { name, maxExposure } = budget;
  if (maxExposure === undefined) return [];
  const findings: BudgetFinding[] = [];
  const parts = partsOf(budget, lanes);
  const sum = [...parts.values()].reduce((total, part) => total + part, 0);
  // Parts are rounded down to whole smallest amounts: only the sum of doubles may be a hair beyond.
  if (sum > maxExposure * (1 + 1e-9)) findings.push({ kind: 'parts', budget: name, parts: sum, whole: maxExposure });
  const over = held.filter((each) => isOver(budget, each));
  for (const { symbol, value, ...unit } of over)
    if (value === null) findings.push({ kind: 'unvalued', budget: name, unit: unitId(unit), symbol });
  const byUnit = new Map<UnitId, number>();
  for (const { value, ...each } of over) byUnit.set(unitId(each), (byUnit.get(unitId(each)) ?? 0) + (value ?? 0));
  for (const [unit, value] of byUnit) {
    const part = parts.get(unit) ?? 0;
    if (value > part * ROOM) findings.push({ kind: 'unit', budget: name, unit, held: value, part });
  }
  const total = [...byUnit.values()].reduce((all, value) => all + value, 0);
  if (total > maxExposure * ROOM) findings.push({ kind: 'whole', budget: name, held: total, whole: maxExposure });
  return findings;
}

function isOver(budget: Budget, { account, mode, venue, symbol }: UnitRef & { readonly symbol: string }): boolean {
  return (
    budget.mode === mode &&
    (budget.accounts?.includes(account) ?? true) &&
    (budget.venues?.includes(venue) ?? true) &&
    (budget.symbols?.includes(symbol) ?? true)
  );
}

/** One line for people. */
export function budgetLine(finding: BudgetFinding): string {
  const money = (amount: number) => amount.toFixed(2);
  switch (finding.kind) {
    case 'parts':
      return `budget ${finding.budget}: its parts come to ${money(finding.parts)}, the whole is ${money(finding.whole)}`;
    case 'unit':
      return `budget ${finding.budget}: ${finding.unit} holds ${money(finding.held)}, its part is ${money(finding.part)}`;
    case 'whole':
      return `budget ${finding.budget}: all hold ${money(finding.held)}, the whole is ${money(finding.whole)}`;
    case 'unvalued':
      return `budget ${finding.budget}: what ${finding.unit} holds of ${finding.symbol} cannot be valued`;
  }
}
