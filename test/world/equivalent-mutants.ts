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
    match: /^order Initialized × deny /,
    because:
      'nobody asks the table: risk refuses before there is an order (OrderGate.submit), and the ledger writes Denied from the event of the refusal',
  },
  {
    match: /^order (Accepted|PartiallyFilled|PendingCancel|Filled|Canceled|Expired|Unknown) × replaced /,
    because:
      'nobody asks the table: that an amendment was carried out is brought to it only while the order is PendingReplace (Amendments.reported)',
  },
  {
    match: /^order (Filled|Canceled|Rejected|Expired) × replace(Refused|Unknown) /,
    because:
      'nobody asks the table: an amendment ends with its order (OrderDesk.#changed), and the answer to one that has ended is dropped (Amendments.answered)',
  },
  {
    match: /^order Accepted × absent /,
    because:
      'nobody asks the table: what the venue has taken bears its id, and absence is brought to the table only for what bears none (OrderDesk.resolved)',
  },
  {
    match: /^order PendingReplace × cancelRefused /,
    because:
      'nobody asks the table: a cancel that leaves makes it PendingCancel, and what was ever wished cancelled is amended no more (Amendments.allows)',
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
];

/** Why a mutant is argued to be equivalent, or null. */
export function argumentFor(name: string): string | null {
  return EQUIVALENT_MUTANTS.find(({ match }) => match.test(name))?.because ?? null;
}
