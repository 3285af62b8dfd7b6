import type { Policy } from '../config/policy.ts';
import type { Now } from '../lanes/now.ts';
import type { BalanceReport } from '../orders/order.ts';
import type { MonoNanos } from '../time/clock.ts';
import { AMOUNT_SCALE, type UnitAllotment } from './allotment.ts';
import { isOfLane, type KeptBreaker } from './breaker.ts';
import { type BreakerRules, BreakerSet } from './breaker-set.ts';
import { OrderRate } from './order-rate.ts';

const AMOUNT = 10 ** AMOUNT_SCALE;

/** What one lane adds to its unit, in whole smallest amounts of the reporting currency; written by the book alone. */
export class RiskSlot {
  /** Rounded up. */
  exposure = 0;
  /** Of UTC day `day`, rounded down. */
  profit = 0;
  day = -1;
  openOrders = 0;
  /** It cannot be valued: the lane has not told anything yet, or nobody states a worth. */
  unpriced = true;
}

/**
 * What all lanes of a unit do together, in the reporting currency: they share it, and each tells its own part after each of its inputs. A lane that goes leaves what it told last: a position
 * without a lane is still one, and a loss stays that of the day. One telling costs the same however many lanes there are, and allocates nothing. Sums are of whole smallest amounts, so that no rounding creeps in over a day. Deterministic: time and figures come from the lanes' inputs.
 */
export class RiskBook {
  readonly breakers: BreakerSet;
  readonly #laneBreakers = new Map<string, BreakerSet>();
  readonly #slots = new Map<string, RiskSlot>();
  readonly #available = new Map<string, number>();
  #allotment: UnitAllotment;
  #policy: Policy;
  #rate: OrderRate;
  #exposure = 0;
  #openOrders = 0;
  #unpriced = 0;
  /** UTC day that the profits are of; those of lanes that have not told of it yet count as 0. */
  #day = -1;
  #profit = 0;
  #peak = 0;

  constructor(policy: Policy, allotment: UnitAllotment) {
    this.#policy = policy;
    this.#allotment = allotment;
    this.#rate = new OrderRate(allotment.maxOrderRate);
    this.breakers = new BreakerSet(unitRules(policy));
  }

  /** A new policy holds from the next order on; what is there already is not undone. */
  apply(policy: Policy, allotment: UnitAllotment): void {
    // Nothing has been told while nothing was limited: until each lane has, money opens nothing.
    if (!this.limits) for (const slot of this.#slots.values()) this.#forget(slot);
    if (allotment.maxOrderRate !== this.#allotment.maxOrderRate) this.#rate = new OrderRate(allotment.maxOrderRate);
    this.#policy = policy;
    this.#allotment = allotment;
    this.breakers.apply(unitRules(policy));
    for (const breakers of this.#laneBreakers.values()) breakers.apply(laneRules(policy));
  }

  /** The breakers of the lane of this name: one that is configured anew, or goes to another symbol, goes on with them where it was. */
  breakersOf(lane: string): BreakerSet {
    const known = this.#laneBreakers.get(lane);
    if (known !== undefined) return known;
    const breakers = new BreakerSet(laneRules(this.#policy));
    this.#laneBreakers.set(lane, breakers);
    return breakers;
  }

  /** Goes on with breakers as a predecessor left them: those of a lane, and those of the unit. */
  keepBreakers(lane: string, kept: readonly KeptBreaker[], now: Now): void {
    for (const each of kept) (isOfLane(each.breaker) ? this.breakersOf(lane) : this.breakers).keep(each, now);
  }

  /** False: there is no policy, and lanes need not tell anything. */
  get limits(): boolean {
    return this.#policy.version > 0;
  }

  get policy(): Policy {
    return this.#policy;
  }

  get allotment(): UnitAllotment {
    return this.#allotment;
  }

  /** Value of positions and of what could add to them, reporting currency. */
  get exposure(): number {
    return this.#exposure / AMOUNT;
  }

  /** Of the day, reporting currency. */
  get profit(): number {
    return this.#profit / AMOUNT;
  }

  /** How far the profit lies below the highest of the day (at least 0, where the day began). */
  get drawdown(): number {
    return (this.#peak - this.#profit) / AMOUNT;
  }

  /** The highest profit of the day, reporting currency. */
  get peak(): number {
    return this.#peak / AMOUNT;
  }

  /** The height that a day had reached before this lease. */
  resumePeak(day: number, peak: number): void {
    if (day < this.#day) return;
    this.#turn(day);
    this.#peak = Math.max(this.#peak, Math.floor(peak * AMOUNT));
  }

  get openOrders(): number {
    return this.#openOrders;
  }

  /** Lanes whose exposure or profit nobody can value, or that have not told theirs yet. */
  get unpriced(): number {
    return this.#unpriced;
  }

  /** The part of a symbol, which one lane at a time has: a lane that is configured anew goes on where it was. */
  join(symbol: string): RiskSlot {
    const known = this.#slots.get(symbol);
    if (known !== undefined) return known;
    const slot = new RiskSlot();
    this.#slots.set(symbol, slot);
    this.#unpriced += 1;
    return slot;
  }

  /** A lane of the symbol was made and never began: what it would have told is nothing. */
  forgo(symbol: string): void {
    const slot = this.join(symbol);
    if (slot.unpriced) this.tell(slot, 0, 0, 0, slot.day);
  }

  /** What a lane stands at now. `exposure` and `profit` (of UTC day `day`) in the reporting currency; NaN: they cannot be valued. */
  tell(slot: RiskSlot, exposure: number, profit: number, openOrders: number, day: number): void {
    const units = Math.ceil(exposure * AMOUNT);
    const gained = Math.floor(profit * AMOUNT);
    const unpriced = !Number.isSafeInteger(units) || !Number.isSafeInteger(gained);
    if (unpriced !== slot.unpriced) this.#unpriced += unpriced ? 1 : -1;
    slot.unpriced = unpriced;
    this.#openOrders += openOrders - slot.openOrders;
    slot.openOrders = openOrders;
    // What cannot be valued keeps its last value: it opens nothing meanwhile.
    if (unpriced) return;
    this.#exposure += units - slot.exposure;
    slot.exposure = units;
    this.#tellProfit(slot, gained, day);
  }

  /** What the unit's exposure would be, if the lane stood at `exposure`. */
  exposureWith(slot: RiskSlot, exposure: number): number {
    return (this.#exposure - slot.exposure + Math.ceil(exposure * AMOUNT)) / AMOUNT;
  }

  /** Orders that may be sent now under the unit's rate. */
  orderTokens(now: MonoNanos): number {
    const { maxOrderRate } = this.#allotment;
    return maxOrderRate === 0 || maxOrderRate === Number.POSITIVE_INFINITY ? maxOrderRate : this.#rate.tokens(now);
  }

  /** An order of the unit leaves; `margin` of `currency` is no longer free. */
  sent(currency: string, margin: number): void {
    if (this.#allotment.maxOrderRate !== Number.POSITIVE_INFINITY) this.#rate.take();
    const available = this.#available.get(currency);
    if (available !== undefined) this.#available.set(currency, available - margin);
  }

  /** The venue told a balance; null: it does not say what is free of it. */
  balance(currency: string, available: number | null): void {
    if (available === null || !Number.isFinite(available)) this.#available.delete(currency);
    else this.#available.set(currency, available);
  }

  /** What is free in a currency, less what has been sent since the venue said so; null: not known. */
  available(currency: string): number | null {
    return this.#available.get(currency) ?? null;
  }

  #forget(slot: RiskSlot): void {
    if (!slot.unpriced) this.#unpriced += 1;
    slot.unpriced = true;
  }

  #turn(day: number): void {
    if (day <= this.#day) return;
    this.#day = day;
    this.#profit = 0;
    this.#peak = 0;
  }

  #tellProfit(own: RiskSlot, gained: number, day: number): void {
    this.#turn(day);
    // A lane whose own day has not turned yet adds nothing to the new one.
    if (day < this.#day) return;
    this.#profit += gained - (own.day === this.#day ? own.profit : 0);
    own.profit = gained;
    own.day = day;
    if (this.#profit > this.#peak) this.#peak = this.#profit;
  }
}

/** What the venue told of a balance, to the book of its unit. */
export function takeBalance(book: RiskBook, { currency, availableBalance }: BalanceReport): void {
  book.balance(currency, availableBalance === null ? null : Number(availableBalance));
}

/** Losses in a row and differences are a lane's own; what the venue answers is the unit's. */
function unitRules({ breakers }: Policy): BreakerRules {
  const { errorRate, rejectRate, latency } = breakers;
  return {
    ...(errorRate === undefined ? {} : { errorRate }),
    ...(rejectRate === undefined ? {} : { rejectRate }),
    ...(latency === undefined ? {} : { latency }),
  };
}

function laneRules({ breakers }: Policy): BreakerRules {
  const { consecutiveLosses, reconciliation } = breakers;
  return {
    ...(consecutiveLosses === undefined ? {} : { consecutiveLosses }),
    ...(reconciliation === undefined ? {} : { reconciliation }),
  };
}
