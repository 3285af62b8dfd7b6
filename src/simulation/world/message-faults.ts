/**
 * What can happen to single messages of a world, each with the row of the fault list that it stands for. A world has a share for each: how many of the messages concerned it
 * happens to.
 */
export const MESSAGE_FAULTS = {
  /** A request never reaches the venue. */
  requestLost: 'F1',
  /** The venue carried it out, and its answer never comes. */
  answerLost: 'F1',
  /** The venue carried it out and answers that it does not know. */
  unclearDone: 'F2',
  /** The venue did not carry it out and answers that it does not know. */
  unclearUndone: 'F2',
  /** A request takes seconds. */
  requestLate: 'F2',
  /** The venue does not find an order that it has. */
  notFound: 'F4',
  /** The list of past orders leaves out one that was. */
  historyForgets: 'F4',
  queryFails: 'F5',
  /** As `requestLost` and `answerLost`, of cancels. */
  cancelLost: 'F6',
  /** Reports of the account stream come seconds late, and overtake one another. */
  reportLate: 'F11',
  /** The report of an execution is never sent. */
  fillLost: 'F12',
  /** An execution that the venue never tells of again: not on the stream, and in no list. Its position holds it. */
  fillForgotten: 'F9',
  /** As `fillLost`, and that of the order's state neither. */
  stateLost: 'F12',
  reportTwice: 'G15',
  /** The venue refuses. */
  marginRefused: 'G3',
  /** The venue accepts, and its matching engine refuses. */
  refusedLater: 'G3',
  /** The venue refuses in its answer, and has taken the order. */
  falseRefusal: 'F3',
  /** It says that an order was cancelled or has expired, and only then that it was filled. */
  endCorrected: 'F23',
  /** It says once more, after an order was filled, that it was cancelled. */
  canceledToo: 'F13',
  /** A change of the book is lost. */
  bookLost: 'F19',
  /** Answers come after the reports of what they caused. */
  answerLate: 'G1',
  /** Events come to the ledger seconds late, and overtake one another. */
  ledgerLate: 'F30',
  ledgerTwice: 'F30',
  /** The answer to the placing, the amending or the cancelling of an order comes seconds late, after all that followed from the request. */
  placeHeld: 'G1',
  amendHeld: 'G1',
  cancelHeld: 'G1',
  /** An amendment takes seconds. */
  amendLate: 'F14',
  /** The answer to an amendment or a cancel comes together with the next report of its order, right behind it. */
  amendBehind: 'G1',
  cancelBehind: 'G1',
  /** The venue does not amend, and refuses to or answers that it does not know. */
  amendRefused: 'F14',
  amendUndone: 'F14',
  /** An order is gone with its amendment, which the venue takes in, and no report tells of it. */
  amendVanishes: 'F4',
  /** It does not cancel what works, and answers that it finds no such order, or that it does not know. */
  cancelRefused: 'F13',
  cancelUndone: 'F6',
  /** A report comes again and again for seconds. */
  reportAgain: 'G15',
  /** The venue refuses in its answer, and reports the refused order on the stream as well. */
  refusedTwice: 'G3',
  /** It reports that it rejected an order that it has taken, and may have executed in part. */
  falseRejection: 'F3',
} as const;
export type MessageFault = keyof typeof MESSAGE_FAULTS;

/** Share of the messages concerned, 0 to 1; the world lowers them all to nothing when it comes to rest. */
export type FaultShares = Record<MessageFault, number>;

export function noFaults(): FaultShares {
  return {
    requestLost: 0,
    answerLost: 0,
    unclearDone: 0,
    unclearUndone: 0,
    requestLate: 0,
    notFound: 0,
    historyForgets: 0,
    queryFails: 0,
    cancelLost: 0,
    reportLate: 0,
    fillLost: 0,
    fillForgotten: 0,
    stateLost: 0,
    reportTwice: 0,
    marginRefused: 0,
    refusedLater: 0,
    falseRefusal: 0,
    endCorrected: 0,
    canceledToo: 0,
    bookLost: 0,
    answerLate: 0,
    ledgerLate: 0,
    ledgerTwice: 0,
    placeHeld: 0,
    amendHeld: 0,
    cancelHeld: 0,
    amendLate: 0,
    amendBehind: 0,
    cancelBehind: 0,
    amendRefused: 0,
    amendUndone: 0,
    amendVanishes: 0,
    cancelRefused: 0,
    cancelUndone: 0,
    reportAgain: 0,
    refusedTwice: 0,
    falseRejection: 0,
  };
}
