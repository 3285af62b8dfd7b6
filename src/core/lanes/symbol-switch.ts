import type { MonoNanos } from '../time/clock.ts';
import type { SwitchEffect, SwitchFacts } from './switch-effects.ts';
import { nextSwitchState, type SwitchInput, type SwitchState, type SwitchStep } from './switch-state.ts';

/** How long each step may take before it counts as failed, ms. */
const STEP_TIMEOUTS_MS: Readonly<Record<SwitchStep, number>> = {
  Locating: 60_000,
  Closing: 60_000,
  Unsubscribing: 20_000,
  Subscribing: 20_000,
  AwaitingBook: 30_000,
  Recovering: 60_000,
};
const FIRST_RETRY_MS = 1_000;
const LONGEST_RETRY_MS = 60_000;
/** Time between two looks at the venue whether the old symbol is flat. */
const LOOK_AGAIN_MS = 1_000;
/** A symbol on which a lane could not begin so often in a row is left out for a while. */
const FAILURES_TO_LEAVE_OUT = 3;
const LEFT_OUT_MS = 600_000;

/** What was not done, by reason: nothing is dropped without a count. */
const SWITCH_DROPS = ['replaced', 'sameSymbol', 'notLocated', 'lateAnswer', 'ended'] as const;
export type SwitchDrop = (typeof SWITCH_DROPS)[number];

/**
 * The change of one lane's symbol, as a deterministic step: each method is one input, what it leads to is written to `effects`, and the caller carries that out and empties it. Of proposals only the
 * latest is kept, and taken where the lane is safe to turn (G6).
 */
export class SymbolSwitch {
  readonly effects: SwitchEffect[] = [];
  readonly dropped: Record<SwitchDrop, number> = {
    replaced: 0,
    sameSymbol: 0,
    notLocated: 0,
    lateAnswer: 0,
    ended: 0,
  };
  /** Changes begun and done, and steps that failed. */
  begun = 0;
  done = 0;
  failed = 0;
  #state: SwitchState = 'Locating';
  #reason = 'the lease begins';
  /** The symbol that has the lane; null: none has. */
  #symbol: string | null = null;
  #target: string | null = null;
  #wanted: string | null = null;
  /** The symbol whose channels may be subscribed. */
  #carried: string | null = null;
  #attempt = 0;
  #since = 0 as MonoNanos;
  #failures = 0;
  #failedStep: SwitchStep = 'Locating';
  #retryAt = 0 as MonoNanos;
  #lookAt = 0 as MonoNanos;
  /** Asked and not answered. */
  #asking = false;
  #verified = false;
  #heldFor: string | null = null;
  /** The symbol has been traded: it may go on being so without another step. */
  #settled = false;
  readonly #leftOut = new Map<string, MonoNanos>();

  get state(): SwitchState {
    return this.#state;
  }

  /** Why it is in this state. */
  get reason(): string {
    return this.#reason;
  }

  /** Since when. */
  get since(): MonoNanos {
    return this.#since;
  }

  /** The symbol that the lane trades, or comes from; null while it has none. */
  get symbol(): string | null {
    return this.#symbol;
  }

  /** The symbol of the step that is under way; its own while it trades. Null before the first is known. */
  get target(): string | null {
    return this.#target;
  }

  /** Where it is to be in the end. */
  get wanted(): string | null {
    return this.#wanted;
  }

  /** Whether an entry may leave, as far as the symbol is concerned. */
  get mayEnter(): boolean {
    return this.#state === 'Trading' && this.#heldFor === null;
  }

  /** Whether the answer to this attempt is still waited for: what it would change may be changed. */
  awaits(attempt: number): boolean {
    return this.#asking && attempt === this.#attempt;
  }

  /** Whether the lane could not begin on a symbol of late. */
  leavesOut(symbol: string, now: MonoNanos): boolean {
    return (this.#leftOut.get(symbol) ?? Number.NEGATIVE_INFINITY) > now;
  }

  begin(now: MonoNanos): void {
    this.#since = now;
    this.effects.push({ kind: 'locate', attempt: this.#ask() });
  }

  /** The scanner proposes a symbol. The latest replaces any earlier one that has not been reached. */
  propose(symbol: string, facts: SwitchFacts, now: MonoNanos): void {
    if (this.#state === 'Ended') this.dropped.ended += 1;
    else if (this.#wanted === null) this.dropped.notLocated += 1;
    else if (symbol === this.#wanted) this.dropped.sameSymbol += 1;
    else {
      if (this.#wanted !== this.#target || this.#state !== 'Trading') this.dropped.replaced += 1;
      this.#wanted = symbol;
      this.#turn(facts, now);
    }
  }

  /** Where the lane's position or orders are, or the lane was last. `hasLane`: a lane was opened there, since something was found. */
  located(attempt: number, symbol: string, hasLane: boolean, now: MonoNanos): void {
    if (!this.#isAwaited(attempt, 'Locating')) return;
    this.#wanted = symbol;
    this.#target = symbol;
    if (hasLane) this.#symbol = symbol;
    this.#move('located', hasLane ? `${symbol} has a position or orders` : `${symbol} it is`, now);
    this.#subscribe();
  }

  subscribed(attempt: number, facts: SwitchFacts, now: MonoNanos): void {
    if (!this.#isAwaited(attempt, 'Subscribing')) return;
    this.#move('subscribed', 'the venue has confirmed it', now);
    this.#turn(facts, now);
  }

  unsubscribed(attempt: number, now: MonoNanos): void {
    if (!this.#isAwaited(attempt, 'Unsubscribing')) return;
    this.#carried = null;
    this.#target = this.#wanted;
    this.#move('unsubscribed', 'the venue has confirmed it', now);
    this.#subscribe();
  }

  /** The venue was asked whether the symbol is flat. */
  flatConfirmed(attempt: number, flat: boolean, facts: SwitchFacts, now: MonoNanos): void {
    if (!this.#isAwaited(attempt, 'Closing')) return;
    this.#lookAt = (now + LOOK_AGAIN_MS * 1e6) as MonoNanos;
    if (!flat || !facts.atRest || facts.bound !== null) return;
    const from = this.#symbol;
    this.#symbol = null;
    this.#settled = false;
    this.#target = this.#wanted;
    this.effects.push({ kind: 'retire' });
    this.#move('closed', `${from ?? ''} is flat, every order has ended`, now);
    this.#unsubscribe();
  }

  /** A lane was opened on the target, and compared with the venue. */
  recovered(attempt: number, facts: SwitchFacts, now: MonoNanos): void {
    if (!this.#isAwaited(attempt, 'Recovering')) return;
    this.#symbol = this.#target;
    this.#verified = true;
    this.#turn(facts, now);
  }

  /** What was asked for in this attempt failed, or was refused. `hasLane` as in the facts: a recovery may have opened a lane before it failed. */
  stepFailed(attempt: number, reason: string, facts: SwitchFacts, now: MonoNanos): void {
    if (attempt !== this.#attempt || !this.#asking) {
      this.dropped.lateAnswer += 1;
      return;
    }
    this.#asking = false;
    if (this.#state === 'Closing') this.#lookAt = (now + LOOK_AGAIN_MS * 1e6) as MonoNanos;
    else this.#fail(reason, facts, now);
  }

  /** At least every 100 ms. */
  timer(facts: SwitchFacts, now: MonoNanos): void {
    const step = this.#state;
    if (step === 'Ended') return;
    if (step === 'Retrying') {
      if (now >= this.#retryAt) this.#retry(facts, now);
      return;
    }
    this.#turn(facts, now);
    if (this.#state !== step || step === 'Trading') return;
    if (now - this.#since < STEP_TIMEOUTS_MS[step] * 1e6) return;
    this.#fail(this.#whyLate(step, facts), facts, now);
  }

  /** Nothing more is changed: the lane goes, or its unit. */
  end(reason: string, now: MonoNanos): void {
    this.#asking = false;
    if (this.#state === 'Ended') return;
    this.effects.push({ kind: 'hold', reason });
    this.#move('end', reason, now);
  }

  /** Goes on where it is safe to, by what holds now. */
  #turn(facts: SwitchFacts, now: MonoNanos): void {
    const newer = this.#wanted !== this.#target;
    switch (this.#state) {
      case 'Trading':
        this.#judgeHold(facts);
        if (!newer || facts.bound !== null) return;
        this.begun += 1;
        this.#close('proposed', `${this.#wanted} is proposed`, now);
        return;
      case 'Closing':
        if (this.#wanted === this.#symbol && this.#settled) {
          this.#target = this.#symbol;
          // What the venue was asked is of no use any more: a later change asks for itself.
          this.#asking = false;
          this.effects.push({ kind: 'stay' });
          this.#move('withdrawn', `${this.#symbol} is proposed again`, now);
          this.#judgeHold(facts);
          return;
        }
        if (this.#asking || !facts.atRest || facts.bound !== null || now < this.#lookAt) return;
        this.effects.push({ kind: 'confirmFlat', attempt: this.#ask() });
        return;
      case 'AwaitingBook':
        if (newer && !facts.hasLane) {
          this.#move('superseded', `${this.#wanted} is proposed`, now);
          this.#unsubscribe();
        } else if (facts.bookValid && this.#target !== null) {
          this.#move('bookValid', 'its book is whole', now);
          this.#recover(this.#target);
        }
        return;
      case 'Recovering':
        if (!this.#verified) return;
        if (newer) this.#close('superseded', `${this.#wanted} is proposed`, now);
        else if (facts.restless === null) {
          this.done += 1;
          this.#settled = true;
          this.#move('recovered', 'venue and ledger agree', now);
          this.effects.push({ kind: 'release' });
          this.#judgeHold(facts);
        }
        return;
      default:
    }
  }

  /** An order of an earlier symbol that comes alive again, or a position there, stops entries until it has ended; the loss of all symbols together stops them for the day. */
  #judgeHold({ restless, spent }: SwitchFacts): void {
    const reason = restless ?? spent;
    if (reason === this.#heldFor) return;
    this.#heldFor = reason;
    this.effects.push(reason === null ? { kind: 'release' } : { kind: 'hold', reason });
  }

  #close(input: SwitchInput, reason: string, now: MonoNanos): void {
    this.#heldFor = null;
    this.#lookAt = now;
    this.effects.push({ kind: 'leave', reason });
    this.#move(input, reason, now);
  }

  #subscribe(): void {
    if (this.#target === null) return;
    this.#carried = this.#target;
    this.effects.push({ kind: 'subscribe', symbol: this.#target, attempt: this.#ask() });
  }

  #unsubscribe(): void {
    const symbol = this.#carried ?? this.#target;
    if (symbol !== null) this.effects.push({ kind: 'unsubscribe', symbol, attempt: this.#ask() });
  }

  #recover(symbol: string): void {
    this.#verified = false;
    this.effects.push({ kind: 'recover', symbol, attempt: this.#ask() });
  }

  #ask(): number {
    this.#attempt += 1;
    this.#asking = true;
    return this.#attempt;
  }

  /** Whether somebody waits for this answer. One that nobody waits for is late. */
  #isAwaited(attempt: number, step: SwitchStep): boolean {
    if (this.#state !== step || attempt !== this.#attempt || !this.#asking) {
      this.dropped.lateAnswer += 1;
      return false;
    }
    this.#asking = false;
    return true;
  }

  /** The lane stays as safe as it is, and the step is tried again. */
  #fail(reason: string, facts: SwitchFacts, now: MonoNanos): void {
    const step = this.#state;
    if (step === 'Trading' || step === 'Retrying' || step === 'Ended') return;
    if (facts.hasLane && step === 'Recovering') this.#symbol = this.#target;
    this.failed += 1;
    this.#failures += 1;
    this.#failedStep = step;
    this.#asking = false;
    const waitMs = Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** Math.min(this.#failures - 1, 10));
    this.#retryAt = (now + waitMs * 1e6) as MonoNanos;
    if (
      BEGINNING.has(step) &&
      facts.restless === null &&
      this.#failures >= FAILURES_TO_LEAVE_OUT &&
      this.#target !== null
    )
      this.#leftOut.set(this.#target, (now + LEFT_OUT_MS * 1e6) as MonoNanos);
    this.effects.push({ kind: 'failed', step, failures: this.#failures, reason });
    this.#move('stepFailed', `${step}: ${reason}`, now);
  }

  #retry(facts: SwitchFacts, now: MonoNanos): void {
    const step = this.#failedStep;
    const again = `again after ${this.#failures} failures`;
    if (this.#wanted !== this.#target && BEGINNING.has(step)) {
      // Nothing is held there, unless a lane has been opened: then it is closed like any other.
      if (facts.hasLane) {
        this.#symbol = this.#target;
        this.#close('retryClosing', `${this.#wanted} is proposed`, now);
      } else {
        this.#move('retryUnsubscribing', `${this.#wanted} is proposed`, now);
        this.#unsubscribe();
      }
      return;
    }
    this.#move(`retry${step}`, again, now);
    if (step === 'Locating') this.effects.push({ kind: 'locate', attempt: this.#ask() });
    else if (step === 'Subscribing') this.#subscribe();
    else if (step === 'Unsubscribing') this.#unsubscribe();
    else if (step === 'Recovering' && this.#target !== null) this.#recover(this.#target);
    else if (step === 'Closing') this.effects.push({ kind: 'leave', reason: again });
    this.#turn(facts, now);
  }

  #whyLate(step: SwitchStep, { atRest, bound, restless }: SwitchFacts): string {
    const after = `not within ${STEP_TIMEOUTS_MS[step] / 1_000} s`;
    if (step === 'Closing') return `${after}: ${bound ?? (atRest ? 'not confirmed by the venue' : 'not at rest')}`;
    return step === 'Recovering' && restless !== null ? `${after}: ${restless}` : after;
  }

  #move(input: SwitchInput, reason: string, now: MonoNanos): void {
    const next = nextSwitchState(this.#state, input);
    // The callers ask their own state first: a pair that is not in the table is a fault of this file.
    if (next === null) return;
    const from = this.#state;
    this.#state = next;
    this.#reason = reason;
    this.#since = now;
    if (next === 'Trading' || (PROGRESS.has(input) && next !== 'Retrying')) this.#failures = 0;
    this.effects.push({ kind: 'moved', from, to: next, symbol: this.#symbol, target: this.#wanted, reason });
  }
}

/** Steps in which a lane begins on its target. */
const BEGINNING: ReadonlySet<SwitchState> = new Set(['Subscribing', 'AwaitingBook', 'Recovering']);
/** What shows that a symbol works, or that the lane is rid of one. */
const PROGRESS: ReadonlySet<SwitchInput> = new Set(['closed', 'unsubscribed', 'located']);
