import { z } from 'zod';
import { LANE_STATES, ORDER_STATES, TRADING_EVENT_BODIES } from '../events/trading-event.ts';
import { VENUES } from '../market/instrument.ts';

const origin = {
  venue: z.enum(VENUES),
  /** Epoch of the event that brought it. */
  epoch: z.number(),
  /** Wall clock of the engine when it said so, ms. */
  time: z.number(),
};
const stateBody = TRADING_EVENT_BODIES['order.state'];
const laneBody = TRADING_EVENT_BODIES['lane.state'];

/** Schemas of what each part of a ledger item holds, read back at the edge. */
export const LEDGER_ENTRY = {
  intent: TRADING_EVENT_BODIES['order.intended'].extend(origin),
  state: stateBody
    .omit({ from: true, to: true })
    .extend({ ...origin, state: z.enum(ORDER_STATES), size: stateBody.shape.size.optional() }),
  fill: TRADING_EVENT_BODIES.fill.extend(origin),
  feePrice: TRADING_EVENT_BODIES['fee.priced'].extend(origin),
  adjustment: TRADING_EVENT_BODIES['position.adjusted'].extend({
    ...origin,
    /** Of the event that told it: within an epoch it says what was told first, wherever the wall clock was. Absent in older entries. */
    sequence: z.number().int().nonnegative().optional(),
  }),
  cash: TRADING_EVENT_BODIES['cash.adjusted'].extend(origin),
  balance: TRADING_EVENT_BODIES.balance.extend(origin),
  lane: laneBody.omit({ from: true, to: true }).extend({ ...origin, state: z.enum(LANE_STATES) }),
  entries: TRADING_EVENT_BODIES['lane.entries'].extend(origin),
  peak: TRADING_EVENT_BODIES['profit.peak'].extend(origin),
  breakers: TRADING_EVENT_BODIES['risk.breakers'].extend(origin),
  symbol: TRADING_EVENT_BODIES['lane.symbol'].extend(origin),
  heights: TRADING_EVENT_BODIES['lane.heights'].extend(origin),
  /** The last comparison of the lane's position: what the engine held, and what the venue said. */
  checked: TRADING_EVENT_BODIES['position.checked']
    .pick({ symbol: true, engine: true })
    .extend({ ...origin, lane: z.string(), venuePosition: TRADING_EVENT_BODIES['position.checked'].shape.venue }),
} as const;

export type LedgerIntent = z.infer<typeof LEDGER_ENTRY.intent>;
/** State of an order with the evidence for it; `size` is absent where risk denied it. */
export type LedgerOrderState = z.infer<typeof LEDGER_ENTRY.state>;
export type LedgerFill = z.infer<typeof LEDGER_ENTRY.fill>;
/** What converted the fee of a fill after it was told. */
export type LedgerFeePrice = z.infer<typeof LEDGER_ENTRY.feePrice>;
export type LedgerAdjustment = z.infer<typeof LEDGER_ENTRY.adjustment>;
/** Money that moved without a fill: funding, settlement, transfers. */
export type LedgerCash = z.infer<typeof LEDGER_ENTRY.cash>;
export type LedgerBalance = z.infer<typeof LEDGER_ENTRY.balance>;

/** An order: either part can be missing while events are on their way, or for orders that nobody here placed. */
export interface LedgerOrder {
  readonly clientOrderId: string;
  readonly intent: LedgerIntent | null;
  readonly state: LedgerOrderState | null;
}

export interface LedgerLane {
  readonly lane: string;
  readonly state: z.infer<typeof LEDGER_ENTRY.lane> | null;
  readonly entries: z.infer<typeof LEDGER_ENTRY.entries> | null;
  /** The height of its day; absent or null: it has told none. */
  readonly peak?: z.infer<typeof LEDGER_ENTRY.peak> | null;
  /** Which breakers were not closed when it last told of any; absent or null: it never has. */
  readonly breakers?: z.infer<typeof LEDGER_ENTRY.breakers> | null;
  /** Where a lane whose symbol a scanner picks stood last; absent or null: it has a symbol of its own. */
  readonly symbol?: z.infer<typeof LEDGER_ENTRY.symbol> | null;
  /** How high the day came of a lane whose symbol a scanner picks; absent or null: it has told none. */
  readonly heights?: z.infer<typeof LEDGER_ENTRY.heights> | null;
  /** Absent or null: it has compared nothing. */
  readonly checked?: z.infer<typeof LEDGER_ENTRY.checked> | null;
}
