import type { LaneConfiguration } from '#core/config/runtime-configuration.ts';
import { laneOn, type ScannedLane } from '#core/config/scanner-configuration.ts';
import { MillraceError, messageOf } from '#core/errors.ts';
import type { LeaseLog } from '#core/input-log/lease-log.ts';
import type { Lane } from '#core/lanes/lane.ts';
import type { EventNote, Verification } from '#core/lanes/lane-effects.ts';
import type { Now } from '#core/lanes/now.ts';
import type { SwitchEffect, SwitchFacts } from '#core/lanes/switch-effects.ts';
import { SymbolSwitch } from '#core/lanes/symbol-switch.ts';
import type { MarketScanner } from '#core/scanner/market-scanner.ts';
import { SymbolChooser } from '#core/scanner/symbol-chooser.ts';
import { DayOfSymbols } from './day-of-symbols.ts';
import { EarlierLanes, isAtRest } from './earlier-lanes.ts';
import { HeightTeller } from './height-teller.ts';
import type { LaneFeed } from './lane-feed.ts';
import type { LaneInputs } from './lane-inputs.ts';
import { failureNote, moveNote, proposalNote, unreleasedNote } from './lane-switch-notes.ts';
import { type LocatorOptions, locateSymbol } from './symbol-locator.ts';

export interface LaneSwitchOptions extends LocatorOptions {
  readonly plan: ScannedLane;
  readonly feed: LaneFeed;
  readonly inputs: LaneInputs;
  readonly log: LeaseLog;
  readonly tell: (note: EventNote) => void;
  readonly now: () => Now;
  /** A lane beside the others of its unit. Throws when it cannot be traded beside them. */
  readonly create: (configuration: LaneConfiguration) => Lane;
  /** It was created and never opened: nothing of it counts. */
  readonly forgo: (lane: Lane) => void;
  /** Opens a lane with what venue and ledger say, unless `still` has become false meanwhile. */
  readonly recover: (lane: Lane, still: () => boolean) => Promise<void>;
  /** Compares a lane with the venue; null: the unit is gone. */
  readonly verify: (lane: Lane) => Promise<Verification | null>;
  /** Gives a new lane the unit's gate and wish as they are now. */
  readonly admit: (lane: Lane) => void;
  readonly onGone: (lane: Lane) => void;
  /** Why no lane of the unit may change its symbol now. */
  readonly bound: () => string | null;
  /** Why a symbol must not be chosen: it is frozen, or another lane's. */
  readonly unfit: (symbol: string, lane: LaneConfiguration) => string | null;
}

/** How a lane whose symbol a scanner picks stands, for health and metrics. */
export interface LaneSwitchStatus {
  readonly lane: string;
  readonly scanner: string;
  readonly state: string;
  readonly reason: string;
  /** Time since it came into this state, ms. */
  readonly forMs: number;
  readonly symbol: string | null;
  readonly wanted: string | null;
  readonly generation: number;
  readonly begun: number;
  readonly done: number;
  readonly failed: number;
  readonly dropped: Readonly<Record<string, number>>;
}

/** One lane whose symbol a scanner picks: its lane of now, those of earlier symbols, and the carrying out of what its switch wishes. */
export class LaneSwitch {
  readonly plan: ScannedLane;
  readonly #options: LaneSwitchOptions;
  readonly #switch = new SymbolSwitch();
  readonly #chooser: SymbolChooser;
  #lane: Lane | null = null;
  readonly #earlier = new EarlierLanes();
  readonly #day = new DayOfSymbols();
  readonly #heights = new HeightTeller();
  #generation = 0;
  #performing = false;

  constructor(options: LaneSwitchOptions) {
    this.#options = options;
    this.plan = options.plan;
    this.#chooser = new SymbolChooser(options.plan.scanner);
  }

  begin(): void {
    const now = this.#options.now();
    this.#switch.begin(now.mono);
    this.#carryOut(now);
  }

  /** The lane that is given books; null: none is. */
  get current(): Lane | null {
    return this.#lane;
  }

  get ended(): boolean {
    return this.#switch.state === 'Ended';
  }

  /** Every lane that is followed, the current one first. */
  get lanes(): readonly Lane[] {
    return this.#lane === null ? this.#earlier.all : [this.#lane, ...this.#earlier.all];
  }

  /** Lanes whose timers are due. */
  due(now: Now): readonly Lane[] {
    const earlier = this.#earlier.due(now);
    return this.#lane === null ? earlier : [this.#lane, ...earlier];
  }

  /** Symbols that it trades, leaves or goes to. */
  takes(symbol: string): boolean {
    const { target, wanted } = this.#switch;
    return symbol === target || symbol === wanted || this.lanes.some((lane) => lane.symbol === symbol);
  }

  /** Something was reported: an order of an earlier symbol that comes alive stops entries at once. */
  reported(lane: Lane, now: Now): void {
    if (this.#earlier.wake(lane, now)) this.timer(now);
  }

  timer(now: Now): void {
    this.#followDay(now);
    const facts = this.#facts();
    this.#switch.timer(facts, now.mono);
    // A look that changes nothing is no input.
    if (this.#switch.effects.length > 0) this.#record({ input: 'timer', facts }, now);
    this.#carryOut(now);
  }

  /** A sample of its scanner was taken. */
  scanned(scanner: MarketScanner, now: Now): void {
    const { plan, bound, tell } = this.#options;
    const { wanted, state, since } = this.#switch;
    if (wanted === null || bound() !== null) return;
    const excluded = (symbol: string) =>
      this.#switch.leavesOut(symbol, now.mono) || (symbol !== wanted && this.#isUnfit(symbol));
    const proposal = this.#chooser.choose(
      scanner.figures(now.mono, excluded),
      { symbol: wanted, since: state === 'Trading' ? since : null },
      now.mono,
    );
    if (proposal === null) return;
    tell(proposalNote(plan, wanted, proposal));
    this.propose(proposal.symbol, now);
  }

  propose(symbol: string, now: Now): void {
    const facts = this.#facts();
    this.#record({ input: 'propose', symbol, facts }, now);
    this.#switch.propose(symbol, facts, now.mono);
    this.#carryOut(now);
  }

  /** No further step. Its lanes are the caller's to bring to rest. */
  end(reason: string): void {
    if (this.ended) return;
    const now = this.#options.now();
    this.#record({ input: 'end', reason }, now);
    this.#switch.end(reason, now.mono);
    this.#carryOut(now);
  }

  /** What is subscribed for it goes, once nothing of it needs a book any more. */
  giveBack(): void {
    const { feed, plan, tell } = this.#options;
    for (const symbol of plan.scanner.candidates) {
      void feed.release(symbol, this.#holder()).catch((error: unknown) => tell(unreleasedNote(plan, symbol, error)));
    }
  }

  status(): LaneSwitchStatus {
    const { state, reason, symbol, wanted, begun, done, failed, dropped, since } = this.#switch;
    const { plan } = this.#options;
    return {
      lane: plan.lane.name,
      scanner: plan.scanner.name,
      state,
      reason,
      forMs: (this.#options.now().mono - since) / 1e6,
      symbol,
      wanted,
      generation: this.#generation,
      begun,
      done,
      failed,
      dropped: { ...dropped },
    };
  }

  /** Where a drawdown is limited, a successor must know from which height. */
  #followDay(now: Now): void {
    const { plan, instruments, tell } = this.#options;
    this.#day.follow(this.lanes, instruments, now.epoch);
    if (this.#lane?.configuration.limits.maxDrawdown === undefined) return;
    const note = this.#heights.due(plan.lane.name, this.#day.heights, now.mono);
    if (note !== null) tell(note);
  }

  /** A candidate of which nobody said how it is traded is no candidate. */
  #isUnfit(symbol: string): boolean {
    const configuration = laneOn(this.plan.lane, symbol);
    return configuration === null || this.#options.unfit(symbol, configuration) !== null;
  }

  #facts(): SwitchFacts {
    const lane = this.#lane;
    const { target } = this.#switch;
    const { restless } = this.#earlier;
    return {
      atRest: lane !== null && isAtRest(lane),
      bound: this.#options.bound() ?? (lane?.state === 'Halted' ? 'the lane is halted' : null),
      hasLane: lane !== null && lane.symbol === target,
      bookValid: target !== null && this.#options.feed.book(target)?.valid === true,
      restless: restless === null ? null : `${restless.symbol} is not at rest`,
      spent: this.#day.spent(lane, this.lanes, this.#options.instruments, this.#options.now().epoch),
    };
  }

  /** Empties the effects in order; answers that come at once add theirs to the same buffer. */
  #carryOut(now: Now): void {
    if (this.#performing) return;
    this.#performing = true;
    const { effects } = this.#switch;
    try {
      for (let index = 0; index < effects.length; index += 1) {
        const effect = effects[index];
        if (effect !== undefined) this.#perform(effect, now);
      }
    } finally {
      effects.length = 0;
      this.#performing = false;
    }
  }

  #perform(effect: SwitchEffect, now: Now): void {
    const { inputs, feed, plan, tell } = this.#options;
    const lane = this.#lane;
    switch (effect.kind) {
      case 'leave':
      case 'hold':
        if (lane !== null) inputs.give(lane, { kind: effect.kind, body: { reason: effect.reason } }, now);
        return;
      case 'stay':
      case 'release':
        if (lane !== null) inputs.give(lane, { kind: effect.kind, body: null }, now);
        return;
      case 'retire':
        this.#retire(now);
        return;
      case 'subscribe':
        this.#ask(effect.attempt, feed.carry(effect.symbol, this.#holder()), (at) =>
          this.#switch.subscribed(effect.attempt, this.#facts(), at.mono),
        );
        return;
      case 'unsubscribe':
        this.#ask(effect.attempt, feed.release(effect.symbol, this.#holder()), (at) =>
          this.#switch.unsubscribed(effect.attempt, at.mono),
        );
        return;
      case 'locate':
        this.#ask(effect.attempt, this.#locate(effect.attempt), (at, symbol) =>
          this.#switch.located(effect.attempt, symbol, this.#lane !== null, at.mono),
        );
        return;
      case 'confirmFlat':
        this.#ask(effect.attempt, this.#confirmFlat(), (at, flat) =>
          this.#switch.flatConfirmed(effect.attempt, flat, this.#facts(), at.mono),
        );
        return;
      case 'recover':
        this.#ask(effect.attempt, this.#recover(effect.symbol, effect.attempt), (at) =>
          this.#switch.recovered(effect.attempt, this.#facts(), at.mono),
        );
        return;
      case 'moved':
        tell(moveNote(plan, effect, this.#generation));
        return;
      case 'failed':
        tell(failureNote(plan, effect));
    }
  }

  /** One question, whose answer is the switch's next input, however it ends. */
  #ask<Answer>(attempt: number, question: Promise<Answer>, take: (now: Now, answer: Answer) => void): void {
    const answered = (input: Readonly<Record<string, unknown>>, run: (now: Now) => void) => {
      // The lease is over, or the lane gone: nothing is decided any more.
      if (this.ended) return;
      const now = this.#options.now();
      this.#record({ ...input, attempt, facts: this.#facts() }, now);
      run(now);
      this.#carryOut(now);
    };
    void question.then(
      (answer) => answered({ input: 'answer', answer: answer ?? null }, (now) => take(now, answer)),
      (error: unknown) => {
        const reason = messageOf(error);
        answered({ input: 'failure', reason }, (now) =>
          this.#switch.stepFailed(attempt, reason, this.#facts(), now.mono),
        );
      },
    );
  }

  /** Opens a lane on every symbol that has something; all but the one that it begins with are closed. */
  async #locate(attempt: number): Promise<string> {
    const { plan, inputs, now } = this.#options;
    const { symbol, busy, realizedToday, heights } = await locateSymbol(
      plan.lane,
      plan.scanner.candidates,
      this.#options,
    );
    this.#day.resume(realizedToday, heights, now().epoch);
    for (const each of [symbol, ...busy.filter((one) => one !== symbol)]) {
      if (!busy.includes(each) || this.lanes.some((lane) => lane.symbol === each)) continue;
      const lane = await this.#open(each, attempt);
      if (each === symbol) this.#lane = lane;
      else {
        this.#follow(lane, now());
        inputs.give(lane, { kind: 'leave', body: { reason: `the lane begins on ${symbol}` } }, now());
      }
    }
    return this.#lane?.symbol ?? symbol;
  }

  /** Confirmed by the venue: nothing happened while it was asked, and it knows of nothing that the lane does not. */
  async #confirmFlat(): Promise<boolean> {
    const lane = this.#lane;
    if (lane === null) return false;
    const { activity } = lane;
    const seen = await this.#options.verify(lane);
    if (seen === null || seen.kind === 'failed' || lane.activity !== activity) return false;
    const known = seen.openOrders.every(
      (report) => lane.orders.find(report.clientOrderId, report.venueOrderId) === null,
    );
    return known && lane.position.unitsOf(seen.position.size) === lane.position.units;
  }

  async #recover(symbol: string, attempt: number): Promise<void> {
    this.#lane ??= await this.#open(symbol, attempt);
    const seen = await this.#options.verify(this.#lane);
    if (seen === null || seen.kind === 'failed')
      throw new MillraceError('retryable', 'LANE_NOT_COMPARED', seen === null ? 'stopped' : seen.reason);
  }

  /** A lane on the symbol, opened from venue and ledger, with its entries held. */
  async #open(symbol: string, attempt: number): Promise<Lane> {
    const { plan, create, forgo, recover, inputs, admit, now, onGone } = this.#options;
    const configuration = laneOn(plan.lane, symbol);
    if (configuration === null) throw new MillraceError('configuration', 'LANE_UNKNOWN_ON', `symbol=${symbol}`);
    const before = this.#earlier.on(symbol);
    if (before !== null && !isAtRest(before))
      throw new MillraceError('retryable', 'LANE_NOT_AT_REST', `symbol=${symbol}`);
    const lane = create(configuration);
    inputs.began(lane, false, now());
    inputs.gate(lane, 'not recovered yet', 'not recovered yet', now());
    let mayOpen = false;
    let opened = false;
    const still = () => {
      mayOpen = this.#switch.awaits(attempt) && (before === null || isAtRest(before));
      return mayOpen;
    };
    try {
      await recover(lane, still);
      opened = mayOpen;
    } finally {
      if (!opened) {
        inputs.forgone(lane, now());
        forgo(lane);
      }
    }
    if (!opened) throw new MillraceError('retryable', 'RECOVERY_OVERTAKEN', `symbol=${symbol}`);
    if (before !== null) {
      this.#earlier.remove(before);
      inputs.gone(before, now());
      onGone(before);
    }
    this.#generation += 1;
    inputs.give(lane, { kind: 'hold', body: { reason: `${symbol} is not ready yet` } }, now());
    inputs.listed(lane, now());
    admit(lane);
    return lane;
  }

  /** No book reaches it from here on. */
  #retire(now: Now): void {
    const lane = this.#lane;
    if (lane === null) return;
    this.#lane = null;
    this.#follow(lane, now);
  }

  #follow(lane: Lane, now: Now): void {
    this.#options.inputs.unlisted(lane, now);
    this.#earlier.add(lane, now);
  }

  #holder(): string {
    const { mode, account } = this.#options.unit;
    return `${mode}/${account}/${this.plan.lane.name}`;
  }

  #record(body: Readonly<Record<string, unknown>>, now: Now): void {
    const { log, plan } = this.#options;
    log.recordLane('switch', plan.lane.name, 1, body, now);
  }
}
