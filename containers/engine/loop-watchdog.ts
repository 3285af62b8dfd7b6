import { Worker } from 'node:worker_threads';

/** What the watching thread is started with. */
export interface LoopWatchdogData {
  /** One number that the event loop moves. */
  readonly beat: SharedArrayBuffer;
  readonly limitMs: number;
  /** Fields of its last line. */
  readonly fields: Readonly<Record<string, string>>;
}

/** Past this the engine has lost its leases long ago, and another trades: it is of no use to anybody. */
const LIMIT_MS = 10_000;

/** Watches the event loop from a thread of its own, and kills the process when that stands still: nothing inside a loop that hangs could (H13). */
export interface LoopWatchdog {
  /** The event loop turns. */
  beat(): void;
  /** Nothing is watched any more. */
  stop(): Promise<void>;
}

/** Time in which the whole process was stopped does not count. `limitMs`: without a beat for so long the process gets SIGKILL, and says so before. */
export function startLoopWatchdog(
  fields: Readonly<Record<string, string>>,
  limitMs: number = LIMIT_MS,
  workerUrl: URL = siblingUrl(),
): LoopWatchdog {
  const beat = new SharedArrayBuffer(4);
  const count = new Int32Array(beat);
  const workerData: LoopWatchdogData = { beat, limitMs, fields };
  const worker = new Worker(workerUrl, {
    workerData,
    name: 'loop-watchdog',
    // It has a timer and a number.
    resourceLimits: { maxOldGenerationSizeMb: 16, maxYoungGenerationSizeMb: 2 },
  });
  worker.unref();
  return {
    beat: () => void Atomics.add(count, 0, 1),
    stop: async () => {
      await worker.terminate();
    },
  };
}

/** Beside this file: `.ts` where it runs as it is, `.mjs` where it is bundled. */
function siblingUrl(): URL {
  return new URL(
    import.meta.url.endsWith('.ts') ? './loop-watchdog-worker.ts' : './loop-watchdog-worker.mjs',
    import.meta.url,
  );
}
