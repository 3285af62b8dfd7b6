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
      /** For how long from now the venue may still execute orders of the previous holder, ms: nothing is sent before that. By no wall clock: those of two machines may lie an hour apart (G12). */
      readonly predecessorLeftMs: number;
    }
  | { readonly kind: 'renewed'; readonly lease: HeldLease }
  | { readonly kind: 'lost'; readonly name: string; readonly epoch: number; readonly reason: string }
  /** Another engine has less than its share and asks for this lease: come to rest, then release it to `by`. It is still held. */
  | { readonly kind: 'requested'; readonly name: string; readonly epoch: number; readonly by: string };

/** Why a lease is not held here, for people. */
export interface LeaseNotHeld {
  readonly name: string;
  readonly reason: string;
}

/** What an engine holds of what it might hold. */
export interface LeaseOverview {
  /** How many it is meant to hold; null: as many as it can get. */
  readonly share: { readonly least: number; readonly most: number } | null;
  readonly held: readonly string[];
  readonly notHeld: readonly LeaseNotHeld[];
}
