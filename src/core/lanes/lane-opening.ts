import type { Price } from '../market/scaled-decimal.ts';
import type { EpochMs } from '../time/clock.ts';
import type { KeptHalt } from './lane-halt.ts';

/** The highest profit of a day before this lease, from which drawdowns are measured. */
export interface DayPeak {
  /** UTC day, days since 1970. */
  readonly day: number;
  /** In the settlement currency. */
  readonly lane: number;
  /** Of all lanes of the unit, in the reporting currency; null: it was not told. */
  readonly unit: number | null;
}

/** What a lane starts from: what the recovery found. */
export interface LaneOpening {
  /** Signed size at the instrument's scale. */
  readonly positionSize: number;
  /** The same as decimal text, where the position is finer than that scale (spot). */
  readonly positionText?: string;
  /** Why a spot holding is larger than ledger and fills explain: it is not taken over, and the lane halts. */
  readonly unexplained?: string;
  /** Why it takes no entries until the parties agree or people wish it: nothing explained what the venue holds (F7). */
  readonly reducing?: string;
  readonly entryPrice: Price;
  /** Fills that this position holds already. */
  readonly countedFillIds: readonly string[];
  /** The venue's time before which every execution is in this position, listed or not: the recovery asked from then on. Absent: nobody knows. */
  readonly fillsFrom?: EpochMs;
  /** What of the position no execution explained, decimal text, and the venue's time when it was asked: an execution of before that which is told later is in it. */
  readonly adopted?: { readonly delta: string; readonly price: string | null; readonly through: EpochMs };
  /** Realised today (UTC), fees paid, in settlement currency: so that a restart forgets no loss. */
  readonly dailyProfit: number;
  /** Absent: the ledger has none of this day. */
  readonly peak?: DayPeak;
  /** Funding and the like that is in it. */
  readonly countedAdjustmentIds?: readonly string[];
  /** It had halted, and nobody is known to have wished it to run since. */
  readonly halted?: KeptHalt;
  /** What the ids of the unit's own orders begin with. */
  readonly ownPrefix?: string;
}
