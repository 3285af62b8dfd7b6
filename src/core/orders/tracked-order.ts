import type { OrderDecision } from '../control/order-decision.ts';
import type { OrderState } from '../events/trading-event.ts';
import type { Instrument } from '../market/instrument.ts';
import { type Price, parseScaled, type Size } from '../market/scaled-decimal.ts';
import type { EpochMs, MonoNanos } from '../time/clock.ts';
import type { Amendment } from './amendment.ts';
import { isPersonsWord } from './evidence-rule.ts';
import type { Evidence, FillReport, OrderIntent, OrderReport } from './order.ts';
import { OrderInquiry } from './order-inquiry.ts';
import { isTerminal, type OrderInput, type OrderStep, stepOrder } from './order-state.ts';
import type { OrderAction, OrderAnswer, OrderTarget } from './venue-ports.ts';

/** What one input did to an order, for events and for the lane. */
export interface OrderChangeNote {
  readonly from: OrderState;
  readonly to: OrderState;
  readonly changed: boolean;
  /** The table has no such pair: report it. */
  readonly refused: boolean;
}

/** One order as its lane follows it: the intent, the state by the table, the fills by venue id, the evidence. */
export class TrackedOrder {
  readonly intent: OrderIntent;
  state: OrderState = 'Initialized';
  venueOrderId: string | null = null;
  /** Sum of the fills seen, once each. */
  filledSize = 0 as Size;
  /** The venue's own running total; ahead of `filledSize` while a fill report is missing. */
  reportedSize = 0 as Size;
  /** Total size and limit price in force, as far as the venue has said; an amendment changes them. */
  size: Size;
  price: Price | null;
  /** A change of them that is under way. */
  amendment: Amendment | null = null;
  /** The venue's time of the latest report: terms do not go back to what an older one says. */
  reportedAt = 0 as EpochMs;
  reason = '';
  evidence: readonly Evidence[] = [];
  submittedAt = 0 as MonoNanos;
  /** Wall time of submission: from where queries about it must reach back. */
  placedAt = 0 as EpochMs;
  /** When the state last changed. */
  changedAt = 0 as MonoNanos;
  cancelWished = false;
  /** The venue has answered as of an order that it has or had: it has lived, and no absence ends it (F4). */
  #answeredFor = false;
  /** A query about it is under way. */
  resolving = false;
  /** When the venue was last asked about it, or answered: it is not asked in a tight loop. */
  askedAt = Number.NEGATIVE_INFINITY;
  /** What is asked, answered and told while nobody can say what it is. */
  readonly inquiry = new OrderInquiry();
  /** Wall time from which on it is Unknown: what people said before is not about that. Null: it never was. */
  unknownAt: EpochMs | null = null;
  /** Whether nobody here placed it: it is followed and counted, never cancelled or amended. */
  readonly foreign: boolean;
  /** The venue's total up to which missing fill reports are no longer waited for. */
  #explainedSize = 0 as Size;
  readonly #fillIds = new Set<string>();

  constructor(intent: OrderIntent, foreign = false) {
    this.intent = intent;
    this.foreign = foreign;
    this.size = intent.size;
    this.price = intent.price;
  }

  /** Since when nobody can say what it is; null: it is known. */
  get unclearSince(): MonoNanos | null {
    return this.inquiry.since;
  }

  get terminal(): boolean {
    return isTerminal(this.state);
  }

  /** Whether it can still fill, as far as is known: Unknown counts as it can (F6). */
  get alive(): boolean {
    return !this.terminal && this.state !== 'Initialized';
  }

  /** The larger of the size in force and of the one asked for: what it may come to, whatever becomes of the amendment. */
  get largestSize(): Size {
    const { amendment, size } = this;
    return amendment === null || amendment.applied || amendment.size < size ? size : amendment.size;
  }

  /** Size that can still fill. */
  get openSize(): Size {
    return (this.alive ? Math.max(0, this.largestSize - Math.max(this.filledSize, this.reportedSize)) : 0) as Size;
  }

  /** Size that can still come into the position: what can fill, and what the venue says has filled and no fill told yet. */
  get sizeAtRisk(): Size {
    const reported = Math.max(0, this.reportedSize - Math.max(this.filledSize, this.#explainedSize));
    return (this.alive ? Math.max(reported, this.largestSize - this.filledSize) : reported) as Size;
  }

  /** Whether the venue says more has filled than the fills that arrived: a fill report is missing (F12). */
  get missesFills(): boolean {
    return this.reportedSize > Math.max(this.filledSize, this.#explainedSize);
  }

  /** Waits no longer for fill reports that are missing: the position has been compared with the venue's since. */
  stopWaitingForFills(): void {
    this.#explainedSize = this.reportedSize;
  }

  /** Whether the venue has given it an id, so that it lived: that its request was refused contradicts this, and is asked about. Where it works the table says so. */
  get livedBefore(): boolean {
    return this.venueOrderId !== null && (this.state === 'PendingCancel' || this.state === 'Unknown');
  }

  /** Whether the venue has said anything of it that shows that it lived: an id, an execution, an answer about it. What it forgets after that has lived all the same (F4). */
  get seenByVenue(): boolean {
    return this.#answeredFor || this.venueOrderId !== null || this.reportedSize > 0;
  }

  /** An answer to a request about it: one that takes it, or says that its id is in use, is about an order that the venue has or had. That a cancel finds nothing to do says nothing: some venues answer so of what they never had. */
  answered(action: OrderAction, answer: OrderAnswer): void {
    const inUse = action === 'place' && answer.kind === 'rejected' && answer.errorClass === 'alreadySo';
    this.#answeredFor ||= inUse || answer.kind === 'accepted';
  }

  /** Ended by something that the venue may still contradict: its own refusal, or the word of people alone. */
  get mayReturn(): boolean {
    return this.state === 'Rejected' || (this.terminal && isPersonsWord(this.evidence));
  }

  get fillIds(): readonly string[] {
    return [...this.#fillIds];
  }

  hasFill(fillId: string): boolean {
    return this.#fillIds.has(fillId);
  }

  /** One step of the table with its evidence. */
  step(input: OrderInput, now: MonoNanos, evidence: readonly Evidence[], reason = ''): OrderChangeNote {
    const from = this.state;
    const step: OrderStep = stepOrder(
      from,
      input,
      this.filledSize > 0 || this.reportedSize > 0,
      evidence,
      this.evidence,
    );
    if (step.kind === 'refused') return { from, to: from, changed: false, refused: true };
    if (step.kind === 'changed') {
      this.state = step.state;
      this.changedAt = now;
      this.evidence = evidence;
      if (reason !== '') this.reason = reason;
    }
    return { from, to: this.state, changed: step.kind === 'changed', refused: false };
  }

  /** Takes a report of the venue. The caller has checked that it is about this order. */
  report(report: OrderReport, instrument: Instrument, now: MonoNanos): OrderChangeNote {
    this.venueOrderId ??= report.venueOrderId;
    const cumulative = parseScaled(report.cumulativeSize, instrument.sizeScale) as Size;
    if (cumulative > this.reportedSize) this.reportedSize = cumulative;
    this.#takeTerms(report, instrument);
    const evidence: Evidence =
      report.source === 'query'
        ? { kind: 'query', venueOrderId: report.venueOrderId, venueTime: report.venueTime }
        : { kind: 'accountStream', venueOrderId: report.venueOrderId, venueTime: report.venueTime };
    return this.step(REPORT_INPUT[report.status], now, [evidence], report.reason);
  }

  /** Size and price in force, by the venue's latest word; one that has an amendment's terms says that it was carried out. */
  #takeTerms(report: OrderReport, instrument: Instrument): void {
    if (report.venueTime < this.reportedAt) return;
    const size = parseScaled(report.size, instrument.sizeScale) as Size;
    // More has filled than it ever had by these: they are of before an amendment, whatever time they bear.
    if (size > 0 && size < this.filledSize) return;
    this.reportedAt = report.venueTime;
    if (size > 0) this.size = size;
    if (report.price !== null && this.price !== null) {
      const price = parseScaled(report.price, instrument.priceScale) as Price;
      if (price > 0) this.price = price;
    }
    const { amendment } = this;
    if (amendment === null || report.venueTime < amendment.knownAt) return;
    if (this.size === amendment.size && this.price === amendment.price) amendment.applied = true;
  }

  /** Takes what a person found at the venue; the table lets it end nothing but what is Unknown. */
  decide({ outcome, who, note }: OrderDecision, now: MonoNanos): OrderChangeNote {
    return this.step(PERSON_INPUT[outcome], now, [{ kind: 'person', who, note }], `decided by ${who}: ${note}`);
  }

  /** Fills of it that were counted before anybody knew the order: they are in the position. */
  takeCounted(fillIds: readonly string[], size: Size): void {
    for (const id of fillIds) this.#fillIds.add(id);
    this.filledSize = (this.filledSize + size) as Size;
    if (this.filledSize > this.reportedSize) this.reportedSize = this.filledSize;
  }

  /** Takes one execution. Returns null if it was counted before. */
  fill(fill: FillReport, instrument: Instrument, now: MonoNanos): OrderChangeNote | null {
    if (this.#fillIds.has(fill.fillId)) return null;
    this.#fillIds.add(fill.fillId);
    this.venueOrderId ??= fill.venueOrderId;
    this.filledSize = (this.filledSize + parseScaled(fill.size, instrument.sizeScale)) as Size;
    if (this.filledSize > this.reportedSize) this.reportedSize = this.filledSize;
    const { amendment } = this;
    // More than it had could only fill under the terms that were asked for: the executions prove them (F14).
    if (amendment !== null && this.filledSize > this.size && this.filledSize <= amendment.size) {
      amendment.applied = true;
      this.size = amendment.size;
      this.price = amendment.price;
      if (fill.venueTime > this.reportedAt) this.reportedAt = fill.venueTime;
    }
    // More than anybody knows it to have: somebody amended it, and how much is open the venue has to say.
    const complete = this.filledSize === this.largestSize;
    const evidence: Evidence[] = complete ? [{ kind: 'fills', fillIds: [...this.#fillIds] }] : [];
    return this.step(complete ? 'fillComplete' : 'fill', now, evidence);
  }
}

/** What a request about an order names it by. */
export function targetOf({ intent, venueOrderId }: TrackedOrder): OrderTarget {
  return { symbol: intent.symbol, clientOrderId: intent.clientOrderId, venueOrderId };
}

const PERSON_INPUT = {
  Filled: 'personFilled',
  Canceled: 'personCanceled',
  Rejected: 'personRejected',
  Expired: 'personExpired',
} as const satisfies Record<OrderDecision['outcome'], OrderInput>;

const REPORT_INPUT = {
  accepted: 'accepted',
  partiallyFilled: 'accepted',
  filled: 'filled',
  canceled: 'canceled',
  rejected: 'rejected',
  expired: 'expired',
} as const satisfies Record<OrderReport['status'], OrderInput>;
