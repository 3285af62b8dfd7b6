import { UNVISITED_CELLS } from './unvisited-cells.ts';

/**
 * Mutants that no world can find, each with the reason why it changes nothing that anybody could see, or why another test is the one to see it. `match`: what their names begin with, and how they may go on.
 * The program that tries the mutants (`npm run mutants`) fails where one of these is found after all.
 */
export const EQUIVALENT_MUTANTS: readonly { readonly match: RegExp; readonly because: string }[] = [
  {
    match: /^lane Halted × resumeFlat → OrderPending$/,
    because: 'the same step looks what works and what is held, and goes on to Idle: entryEndedFlat',
  },
  {
    match: /^lane Halted × resumeWithPosition → (Idle|OrderPending)$/,
    because:
      'the same step finds what is held, and goes on to PositionOpen: positionAppeared, or entryEndedWithPosition',
  },
  {
    match: /^order (Accepted|PartiallyFilled|PendingReplace) × placeRejected → (Filled|Canceled|Expired)$/,
    because:
      'an answer proves none of these ends, and what does not prove the end that it leads to leads to Unknown (stepOrder), as the row does',
  },
  {
    match: /^order Submitted × placeAccepted → Accepted$/,
    because: 'nothing of it has filled, or it were PartiallyFilled: what works without fills is Accepted',
  },
  {
    match: /^order (Accepted|PartiallyFilled) × replaceRefused → working$/,
    because: 'it works, and whether anything of it has filled is in its state already',
  },
  {
    match: /^order (Submitted|Accepted|PartiallyFilled|Unknown) × fill → working$/,
    because: 'the execution is counted before the table is asked: what works with fills is PartiallyFilled',
  },
  {
    match: /^order Accepted × (placeAccepted|placeUnknown|cancelRefused) → working$/,
    because: 'an order of which something has filled is PartiallyFilled: what works without fills is Accepted',
  },
  {
    match:
      /^order PartiallyFilled × (accepted → (same|PartiallyFilled)|(placeAccepted|placeUnknown|cancelRefused) → working)$/,
    because: 'what has filled stays filled: what works with fills is PartiallyFilled',
  },
  {
    match: /^risk EXIT_AT_WORK is off by -1$/,
    because:
      'no second exit is asked for where a venue has no reduce-only orders: an exit waits until nothing is at work (Protection.closeAtMarket, TakeProfit.act), and the engine holds the stop',
  },
  {
    match: /^risk SHORT_IMPOSSIBLE is off by -1$/,
    because:
      'what a lane holds when it enters is dust, at the middle price less than the least that a venue takes, and of the order that least is asked before: but where both lie within some ticks of it no sale passes that a lower figure could refuse',
  },
];

/** Why a mutant is argued to be equivalent, or null. */
export function argumentFor(name: string): string | null {
  return EQUIVALENT_MUTANTS.find(({ match }) => match.test(name))?.because ?? null;
}

/** Why nothing can come by a cell, or null. */
export function whyNeverAsked(cell: string | null): string | null {
  return UNVISITED_CELLS.find(({ cells }) => cell !== null && cells.includes(cell))?.because ?? null;
}
