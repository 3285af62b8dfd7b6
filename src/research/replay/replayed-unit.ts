import { NO_POLICY } from '#core/config/policy.ts';
import type { LaneConfiguration, RuntimeConfiguration } from '#core/config/runtime-configuration.ts';
import { laneOn } from '#core/config/scanner-configuration.ts';
import { type UnitRef, unitId } from '#core/control/unit.ts';
import type { BreakersLine, LaneLine, PolicyLine } from '#core/input-log/lease-log.ts';
import { Lane } from '#core/lanes/lane.ts';
import type { Now } from '#core/lanes/now.ts';
import { createOrderIds } from '#core/orders/client-order-id.ts';
import type { BalanceReport, ClientOrderId } from '#core/orders/order.ts';
import { allotmentOf } from '#core/risk/allotment.ts';
import { RiskBook, takeBalance } from '#core/risk/risk-book.ts';

/** A lane as it is replayed. */
export interface ReplayedLane {
  readonly lane: Lane;
  readonly instance: number;
  listed: boolean;
  /** The gate it was last given, for people. */
  gate: unknown;
}

/** One unit under one lease: what its lanes share, and the lanes as they came and went. */
export class ReplayedUnit {
  readonly unit: UnitRef;
  readonly lease: number;
  /** Owner of the feed whose books its lanes are given. */
  readonly feed: string;
  opened = false;
  gone = false;
  /** Why it is not replayed (any more), or null. */
  broken: string | null;
  readonly began: number;
  /** Number of the last input that it was given, and how many effects were compared. */
  last: number;
  effects = 0;
  book: RiskBook | null = null;
  readonly #lanes = new Map<string, ReplayedLane>();
  readonly #nextId: () => ClientOrderId;
  /** In force instead of what was recorded; null: what was recorded. */
  readonly #other: RuntimeConfiguration | null;

  constructor(
    unit: UnitRef,
    lease: number,
    feed: string,
    at: number,
    broken: string | null,
    other: RuntimeConfiguration | null,
  ) {
    this.unit = unit;
    this.lease = lease;
    this.feed = feed;
    this.began = at;
    this.last = at;
    this.broken = broken;
    this.#other = other;
    this.#nextId = createOrderIds(unit.mode, unitId(unit), lease);
  }

  /** As it is called among all: unit and lease. */
  get name(): string {
    return `${unitId(this.unit)} lease ${this.lease}`;
  }

  policy(line: PolicyLine): void {
    const policy = this.#other === null ? line.policy : (this.#other.policy ?? NO_POLICY);
    const allotment = allotmentOf(policy, this.#other?.lanes ?? line.lanes, this.unit);
    if (this.book === null) this.book = new RiskBook(policy, allotment);
    else this.book.apply(policy, allotment);
  }

  breakers({ lane, kept }: BreakersLine, now: Now): void {
    this.book?.keepBreakers(lane, kept, now);
  }

  balance(report: BalanceReport): void {
    if (this.book !== null) takeBalance(this.book, report);
  }

  lane(name: string, instance: number): ReplayedLane | undefined {
    return this.#lanes.get(`${name}#${instance}`);
  }

  laneLine(name: string, instance: number, line: LaneLine): void {
    if (line.change === 'began') {
      const lane = new Lane(this.#configured(line.configuration), line.instrument, this.#nextId, this.book);
      this.#lanes.set(`${name}#${instance}`, { lane, instance, listed: line.listed, gate: null });
      return;
    }
    const known = this.lane(name, instance);
    if (known === undefined) return;
    known.listed = line.change === 'listed';
    if (line.change === 'forgone') this.book?.forgo(known.lane.symbol);
  }

  /** The lane that is given the books of a symbol. */
  of(symbol: string): ReplayedLane | undefined {
    for (const each of this.#lanes.values()) if (each.listed && each.lane.symbol === symbol) return each;
    return undefined;
  }

  get lanes(): readonly ReplayedLane[] {
    return [...this.#lanes.values()];
  }

  #configured(recorded: LaneConfiguration): LaneConfiguration {
    const { account, mode, venue } = this.unit;
    const found = this.#other?.lanes.find(
      (each) => each.name === recorded.name && each.account === account && each.mode === mode && each.venue === venue,
    );
    // Which symbol it has may be a scanner's choice: an input, not configuration.
    return found === undefined ? recorded : (laneOn(found, recorded.symbol) ?? { ...found, symbol: recorded.symbol });
  }
}
