import type { RuntimeConfiguration } from '#core/config/runtime-configuration.ts';
import { unitId } from '#core/control/unit.ts';
import { auditBudgets, type BudgetFinding, type HeldValue } from '#core/reconciliation/audit-budgets.ts';
import { worthOf } from '#core/risk/worth.ts';
import type { EpochMs } from '#core/time/clock.ts';
import type { UnitReport } from './reconciliation-report.ts';

/** Holds what the venues say is held against the budgets of the policy. A unit that could not be asked holds what nobody can value. */
export function auditUnits(
  { policy, lanes }: Pick<RuntimeConfiguration, 'policy' | 'lanes'>,
  reports: readonly UnitReport[],
  now: number,
): readonly BudgetFinding[] {
  if (policy === undefined) return [];
  const symbols = new Map(reports.map((report) => [report.unit as string, report.symbols]));
  const held = lanes.map(({ account, mode, venue, symbol }): HeldValue => {
    const unit = { account, mode, venue };
    const found = symbols.get(unitId(unit))?.find((each) => each.symbol === symbol)?.held;
    const worth = found === undefined ? undefined : worthOf(policy, found.currency, now as EpochMs);
    const priced = found === undefined || found.value === null || worth === undefined ? null : found.value * worth;
    return { ...unit, symbol, value: found?.value === 0 ? 0 : priced };
  });
  return auditBudgets(policy, lanes, held);
}
