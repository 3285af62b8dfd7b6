import type { Policy } from '../config/policy.ts';

/** One setting that differs, values as JSON text; `absent` where there was or is none. */
export interface PolicySetting {
  readonly path: string;
  readonly from: string;
  readonly to: string;
}

export type PolicyChange =
  | { readonly kind: 'same' }
  | {
      readonly kind: 'changed';
      readonly from: number;
      readonly to: number;
      readonly settings: readonly PolicySetting[];
    }
  /** It differs and its version is not higher: nobody could say which holds. */
  | { readonly kind: 'refused'; readonly reason: string };

const ABSENT = 'absent';

/** What a new policy changes. */
export function policyChange(before: Policy, after: Policy): PolicyChange {
  const settings = settingsThatDiffer(before, after);
  if (settings.length === 0 && before.version === after.version) return { kind: 'same' };
  if (after.version <= before.version) {
    const changed = settings.map((each) => each.path).join(', ');
    return {
      kind: 'refused',
      reason: `policy version ${after.version} must be above ${before.version}, since it changes: ${changed || 'its version'}`,
    };
  }
  return { kind: 'changed', from: before.version, to: after.version, settings };
}

function settingsThatDiffer(before: Policy, after: Policy): PolicySetting[] {
  const old = leavesOf(before);
  const next = leavesOf(after);
  const paths = [...new Set([...old.keys(), ...next.keys()])].sort();
  return paths.flatMap((path) => {
    const from = old.get(path) ?? ABSENT;
    const to = next.get(path) ?? ABSENT;
    return from === to ? [] : [{ path, from, to }];
  });
}

/** Every setting by its path; a budget by its name, so that another order changes nothing. */
function leavesOf(policy: Policy): Map<string, string> {
  const leaves = new Map<string, string>();
  const { version: _version, budgets, ...rest } = policy;
  collect('', rest, leaves);
  for (const { name, ...each } of budgets) collect(`budgets.${name}`, each, leaves);
  return leaves;
}

function collect(path: string, value: unknown, into: Map<string, string>): void {
  if (value === undefined) return;
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    into.set(path, JSON.stringify(value));
    return;
  }
  for (const [key, each] of Object.entries(value)) collect(path === '' ? key : `${path}.${key}`, each, into);
}
