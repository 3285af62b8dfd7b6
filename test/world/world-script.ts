import { createDice, type Dice } from '#simulation/world/dice.ts';
import { type FaultShares, MESSAGE_FAULTS, type MessageFault, noFaults } from '#simulation/world/message-faults.ts';
import { FOCI, FOCUSED, type WorldFocus } from './world-foci.ts';
import { LANES, shapeOf, type WorldShape } from './world-shape.ts';

/** Things that happen to a world at a moment, each with the row of the fault list that it stands for. `forMs`: how long it lasts. */
export const STEP_FAULTS = {
  /** SIGKILL, and a new process after `forMs`. */
  crash: 'G10',
  /** SIGSTOP and SIGCONT. */
  pause: 'G11',
  /** SIGTERM: drained and released in order, and a new process after `forMs`. */
  redeploy: 'F29',
  /** The wall clock of one engine is off for so long. */
  wallStep: 'G12',
  cutAccount: 'F10',
  cutOrders: 'F1',
  cutQueries: 'F5',
  /** Books come late, and all at once. */
  stallBooks: 'F21',
  maintenance: 'G8',
  /** Somebody trades by hand in the venue's own page. */
  manualTrade: 'G13',
  /** Somebody closes the position by hand. */
  manualClose: 'G13',
  /** Most of the account's money is taken away: the venue liquidates what is open, and refuses what is new. */
  liquidation: 'F25',
  /** The lease table answers nothing. */
  leaseOutage: 'F29',
  /** The trading stream takes nothing. */
  streamOutage: 'G7',
  command: 'G15',
  /** Somebody places an order by hand that rests. */
  manualOrder: 'G13',
  /** The position changes thrice by executions that are told nowhere; then people wish it to run. */
  unexplained: 'F8',
  /** The symbol is frozen by desired state. */
  freeze: 'F8',
  /** Somebody says what became of an order that is Unknown. */
  decision: 'F4',
  /** Somebody says it, and errs. */
  wrongDecision: 'F4',
  /** SIGSTOP and SIGCONT again and again, for moments: what arrives is heard in a row, with no timer between. */
  stutter: 'G11',
  /** No engine can ask the venue anything. */
  restOutage: 'F5',
  /** As `unexplained`, with so long between that the lane has closed what it took over and decided anew. */
  drift: 'F8',
} as const;
export type StepFault = keyof typeof STEP_FAULTS;
export type Wish = 'run' | 'reduce' | 'stop' | 'flatten';

export interface WorldStep {
  readonly atMs: number;
  readonly fault: StepFault;
  readonly engine: 0 | 1;
  readonly symbol: 0 | 1;
  readonly forMs: number;
  /** What the fault's own choices are taken from, in [0, 1). */
  readonly chance: number;
}

/** All that a world is made from: it runs the same each time. */
export interface WorldScript {
  readonly seed: number;
  /** From here on nothing goes wrong any more, and the world comes to rest. */
  readonly calmAtMs: number;
  readonly shares: FaultShares;
  readonly steps: readonly WorldStep[];
  /** How far wall clocks step. */
  readonly wallMs: number;
  /** Absent: plain. */
  readonly shape?: WorldShape;
}

/** Faults under which something does not hold yet: `failed-worlds.ts` says what. */
export type OpenFault = MessageFault;
const OPEN_FAULTS: readonly OpenFault[] = [];

/** How long a world may take to come to rest. */
export const REST_MS = 60_000;

const HIGHEST_SHARE: FaultShares = {
  requestLost: 0.1,
  answerLost: 0.15,
  unclearDone: 0.15,
  unclearUndone: 0.1,
  requestLate: 0.1,
  notFound: 0.3,
  historyForgets: 0.2,
  queryFails: 0.2,
  cancelLost: 0.3,
  reportLate: 0.2,
  fillLost: 0.2,
  fillForgotten: 0.08,
  stateLost: 0.15,
  reportTwice: 0.2,
  marginRefused: 0.15,
  refusedLater: 0.15,
  falseRefusal: 0.3,
  endCorrected: 0.15,
  canceledToo: 0.3,
  bookLost: 0.01,
  answerLate: 0.3,
  ledgerLate: 0.3,
  ledgerTwice: 0.2,
  placeHeld: 0.1,
  amendHeld: 0.2,
  cancelHeld: 0.2,
  amendLate: 0.2,
  amendBehind: 0.2,
  cancelBehind: 0.2,
  amendRefused: 0.2,
  amendUndone: 0.2,
  amendVanishes: 0.05,
  cancelRefused: 0.2,
  cancelUndone: 0.2,
  reportAgain: 0.1,
  refusedTwice: 0.15,
  falseRejection: 0.1,
};
const LONGEST_MS: Readonly<Record<StepFault, number>> = {
  crash: 8_000,
  pause: 15_000,
  redeploy: 3_000,
  wallStep: 20_000,
  cutAccount: 8_000,
  cutOrders: 8_000,
  cutQueries: 8_000,
  stallBooks: 3_000,
  maintenance: 10_000,
  manualTrade: 0,
  manualClose: 0,
  liquidation: 6_000,
  leaseOutage: 6_000,
  streamOutage: 8_000,
  command: 5_000,
  manualOrder: 8_000,
  unexplained: 6_000,
  freeze: 6_000,
  decision: 20_000,
  wrongDecision: 20_000,
  stutter: 12_000,
  restOutage: 12_000,
  drift: 6_000,
};
const ACTIVE_MS = 40_000;
/** When they begin at the latest, so that all of it comes before the calm. */
const LATEST_MS: Readonly<Partial<Record<StepFault, number>>> = { drift: 15_000 };

/** After these an engine cannot know what is so for a while, and less of the rest can be checked. */
const RARE: ReadonlySet<MessageFault> = new Set(['falseRefusal', 'endCorrected', 'canceledToo', 'falseRejection']);
/** Thrown with dice of their own, so that the rest of what a seed makes is what it was before there were these. */
const ADDED: ReadonlySet<MessageFault> = new Set([
  'placeHeld',
  'amendHeld',
  'cancelHeld',
  'amendLate',
  'amendBehind',
  'cancelBehind',
  'amendRefused',
  'amendUndone',
  'amendVanishes',
  'cancelRefused',
  'cancelUndone',
  'reportAgain',
  'refusedTwice',
  'falseRejection',
]);
/** Likewise; each comes besides. */
const ADDED_STEPS: readonly StepFault[] = ['stutter', 'restOutage', 'drift'];

/** What a seed makes: a handful of message faults and steps; with `faults`, only those that stand for these rows of the fault list. `open`: with these as well. */
export function scriptOf(
  seed: number,
  faults: ReadonlySet<string> | null = null,
  open: readonly OpenFault[] = [],
): WorldScript {
  const dice = createDice(seed);
  const added = createDice(seed ^ 0xadded);
  const shares = noFaults();
  for (const [name, row] of Object.entries(MESSAGE_FAULTS)) {
    const fault = name as MessageFault;
    const own = ADDED.has(fault) ? added : dice;
    const chosen = own.chance(faults !== null ? 1 : RARE.has(fault) || ADDED.has(fault) ? 0.12 : 0.35);
    // Now and then it happens to most messages.
    const often = own.chance(0.1) ? 2.5 : 1;
    const share = Math.min(0.6, own.next() * HIGHEST_SHARE[fault] * often);
    if (chosen && (faults === null || faults.has(row))) shares[fault] = share;
  }
  for (const fault of OPEN_FAULTS) if (!open.includes(fault)) shares[fault] = 0;
  const shape = shapeOf(createDice(seed ^ 0x54a9e));
  // What is bought and told nowhere may be anybody's.
  const knowable = (fault: StepFault) => !(shape.market === 'spot' && (fault === 'unexplained' || fault === 'drift'));
  const may = (fault: StepFault) => (faults === null || faults.has(STEP_FAULTS[fault])) && knowable(fault);
  const kinds = (Object.keys(STEP_FAULTS) as StepFault[]).filter((each) => may(each) && !ADDED_STEPS.includes(each));
  const count = kinds.length === 0 ? 0 : dice.whole(0, 7);
  const steps = Array.from({ length: count }, () => stepOf(dice, kinds));
  for (const fault of ADDED_STEPS)
    if (may(fault) && added.chance(faults === null ? 0.06 : 1)) steps.push(stepOf(added, [fault]));
  const focus = faults === null && dice.chance(FOCUSED) ? dice.pick(FOCI) : null;
  if (focus?.alone === true) Object.assign(shares, noFaults());
  for (const [fault, highest] of Object.entries(focus?.shares ?? {}))
    shares[fault as MessageFault] = highest * dice.between(0.5, 1);
  steps.push(...(focus?.steps ?? []).filter(may).map((fault) => stepOf(dice, [fault])));
  steps.push(...togetherOf(focus, dice).filter(({ fault }) => may(fault)));
  if (shape.market === 'spot') shares.fillForgotten = 0;
  steps.sort((one, other) => one.atMs - other.atMs);
  const focused = focus === null ? {} : { size: 'large' as const, pace: 'hectic' as const, ...focus.shape };
  return { seed, calmAtMs: ACTIVE_MS, shares, steps, wallMs: 3_600_000, shape: { ...shape, ...focused } };
}

/** Twice in a world, each for as long as it may last, and of both engines in turn. */
function togetherOf(focus: WorldFocus | null, dice: Dice): readonly WorldStep[] {
  const { together = [] } = focus ?? {};
  return [4_000, 22_000].flatMap((fromMs) => {
    const atMs = Math.round(dice.between(fromMs, fromMs + 4_000));
    return together.map((fault, index) => ({
      ...stepOf(dice, [fault]),
      atMs,
      engine: index % 2 === 0 ? (0 as const) : (1 as const),
      forMs: LONGEST_MS[fault],
    }));
  });
}

function stepOf(dice: Dice, kinds: readonly StepFault[]): WorldStep {
  const fault = dice.pick(kinds);
  return {
    fault,
    atMs: Math.round(dice.between(2_000, LATEST_MS[fault] ?? ACTIVE_MS - 3_000)),
    engine: dice.chance(0.5) ? 0 : 1,
    symbol: dice.chance(0.5) ? 0 : 1,
    forMs: Math.round(dice.next() * LONGEST_MS[fault]),
    chance: dice.next(),
  };
}

/** A script in one line, for people. */
export function describeScript({ seed, calmAtMs, shares, steps, shape }: WorldScript): string {
  const messages = Object.entries(shares).flatMap(([name, share]) =>
    share === 0 ? [] : [`${name} ${(share * 100).toFixed(1)}%`],
  );
  const moments = steps.map(({ atMs, fault, engine, forMs }) => `${fault}@${atMs}+${forMs}/${engine}`);
  const kind =
    shape === undefined
      ? ''
      : ` ${shape.market}, ${shape.lanes ?? LANES} lanes, limits ${shape.limits}, policy ${shape.policy},`;
  return `seed ${seed},${kind} calm at ${calmAtMs} ms; ${[...messages, ...moments].join(', ') || 'no faults'}`;
}
