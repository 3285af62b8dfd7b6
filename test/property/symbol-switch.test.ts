import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  nextSwitchState,
  SWITCH_INPUTS,
  SWITCH_STATES,
  SWITCH_TRANSITIONS,
  type SwitchState,
} from '#core/lanes/switch-state.ts';
import { act, acts, calm, Surroundings } from '../support/switch-surroundings.ts';

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

  it('H4: a change that is withdrawn asks the venue anew when it comes after all: what was asked before says nothing of what was traded since', () => {
    const on = ledTo('Closing');
    if (on.lane !== null) on.lane.busy = false;
    on.pass(50);
    expect(on.asked).toMatchObject([{ kind: 'confirmFlat' }]);
    on.propose('BBB');
    expect(on.change.state).toBe('Trading');
    on.propose('CCC');
    expect(on.change.state).toBe('Closing');
    // The answer to the first question.
    on.answer(0, true);
    expect(on.change.state).toBe('Closing');
    on.pass(1_000);
    expect(on.asked).toMatchObject([{ kind: 'confirmFlat' }]);
    on.answer(0, true);
    expect(on.change.state).toBe('Unsubscribing');
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
