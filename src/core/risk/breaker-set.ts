import type { Now } from '../lanes/now.ts';
import type { MonoNanos } from '../time/clock.ts';
import {
  BREAKER_KINDS,
  type BreakerInput,
  type BreakerKind,
  type BreakerRule,
  type BreakerState,
  CLOSED,
  type KeptBreaker,
  keptOf,
  openedAsKept,
  refusalOf,
  stepBreaker,
} from './breaker.ts';

export type BreakerRules = Readonly<Partial<Record<BreakerKind, BreakerRule>>>;

/** A breaker came into another state. */
export interface BreakerChange {
  readonly breaker: BreakerKind;
  readonly from: BreakerState['kind'];
  readonly to: BreakerState['kind'];
  readonly reason: string;
}

const NO_CHANGES: readonly BreakerChange[] = [];

/** The breakers of a lane or a unit: those that have a rule. */
export class BreakerSet {
  readonly #states = new Map<BreakerKind, BreakerState>();
  readonly #changes: BreakerChange[] = [];
  /** Those that a predecessor's word was taken about. */
  readonly #kept = new Set<BreakerKind>();
  #rules: BreakerRules;

  constructor(rules: BreakerRules) {
    this.#rules = rules;
  }

  /** What has changed and nobody has told yet; whoever takes it tells it. */
  takeChanges(): readonly BreakerChange[] {
    return this.#changes.length === 0 ? NO_CHANGES : this.#changes.splice(0);
  }

  /** Other rules hold from now on; a breaker that is open stays so until its time. One without a rule is gone. */
  apply(rules: BreakerRules): void {
    this.#rules = rules;
    for (const kind of BREAKER_KINDS) if (rules[kind] === undefined) this.#states.delete(kind);
  }

  observe(kind: BreakerKind, bad: boolean, detail: string, now: MonoNanos): void {
    this.#step(kind, { kind: 'observed', bad, detail }, now);
  }

  /** An entry has passed every check. */
  admitted(now: MonoNanos): void {
    for (const kind of this.#states.keys()) this.#step(kind, ADMITTED, now);
  }

  /** Lets waits end; called by timers. */
  timePassed(now: MonoNanos): void {
    for (const kind of this.#states.keys()) this.#step(kind, TIME_PASSED, now);
  }

  /** Why a breaker lets no entry pass, or null. */
  refusal(kind: BreakerKind, now: MonoNanos): string | null {
    const state = this.#states.get(kind);
    const rule = this.#rules[kind];
    return state === undefined || rule === undefined ? null : refusalOf(state, rule, now);
  }

  /** Those that are not closed, as they are told. */
  notClosed(now: Now): readonly KeptBreaker[] {
    const kept: KeptBreaker[] = [];
    for (const [kind, state] of this.#states) {
      const told = keptOf(kind, state, now);
      if (told !== null) kept.push(told);
    }
    return kept;
  }

  /** Goes on with a breaker as a predecessor left it: once, and only where it has not opened here since. */
  keep(kept: KeptBreaker, now: Now): void {
    const { breaker, reason } = kept;
    const rule = this.#rules[breaker];
    const from = this.#states.get(breaker) ?? CLOSED;
    if (rule === undefined || this.#kept.has(breaker)) return;
    this.#kept.add(breaker);
    if (from.kind !== 'closed') return;
    this.#states.set(breaker, openedAsKept(kept, rule, now));
    this.#changes.push({ breaker, from: 'closed', to: 'open', reason: `as it was before: ${reason}` });
  }

  #step(kind: BreakerKind, input: BreakerInput, now: MonoNanos): void {
    const rule = this.#rules[kind];
    if (rule === undefined) return;
    const before = this.#states.get(kind) ?? CLOSED;
    const after = stepBreaker(before, rule, input, now);
    if (after === before) return;
    this.#states.set(kind, after);
    if (after.kind === before.kind) return;
    const reason = after.kind === 'closed' ? 'the trials went well' : after.reason;
    this.#changes.push({ breaker: kind, from: before.kind, to: after.kind, reason });
  }
}

const ADMITTED: BreakerInput = { kind: 'admitted' };
const TIME_PASSED: BreakerInput = { kind: 'timePassed' };
