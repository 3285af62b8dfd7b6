import { setTimeout as sleep } from 'node:timers/promises';
import type { MappingStats } from './poller-stats.ts';

/** A mapping at work. */
export interface Source {
  /** Works until the poller stops; rejects only for a fault of our own. */
  run(): Promise<void>;
  stats(): MappingStats;
  /** When the last read began that found nothing while nothing was in work (monotonic ms); null while there is work. */
  quietSinceMs(): number | null;
  /** When it last had something to do (monotonic ms). */
  busyAtMs(): number;
}

/** How often sources are read and how long failures wait. */
export interface Pace {
  /** Between reads that found nothing, ms. The service itself reads a shard about once a second, and allows five. */
  readonly idleMs: number;
  /** First wait after a failure, doubled with each further one up to `backOffCapMs`. */
  readonly backOffMs: number;
  readonly backOffCapMs: number;
}

/** A source that was away is looked at again at least this often: it costs a request, and nothing moves meanwhile. */
export const READ_BACK_OFF_CAP_MS = 1000;

/** Quick enough for a live view, gentle enough for an emulator that serves everything from one process. */
export const DEFAULT_PACE: Pace = { idleMs: 200, backOffMs: 100, backOffCapMs: 10_000 };

/** The wait before attempt `attempt` (1 = after the first failure). */
export function backOff(pace: Pace, attempt: number): number {
  return Math.min(pace.backOffCapMs, pace.backOffMs * 2 ** Math.min(20, Math.max(0, attempt - 1)));
}

/** Waits; rejects when `signal` aborts. */
export async function wait(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal });
}
