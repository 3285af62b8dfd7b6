import { beforeAll, describe, expect, it } from 'vitest';
import { type CellVisits, countCellVisits } from '../world/cell-visits.ts';
import { ENOUGH_VISITS, UNVISITED_CELLS } from '../world/unvisited-cells.ts';
import { runJobs } from '../world/world-pool.ts';

/** Seeds that no test run has. */
const FROM = 100_000;
const WORLDS = 5_000;

describe('the simulated world, at length', () => {
  let cells: readonly CellVisits[] = [];
  const failures: string[] = [];

  beforeAll(async () => {
    cells = countCellVisits();
    const terms = { kind: 'world' as const, faults: null, bug: null, cells: true };
    await runJobs(
      Array.from({ length: WORLDS }, (_, index) => ({ ...terms, seed: FROM + index })),
      (result) => {
        if (result.kind !== 'world') return;
        if (result.violation !== null)
          failures.push(`npm run world -- --seed ${result.seed} --trace: ${result.violation}`);
        for (const [index, visits] of result.visits.entries()) {
          const cell = cells[index];
          if (cell !== undefined) cell.visits += visits;
        }
      },
      (job) => failures.push(`${JSON.stringify(job)} never ends`),
    );
  }, 3_600_000);

  it(`M4: the invariants hold after every step and at rest, seeds ${FROM} to ${FROM + WORLDS - 1}`, () => {
    expect(failures).toEqual([]);
  });

  const ofTables = () => cells.filter(({ table, refused }) => !refused && (table === 'order' || table === 'lane'));
  const isListed = (cell: string) => UNVISITED_CELLS.some((each) => each.cells.includes(cell));

  it(`M4: every cell of the order and lane tables is visited ${ENOUGH_VISITS} times and more, but for those that nothing can come by`, () => {
    const rare = ofTables().filter(({ cell, visits }) => visits < ENOUGH_VISITS && !isListed(cell));
    expect(rare.map(({ cell, visits }) => `${cell}: ${visits}`)).toEqual([]);
  });

  it('M4: what the documents name as unreachable is not visited at all', () => {
    const reached = ofTables().filter(({ cell, visits }) => visits > 0 && isListed(cell));
    expect(reached.map(({ cell, visits }) => `${cell}: ${visits}`)).toEqual([]);
  });
});
