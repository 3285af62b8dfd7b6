import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import type { WorldResult } from './world.ts';

/** One world, all scenes of the first seeds, or one mutant over worlds, and then over scenes, until one of them finds it. */
export type WorldJob =
  | {
      readonly kind: 'world';
      readonly seed: number;
      readonly faults: readonly string[] | null;
      readonly bug: string | null;
      /** Absent: not. */
      readonly replayed?: boolean;
      /** Whether the visits of cells are counted. */
      readonly cells: boolean;
    }
  | { readonly kind: 'scenes'; readonly seeds: number }
  | {
      readonly kind: 'mutant';
      readonly name: string;
      readonly seeds: readonly number[];
      /** Seeds of scenes that are tried where no world finds it. */
      readonly scenes: readonly number[];
    };

export type WorldJobResult =
  | (Pick<WorldResult, 'violation' | 'steps' | 'orders' | 'fills' | 'confirmed'> & {
      readonly kind: 'world';
      readonly seed: number;
      /** Of each cell of `countCellVisits`, in its order. */
      readonly visits: readonly number[];
      /** How many readings of cells went before the first of each; null: none came. */
      readonly firstAt: readonly (number | null)[];
    })
  | {
      readonly kind: 'scenes';
      /** The first that does not hold, or null. */
      readonly violation: { readonly seed: number; readonly text: string } | null;
      /** Seeds of the scenes that came by each cell of `countCellVisits`, in its order. */
      readonly visitedBy: readonly (readonly number[])[];
    }
  | {
      readonly kind: 'mutant';
      readonly name: string;
      readonly killed: {
        readonly by: 'world' | 'scene';
        readonly seed: number;
        readonly violation: string;
      } | null;
      readonly worlds: number;
    };

/** What is not done by then goes round in circles, ms, for each world of a job. */
const LONGEST_MS = 60_000;
const WORKER = new URL('./world-worker.ts', import.meta.url);

/**
 * Does the jobs on all cores; `onResult` hears of each when it is done, in no order. A job that never ends is given up with its worker, and `onHung` hears of it. Rejects where a worker fails.
 */
export async function runJobs(
  jobs: readonly WorldJob[],
  onResult: (result: WorldJobResult) => void,
  onHung: (job: WorldJob) => void,
  workers = availableParallelism(),
): Promise<void> {
  let next = 0;
  const work = async () => {
    let worker: Worker | null = null;
    for (;;) {
      const job = jobs[next];
      next += 1;
      if (job === undefined) break;
      worker ??= new Worker(WORKER);
      const result = await perform(worker, job);
      if (result !== null) onResult(result);
      else {
        await worker.terminate();
        worker = null;
        onHung(job);
      }
    }
    await worker?.terminate();
  };
  await Promise.all(Array.from({ length: Math.min(workers, jobs.length) }, work));
}

/** Null: it hangs. */
function perform(worker: Worker, job: WorldJob): Promise<WorldJobResult | null> {
  return new Promise((resolve, reject) => {
    const longestMs = job.kind === 'mutant' ? LONGEST_MS * Math.max(1, Math.ceil(job.seeds.length / 20)) : LONGEST_MS;
    const timer = setTimeout(() => end(() => resolve(null)), longestMs);
    const onMessage = (result: WorldJobResult) => end(() => resolve(result));
    const onError = (error: unknown) => end(() => reject(error));
    function end(how: () => void): void {
      clearTimeout(timer);
      worker.off('message', onMessage);
      worker.off('error', onError);
      how();
    }
    worker.on('message', onMessage);
    worker.on('error', onError);
    worker.postMessage(job);
  });
}
