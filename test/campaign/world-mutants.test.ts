import { expect, it } from 'vitest';
import { countCellVisits } from '../world/cell-visits.ts';
import { killMutants } from '../world/kill-mutants.ts';
import { allMutants } from '../world/mutants.ts';

const WORLDS = 1_000;

it(`M4: every mutant of the order, lane and risk tables and of the evidence rule is found within ${WORLDS} worlds, argued to be equivalent, or lies where no world comes`, {
  timeout: 7_200_000,
}, async () => {
  const cells = countCellVisits().map(({ cell }) => cell);
  const fates = await killMutants(allMutants(), WORLDS, cells);
  const bad = fates.filter(({ kind }) => kind === 'survived' || kind === 'wronglyArgued');
  expect(bad.map(({ kind, mutant, detail }) => `${kind}: ${mutant.name} ${detail}`)).toEqual([]);
  expect(fates.filter(({ kind }) => kind === 'killed').length).toBeGreaterThan(fates.length / 2);
});
