import type { UnitRef } from '../control/unit.ts';
import type { LedgerAdjustment, LedgerFill, LedgerOrder } from '../ledger/ledger-entry.ts';
import type { Instrument } from '../market/instrument.ts';
import type { FillReport, OrderReport, PositionReport } from '../orders/order.ts';
import type { EpochMs } from '../time/clock.ts';

/** What venue, ledger and engine say of one symbol at one moment. The ledger is asked first: it is then never newer than the venue. */
export interface SymbolLook {
  readonly unit: UnitRef;
  readonly instrument: Instrument;
  readonly at: EpochMs;
  /** Fills of the venue from before are not compared: they are older than the window, or than the ledger's first word of the symbol. */
  readonly comparedFrom: EpochMs;
  readonly venue: VenueStatement;
  readonly ledger: LedgerStatement;
  /** Last word of the lane that trades it; null: no lane does, or none has spoken. */
  readonly lane: LaneWord | null;
  /** What that lane last found when it compared its position with the venue's; null: it has said nothing of it. */
  readonly engine: EngineWord | null;
}

/** By queries alone. */
export interface VenueStatement {
  readonly openOrders: readonly OrderReport[];
  /** Orders that the ledger waits for, as far as the venue knows them, and those of executions that it lacks. */
  readonly orders: readonly OrderReport[];
  readonly fills: readonly FillReport[];
  /** Of spot: what the account holds beyond what is reserved. */
  readonly position: PositionReport;
  /** Whether the fills were the same before and after the position was asked for: else the two do not belong together. */
  readonly quiet: boolean;
}

/** What the ledger has of the symbol. */
export interface LedgerStatement {
  /** Whether it has ever heard of the symbol: else what is held is for the engine to open with. */
  readonly hasHistory: boolean;
  /**
   * Latest engine time, ms, of anything that the ledger has of the unit. A unit's events come in their order: what was told before is in, what came later may be on its way.
   */
  readonly heardThrough: number;
  /** Signed decimal text, of all fills and adjustments that it has. */
  readonly positionSize: string;
  /** Those since `comparedFrom` at least. */
  readonly fills: readonly LedgerFill[];
  readonly adjustments: readonly LedgerAdjustment[];
  /** Orders without an end, and those that the venue names as open. */
  readonly orders: readonly LedgerOrder[];
}

/** The outcome of a comparison that an engine made. Signed decimal text. */
export interface EngineWord {
  readonly held: string;
  readonly venue: string;
  /** Wall clock of the engine, ms. */
  readonly time: number;
}

/** What a lane last said of itself. */
export interface LaneWord {
  readonly lane: string;
  readonly state: string;
  /** Wall clock of its engine, ms. */
  readonly time: number;
}
