import { parentPort } from 'node:worker_threads';
import { cellReadings, countCellVisits } from './cell-visits.ts';
import { allMutants, type Mutant } from './mutants.ts';
import { PLANTED_BUGS } from './planted-bugs.ts';
import { runScenes } from './scenes.ts';
import { runWorld } from './world.ts';
import type { WorldJob, WorldJobResult } from './world-pool.ts';
import { scriptOf } from './world-script.ts';

/** Runs worlds for `world-pool.ts`, one job after the other. */
if (parentPort !== null) {
  const port = parentPort;
  port.on('message', (job: WorldJob) => {
    void perform(job).then((result) => port.postMessage(result));
  });
}

/** Of the whole process: counted from the first job that asks for it. */
let cells: ReturnType<typeof countCellVisits> | null = null;
let mutants: ReadonlyMap<string, Mutant> | null = null;

async function perform(job: WorldJob): Promise<WorldJobResult> {
  if (job.kind === 'mutant') return tryMutant(job);
  if (job.kind === 'scenes') return visitScenes(job.seeds);
  cells ??= job.cells ? countCellVisits() : null;
  const faults = job.faults === null ? null : new Set(job.faults);
  const bug = Object.entries(PLANTED_BUGS).find(([name]) => name === job.bug)?.[1] ?? null;
  const before = cells?.map(({ visits }) => visits) ?? [];
  const began = cellReadings();
  for (const each of cells ?? []) each.firstAt = null;
  const { violation, steps, orders, fills, confirmed } = await runWorld(scriptOf(job.seed, faults), {
    bug,
    replayed: job.replayed === true,
  });
  const visits = cells?.map((each, index) => each.visits - (before[index] ?? 0)) ?? [];
  const firstAt = cells?.map((each) => (each.firstAt === null ? null : each.firstAt - began)) ?? [];
  return { kind: 'world', seed: job.seed, violation, steps, orders, fills, confirmed, visits, firstAt };
}

function visitScenes(seeds: number): WorldJobResult {
  cells ??= countCellVisits();
  const visitedBy = cells.map((): number[] => []);
  let violation: { readonly seed: number; readonly text: string } | null = null;
  for (let seed = 1; seed <= seeds; seed += 1) {
    const before = cells.map(({ visits }) => visits);
    const text = runScenes(seed);
    if (text !== null) violation ??= { seed, text };
    for (const [index, { visits }] of cells.entries()) if (visits > (before[index] ?? 0)) visitedBy[index]?.push(seed);
  }
  return { kind: 'scenes', violation, visitedBy };
}

async function tryMutant({ name, seeds, scenes }: Extract<WorldJob, { kind: 'mutant' }>): Promise<WorldJobResult> {
  mutants ??= new Map(allMutants().map((each) => [each.name, each]));
  const mutant = mutants.get(name);
  if (mutant === undefined) throw new Error(`there is no mutant ${name}`);
  let worlds = 0;
  for (const seed of seeds) {
    worlds += 1;
    const restore = mutant.install();
    try {
      const { violation } = await runWorld(scriptOf(seed));
      if (violation !== null) return { kind: 'mutant', name, killed: { by: 'world', seed, violation }, worlds };
    } finally {
      restore();
    }
  }
  const restore = mutant.install();
  try {
    for (const seed of scenes) {
      const violation = runScenes(seed);
      if (violation !== null) return { kind: 'mutant', name, killed: { by: 'scene', seed, violation }, worlds };
    }
  } finally {
    restore();
  }
  return { kind: 'mutant', name, killed: null, worlds };
}
