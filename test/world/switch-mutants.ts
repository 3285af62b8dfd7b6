import { SWITCH_INPUTS, SWITCH_STATES, SWITCH_TRANSITIONS } from '#core/lanes/switch-state.ts';
import type { Mutant } from './mutants.ts';
import { replaceProperty } from './planted-bugs.ts';

/** Each row of the change of symbol dropped, or leading elsewhere. No world changes symbols: they are found by scenes (`switch-world.ts`). */
export function switchMutants(): Mutant[] {
  const mutants: Mutant[] = [];
  for (const state of SWITCH_STATES) {
    const row = SWITCH_TRANSITIONS[state];
    for (const input of SWITCH_INPUTS) {
      const next = row[input];
      if (next === undefined) continue;
      for (const other of [undefined, ...SWITCH_STATES.filter((each) => each !== next)])
        mutants.push({
          name: `switch ${state} × ${input} → ${other ?? 'refused'}`,
          table: 'switch',
          cell: `switch ${state} × ${input}`,
          install: () => replaceProperty(row, input, other),
        });
    }
  }
  return mutants;
}
