import { SWITCH_STATES, type SwitchState } from '#core/lanes/switch-state.ts';
import { createDice, type Dice } from '#simulation/world/dice.ts';
import { type Act, act, calm, Surroundings } from '../support/switch-surroundings.ts';

const MOST_ACTS = 80;
/** What a state waits for an answer to; of the others nothing may be awaited, or a look at the venue now and then. */
const ASKS: Readonly<Partial<Record<SwitchState, string>>> = {
  Locating: 'locate',
  Subscribing: 'subscribe',
  Recovering: 'recover',
  Unsubscribing: 'unsubscribe',
  Closing: 'confirmFlat',
};
/** Steps whose end nobody has to be asked for. */
const ASKS_NOTHING: ReadonlySet<SwitchState> = new Set(['AwaitingBook', 'Trading', 'Retrying', 'Ended']);
/** Longer than any step may take, ms. */
const LONGEST_STEP_MS = 60_000;

/**
 * A small world of one change of symbol: proposals, answers late, lost and refused, books that come and go, from one seed. Null: all held; else what did not.
 * Beside what its surroundings hold at every moment: a step waits for its own question alone, fails when its time is over and is tried again as itself, an end is an end, and at last the lane trades
 * the symbol that was proposed last.
 */
export function runSwitchWorld(seed: number): string | null {
  const dice = createDice(seed);
  const on = new Surroundings(dice.chance(0.5));
  try {
    for (let left = dice.whole(0, MOST_ACTS); left > 0; left -= 1) {
      const { state, failed } = on.change;
      step(on, actOf(dice));
      const fault = contradiction(on) ?? (on.change.state === state ? null : beginsBadly(on));
      if (fault !== null) return fault;
      if (on.change.failed > failed && on.change.state !== 'Retrying') return `${state} failed and does not wait`;
    }
    if (dice.chance(0.25)) return endedBadly(on, dice);
    if (dice.chance(0.4)) {
      const fault = starvedBadly(on);
      if (fault !== null) return fault;
    }
    calm(on);
    return restsBadly(on);
  } catch (thrown) {
    return thrown instanceof Error ? thrown.message : String(thrown);
  }
}

function step(on: Surroundings, what: Act): void {
  const { state } = on.change;
  act(on, what);
  if (state === 'Ended' && on.change.state !== 'Ended') throw new Error('nothing comes after the end');
}

/** What cannot be, whatever has happened. */
function contradiction({ asked, change, lane }: Surroundings): string | null {
  const { state } = change;
  const awaited = asked.filter((ask) => change.awaits(ask.attempt)).map(({ kind }) => kind);
  if (awaited.some((kind) => ASKS[state] !== kind)) return `${state} waits for the answer to ${awaited.join(', ')}`;
  if (ASKS_NOTHING.has(state) && awaited.length > 0) return `${state} waits for ${awaited.join(', ')}`;
  if (state === 'Closing' && lane !== null && !lane.leaving) return 'Closing, and nothing was told to leave';
  if (state === 'Trading' && lane === null) return 'Trading without a lane';
  if (state === 'Trading' && lane?.leaving === true) return 'Trading, and its lane is leaving';
  if (BEGINNING.has(state) && change.symbol !== null && change.symbol !== change.target)
    return `${state} on ${change.target} while ${change.symbol} has the lane`;
  return null;
}

/** A step that begins asks what it waits for; of Closing it has to be at rest first. */
function beginsBadly({ asked, change }: Surroundings): string | null {
  const wanted = change.state === 'Closing' ? undefined : ASKS[change.state];
  const asks = asked.some((ask) => ask.kind === wanted && change.awaits(ask.attempt));
  return wanted === undefined || asks ? null : `${change.state} begins and asks for nothing`;
}

const BEGINNING: ReadonlySet<SwitchState> = new Set(['Subscribing', 'AwaitingBook', 'Recovering']);

/** The lease is over: whatever comes after it changes nothing. */
function endedBadly(on: Surroundings, dice: Dice): string | null {
  on.change.end('the lease is over', on.mono);
  step(on, { act: 'pass', ms: 50 });
  const { symbol } = on.change;
  for (let left = dice.whole(0, 20); left > 0; left -= 1) step(on, actOf(dice));
  if (on.change.state !== 'Ended') return `${on.change.state} after the end`;
  if (on.mayEnter) return 'entries leave after the end';
  return on.change.symbol === symbol ? null : 'another symbol after the end';
}

/** Nobody answers any more, and no book comes: a step fails in its time, and is tried again as what it was; from nowhere does the lane come to trade. */
function starvedBadly(on: Surroundings): string | null {
  let last: SwitchState = on.change.state;
  // What was recovered already waits for lanes of before alone.
  const recovered = last === 'Recovering' && !on.asked.some((ask) => on.change.awaits(ask.attempt));
  on.asked.length = 0;
  on.bookValid = false;
  if (last === 'Trading' || recovered) return null;
  let since = 0;
  let failed = last === 'Retrying' ? failedStepOf(on) : last;
  for (let ms = 0; ms < 4 * LONGEST_STEP_MS; ms += 1_000) {
    on.pass(1_000);
    on.asked.length = 0;
    const state: SwitchState = on.change.state;
    // What is proposed again is left no more.
    if (state === 'Trading' && (last === 'Closing' || failed === 'Closing')) return null;
    if (state === 'Trading') return `${failed ?? last} came to Trading, and nobody had answered`;
    since = state === last ? since + 1_000 : 0;
    if (since > LONGEST_STEP_MS + 5_000) return `${state} waits for ever`;
    if (state !== last && state === 'Retrying') failed = last;
    last = state;
  }
  return null;
}

/** Which step is to be tried again: its reason begins with it. */
function failedStepOf({ change }: Surroundings): SwitchState | null {
  return SWITCH_STATES.find((state) => change.reason.startsWith(`${state}:`)) ?? null;
}

function restsBadly(on: Surroundings): string | null {
  const wanted = on.lastProposal ?? 'BBB';
  if (on.change.state !== 'Trading') return `${on.change.state} though all goes well`;
  if (on.lane?.symbol !== wanted) return `${on.lane?.symbol} is traded, ${wanted} was proposed`;
  if (!on.mayEnter) return 'no entry may leave though all goes well';
  const sent = [...on.sent];
  return sent.length === 1 && sent[0] === wanted ? null : `the venue sends ${sent.join(', ')}`;
}

const SYMBOLS = ['AAA', 'BBB', 'CCC'] as const;

function actOf(dice: Dice): Act {
  const thrown = dice.whole(1, 24);
  if (thrown <= 3) return { act: 'propose', symbol: dice.pick(SYMBOLS) };
  if (thrown <= 7) return { act: 'pass', ms: dice.pick([50, 1_100, 25_000, 70_000]) };
  if (thrown <= 15) return { act: 'answer', index: dice.whole(0, 3), good: dice.chance(0.7) };
  if (thrown === 16) return { act: 'lose', index: dice.whole(0, 3) };
  if (thrown <= 18) return { act: 'busy', busy: dice.chance(0.5) };
  if (thrown === 19) return { act: 'return', busy: dice.chance(0.5) };
  if (thrown === 20) return { act: 'bound', bound: dice.chance(0.5) };
  if (thrown <= 23) return { act: 'book', valid: dice.chance(0.7) };
  return { act: 'spent', spent: dice.chance(0.5) };
}
