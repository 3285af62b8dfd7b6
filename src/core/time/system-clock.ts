import type { Clock, EpochMs, MonoNanos, Timers } from './clock.ts';

/** The process's own clocks: `performance` for monotonic time (origin: process start), `Date` for wall time. */
export const systemClock: Clock = {
  // Whole nanoseconds: records carry integers, and a replay must see the very readings that decisions were taken on.
  monoNanos: () => Math.round(performance.now() * 1e6) as MonoNanos,
  epochMs: () => Date.now() as EpochMs,
};

/** Timers of the process. They keep it alive; whoever sets one cancels it. */
export const systemTimers: Timers = {
  after(delayMs, run) {
    const handle = setTimeout(run, delayMs);
    return () => clearTimeout(handle);
  },
};
