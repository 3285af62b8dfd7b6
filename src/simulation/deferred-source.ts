import type { MarketSource, SourceStep } from './market-sources/market-source.ts';

export interface DeferredSource extends MarketSource {
  /** The frames begin now, `atMs` since the exchange began. Later calls change nothing. */
  start(atMs: number): void;
}

/**
 * A recording that waits for its audience: the book that it begins with stands at once, its frames begin with `start` and keep their distances.
 */
export function deferSource(inner: MarketSource): DeferredSource {
  let delayMs: number | null = null;
  let held: SourceStep | null = null;

  function next(untilMs: number): SourceStep | null {
    if (held !== null && delayMs === null) return null;
    if (delayMs === null) {
      const opening = inner.next(0);
      if (opening === null || opening.frame === null) return opening;
      held = opening;
      return null;
    }
    const step = held ?? inner.next(untilMs - delayMs);
    held = null;
    return step === null ? null : { ...step, offsetMs: step.offsetMs + delayMs };
  }

  return {
    origin: inner.origin,
    next,
    nextDueMs() {
      const due = held?.offsetMs ?? inner.nextDueMs();
      return due === null || delayMs === null ? null : due + delayMs;
    },
    start(atMs) {
      delayMs ??= atMs;
    },
  };
}
