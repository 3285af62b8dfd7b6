import { type UnitRef, unitId } from '../control/unit.ts';
import type { Policy } from './policy.ts';

/** What is wrong with a policy beside the lanes of its document: shares of units that are not there would be taken from those that are. */
export function policyFaults(
  policy: Policy,
  lanes: readonly UnitRef[],
): readonly { readonly path: readonly PropertyKey[]; readonly message: string }[] {
  const units = new Set<string>(lanes.map((lane) => unitId(lane)));
  return policy.budgets.flatMap((budget, index) =>
    Object.keys(budget.shares).flatMap((unit) => {
      if (!units.has(unit))
        return [{ path: ['budgets', index, 'shares', unit], message: `no lane trades unit ${unit}` }];
      return unit.startsWith(`${budget.mode}/`)
        ? []
        : [{ path: ['budgets', index, 'shares', unit], message: `${unit} is not of mode ${budget.mode}` }];
    }),
  );
}
