import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { SwitchEffect, SwitchFacts } from '#core/lanes/switch-effects.ts';
import {
  nextSwitchState,
  SWITCH_INPUTS,
  SWITCH_STATES,
  SWITCH_TRANSITIONS,
  type SwitchState,
} from '#core/lanes/switch-state.ts';
import { SymbolSwitch } from '#core/lanes/symbol-switch.ts';
import type { MonoNanos } from '#core/time/clock.ts';

const SYMBOLS = ['AAA', 'BBB', 'CCC'] as const;
type Ask = Extract<SwitchEffect, { readonly attempt: number }>;

/** A lane, as its world sees it. */
interface ModelLane {
  readonly symbol: string;
  held: boolean;
  leaving: boolean;
  /** Something is held, or an order can still fill. */
  busy: boolean;
}

/** What surrounds a switch: one lane at a time, earlier ones, what the venue sends, and questions that are answered, refused, or lost. */
class Surroundings {
  readonly change = new SymbolSwitch();
  now = 0;
  lane: ModelLane | null = null;
  readonly earlier: ModelLane[] = [];
  /** What the venue sends, whether it should or not. */
  readonly sent = new Set<string>();
  bound: string | null = null;
  spent: string | null = null;
  bookValid = false;
  asked: Ask[] = [];
  lastProposal: string | null = null;
  readonly entered: string[] = [];
  /** Confirmed steps since the last lane traded. */
  confirmed: string[] = [];

  readonly found: boolean;

  /** `found`: a predecessor has left a position on BBB. */
  constructor(found = false) {
    this.found = found;
    this.change.begin(this.mono);
    this.perform();
  }

  get mono(): MonoNanos {
    return (this.now * 1e6) as MonoNanos;
  }

  facts(): SwitchFacts {
    const restless = this.earlier.find((each) => each.busy);
    return {
      atRest: this.lane !== null && !this.lane.busy,
      bound: this.bound,
      hasLane: this.lane !== null && this.lane.symbol === this.change.target,
      bookValid: this.bookValid && this.change.target !== null && this.sent.has(this.change.target),
      restless: restless === undefined ? null : `${restless.symbol} is not at rest`,
      spent: this.spent,
    };
  }

  /** Whether an entry would leave now. */
  get mayEnter(): boolean {
    return this.lane !== null && !this.lane.held && !this.lane.leaving;
  }

  propose(symbol: string): void {
    if (this.change.wanted !== null) this.lastProposal = symbol;
    this.change.propose(symbol, this.facts(), this.mono);
    this.perform();
  }

  pass(ms: number): void {
    this.now += ms;
    this.change.timer(this.facts(), this.mono);
    this.perform();
  }

  /** The venue, or whoever was asked, answers. Answers may come in any order, and late. */
  answer(index: number, good: boolean): void {
    const [ask] = this.asked.splice(index % Math.max(1, this.asked.length), 1);
    if (ask === undefined) return;
    const { attempt } = ask;
    const awaited = this.change.awaits(attempt);
    if (!good) this.change.stepFailed(attempt, 'refused', this.facts(), this.mono);
    else if (ask.kind === 'locate') {
      if (awaited && this.found) this.open('BBB', true);
      this.change.located(attempt, 'BBB', this.lane !== null, this.mono);
    } else if (ask.kind === 'subscribe') {
      this.sent.add(ask.symbol);
      if (awaited) this.confirmed.push('subscribed');
      this.change.subscribed(attempt, this.facts(), this.mono);
    } else if (ask.kind === 'unsubscribe') {
      this.sent.delete(ask.symbol);
      if (awaited) this.confirmed.push('unsubscribed');
      this.change.unsubscribed(attempt, this.mono);
    } else if (ask.kind === 'confirmFlat') {
      const flat = this.lane !== null && !this.lane.busy;
      if (awaited && flat) this.confirmed.push('flat');
      this.change.flatConfirmed(attempt, flat, this.facts(), this.mono);
    } else {
      if (awaited) this.open(ask.symbol, false);
      if (awaited) this.confirmed.push('recovered');
      this.change.recovered(attempt, this.facts(), this.mono);
    }
    this.perform();
  }

  open(symbol: string, busy: boolean): void {
    if (this.lane !== null) {
      expect(this.lane.symbol).toBe(symbol);
      return;
    }
    const before = this.earlier.findIndex((each) => each.symbol === symbol);
    if (before >= 0) this.earlier.splice(before, 1);
    this.lane = { symbol, held: true, leaving: false, busy };
  }

  private perform(): void {
    for (const effect of this.change.effects.splice(0)) {
      const { lane } = this;
      switch (effect.kind) {
        case 'hold':
          if (lane !== null) lane.held = true;
          break;
        case 'release':
          expect(this.change.state).toBe('Trading');
          if (lane !== null) lane.held = false;
          break;
        case 'leave':
          expect(lane).not.toBeNull();
          if (lane !== null) Object.assign(lane, { held: true, leaving: true });
          break;
        case 'stay':
          if (lane !== null) Object.assign(lane, { held: false, leaving: false });
          break;
        case 'retire':
          expect(lane?.busy).toBe(false);
          expect(lane?.leaving).toBe(true);
          if (lane !== null) this.earlier.push(lane);
          this.lane = null;
          break;
        case 'moved':
          expect(nextSwitchState(effect.from, 'end') !== null || effect.from === 'Ended').toBe(true);
          if (effect.to === 'Trading') this.enteredTrading(effect.from);
          break;
        case 'failed':
          break;
        default:
          this.asked.push(effect);
      }
    }
    this.check();
  }

  private enteredTrading(from: SwitchState): void {
    const symbol = this.lane?.symbol ?? '';
    if (from === 'Recovering') {
      const last = this.entered.at(-1);
      expect(this.confirmed).toContain('recovered');
      expect(this.confirmed).toContain('subscribed');
      // From one symbol to another every step has been confirmed, in order.
      if (last !== undefined) {
        const order = ['flat', 'unsubscribed', 'subscribed', 'recovered'].map((step) =>
          this.confirmed.lastIndexOf(step),
        );
        expect(order).toEqual([...order].sort((a, b) => a - b));
        expect(Math.min(...order)).toBeGreaterThanOrEqual(0);
      }
    }
    this.entered.push(symbol);
    this.confirmed = [];
  }

  /** What must hold at every moment. */
  private check(): void {
    const { change } = this;
    if (this.mayEnter) {
      expect(change.state).toBe('Trading');
      expect(change.mayEnter).toBe(true);
      expect(this.lane?.symbol).toBe(change.target);
    }
    if (change.state === 'Trading') expect(this.sent.has(this.lane?.symbol ?? '')).toBe(true);
    // One question at a time of those that anybody waits for.
    expect(this.asked.filter((ask) => change.awaits(ask.attempt)).length).toBeLessThanOrEqual(1);
  }
}

type Act =
  | { readonly act: 'propose'; readonly symbol: string }
  | { readonly act: 'pass'; readonly ms: number }
  | { readonly act: 'answer'; readonly index: number; readonly good: boolean }
  | { readonly act: 'lose'; readonly index: number }
  | { readonly act: 'busy'; readonly busy: boolean }
  | { readonly act: 'return'; readonly busy: boolean }
  | { readonly act: 'bound'; readonly bound: boolean }
  | { readonly act: 'book'; readonly valid: boolean }
  | { readonly act: 'spent'; readonly spent: boolean };

const acts: fc.Arbitrary<Act> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ act: fc.constant('propose' as const), symbol: fc.constantFrom(...SYMBOLS) }) },
  {
    weight: 4,
    arbitrary: fc.record({ act: fc.constant('pass' as const), ms: fc.constantFrom(50, 1_100, 25_000, 70_000) }),
  },
  {
    weight: 8,
    arbitrary: fc.record({ act: fc.constant('answer' as const), index: fc.nat(3), good: fc.boolean() }),
  },
  { weight: 1, arbitrary: fc.record({ act: fc.constant('lose' as const), index: fc.nat(3) }) },
  { weight: 2, arbitrary: fc.record({ act: fc.constant('busy' as const), busy: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ act: fc.constant('return' as const), busy: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ act: fc.constant('bound' as const), bound: fc.boolean() }) },
  { weight: 2, arbitrary: fc.record({ act: fc.constant('book' as const), valid: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ act: fc.constant('spent' as const), spent: fc.boolean() }) },
);

function act(on: Surroundings, what: Act): void {
  switch (what.act) {
    case 'propose':
      on.propose(what.symbol);
      return;
    case 'pass':
      on.pass(what.ms);
      return;
    case 'answer':
      on.answer(what.index, what.good);
      return;
    case 'lose':
      on.asked.splice(what.index, 1);
      return;
    case 'busy':
      // Only what may enter takes a position; what has one may lose it at any time.
      if (on.lane !== null && (on.mayEnter || !what.busy)) on.lane.busy = what.busy;
      return;
    case 'return': {
      const [first] = on.earlier;
      if (first !== undefined) first.busy = what.busy;
      return;
    }
    case 'bound':
      on.bound = what.bound ? 'fenced' : null;
      return;
    case 'spent':
      on.spent = what.spent ? 'enough for today' : null;
      return;
    case 'book':
      on.bookValid = what.valid;
  }
}

/** Everything goes well from here on. */
function calm(on: Surroundings): void {
  on.bound = null;
  on.spent = null;
  on.bookValid = true;
  for (let step = 0; step < 60; step += 1) {
    if (on.lane !== null) on.lane.busy = false;
    for (const each of on.earlier) each.busy = false;
    on.pass(2_000);
    while (on.asked.length > 0) on.answer(0, true);
  }
}

describe("the change of a lane's symbol", () => {
  it('H4, G5, G6: whatever happens in whatever order, no entry leaves outside Trading, no step is skipped, and it ends on the last symbol proposed', () => {
    fc.assert(
      fc.property(fc.boolean(), fc.array(acts, { maxLength: 80 }), (found, script) => {
        const on = new Surroundings(found);
        for (const each of script) act(on, each);
        calm(on);
        expect(on.change.state).toBe('Trading');
        expect(on.lane?.symbol).toBe(on.lastProposal ?? 'BBB');
        expect(on.mayEnter).toBe(true);
        // Nothing but the lane's own symbol is still sent.
        expect([...on.sent]).toEqual([on.lane?.symbol]);
      }),
      { numRuns: 200 },
    );
  });

  it('H4: it is safe at the end, wherever that comes, and answers after it change nothing', () => {
    fc.assert(
      fc.property(
        fc.boolean(),
        fc.array(acts, { maxLength: 40 }),
        fc.array(acts, { maxLength: 20 }),
        (found, before, after) => {
          const on = new Surroundings(found);
          for (const each of before) act(on, each);
          on.change.end('the lease is over', on.mono);
          act(on, { act: 'pass', ms: 50 });
          const { symbol } = on.change;
          for (const each of after) act(on, each);
          expect(on.change.state).toBe('Ended');
          expect(on.mayEnter).toBe(false);
          expect(on.change.symbol).toBe(symbol);
        },
      ),
      { numRuns: 100 },
    );
  });

  it('H4: the table: every state but the end leads to Trading, and a change of symbol passes every step', () => {
    const reach = (from: SwitchState, without: SwitchState | null) => {
      const seen = new Set<SwitchState>();
      const open = [from];
      for (let state = open.pop(); state !== undefined; state = open.pop()) {
        for (const next of Object.values(SWITCH_TRANSITIONS[state])) {
          if (seen.has(next) || next === without) continue;
          seen.add(next);
          open.push(next);
        }
      }
      return seen;
    };
    for (const state of SWITCH_STATES) {
      if (state === 'Ended') continue;
      expect(reach(state, null).has('Trading'), state).toBe(true);
      expect(SWITCH_TRANSITIONS[state].end, state).toBe('Ended');
    }
    expect(SWITCH_TRANSITIONS.Ended).toEqual({});
    // Only what stays on its symbol comes back without the steps.
    const into = SWITCH_STATES.filter((state) => Object.values(SWITCH_TRANSITIONS[state]).includes('Trading'));
    expect(into).toEqual(['Recovering', 'Closing']);
    expect(SWITCH_INPUTS.filter((input) => nextSwitchState('Closing', input) === 'Trading')).toEqual(['withdrawn']);
  });

  /** A fresh switch, led to a step with nothing gone wrong; from Unsubscribing on it leaves BBB for CCC. */
  function ledTo(state: SwitchState): Surroundings {
    const on = new Surroundings();
    const leaves = state === 'Closing' || state === 'Unsubscribing';
    for (let step = 0; step < 20 && on.change.state !== state; step += 1) {
      if (on.change.state === 'AwaitingBook') on.bookValid = true;
      if (on.change.state === 'Trading' && leaves) {
        if (state === 'Closing' && on.lane !== null) on.lane.busy = true;
        on.propose('CCC');
      } else on.pass(50);
      if (on.change.state !== state) on.answer(0, true);
    }
    expect(on.change.state).toBe(state);
    on.bookValid = false;
    return on;
  }
  const STEPS = ['Locating', 'Subscribing', 'AwaitingBook', 'Recovering', 'Closing', 'Unsubscribing'] as const;

  it.each(STEPS)(
    'H4: %s that does not come to its end in time waits and is tried again, at growing distances',
    (step) => {
      const on = ledTo(step);
      const from = on.change.symbol;
      const tried: number[] = [];
      let before: SwitchState = step;
      for (let ms = 0; ms < 400_000; ms += 500) {
        on.pass(500);
        const { state } = on.change;
        if (state !== before)
          expect([before, state]).toEqual(state === 'Retrying' ? [step, 'Retrying'] : ['Retrying', step]);
        if (state !== before && state === step) tried.push(on.now);
        before = state;
        expect(on.mayEnter).toBe(false);
        expect(on.change.symbol).toBe(from);
      }
      const waits = tried.slice(1).map((at, index) => at - (tried[index] ?? 0));
      expect(waits.length).toBeGreaterThan(2);
      expect(waits).toEqual([...waits].sort((a, b) => a - b));
      // What it waited for comes at last.
      on.asked.length = 0;
      calm(on);
      expect(on.change.state).toBe('Trading');
    },
  );

  it.each(['Locating', 'Subscribing', 'Recovering', 'Unsubscribing'] as const)(
    'H4: %s that is refused waits a second and is tried again',
    (step) => {
      const on = ledTo(step);
      on.answer(0, false);
      expect(on.change.state).toBe('Retrying');
      on.pass(900);
      expect(on.change.state).toBe('Retrying');
      on.pass(100);
      expect(on.change.state).toBe(step);
      expect(on.asked).toHaveLength(1);
    },
  );

  it('G6, H4: a newer proposal is taken at once where nothing is held, and after the recovery by closing what that found', () => {
    const waiting = ledTo('AwaitingBook');
    waiting.propose('CCC');
    expect(waiting.change.state).toBe('Unsubscribing');
    expect(waiting.asked).toMatchObject([{ kind: 'unsubscribe', symbol: 'BBB' }]);

    const recovering = ledTo('Recovering');
    recovering.propose('CCC');
    expect(recovering.change.state).toBe('Recovering');
    recovering.answer(0, true);
    expect(recovering.change.state).toBe('Closing');
    expect(recovering.lane).toMatchObject({ symbol: 'BBB', leaving: true });

    const trading = ledTo('Trading');
    if (trading.lane !== null) trading.lane.busy = true;
    trading.propose('CCC');
    expect(trading.change.state).toBe('Closing');
    expect(trading.lane).toMatchObject({ held: true, leaving: true });
    trading.propose('BBB');
    expect(trading.change.state).toBe('Trading');
    expect(trading.mayEnter).toBe(true);
  });

  it('G6: proposals faster than they can be carried out: one place is kept for them, the latest has it, the rest are counted', () => {
    const on = new Surroundings();
    calm(on);
    for (let each = 0; each < 1_000; each += 1) on.propose(each % 2 === 0 ? 'CCC' : 'AAA');
    const { dropped, wanted } = on.change;
    expect(wanted).toBe('AAA');
    expect(dropped.replaced).toBe(999);
    expect(on.change.effects.length).toBe(0);
    expect(on.asked.length).toBeLessThanOrEqual(1);
    calm(on);
    expect(on.lane?.symbol).toBe('AAA');
  });

  it('H4: a symbol on which the lane cannot begin is left out after three failures, and another is taken', () => {
    const on = new Surroundings();
    calm(on);
    on.propose('CCC');
    for (let step = 0; step < 400 && !on.change.leavesOut('CCC', on.mono); step += 1) {
      on.pass(500);
      while (on.asked.length > 0) {
        const refused = on.asked.some((ask) => ask.kind === 'subscribe' && ask.symbol === 'CCC');
        on.answer(0, !refused);
      }
    }
    expect(on.change.leavesOut('CCC', on.mono)).toBe(true);
    expect(on.change.state).toBe('Retrying');
    expect(on.mayEnter).toBe(false);
    on.propose('AAA');
    calm(on);
    expect(on.lane?.symbol).toBe('AAA');
  });
});
