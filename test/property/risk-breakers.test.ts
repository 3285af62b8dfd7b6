import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type BreakerInput,
  type BreakerRule,
  type BreakerState,
  CLOSED,
  refusalOf,
  stepBreaker,
} from '#core/risk/breaker.ts';
import type { MonoNanos } from '#core/time/clock.ts';

const rules: fc.Arbitrary<BreakerRule> = fc
  .record({
    window: fc.integer({ min: 1, max: 12 }),
    badShare: fc.integer({ min: 1, max: 12 }),
    withinMs: fc.constantFrom(500, 5_000, 60_000),
    openMs: fc.constantFrom(100, 1_000, 5_000),
    factor: fc.integer({ min: 1, max: 20 }),
    trials: fc.integer({ min: 1, max: 4 }),
  })
  .map(({ badShare, factor, ...rule }) => ({
    ...rule,
    bad: Math.min(rule.window, badShare),
    maxOpenMs: rule.openMs * factor,
  }));

type Step = { readonly afterMs: number; readonly input: BreakerInput | 'entry' };

const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.record({
    afterMs: fc.oneof(fc.nat(50), fc.constantFrom(100, 999, 1_000, 5_000, 30_000)),
    input: fc.oneof(
      {
        weight: 4,
        arbitrary: fc.record({ kind: fc.constant('observed' as const), bad: fc.boolean(), detail: fc.constant('x') }),
      },
      { weight: 2, arbitrary: fc.constant('entry' as const) },
      { weight: 1, arbitrary: fc.constant({ kind: 'timePassed' as const }) },
    ),
  }),
  { maxLength: 80 },
);

/** Runs the steps; an `entry` passes if the breaker lets it. `look` sees every step. */
function run(
  rule: BreakerRule,
  all: readonly Step[],
  look: (before: BreakerState, after: BreakerState, now: MonoNanos, passed: boolean, input: Step['input']) => void,
): { state: BreakerState; now: MonoNanos } {
  let state: BreakerState = CLOSED;
  let now = 1e9 as MonoNanos;
  for (const { afterMs, input } of all) {
    now = (now + afterMs * 1e6) as MonoNanos;
    const before = state;
    const passed = input === 'entry' && refusalOf(state, rule, now) === null;
    if (input !== 'entry') state = stepBreaker(state, rule, input, now);
    else if (passed) state = stepBreaker(state, rule, { kind: 'admitted' }, now);
    look(before, state, now, passed, input);
  }
  return { state, now };
}

describe('breakers', () => {
  it('H12: an open breaker lets no entry pass before its time, and waits no longer than it may', () => {
    fc.assert(
      fc.property(rules, steps, (rule, all) => {
        run(rule, all, (before, after, now, passed) => {
          if (before.kind === 'open' && now < before.until) expect(passed).toBe(false);
          if (after.kind === 'open') expect(after.until - now).toBeLessThanOrEqual(rule.maxOpenMs * 1e6);
          if (after.kind === 'open' && before.kind !== 'open')
            expect(after.until - now).toBeGreaterThanOrEqual(rule.openMs * 1e6);
        });
      }),
    );
  });

  it('H12: between opening and closing no more entries pass than trials in each wait', () => {
    fc.assert(
      fc.property(rules, steps, (rule, all) => {
        let passes: number[] = [];
        run(rule, all, (_before, after, now, passed) => {
          if (after.kind === 'closed') passes = [];
          else if (passed) passes.push(now);
          const within = passes.filter((at) => now - at < rule.openMs * 1e6);
          expect(within.length).toBeLessThanOrEqual(rule.trials);
        });
      }),
    );
  });

  it('H12: closed, it opens exactly when so many of the last observations in time were bad', () => {
    fc.assert(
      fc.property(rules, steps, (rule, all) => {
        let seen: { at: number; bad: boolean }[] = [];
        run(rule, all, (before, after, now, _passed, input) => {
          if (before.kind !== 'closed') seen = [];
          else if (input !== 'entry' && input.kind === 'observed') {
            seen.push({ at: now, bad: input.bad });
            const last = seen.slice(-rule.window).filter((each) => each.at >= now - rule.withinMs * 1e6);
            const trips = input.bad && last.filter((each) => each.bad).length >= rule.bad;
            expect(after.kind).toBe(trips ? 'open' : 'closed');
          } else expect(after.kind).toBe('closed');
        });
      }),
    );
  });

  it('H12: a failed trial opens it again for twice as long, and only good trials close it', () => {
    fc.assert(
      fc.property(rules, steps, (rule, all) => {
        run(rule, all, (before, after, now, _passed, input) => {
          const bad = input !== 'entry' && input.kind === 'observed' && input.bad;
          if (before.kind === 'halfOpen' && bad) {
            const wait = Math.min(rule.maxOpenMs, rule.openMs * 2 ** before.failures) * 1e6;
            expect(after).toMatchObject({ kind: 'open', failures: before.failures + 1, until: now + wait });
          }
          if (before.kind !== 'closed' && after.kind === 'closed') expect(bad).toBe(false);
          if (before.kind === 'open' && after.kind === 'closed') expect(rule.trials).toBe(1);
        });
      }),
    );
  });

  it('H12: whatever happened, entries pass again when nothing bad comes for the longest wait', () => {
    fc.assert(
      fc.property(rules, steps, (rule, all) => {
        const { state, now } = run(rule, all, () => undefined);
        expect(refusalOf(state, rule, (now + rule.maxOpenMs * 1e6) as MonoNanos)).toBeNull();
      }),
    );
  });
});
