import type { MarketSource, SourceChange, SourceStep } from './market-sources/market-source.ts';

export interface DeferredSource extends MarketSource {
  /** The frames begin now, `atMs` since the exchange began. Later calls change nothing. */
  start(atMs: number): void;
}

/**
 * A market that waits for its audience: the book that it begins with stands at once, what follows begins with `start`. It runs `speed` times as fast
 * as it was recorded or generated, while the exchange's own clock, and so the stamps on orders and the windows of signatures, keep real time.
 */
export function deferSource(inner: MarketSource, speed = 1): DeferredSource {
  let delayMs: number | null = null;
  let held: SourceStep | null = null;

  function next(untilMs: number): SourceStep | null {
    if (delayMs === null) return held === null ? opening() : null;
    const step = held ?? inner.next((untilMs - delayMs) * speed);
    held = null;
    return step === null ? null : shifted(step, delayMs);
  }

  /** What stands before the first frame; the frame itself is kept. */
  function opening(): SourceStep | null {
    const step = inner.next(0);
    if (step === null || step.frame === null) return step;
    held = step;
    return null;
  }

  function shifted(step: SourceStep, delay: number): SourceStep {
    const moved = (offsetMs: number): number => offsetMs / speed + delay;
    const changes = step.changes.map((change): SourceChange => {
      if (change.kind !== 'ticker' || change.nextFundingOffsetMs === undefined) return change;
      return { ...change, nextFundingOffsetMs: moved(change.nextFundingOffsetMs) };
    });
    return { ...step, offsetMs: moved(step.offsetMs), changes };
  }

  return {
    origin: inner.origin,
    next,
    nextDueMs() {
      const due = held?.offsetMs ?? inner.nextDueMs();
      return due === null || delayMs === null ? null : due / speed + delayMs;
    },
    start(atMs) {
      delayMs ??= atMs;
    },
  };
}
