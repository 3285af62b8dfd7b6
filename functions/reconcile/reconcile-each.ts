import type { ReconciledUnit } from './reconcile-unit.ts';
import type { UnitReport } from './reconciliation-report.ts';

/**
 * Reconciles all units at the same time, and rejects, where one does, only when the last has ended: a function that answers while another unit is under way is halted there, and would go on
 * with the next call, minutes later, to correct the ledger by what it saw before.
 */
export async function reconcileEach(
  units: readonly ReconciledUnit[],
  reconcile: (unit: ReconciledUnit) => Promise<UnitReport>,
): Promise<readonly UnitReport[]> {
  const reports: UnitReport[] = [];
  for (const outcome of await Promise.allSettled(units.map(reconcile))) {
    if (outcome.status === 'rejected') throw outcome.reason;
    reports.push(outcome.value);
  }
  return reports;
}
