import type { FaultShares } from '#simulation/world/message-faults.ts';
import type { StepFault } from './world-script.ts';
import type { WorldShape } from './world-shape.ts';

/** What goes wrong together where a table's rarer cells are to be come by: shares at their highest (half of it at the least; of 1 and more all messages), and steps besides. */
export interface WorldFocus {
  /** How many times as often as others it is picked; absent: once. */
  readonly weight?: number;
  readonly shares: Partial<FaultShares>;
  readonly steps: readonly StepFault[];
  /** Steps that begin at one moment. */
  readonly together?: readonly StepFault[];
  /** Whether no other messages go wrong: what else does may keep a unit from trading for as long. */
  readonly alone?: boolean;
  /** Absent: orders that fill in parts, amended and cancelled in a hurry. */
  readonly shape?: Partial<WorldShape>;
}

function times<const Item>(count: number, item: Item): Item[] {
  return Array.from({ length: count }, () => item);
}

/** What is traded is amended, and nothing but what goes wrong holds it up. */
const FREE = { market: 'linear', limits: 'wide', policy: 'none', rests: true } as const satisfies Partial<WorldShape>;

/** The venue refuses what it has taken, and says so while the order is amended; of the amendment it says nothing clear. */
const REFUSED_WHILE_AMENDED: WorldFocus = {
  weight: 3,
  shares: { placeHeld: 0.9, falseRefusal: 0.9, amendHeld: 1, amendUndone: 0.9 },
  alone: true,
  steps: ['command'],
  shape: { ...FREE, size: 'huge', pace: 'patient' },
};

/** An order is cancelled while it is amended, and the venue does neither. */
const REFUSED_WHILE_CANCELLED: WorldFocus = {
  weight: 3,
  shares: { amendHeld: 1, amendRefused: 1, cancelRefused: 1, cancelHeld: 0.5 },
  alone: true,
  steps: [],
  together: ['restOutage', 'command'],
  shape: { ...FREE, size: 'huge', pace: 'patient' },
};

/** The answer to an amendment says nothing clear, and comes when a report has just said that the order works. */
const UNCLEAR_BEHIND_REPORT: WorldFocus = {
  weight: 5,
  shares: { amendBehind: 1, amendUndone: 1, cancelRefused: 1 },
  alone: true,
  steps: ['command'],
  together: ['restOutage', 'command'],
  shape: { ...FREE, size: 'huge', pace: 'patient' },
};

/** As that, of cancels that are refused. */
const REFUSED_BEHIND_REPORT: WorldFocus = {
  weight: 4,
  shares: { cancelBehind: 0.7, cancelRefused: 2, reportAgain: 1 },
  alone: true,
  steps: ['stutter'],
  shape: { ...FREE, size: 'huge' },
};

const DRIFTING: WorldFocus = {
  weight: 6,
  shares: {},
  alone: true,
  steps: ['drift'],
  shape: { ...FREE, pace: 'patient' },
};

/** Share of the worlds that have a focus. */
export const FOCUSED = 0.49;

const EACH: readonly WorldFocus[] = [
  // Answers come after all that follows from the requests.
  { shares: { answerLate: 0.6, unclearDone: 0.35, reportLate: 0.4, cancelLost: 0.1 }, steps: ['command', 'command'] },
  { shares: { answerLate: 0.6, marginRefused: 0.2, requestLate: 0.15, unclearUndone: 0.15 }, steps: ['command'] },
  { shares: { falseRefusal: 0.5, answerLate: 0.3, stateLost: 0.3, reportLate: 0.4 }, steps: [] },
  { shares: { endCorrected: 0.5, stateLost: 0.4, reportLate: 0.5, cancelLost: 0.2 }, steps: [] },
  // Nobody can be asked, and people say what they see.
  {
    shares: { answerLost: 0.5, fillLost: 0.6, stateLost: 0.6, unclearDone: 0.3, queryFails: 0.4 },
    steps: ['cutQueries', 'cutQueries', 'decision', 'decision', 'wrongDecision', 'wrongDecision'],
  },
  {
    shares: { unclearDone: 0.7, fillLost: 0.9, stateLost: 0.9, requestLate: 0.1 },
    steps: [...times(5, 'restOutage'), ...times(4, 'decision'), ...times(4, 'wrongDecision')],
    shape: { ...FREE, pace: 'steady' },
  },
  { shares: { fillForgotten: 0.2, stateLost: 0.2 }, steps: ['unexplained', 'unexplained', 'command'] },
  // Refused by one way, taken or refused once more by the other.
  {
    shares: { answerLate: 0.5, refusedLater: 0.3, refusedTwice: 0.15, amendHeld: 0.9, reportLate: 0.6 },
    alone: true,
    steps: [],
    shape: { ...FREE, pace: 'patient' },
  },
  {
    weight: 2,
    shares: { falseRejection: 0.25, falseRefusal: 0.5, endCorrected: 0.4, reportLate: 0.6, requestLate: 0.4 },
    alone: true,
    steps: [],
    shape: FREE,
  },
  // The answers come in another order than the requests went, and what was asked last is known first.
  {
    shares: { placeHeld: 0.8, unclearDone: 0.4, amendHeld: 0.7, amendUndone: 0.3, amendRefused: 0.3 },
    alone: true,
    steps: ['command'],
    shape: { ...FREE, pace: 'patient' },
  },
  REFUSED_WHILE_AMENDED,
  // What is wished cancelled works on, and only reports say what it is while answers to what was asked before come in.
  REFUSED_WHILE_CANCELLED,
  {
    shares: { amendHeld: 0.8, amendUndone: 1, cancelRefused: 1, cancelHeld: 0.5, reportAgain: 1 },
    alone: true,
    steps: [],
    together: ['stutter', 'stutter', 'restOutage', 'command'],
    shape: { ...FREE, size: 'huge', pace: 'patient' },
  },
  UNCLEAR_BEHIND_REPORT,
  // What was asked first is answered last, and right behind a report.
  REFUSED_BEHIND_REPORT,
  {
    weight: 4,
    shares: { cancelBehind: 0.7, cancelUndone: 2, reportAgain: 1 },
    alone: true,
    steps: ['command'],
    shape: { ...FREE, size: 'huge' },
  },
  {
    weight: 2,
    shares: { requestLate: 0.6, cancelLost: 0.3, cancelUndone: 1, reportLate: 0.2 },
    alone: true,
    steps: [],
    shape: FREE,
  },
  // Orders rest for long, and it stays open for long whether they were amended.
  {
    shares: { amendUndone: 0.9, amendRefused: 0.1, reportLate: 0.1 },
    alone: true,
    steps: ['command'],
    shape: { ...FREE, size: 'huge', pace: 'patient' },
  },
  // What the venue ends without a word it forgets as well, while it is amended and while it rests.
  {
    shares: { amendVanishes: 0.6, notFound: 2, historyForgets: 2 },
    alone: true,
    steps: times(3, 'decision'),
    shape: { ...FREE, pace: 'patient' },
  },
  // What is held changes untold, and the third time falls into whatever the lane does by then.
  DRIFTING,
];

/** Each as often as its weight says. */
export const FOCI: readonly WorldFocus[] = EACH.flatMap((each) => times(each.weight ?? 1, each));
