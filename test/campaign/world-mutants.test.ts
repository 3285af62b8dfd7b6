import { beforeAll, describe, expect, it } from 'vitest';
import { countCellVisits } from '../world/cell-visits.ts';
import { type Fate, killMutants } from '../world/kill-mutants.ts';
import { allMutants, type Mutant } from '../world/mutants.ts';

const WORLDS = 200;
/** Of the tables whose mutants do not all die yet, how many do at least; docs/simulation.md says which live. */
const LEAST_KILLED: Readonly<Record<Exclude<Mutant['table'], 'lane'>, number>> = {
  order: 0.7,
  risk: 0.5,
  evidence: 0.5,
};

describe(`mutants of the tables, in ${WORLDS} worlds`, () => {
  let fates: readonly Fate[] = [];

  beforeAll(async () => {
    const cells = countCellVisits().map(({ cell }) => cell);
    fates = await killMutants(allMutants(), WORLDS, cells);
  }, 7_200_000);

  const tried = (table: Mutant['table']) =>
    fates.filter((fate) => fate.mutant.table === table && (fate.kind === 'killed' || fate.kind === 'survived'));

  it('M4: none that is argued to be equivalent is found', () => {
    const wrong = fates.filter(({ kind }) => kind === 'wronglyArgued');
    expect(wrong.map(({ mutant, detail }) => `${mutant.name} ${detail}`)).toEqual([]);
  });

  it('M4: of the lane table none survives that the worlds come by', () => {
    const survivors = tried('lane').filter(({ kind }) => kind === 'survived');
    expect(tried('lane').length).toBeGreaterThan(0);
    expect(survivors.map(({ mutant }) => mutant.name)).toEqual([]);
  });

  for (const table of ['order', 'risk', 'evidence'] as const) {
    it(`M4: of the ${table} mutants that the worlds come by, more than ${LEAST_KILLED[table] * 100} % are found`, () => {
      const all = tried(table);
      const killed = all.filter(({ kind }) => kind === 'killed');
      expect(killed.length / all.length).toBeGreaterThan(LEAST_KILLED[table]);
    });
  }
});
