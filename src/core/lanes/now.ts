import type { EpochMs, MonoNanos } from '../time/clock.ts';

/** Clock readings of one input: every step takes them from outside (invariant 8). */
export interface Now {
  readonly mono: MonoNanos;
  readonly epoch: EpochMs;
}
