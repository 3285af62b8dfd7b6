import type { EpochMs, MonoNanos } from '../time/clock.ts';
import type { DesiredState } from './desired-state.ts';

/** A lease held: `epoch` is its fencing number, never used twice for the same name even if the table is made anew. */
export interface HeldLease {
  readonly name: string;
  readonly epoch: number;
  /** Own monotonic time after which the holder must consider it lost: it fences itself before others may take it. */
  readonly fencedAt: MonoNanos;
  /** The same instant on the wall clock: no order may be executable by the venue after it. */
  readonly validUntil: EpochMs;
  readonly desired: DesiredState;
}

export type LeaseEvent =
  | {
      readonly kind: 'acquired';
      readonly lease: HeldLease;
      readonly tookOverFrom: string | null;
      /** Wall time until which the venue may still execute orders of the previous holder: nothing is sent before it. Null: there was none. */
      readonly predecessorValidUntil: EpochMs | null;
    }
  | { readonly kind: 'renewed'; readonly lease: HeldLease }
  | { readonly kind: 'lost'; readonly name: string; readonly epoch: number; readonly reason: string };
