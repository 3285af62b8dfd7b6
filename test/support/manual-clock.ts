import type { Clock, EpochMs, MonoNanos, Timers } from '#core/time/clock.ts';

export interface ManualClock {
  readonly clock: Clock;
  readonly timers: Timers;
  /** Moves both clocks and runs what falls due, in order of time. Promises are not awaited in between: see `advanceAsync`. */
  advance(ms: number): void;
  /** As `advance`, with all pending promises (and short I/O turns) settled before each timer and at the end. */
  advanceAsync(ms: number): Promise<void>;
  /** Steps the wall clock alone, as NTP or a person may. */
  stepWall(ms: number): void;
  /** Timers that have not run yet. */
  readonly pending: number;
}

/** A clock that stands still until it is told to move. */
export function createManualClock(startEpochMs = 1_700_000_000_000): ManualClock {
  let elapsedMs = 0;
  let wallStepMs = 0;
  let order = 0;
  const due = new Map<number, { readonly at: number; readonly order: number; readonly run: () => void }>();

  const clock: Clock = {
    monoNanos: () => Math.round(elapsedMs * 1e6) as MonoNanos,
    epochMs: () => (startEpochMs + elapsedMs + wallStepMs) as EpochMs,
  };
  const timers: Timers = {
    after(delayMs, run) {
      order += 1;
      const id = order;
      due.set(id, { at: elapsedMs + Math.max(0, delayMs), order: id, run });
      return () => due.delete(id);
    },
  };

  /** The first timer due until `end`, taken out. */
  function take(end: number): { readonly at: number; readonly run: () => void } | null {
    let first: { readonly at: number; readonly order: number; readonly run: () => void } | null = null;
    for (const timer of due.values()) {
      if (timer.at > end) continue;
      if (first === null || timer.at < first.at || (timer.at === first.at && timer.order < first.order)) first = timer;
    }
    if (first !== null) due.delete(first.order);
    return first;
  }

  return {
    clock,
    timers,
    advance(ms) {
      const end = elapsedMs + ms;
      for (let next = take(end); next !== null; next = take(end)) {
        elapsedMs = Math.max(elapsedMs, next.at);
        next.run();
      }
      elapsedMs = end;
    },
    async advanceAsync(ms) {
      const end = elapsedMs + ms;
      await settle();
      for (let next = take(end); next !== null; next = take(end)) {
        elapsedMs = Math.max(elapsedMs, next.at);
        next.run();
        await settle();
      }
      elapsedMs = end;
      await settle();
    },
    stepWall(ms) {
      wallStepMs += ms;
    },
    get pending() {
      return due.size;
    },
  };
}

/** Lets promises settle and a few turns of the event loop pass. */
export async function settle(turns = 3): Promise<void> {
  for (let turn = 0; turn < turns; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}
