import type { EngineStart } from '#core/input-log/lease-log.ts';
import type { Difference } from './effect-comparison.ts';
import type { HashMark, HashPair } from './effect-hashes.ts';

/** A unit under one lease, from its first input to its last. `broken`: why it could not be replayed from some point on, or at all. */
export interface ReplayedWindow {
  readonly unit: string;
  readonly from: number;
  readonly until: number;
  readonly effects: number;
  readonly broken: string | null;
}

/** What a replay came to: how much it took in, and the first difference if there is one. */
export interface ReplayResult {
  readonly start: EngineStart | null;
  readonly inputs: number;
  readonly frames: number;
  readonly effects: number;
  readonly hashes: HashPair;
  readonly marks: readonly HashMark[];
  readonly windows: readonly ReplayedWindow[];
  /** What is missing, a line each. */
  readonly holes: readonly string[];
  /** The engine was killed: its last inputs were never published. Number of the last that was. */
  readonly tornAt: number | null;
  readonly difference: Difference | null;
  readonly view: unknown;
}
