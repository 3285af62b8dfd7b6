import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { SwitchEffect, SwitchFacts } from '#core/lanes/switch-effects.ts';
import type { SwitchState } from '#core/lanes/switch-state.ts';
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
export class Surroundings {
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

  /** The last request for each symbol that was answered: a connection carries out what it is told in order, whichever answer comes first. */
  private readonly carriedOut = new Map<string, number>();
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
      if (this.isNews(ask.symbol, attempt)) this.sent.add(ask.symbol);
      if (awaited) this.confirmed.push('subscribed');
      this.change.subscribed(attempt, this.facts(), this.mono);
    } else if (ask.kind === 'unsubscribe') {
      if (this.isNews(ask.symbol, attempt)) this.sent.delete(ask.symbol);
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

  private isNews(symbol: string, attempt: number): boolean {
    if (attempt < (this.carriedOut.get(symbol) ?? 0)) return false;
    this.carriedOut.set(symbol, attempt);
    return true;
  }

  open(symbol: string, busy: boolean): void {
    if (this.lane !== null) {
      assert.equal(this.lane.symbol, symbol, 'one lane at a time');
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
          if (lane !== null) lane.held = false;
          break;
        case 'leave':
          assert.notEqual(lane, null, 'what leaves is there');
          if (lane !== null) Object.assign(lane, { held: true, leaving: true });
          break;
        case 'stay':
          if (lane !== null) Object.assign(lane, { held: false, leaving: false });
          break;
        case 'retire':
          assert.equal(lane?.busy, false, 'a lane retires at rest');
          assert.equal(lane?.leaving, true, 'a lane that retires was leaving');
          if (lane !== null) this.earlier.push(lane);
          this.lane = null;
          break;
        case 'moved':
          assert.notEqual(effect.from, 'Ended', 'nothing comes after the end');
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
      assert.ok(this.confirmed.includes('recovered'), 'what trades was recovered');
      assert.ok(this.confirmed.includes('subscribed'), 'what trades was subscribed');
      // From one symbol to another every step has been confirmed, in order.
      if (last !== undefined) {
        const order = ['flat', 'unsubscribed', 'subscribed', 'recovered'].map((step) =>
          this.confirmed.lastIndexOf(step),
        );
        assert.deepEqual(
          order,
          [...order].sort((a, b) => a - b),
          'the steps of a change come in their order',
        );
        assert.ok(Math.min(...order) >= 0, 'no step of a change is left out');
      }
    }
    this.entered.push(symbol);
    this.confirmed = [];
  }

  /** What must hold at every moment. */
  private check(): void {
    const { change } = this;
    if (this.mayEnter) {
      assert.equal(change.state, 'Trading', 'entries leave in Trading alone');
      assert.equal(change.mayEnter, true, 'entries leave where the switch says so');
      assert.equal(this.lane?.symbol, change.target, 'entries leave on the symbol of the switch');
    }
    if (change.state === 'Trading')
      assert.ok(this.sent.has(this.lane?.symbol ?? ''), 'what trades is sent by the venue');
    // One question at a time of those that anybody waits for.
    assert.ok(this.asked.filter((ask) => change.awaits(ask.attempt)).length <= 1, 'one question at a time');
  }
}

export type Act =
  | { readonly act: 'propose'; readonly symbol: string }
  | { readonly act: 'pass'; readonly ms: number }
  | { readonly act: 'answer'; readonly index: number; readonly good: boolean }
  | { readonly act: 'lose'; readonly index: number }
  | { readonly act: 'busy'; readonly busy: boolean }
  | { readonly act: 'return'; readonly busy: boolean }
  | { readonly act: 'bound'; readonly bound: boolean }
  | { readonly act: 'book'; readonly valid: boolean }
  | { readonly act: 'spent'; readonly spent: boolean };

export const acts: fc.Arbitrary<Act> = fc.oneof(
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

export function act(on: Surroundings, what: Act): void {
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
export function calm(on: Surroundings): void {
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
