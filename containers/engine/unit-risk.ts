import { NO_POLICY, type Policy } from '#core/config/policy.ts';
import type { UnitRef } from '#core/control/unit.ts';
import type { BreakersLine, LeaseLog, PolicyLine } from '#core/input-log/lease-log.ts';
import type { EventNote } from '#core/lanes/lane-effects.ts';
import type { Now } from '#core/lanes/now.ts';
import type { BalanceReport } from '#core/orders/order.ts';
import { allotmentOf, type BudgetedLane } from '#core/risk/allotment.ts';
import type { KeptBreaker } from '#core/risk/breaker.ts';
import { policyChange } from '#core/risk/policy-change.ts';
import { RiskBook, takeBalance } from '#core/risk/risk-book.ts';

/** What a unit's parts of all budgets follow from: the policy in force, and the lanes of the whole configuration. */
export interface RiskTerms {
  readonly policy: Policy;
  readonly lanes: readonly BudgetedLane[];
}

/** Where nothing limits lanes together. */
export const NO_TERMS: RiskTerms = { policy: NO_POLICY, lanes: [] };

export interface UnitRiskOptions {
  readonly unit: UnitRef;
  readonly log: LeaseLog;
  readonly tell: (note: EventNote) => void;
}

/** The book that the lanes of a unit share, and what reaches it from outside them; each is an input and written to the input log. */
export class UnitRisk {
  readonly book: RiskBook;
  readonly #options: UnitRiskOptions;

  constructor(terms: RiskTerms, options: UnitRiskOptions, now: Now) {
    this.#options = options;
    this.book = new RiskBook(terms.policy, allotmentOf(terms.policy, terms.lanes, options.unit));
    this.#record(terms, now);
  }

  /** Another policy, or other lanes to divide it over. A change of the policy is told, old and new. */
  apply(terms: RiskTerms, now: Now): void {
    const { unit } = this.#options;
    const before = this.book.policy;
    this.#record(terms, now);
    this.book.apply(terms.policy, allotmentOf(terms.policy, terms.lanes, unit));
    this.#tellChange(before, terms.policy);
  }

  /** Tells the policy that a lease begins under: it may have changed while nobody held the unit. */
  tellPolicy(): void {
    this.#tellChange(NO_POLICY, this.book.policy);
  }

  /** What is free, where the venue says so. */
  balance(report: BalanceReport, now: Now): void {
    this.#options.log.record('accountReport', report, now);
    takeBalance(this.book, report);
  }

  /** Goes on with the breakers that a predecessor left, of a lane and of the unit. */
  keepBreakers(lane: string, kept: readonly KeptBreaker[], now: Now): void {
    if (kept.length === 0) return;
    const line: BreakersLine = { lane, kept };
    this.#options.log.record('breakers', line, now);
    this.book.keepBreakers(lane, kept, now);
  }

  #tellChange(before: Policy, after: Policy): void {
    const change = policyChange(before, after);
    if (change.kind !== 'changed') return;
    const { from, to, settings } = change;
    this.#options.tell({ type: 'policy.changed', body: { fromVersion: from, toVersion: to, settings: [...settings] } });
  }

  #record({ policy, lanes }: RiskTerms, now: Now): void {
    const over = lanes.map(({ account, mode, venue, symbol }) => ({ account, mode, venue, symbol }));
    const line: PolicyLine = { policy, lanes: over };
    this.#options.log.record('policy', line, now);
  }
}
