import { beforeAll, describe, expect, it } from 'vitest';
import { countCellVisits } from '../world/cell-visits.ts';
import { type Fate, killMutants } from '../world/kill-mutants.ts';
import { allMutants, type Mutant } from '../world/mutants.ts';

const SEEDS = 1_000;

describe(`mutants of the tables, in ${SEEDS} worlds and as many scenes`, () => {
  let fates: readonly Fate[] = [];

  beforeAll(async () => {
    const cells = countCellVisits().map(({ cell }) => cell);
    fates = await killMutants(allMutants(), { worlds: SEEDS, scenes: SEEDS }, cells);
  }, 14_400_000);

  const names = (table: Mutant['table'] | null, kinds: readonly Fate['kind'][]) =>
    fates
      .filter(({ mutant, kind }) => (table === null || mutant.table === table) && kinds.includes(kind))
      .map(({ mutant, kind, detail }) => `${mutant.name}: ${kind} ${detail}`);

  it('M4: none that is argued to be equivalent is found', () => {
    expect(names(null, ['wronglyArgued'])).toEqual([]);
  });

  for (const table of ['order', 'guard', 'evidence', 'lane', 'risk', 'switch'] as const) {
    it(`M4: every mutant of the ${table} kind is found or argued, and none is left that nothing comes by`, () => {
      expect(names(table, ['killed']).length).toBeGreaterThan(0);
      expect(names(table, ['survived', 'unreached'])).toEqual([]);
    });
  }
});
