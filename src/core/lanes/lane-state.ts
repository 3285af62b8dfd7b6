import type { LaneState } from '../events/trading-event.ts';

/** What moves a lane. Entries paused (reducing) is a flag of any lane, not a state. */
export const LANE_INPUTS = [
  'entrySubmitted',
  'entryReplaced',
  'entryEndedFlat',
  'entryEndedWithPosition',
  'exitSubmitted',
  'exitEndedFlat',
  'exitEndedWithPosition',
  'orderReturned',
  'positionAppeared',
  'positionGone',
  'halt',
  'resumeFlat',
  'resumeWithPosition',
] as const;
export type LaneInput = (typeof LANE_INPUTS)[number];

/**
 * The one table of lane transitions (H7). An entry may be decided on from Idle alone, and Idle is reached only when no order of the lane
 * can still fill and the position is flat: so no path leads to a double entry. A pair that is not listed is refused.
 */
export const LANE_TRANSITIONS: Readonly<Record<LaneState, Readonly<Partial<Record<LaneInput, LaneState>>>>> = {
  Idle: {
    entrySubmitted: 'OrderPending',
    // One that was taken for ended, or a predecessor's, turns out to live or to have filled more than is known.
    orderReturned: 'OrderPending',
    positionAppeared: 'PositionOpen',
    halt: 'Halted',
  },
  OrderPending: {
    // What is left of an entry that was cancelled for its price, proven by its fills: the same decision.
    entryReplaced: 'OrderPending',
    entryEndedFlat: 'Idle',
    entryEndedWithPosition: 'PositionOpen',
    // Protection acts on a partly filled entry too.
    exitSubmitted: 'Closing',
    halt: 'Halted',
  },
  PositionOpen: { exitSubmitted: 'Closing', positionGone: 'Idle', halt: 'Halted' },
  Closing: { exitEndedFlat: 'Idle', exitEndedWithPosition: 'PositionOpen', halt: 'Halted' },
  Halted: { resumeFlat: 'Idle', resumeWithPosition: 'PositionOpen' },
};

/** The state after `input`, or null where the table refuses it. */
export function nextLaneState(state: LaneState, input: LaneInput): LaneState | null {
  return LANE_TRANSITIONS[state][input] ?? null;
}
