import type { Now } from '../lanes/now.ts';
import type { MonoNanos } from '../time/clock.ts';

/** What a breaker watches. */
export const BREAKER_KINDS = ['consecutiveLosses', 'errorRate', 'rejectRate', 'latency', 'reconciliation'] as const;
export type BreakerKind = (typeof BREAKER_KINDS)[number];

const OF_LANE: ReadonlySet<BreakerKind> = new Set(['consecutiveLosses', 'reconciliation']);

/** Whether each lane has a breaker of this kind for itself; the others are the unit's. */
export function isOfLane(breaker: BreakerKind): boolean {
  return OF_LANE.has(breaker);
}

/**
 * When a breaker opens, and for how long. One rule serves all: of the last `window` observations that are not older than `withinMs`, `bad` were bad. Losses in a row: both numbers the
 * same. A rate: so many of so many.
 */
export interface BreakerRule {
  readonly window: number;
  readonly bad: number;
  readonly withinMs: number;
  /** How long entries stop the first time; each time that a trial fails, twice as long, up to `maxOpenMs`. */
  readonly openMs: number;
  readonly maxOpenMs: number;
  /** Entries that are let through to try, and good observations that close the breaker again. */
  readonly trials: number;
}

interface Observation {
  readonly at: MonoNanos;
  readonly bad: boolean;
}

/** Immutable. `failures`: how often in a row it has opened without closing in between. */
export type BreakerState =
  | { readonly kind: 'closed'; readonly recent: readonly Observation[] }
  | { readonly kind: 'open'; readonly reason: string; readonly until: MonoNanos; readonly failures: number }
  | {
      readonly kind: 'halfOpen';
      readonly reason: string;
      readonly failures: number;
      /** Entries let through, and when the last was. */
      readonly admitted: number;
      readonly admittedAt: MonoNanos;
      readonly good: number;
    };

/** A breaker that lets no entry, or but its trials, pass, as it is told: it outlives the engine that opened it. */
export interface KeptBreaker {
  readonly breaker: BreakerKind;
  readonly reason: string;
  /** How often in a row it had opened. */
  readonly failures: number;
  /** Wall clock from which on it is tried, ms; null: it was being tried. */
  readonly until: number | null;
}

export type BreakerInput =
  /** `detail`: what was bad, for people. */
  | { readonly kind: 'observed'; readonly bad: boolean; readonly detail: string }
  | { readonly kind: 'admitted' }
  | { readonly kind: 'timePassed' };

export const CLOSED: BreakerState = { kind: 'closed', recent: [] };

/** The state after `input` at `now`, which never goes back. The same object where nothing changes. */
export function stepBreaker(state: BreakerState, rule: BreakerRule, input: BreakerInput, now: MonoNanos): BreakerState {
  const current = passTime(state, rule, now);
  if (input.kind === 'timePassed') return current;
  if (input.kind === 'admitted') {
    return current.kind === 'halfOpen' ? { ...current, admitted: current.admitted + 1, admittedAt: now } : current;
  }
  switch (current.kind) {
    case 'closed':
      return observeClosed(current.recent, rule, input, now);
    case 'open':
      // What goes wrong meanwhile is no reason to try sooner.
      return input.bad
        ? { ...current, until: Math.max(current.until, now + waitNanos(rule, current.failures)) as MonoNanos }
        : current;
    case 'halfOpen':
      if (input.bad) return opened(rule, `a trial failed: ${input.detail}`, current.failures + 1, now);
      return current.good + 1 >= rule.trials ? CLOSED : { ...current, good: current.good + 1 };
  }
}

/** Why no entry may pass at `now`, or null. Exits are never asked for. */
export function refusalOf(state: BreakerState, rule: BreakerRule, now: MonoNanos): string | null {
  if (state.kind === 'closed') return null;
  if (state.kind === 'open') return now < state.until ? state.reason : null;
  return state.admitted < rule.trials || isStale(state, rule, now) ? null : `trial under way, after ${state.reason}`;
}

/** A breaker as it is told; null: it is closed. */
export function keptOf(breaker: BreakerKind, state: BreakerState, now: Now): KeptBreaker | null {
  if (state.kind === 'closed') return null;
  const { reason, failures } = state;
  const until = state.kind === 'open' ? Math.round(now.epoch + (state.until - now.mono) / 1e6) : null;
  return { breaker, reason, failures, until };
}

/** A predecessor's breaker, open under a successor: until its time, never shorter than a first wait (nobody here has seen how it stands) nor longer than the rule's longest, whatever the wall clock says. */
export function openedAsKept({ reason, failures, until }: KeptBreaker, rule: BreakerRule, now: Now): BreakerState {
  const leftMs = until === null ? 0 : until - now.epoch;
  const waitMs = Math.min(Math.max(leftMs, rule.openMs), Math.max(rule.openMs, rule.maxOpenMs));
  return { kind: 'open', reason, failures, until: (now.mono + waitMs * 1e6) as MonoNanos };
}

function passTime(state: BreakerState, rule: BreakerRule, now: MonoNanos): BreakerState {
  if (state.kind === 'open' && now >= state.until) {
    const { reason, failures } = state;
    return { kind: 'halfOpen', reason, failures, admitted: 0, admittedAt: now, good: 0 };
  }
  // Trials that nothing was ever observed of do not keep it half open for good.
  if (state.kind === 'halfOpen' && isStale(state, rule, now)) return { ...state, admitted: 0, admittedAt: now };
  return state;
}

function isStale(state: Extract<BreakerState, { kind: 'halfOpen' }>, rule: BreakerRule, now: MonoNanos): boolean {
  return state.admitted >= rule.trials && now - state.admittedAt >= rule.openMs * 1e6;
}

function observeClosed(
  recent: readonly Observation[],
  rule: BreakerRule,
  { bad, detail }: { readonly bad: boolean; readonly detail: string },
  now: MonoNanos,
): BreakerState {
  const oldest = now - rule.withinMs * 1e6;
  const kept = [...recent, { at: now, bad }].slice(-rule.window).filter((each) => each.at >= oldest);
  const found = kept.reduce((count, each) => count + (each.bad ? 1 : 0), 0);
  if (!bad || found < rule.bad) return { kind: 'closed', recent: kept };
  return opened(rule, `bad=${found} of=${kept.length} last=${detail}`, 1, now);
}

function opened(rule: BreakerRule, reason: string, failures: number, now: MonoNanos): BreakerState {
  return { kind: 'open', reason, failures, until: (now + waitNanos(rule, failures)) as MonoNanos };
}

function waitNanos(rule: BreakerRule, failures: number): number {
  return Math.min(rule.maxOpenMs, rule.openMs * 2 ** Math.min(failures - 1, 30)) * 1e6;
}
