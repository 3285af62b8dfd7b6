import { argumentFor } from './equivalent-mutants.ts';
import type { Mutant } from './mutants.ts';
import { runJobs, type WorldJob } from './world-pool.ts';

/**
 * What became of a mutant. `unreached`: no world meets its cell. `equivalent`: argued so, and none of the worlds found it; `wronglyArgued`: one did. `detail`: seed and invariant, or the argument.
 */
export interface Fate {
  readonly mutant: Mutant;
  readonly kind: 'killed' | 'survived' | 'unreached' | 'equivalent' | 'wronglyArgued';
  readonly detail: string;
}

/**
 * Tries every mutant in the worlds of seeds 1 to `seeds`, on all cores. First the worlds are run as they are: a mutant is tried only where its cell is visited, since elsewhere it changes nothing.
 * `cells`: names, in the order of `countCellVisits`. Throws where a world fails without a mutant.
 */
export async function killMutants(
  mutants: readonly Mutant[],
  seeds: number,
  cells: readonly string[],
  report: (line: string) => void = () => undefined,
): Promise<readonly Fate[]> {
  const visitedBy = await seedsByCell(seeds, cells);
  report(`${seeds} worlds hold without a mutant`);
  const all = Array.from({ length: seeds }, (_, index) => index + 1);
  const fates = new Map<Mutant, Fate>();
  const jobs: WorldJob[] = [];
  const byName = new Map(mutants.map((each) => [each.name, each]));
  for (const mutant of mutants) {
    const visiting = mutant.cell === null ? all : (visitedBy.get(mutant.cell) ?? []);
    if (visiting.length > 0) jobs.push({ kind: 'mutant', name: mutant.name, seeds: visiting });
    else fates.set(mutant, { mutant, kind: 'unreached', detail: '' });
  }
  const settle = (name: string, killed: string | null) => {
    const mutant = byName.get(name);
    if (mutant === undefined) return;
    const argument = argumentFor(name);
    if (killed !== null)
      fates.set(mutant, { mutant, kind: argument === null ? 'killed' : 'wronglyArgued', detail: killed });
    else fates.set(mutant, { mutant, kind: argument === null ? 'survived' : 'equivalent', detail: argument ?? '' });
    if (fates.size % 50 === 0) report(`${fates.size} of ${mutants.length} tried`);
  };
  await runJobs(
    jobs,
    (result) => {
      if (result.kind !== 'mutant') return;
      const { name, killed } = result;
      settle(name, killed === null ? null : `seed ${killed.seed}: ${killed.violation}`);
    },
    (job) => {
      if (job.kind === 'mutant') settle(job.name, 'a world never ends');
    },
  );
  return mutants.flatMap((mutant) => fates.get(mutant) ?? []);
}

/** Which of the worlds visit each cell. */
async function seedsByCell(seeds: number, cells: readonly string[]): Promise<ReadonlyMap<string, readonly number[]>> {
  const visitedBy = new Map<string, number[]>(cells.map((cell) => [cell, []]));
  const jobs = Array.from(
    { length: seeds },
    (_, index): WorldJob => ({ kind: 'world', seed: index + 1, faults: null, bug: null, cells: true }),
  );
  const fail = (seed: number, why: string) => {
    throw new Error(`seed ${seed} fails without a mutant: ${why}`);
  };
  const failed: [number, string][] = [];
  await runJobs(
    jobs,
    (result) => {
      if (result.kind !== 'world') return;
      if (result.violation !== null) failed.push([result.seed, result.violation]);
      for (const [index, visits] of result.visits.entries())
        if (visits > 0) visitedBy.get(cells[index] ?? '')?.push(result.seed);
    },
    (job) => failed.push([job.kind === 'world' ? job.seed : 0, 'never ends']),
  );
  const [first] = failed;
  if (first !== undefined) fail(...first);
  for (const list of visitedBy.values()) list.sort((one, other) => one - other);
  return visitedBy;
}
