import type { DesiredState } from '../control/desired-state.ts';

/** A halt as the ledger has it: it outlives the engine that halted the lane. */
export interface KeptHalt {
  readonly reason: string;
  /** Version of the wish that was in force when the lane halted; absent: nobody knew it. */
  readonly under?: number;
}

/** Which wish ends a lane's halt: one of people to run that is newer than the halt, whoever holds the unit by then. */
export class LaneHalt {
  #under: number | null = null;
  #latest: number | null = null;
  #runs = false;

  /** The version of the wish that was in force when the lane halted; undefined: none was known yet. */
  get under(): number | undefined {
    return this.#under ?? undefined;
  }

  /** The lane halts now. */
  begin(): void {
    this.#under = this.#latest;
  }

  /** The lane goes on with an earlier halt. False: people have wished it to run since. */
  keep({ under }: KeptHalt): boolean {
    if (this.#latest !== null && this.#runs && under !== undefined && this.#latest > under) return false;
    this.#under = under ?? this.#latest;
    return true;
  }

  /** Takes a wish; whether it ends the halt. */
  endsBy(desired: DesiredState): boolean {
    const wished = desired.wishVersion ?? desired.version;
    this.#latest = wished;
    this.#runs = desired.wish === 'run';
    // The first that is known, or a table that was made anew: it cannot be newer than the halt.
    if (this.#under === null || desired.version < this.#under) this.#under = wished;
    return this.#runs && wished > this.#under;
  }
}
