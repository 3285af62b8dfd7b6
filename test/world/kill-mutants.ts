import { argumentFor, whyNeverAsked } from './equivalent-mutants.ts';
import type { Mutant } from './mutants.ts';
import { runJobs, type WorldJob } from './world-pool.ts';

/**
 * What became of a mutant. `unreached`: no world and no scene meets its cell; `neverAsked`: and it is argued why none can (`unvisited-cells.ts`). `equivalent`: argued so, and nothing found it;
 * `wronglyArgued`: something did. `by`: what found it. `detail`: seed and invariant, or the argument.
 */
export interface Fate {
  readonly mutant: Mutant;
  readonly kind: 'killed' | 'survived' | 'unreached' | 'neverAsked' | 'equivalent' | 'wronglyArgued';
  readonly by: 'world' | 'scene' | null;
  readonly detail: string;
}

/** Worlds and scenes that come by each cell: of the worlds those that do it soonest first. */
interface Visits {
  readonly worlds: ReadonlyMap<string, readonly number[]>;
  readonly scenes: ReadonlyMap<string, readonly number[]>;
}

/** In so many worlds, and scenes, it is tried to find a mutant that is argued to be equivalent. */
const ARGUED_TRIES = 20;

/** How many worlds, and how many scenes, from seed 1, a mutant may be tried in. */
export interface Tries {
  readonly worlds: number;
  readonly scenes: number;
}

/**
 * Tries every mutant in worlds, and where none of them finds it in scenes, on all cores. First worlds and scenes are run as they are: a mutant is tried only where its cell is visited, since elsewhere it
 * changes nothing. `cells`: names, in the order of `countCellVisits`. Throws where a world or a scene fails without a mutant.
 */
export async function killMutants(
  mutants: readonly Mutant[],
  tries: Tries,
  cells: readonly string[],
  report: (line: string) => void = () => undefined,
): Promise<readonly Fate[]> {
  const visits: Visits = {
    worlds: await worldsByCell(tries.worlds, cells),
    scenes: await scenesByCell(tries.scenes, cells),
  };
  report(`${tries.worlds} worlds and ${tries.scenes} scenes hold without a mutant`);
  const all = Array.from({ length: tries.worlds }, (_, index) => index + 1);
  const allScenes = Array.from({ length: tries.scenes }, (_, index) => index + 1);
  const fates = new Map<Mutant, Fate>();
  const jobs: WorldJob[] = [];
  const byName = new Map(mutants.map((each) => [each.name, each]));
  for (const mutant of mutants) {
    const { name, cell, worlds: most = tries.worlds } = mutant;
    const argument = argumentFor(name);
    const visiting = cell === null ? all : (visits.worlds.get(cell) ?? []);
    const worlds = visiting.slice(0, argument === null ? most : ARGUED_TRIES);
    const inScenes = cell === null ? allScenes : (visits.scenes.get(cell) ?? []);
    const scenes = inScenes.slice(0, argument === null ? tries.scenes : ARGUED_TRIES);
    if (worlds.length + scenes.length > 0) {
      jobs.push({ kind: 'mutant', name, seeds: worlds, scenes });
      continue;
    }
    const because = whyNeverAsked(cell);
    fates.set(mutant, { mutant, kind: because === null ? 'unreached' : 'neverAsked', by: null, detail: because ?? '' });
  }
  const settle = (name: string, by: Fate['by'], found: string) => {
    const mutant = byName.get(name);
    if (mutant === undefined) return;
    const argument = argumentFor(name);
    if (by !== null)
      fates.set(mutant, { mutant, kind: argument === null ? 'killed' : 'wronglyArgued', by, detail: found });
    else fates.set(mutant, { mutant, kind: argument === null ? 'survived' : 'equivalent', by, detail: argument ?? '' });
    if (fates.size % 50 === 0) report(`${fates.size} of ${mutants.length} tried`);
  };
  await runJobs(
    jobs,
    (result) => {
      if (result.kind !== 'mutant') return;
      const { name, killed } = result;
      settle(name, killed?.by ?? null, killed === null ? '' : `${killed.by} ${killed.seed}: ${killed.violation}`);
    },
    (job) => {
      if (job.kind === 'mutant') settle(job.name, 'world', 'a world never ends');
    },
  );
  return mutants.flatMap((mutant) => fates.get(mutant) ?? []);
}

/** Which of the worlds visit each cell. */
async function worldsByCell(seeds: number, cells: readonly string[]): Promise<Visits['worlds']> {
  const visitedBy = new Map<string, { readonly seed: number; readonly firstAt: number }[]>(
    cells.map((cell) => [cell, []]),
  );
  const jobs = Array.from(
    { length: seeds },
    (_, index): WorldJob => ({ kind: 'world', seed: index + 1, faults: null, bug: null, cells: true }),
  );
  const failed: string[] = [];
  await runJobs(
    jobs,
    (result) => {
      if (result.kind !== 'world') return;
      const { seed } = result;
      if (result.violation !== null) failed.push(`seed ${seed} fails without a mutant: ${result.violation}`);
      for (const [index, firstAt] of result.firstAt.entries())
        if (firstAt !== null) visitedBy.get(cells[index] ?? '')?.push({ seed, firstAt });
    },
    (job) => failed.push(`seed ${job.kind === 'world' ? job.seed : 0} never ends`),
  );
  const [first] = failed;
  if (first !== undefined) throw new Error(first);
  return new Map(
    [...visitedBy].map(([cell, visits]) => [
      cell,
      visits.sort((one, other) => one.firstAt - other.firstAt || one.seed - other.seed).map(({ seed }) => seed),
    ]),
  );
}

/** Which of the scenes visit each cell. */
async function scenesByCell(seeds: number, cells: readonly string[]): Promise<Visits['scenes']> {
  const visitedBy = new Map<string, readonly number[]>();
  const failed: string[] = [];
  await runJobs(
    [{ kind: 'scenes', seeds }],
    (result) => {
      if (result.kind !== 'scenes') return;
      const { violation } = result;
      if (violation !== null) failed.push(`scene ${violation.seed} fails without a mutant: ${violation.text}`);
      for (const [index, scenes] of result.visitedBy.entries()) visitedBy.set(cells[index] ?? '', scenes);
    },
    () => failed.push('the scenes never end'),
  );
  const [first] = failed;
  if (first !== undefined) throw new Error(first);
  return visitedBy;
}
