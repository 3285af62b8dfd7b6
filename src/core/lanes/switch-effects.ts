import type { SwitchState, SwitchStep } from './switch-state.ts';

/** What a switch wishes done, in order. Steps carry their attempt: the answer to another one is late, and counted. */
export type SwitchEffect =
  /** Find the symbol that has a position or orders, else the one that the lane had last. */
  | { readonly kind: 'locate'; readonly attempt: number }
  /** No entries on the lane's symbol. */
  | { readonly kind: 'hold'; readonly reason: string }
  /** Entries may leave. */
  | { readonly kind: 'release' }
  /** Cancel what works, and close what is held. */
  | { readonly kind: 'leave'; readonly reason: string }
  /** The lane stays after all. */
  | { readonly kind: 'stay' }
  /** Ask the venue whether the symbol is flat and nothing rests. */
  | { readonly kind: 'confirmFlat'; readonly attempt: number }
  /** From now on no tick reaches the lane; its orders are followed. */
  | { readonly kind: 'retire' }
  | { readonly kind: 'unsubscribe'; readonly symbol: string; readonly attempt: number }
  | { readonly kind: 'subscribe'; readonly symbol: string; readonly attempt: number }
  /** Start a lane on the symbol from what venue and ledger say, with its entries held, and compare it once more. */
  | { readonly kind: 'recover'; readonly symbol: string; readonly attempt: number }
  /** The state changed. */
  | {
      readonly kind: 'moved';
      readonly from: SwitchState;
      readonly to: SwitchState;
      readonly symbol: string | null;
      readonly target: string | null;
      readonly reason: string;
    }
  | { readonly kind: 'failed'; readonly step: SwitchStep; readonly failures: number; readonly reason: string };

/** What a switch has to know of its lane at each of its inputs. */
export interface SwitchFacts {
  /** The lane of the switch is flat, and nothing of it can fill any more. */
  readonly atRest: boolean;
  /** Why the lane must stay as it is (halted, fenced, its entries paused by people); null: it may leave. */
  readonly bound: string | null;
  /** There is a lane on the target already. */
  readonly hasLane: boolean;
  /** The target's book is known to be complete. */
  readonly bookValid: boolean;
  /** Why a lane on an earlier symbol is not at rest; null: all are. */
  readonly restless: string | null;
  /** Why nothing more may be entered on any of its symbols today; null: it may. */
  readonly spent: string | null;
}
