import { expect, it } from 'vitest';
import { countCellVisits } from '../world/cell-visits.ts';
import { killMutants } from '../world/kill-mutants.ts';
import { allMutants } from '../world/mutants.ts';

const WORLDS = 200;
/** `npm run mutants` names those that survive. */
const LEAST_KILLED = 0.5;

it(`M4: of the mutants of the order, lane and risk tables that ${WORLDS} worlds come by, more than half are found, and none that is argued to be equivalent`, {
  timeout: 7_200_000,
}, async () => {
  const cells = countCellVisits().map(({ cell }) => cell);
  const fates = await killMutants(allMutants(), WORLDS, cells);
  const wrong = fates.filter(({ kind }) => kind === 'wronglyArgued');
  expect(wrong.map(({ mutant, detail }) => `${mutant.name} ${detail}`)).toEqual([]);
  const tried = fates.filter(({ kind }) => kind === 'killed' || kind === 'survived');
  expect(tried.filter(({ kind }) => kind === 'killed').length / tried.length).toBeGreaterThan(LEAST_KILLED);
});
