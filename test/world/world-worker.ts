import { parentPort } from 'node:worker_threads';
import { countCellVisits } from './cell-visits.ts';
import { allMutants } from './mutants.ts';
import { PLANTED_BUGS } from './planted-bugs.ts';
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

async function perform(job: WorldJob): Promise<WorldJobResult> {
  if (job.kind === 'mutant') return tryMutant(job);
  cells ??= job.cells ? countCellVisits() : null;
  const faults = job.faults === null ? null : new Set(job.faults);
  const bug = Object.entries(PLANTED_BUGS).find(([name]) => name === job.bug)?.[1] ?? null;
  const before = cells?.map(({ visits }) => visits) ?? [];
  const { violation, steps, orders, fills, confirmed } = await runWorld(scriptOf(job.seed, faults), {
    bug,
    replayed: job.replayed === true,
  });
  const visits = cells?.map((each, index) => each.visits - (before[index] ?? 0)) ?? [];
  return { kind: 'world', seed: job.seed, violation, steps, orders, fills, confirmed, visits };
}

async function tryMutant({ name, seeds }: Extract<WorldJob, { kind: 'mutant' }>): Promise<WorldJobResult> {
  const mutant = allMutants().find((each) => each.name === name);
  if (mutant === undefined) throw new Error(`there is no mutant ${name}`);
  let worlds = 0;
  for (const seed of seeds) {
    worlds += 1;
    const restore = mutant.install();
    try {
      const { violation } = await runWorld(scriptOf(seed));
      if (violation !== null) return { kind: 'mutant', name, killed: { seed, violation }, worlds };
    } finally {
      restore();
    }
  }
  return { kind: 'mutant', name, killed: null, worlds };
}
