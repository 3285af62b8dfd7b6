import type { EventNote } from '#core/lanes/lane-effects.ts';
import type { OrderAnswer } from '#core/orders/venue-ports.ts';
import type { BreakerKind, BreakerRule } from '#core/risk/breaker.ts';
import type { BreakerRules } from '#core/risk/breaker-set.ts';
import type { Expected, JudgedLane } from './expected-denials.ts';

/** Refusals that say nothing of the order. */
const FAILURES: ReadonlySet<string> = new Set(['retry', 'clock', 'unknown']);
/** What a breaker of the lane watches; the others are the unit's. */
const OF_LANE: ReadonlySet<BreakerKind> = new Set(['consecutiveLosses', 'reconciliation']);
const HALF_SECOND = 5e8;

/** One breaker, told what it should have seen: closed while `openUntil` is null. */
class ToldBreaker {
  readonly #rule: BreakerRule;
  readonly #recent: { readonly at: number; readonly bad: boolean }[] = [];
  #openUntil: number | null = null;
  #failures = 0;
  #tried = 0;
  #triedAt = 0;
  #good = 0;

  constructor(rule: BreakerRule) {
    this.#rule = rule;
  }

  saw(bad: boolean, now: number): void {
    const { window, withinMs } = this.#rule;
    if (this.#openUntil === null) {
      this.#recent.push({ at: now, bad });
      if (this.#recent.length > window) this.#recent.shift();
      const young = this.#recent.filter(({ at }) => now - at <= withinMs * 1e6);
      if (bad && young.filter((each) => each.bad).length >= this.#rule.bad) this.#open(1, now);
    } else if (now < this.#openUntil) {
      if (bad) this.#openUntil = Math.max(this.#openUntil, now + this.#waitNanos());
    } else if (bad) this.#open(this.#failures + 1, now);
    else {
      this.#good += 1;
      if (this.#good >= this.#rule.trials) this.#close();
    }
  }

  /** A predecessor left it open: it stays so for as long, no shorter than at first and no longer than at most. */
  keep(failures: number, leftMs: number, now: number): void {
    if (this.#openUntil !== null) return;
    const { openMs, maxOpenMs } = this.#rule;
    this.#open(failures, now);
    this.#openUntil = now + Math.min(Math.max(leftMs, openMs), Math.max(openMs, maxOpenMs)) * 1e6;
  }

  /** An entry was let through. */
  tried(now: number): void {
    if (this.#openUntil === null || now < this.#openUntil) return;
    if (this.#isForgotten(now)) this.#tried = 0;
    this.#tried += 1;
    this.#triedAt = now;
  }

  judge(now: number): Expected {
    if (this.#openUntil === null) return 'passes';
    if (now < this.#openUntil) return 'denies';
    return this.#tried < this.#rule.trials || this.#isForgotten(now) ? 'passes' : 'denies';
  }

  /** Trials of which nothing was ever heard may be made again. */
  #isForgotten(now: number): boolean {
    return this.#tried >= this.#rule.trials && now - this.#triedAt >= this.#rule.openMs * 1e6;
  }

  #open(failures: number, now: number): void {
    this.#failures = failures;
    this.#openUntil = now + this.#waitNanos();
    this.#tried = 0;
    this.#good = 0;
  }

  #close(): void {
    this.#openUntil = null;
    this.#recent.length = 0;
  }

  #waitNanos(): number {
    const { openMs, maxOpenMs } = this.#rule;
    return Math.min(maxOpenMs, openMs * 2 ** (this.#failures - 1)) * 1e6;
  }
}

/** What a predecessor left of the breakers of a lane and of its unit; `until`: by the wall clock, null: it was being tried. */
export interface KeptBreakers {
  readonly lane: string;
  readonly kept: readonly {
    readonly breaker: BreakerKind;
    readonly failures: number;
    readonly until: number | null;
  }[];
}

/** What is followed of the trades of a lane, and of its comparisons with the venue. */
interface Followed {
  /** Profit of the day when it was last flat. */
  flatAt: number;
  holds: boolean;
  differences: number;
  differedAt: number;
  /** What its last difference was of. */
  engine: string;
  venue: string;
}

/** A second statement of the breakers of a unit: from the answers that its lanes got, the trades that they made and the comparisons that they told. */
export class ToldBreakers {
  readonly #rules: BreakerRules;
  readonly #slowAckMs: number;
  readonly #breakers = new Map<string, ToldBreaker>();
  readonly #followed = new Map<string, Followed>();
  readonly #sentAt = new Map<string, number>();
  readonly #kept = new Set<string>();
  /** Breakers of which nothing can be said any more. */
  readonly #doubtful = new Set<string>();

  constructor(rules: BreakerRules, slowAckMs: number) {
    this.#rules = rules;
    this.#slowAckMs = slowAckMs;
  }

  /** Whether each breaker lets an entry of the lane pass. */
  judge(lane: JudgedLane, now: number): ReadonlyMap<BreakerKind, Expected> {
    const judged = new Map<BreakerKind, Expected>();
    for (const kind of Object.keys(this.#rules) as BreakerKind[]) {
      const owner = ownerOf(kind, lane);
      judged.set(kind, this.#doubtful.has(owner) ? 'either' : (this.#breakers.get(owner)?.judge(now) ?? 'passes'));
    }
    return judged;
  }

  /** Heard once of each breaker. */
  takenOver({ lane, kept }: KeptBreakers, { mono, epoch }: { readonly mono: number; readonly epoch: number }): void {
    for (const { breaker, failures, until } of kept) {
      const owner = OF_LANE.has(breaker) ? `${lane}/${breaker}` : breaker;
      const rule = this.#rules[breaker];
      if (rule === undefined || this.#kept.has(owner)) continue;
      this.#kept.add(owner);
      const known = this.#breakers.get(owner) ?? new ToldBreaker(rule);
      this.#breakers.set(owner, known);
      known.keep(failures, until === null ? 0 : until - epoch, mono);
    }
  }

  sent(clientOrderId: string, now: number): void {
    this.#sentAt.set(clientOrderId, now);
  }

  /** An entry has passed risk. */
  admitted(lane: JudgedLane, now: number): void {
    for (const kind of Object.keys(this.#rules) as BreakerKind[]) this.#breakers.get(ownerOf(kind, lane))?.tried(now);
  }

  /** The venue's answer to the placing of an order is about to be taken. */
  answered(lane: JudgedLane, clientOrderId: string, answer: OrderAnswer, now: number): void {
    const order = lane.orders.get(clientOrderId);
    if (order === null || answer.kind === 'notSent') return;
    const failed = answer.kind === 'unknown' || (answer.kind === 'rejected' && FAILURES.has(answer.errorClass));
    this.#saw('errorRate', lane, failed, now);
    if (failed) return;
    this.#saw('rejectRate', lane, answer.kind === 'rejected' && answer.errorClass !== 'alreadySo', now);
    const sentAt = this.#sentAt.get(clientOrderId) ?? order.submittedAt;
    this.#saw('latency', lane, now - sentAt > this.#slowAckMs * 1e6, now);
  }

  /** A lane has taken an input after which it looks where it stands. */
  stands(lane: JudgedLane, now: number): void {
    // What it held when it was opened was entered at a price that nobody here knows.
    if (!this.#followed.has(lane.name) && !lane.flat) this.#doubtful.add(ownerOf('consecutiveLosses', lane));
    const followed = this.#of(lane);
    if (!lane.flat) {
      followed.holds = true;
      return;
    }
    // Dust is worth what its price says, and what is left of an entry there is placed anew at once.
    if (lane.instrument.kind === 'spot') this.#doubtful.add(ownerOf('consecutiveLosses', lane));
    if (!lane.orders.quiet) return;
    const profit = lane.dailyProfit();
    const gained = profit - followed.flatAt;
    followed.flatAt = profit;
    if (!followed.holds) return;
    followed.holds = false;
    if (Math.abs(gained) < 1e-9) this.#doubtful.add(ownerOf('consecutiveLosses', lane));
    this.#saw('consecutiveLosses', lane, gained < 0, now);
  }

  /** What a trade brought cannot be told from the profits of two days. */
  daysChanged(lane: JudgedLane): void {
    this.#doubtful.add(ownerOf('consecutiveLosses', lane));
  }

  told(event: EventNote, lane: JudgedLane | undefined, now: number): void {
    if (event.type !== 'position.checked' || lane === undefined) return;
    const followed = this.#of(lane);
    if (event.body.agree) {
      followed.differences = 0;
      this.#saw('reconciliation', lane, false, now);
      return;
    }
    // Two looks that find the same are a fact, and five in a row of which each finds another; what the lane was told of between makes it another difference.
    const { engine, venue } = event.body;
    const goesOn = followed.differences > 0 && followed.engine === engine;
    if (goesOn && now - followed.differedAt < HALF_SECOND) return;
    const isSame = goesOn && followed.venue === venue;
    const differences = goesOn ? followed.differences + 1 : 1;
    Object.assign(followed, { engine, venue, differences, differedAt: now });
    if (!isSame && differences < 5) return;
    followed.differences = 0;
    this.#saw('reconciliation', lane, true, now);
  }

  #saw(kind: BreakerKind, lane: JudgedLane, bad: boolean, now: number): void {
    const rule = this.#rules[kind];
    if (rule === undefined) return;
    const owner = ownerOf(kind, lane);
    const breaker = this.#breakers.get(owner) ?? new ToldBreaker(rule);
    this.#breakers.set(owner, breaker);
    breaker.saw(bad, now);
  }

  #of(lane: JudgedLane): Followed {
    const known = this.#followed.get(lane.name);
    if (known !== undefined) return known;
    const followed: Followed = {
      flatAt: lane.flat ? lane.dailyProfit() : 0,
      holds: !lane.flat,
      differences: 0,
      differedAt: Number.NEGATIVE_INFINITY,
      engine: '',
      venue: '',
    };
    this.#followed.set(lane.name, followed);
    return followed;
  }
}

function ownerOf(kind: BreakerKind, lane: JudgedLane): string {
  return OF_LANE.has(kind) ? `${lane.name}/${kind}` : kind;
}
