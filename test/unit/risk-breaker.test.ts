import { describe, expect, it } from 'vitest';
import { type BreakerRule, type BreakerState, CLOSED, refusalOf, stepBreaker } from '#core/risk/breaker.ts';
import type { MonoNanos } from '#core/time/clock.ts';

const RULE: BreakerRule = { window: 3, bad: 2, withinMs: 10_000, openMs: 1_000, maxOpenMs: 3_000, trials: 2 };
const at = (ms: number) => (ms * 1e6) as MonoNanos;
const observe = (state: BreakerState, bad: boolean, ms: number) =>
  stepBreaker(state, RULE, { kind: 'observed', bad, detail: 'x' }, at(ms));
const enter = (state: BreakerState, ms: number) => stepBreaker(state, RULE, { kind: 'admitted' }, at(ms));

const open = observe(observe(CLOSED, true, 0), true, 100);

describe('a breaker', () => {
  it('H12: opens with the last bad observation that its rule needs, and says what it was', () => {
    expect(observe(CLOSED, true, 0).kind).toBe('closed');
    expect(open).toEqual({ kind: 'open', reason: 'bad=2 of=2 last=x', failures: 1, until: at(1_100) });
    expect(observe(observe(observe(CLOSED, true, 0), false, 1), false, 2).kind).toBe('closed');
  });

  it('H12: is half open from the instant on that it named', () => {
    expect(refusalOf(open, RULE, at(1_099.999))).toBe('bad=2 of=2 last=x');
    expect(refusalOf(open, RULE, at(1_100))).toBeNull();
    expect(stepBreaker(open, RULE, { kind: 'timePassed' }, at(1_099.999))).toBe(open);
    expect(stepBreaker(open, RULE, { kind: 'timePassed' }, at(1_100)).kind).toBe('halfOpen');
  });

  it('H12: half open, lets exactly its trials through, and others once nothing was heard of those', () => {
    const one = enter(open, 1_200);
    expect(refusalOf(one, RULE, at(1_201))).toBeNull();
    const two = enter(one, 1_300);
    expect(refusalOf(two, RULE, at(1_301))).toBe('trial under way, after bad=2 of=2 last=x');
    expect(refusalOf(two, RULE, at(2_299.999))).not.toBeNull();
    expect(refusalOf(two, RULE, at(2_300))).toBeNull();
  });

  it('H12: closes with as many good observations as trials, and not before', () => {
    const one = observe(open, false, 1_200);
    expect(one).toMatchObject({ kind: 'halfOpen', good: 1 });
    expect(observe(one, false, 1_300)).toBe(CLOSED);
  });

  it('H12: what goes wrong while it is open puts the trial off; what goes well does not hasten it', () => {
    expect(observe(open, true, 600)).toMatchObject({ kind: 'open', until: at(1_600) });
    expect(observe(open, false, 600)).toBe(open);
  });

  it('H12: each failed trial doubles the wait, up to the longest', () => {
    const waits = [1_200, 3_300, 6_400].reduce<{ state: BreakerState; untils: number[] }>(
      ({ state, untils }, ms) => {
        const next = observe(state, true, ms);
        return { state: next, untils: next.kind === 'open' ? [...untils, next.until / 1e6 - ms] : untils };
      },
      { state: open, untils: [] },
    );
    expect(waits.untils).toEqual([2_000, 3_000, 3_000]);
  });
});
