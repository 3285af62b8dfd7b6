import type { OrderState } from '#core/events/trading-event.ts';
import type { Now } from '#core/lanes/now.ts';
import type { Price, Size } from '#core/market/scaled-decimal.ts';
import type { Evidence, FillReport, OrderReport } from '#core/orders/order.ts';
import type { OrderAnswer } from '#core/orders/venue-ports.ts';
import { isUnclear, saysNothing } from './told-evidence.ts';
import { REQUEST_LIVES, type SaidTerms, ToldTerms } from './told-terms.ts';

/** So often in a row nothing must be found of an order before it can be said never to have lived. */
const ABSENCES = 3;
/** What is listed so soon after its end may have been listed before it, ns. */
const LIST_AGE = 2e9;

type End = 'Filled' | 'Canceled' | 'Rejected' | 'Expired';
type Word = OrderReport['status'];

/** A change that the engine has to tell, with what it rests on. */
export interface DueChange {
  readonly from: OrderState;
  readonly to: OrderState;
  readonly evidence: readonly Evidence[];
  readonly cumulative: number;
  readonly size: number;
}

const END_OF: Readonly<Partial<Record<Word, End>>> = {
  filled: 'Filled',
  canceled: 'Canceled',
  rejected: 'Rejected',
  expired: 'Expired',
};

/**
 * What one engine was told of one order, and which one state that makes, with which evidence: a second statement of M1 beside the product's table. It is made from four things that are known or not: how it
 * ended, whether anybody can say what it is, what was asked of it last, and whether the venue has taken it. Sizes are numbers at the instrument's scale.
 */
export class ToldOrder {
  /** What the engine owes to tell, oldest first. */
  readonly due: DueChange[] = [];
  /** Facts that contradict what is proven in a way that changes nothing: each is reported. */
  refusals = 0;
  venueOrderId: string | null = null;
  filled = 0;
  #reported = 0;
  readonly #terms: ToldTerms;
  readonly #sentAt: number;
  #changedAt = 0;
  #unknownAt = 0;
  #absences = 0;
  #end: End | null = null;
  #byPeople = false;
  #doubt = false;
  #asked: 'cancel' | 'amend' | null = null;
  /** A request about it was taken, or its id is in use: the venue has or had it. */
  #answeredFor = false;
  #taken = false;
  #toBeGone = false;
  /** What was due to be told last. */
  #was: OrderState = 'Submitted';
  readonly #fillIds = new Set<string>();

  /** `sentAt`: our monotonic time, ns; `heardAt`: when it was first heard of. */
  constructor(size: number, price: number | null, sentAt: number, heardAt = sentAt) {
    this.#terms = new ToldTerms(size, price);
    this.#sentAt = sentAt;
    this.#changedAt = heardAt;
  }

  get state(): OrderState {
    if (this.#end !== null) return this.#end;
    if (this.#doubt) return 'Unknown';
    if (this.#asked !== null) return this.#asked === 'cancel' ? 'PendingCancel' : 'PendingReplace';
    if (!this.#taken) return 'Submitted';
    return this.filled > 0 || this.#reported > 0 ? 'PartiallyFilled' : 'Accepted';
  }

  /** What it had filled before anybody here followed it. */
  began(fillIds: readonly string[], filled: number, reported: number): void {
    for (const id of fillIds) this.#fillIds.add(id);
    this.filled = filled;
    this.#reported = reported;
  }

  /** Nobody knew it when its predecessor's orders were looked for. */
  unfound(unknownAt: number, now: Now): void {
    const { fillIds, filled } = this;
    if (filled === this.#terms.size) this.#ends('Filled', [{ kind: 'fills', fillIds }], now);
    else this.#doubted([], now);
    this.#unknownAt = unknownAt;
  }

  get fillIds(): readonly string[] {
    return [...this.#fillIds];
  }

  /** A cancel is wished of it. What nobody can say the state of, or is to be cancelled already, stays what it is. */
  cancelWished(now: Now): void {
    this.#toBeGone = true;
    if (this.#end === null && !this.#doubt) this.#change([], now, () => this.#ask('cancel'));
  }

  /** Only one amendment at a time, and none of what was ever to be cancelled. */
  amendWished(price: Price, size: Size, now: Now): void {
    const rests = this.state === 'Accepted' || this.state === 'PartiallyFilled';
    if (!rests || this.#toBeGone || this.#terms.isOpen(now.mono)) return;
    this.#terms.ask(price, size, now.mono);
    this.#change([], now, () => this.#ask('amend'));
  }

  placeAnswered(answer: OrderAnswer, now: Now): void {
    if (answer.kind === 'rejected' && answer.errorClass === 'alreadySo') this.#answeredFor = true;
    if (answer.kind === 'accepted') {
      this.venueOrderId ??= answer.venueOrderId;
      if (this.#end === null && (this.#doubt || this.#asked === null)) this.#works([], now);
    } else if (answer.kind === 'notSent') {
      if (this.state === 'Submitted' || this.state === 'PendingCancel')
        this.#ends('Rejected', [{ kind: 'notSent', reason: answer.reason }], now);
      else this.refusals += 1;
    } else if (answer.kind === 'unknown' || isUnclear(answer) || this.#hasLived()) {
      const { code, text } = answer;
      const evidence: Evidence[] = answer.kind === 'rejected' ? [{ kind: 'answer', code, text }] : [];
      // What the venue has said to work, works, whatever its answer fails to say.
      if (this.state === 'Submitted' || this.state === 'PendingCancel') this.#doubted(evidence, now);
    } else this.#refused(answer.code, answer.text, now);
  }

  /** The venue has named it, and then it went out of sight: that its request was refused proves nothing any more. */
  #hasLived(): boolean {
    return this.venueOrderId !== null && (this.state === 'PendingCancel' || this.state === 'Unknown');
  }

  #refused(code: string, text: string, now: Now): void {
    const evidence = [{ kind: 'answer', code, text }] as const;
    if (this.#end !== null) this.refusals += this.#end === 'Rejected' ? 0 : 1;
    else if (this.#taken && !this.#doubt && this.#asked !== 'cancel') this.#doubted(evidence, now);
    else this.#ends('Rejected', evidence, now);
  }

  cancelAnswered(answer: OrderAnswer, now: Now): void {
    if (answer.kind === 'accepted') {
      this.#answeredFor = true;
      return;
    }
    // A refusal says something only of what is to be cancelled; that nobody knows what the cancel did, of all that works.
    if (answer.kind !== 'rejected' || this.#asked === 'cancel') this.#doubtedIfTaken(now);
  }

  /** An amendment has an outcome of its own, and never ends an order. */
  amendAnswered(answer: OrderAnswer, now: Now): void {
    const { asked } = this.#terms;
    if (asked === null) return;
    asked.answered = true;
    if (asked.applied) this.#terms.asked = null;
    else if (answer.kind === 'unknown' || (answer.kind === 'rejected' && isUnclear(answer))) this.#termsDoubted(now);
    else if (answer.kind !== 'accepted') {
      this.#terms.asked = null;
      if (answer.kind === 'rejected' && answer.errorClass === 'notFound') this.#termsDoubted(now);
      else this.#termsKnown(now);
    }
  }

  /** The venue's word on it. `askedAt`: when the question was asked that it answers, null: nobody asked. */
  reported(report: OrderReport, terms: SaidTerms, cumulative: number, askedAt: number | null, now: Now): void {
    const { status, venueOrderId, venueTime } = report;
    const kind = report.source === 'query' ? ('query' as const) : ('accountStream' as const);
    const evidence = [{ kind, venueOrderId, venueTime }];
    this.venueOrderId ??= venueOrderId;
    this.#reported = Math.max(this.#reported, cumulative);
    this.#terms.said(terms, this.filled);
    const end = END_OF[status] ?? null;
    if (this.#end !== null) this.#heardAfter(this.#end, end, evidence, now);
    else if (end !== null) this.#ends(end, evidence, now);
    else this.#works(evidence, now);
    this.#termsSeen(askedAt, now);
  }

  /** One execution that was not counted before. */
  executed({ fillId, venueOrderId, venueTime }: FillReport, size: number, now: Now): void {
    if (!this.#fillIds.has(fillId)) {
      this.#fillIds.add(fillId);
      this.venueOrderId ??= venueOrderId;
      this.filled += size;
      this.#reported = Math.max(this.#reported, this.filled);
      this.#terms.executed(this.filled, venueTime);
      // More than anybody knows it to have says nothing of how much is open.
      const whole = this.filled === this.#terms.most;
      const evidence: Evidence[] = whole ? [{ kind: 'fills', fillIds: this.fillIds }] : [];
      if (this.#end !== null) this.#filledAfter(this.#end, whole, evidence, now);
      else if (whole) this.#ends('Filled', evidence, now);
      else this.#works(evidence, now);
    }
    this.#termsSeen(null, now);
  }

  /** It was found, or could not be asked about: what was not found before is no row any more. */
  startAnew(): void {
    this.#absences = 0;
  }

  /** No endpoint knows it. `agrees`: the venue's position is the own one. */
  notFound(absence: Extract<Evidence, { kind: 'agreedAbsence' }>, agrees: boolean, askedAt: number, now: Now): void {
    this.#absences += 1;
    if (this.#absences < ABSENCES || askedAt - this.#sentAt <= REQUEST_LIVES) return;
    const neverSeen = this.#reported === 0 && this.venueOrderId === null && !this.#answeredFor;
    if (!agrees || !neverSeen) {
      // The venue forgot it: that proves nothing, and nobody can say what it is.
      if (this.#end === null && !this.#doubt) this.#doubted([], now);
    } else if (this.#end !== null || (this.#taken && this.#asked === 'amend')) this.refusals += 1;
    else this.#ends('Rejected', [absence], now);
  }

  /** The venue lists it as open: news only where the end was not the venue's own report, and is old enough. Whether it is. */
  isNews(now: Now): boolean {
    return (this.#byPeople || this.#end === 'Rejected') && now.mono - this.#changedAt > LIST_AGE;
  }

  /** What people found, `at` that time: it is about nothing that became unknown later, and about nothing that is known. */
  decided(end: End, who: string, note: string, at: number, now: Now): void {
    if (this.state === 'Unknown' && this.#unknownAt <= at) this.#ends(end, [{ kind: 'person', who, note }], now, true);
  }

  /** After an end the venue says `said`; null: it works. */
  #heardAfter(end: End, said: End | null, evidence: readonly Evidence[], now: Now): void {
    if (said === end) return;
    // A refusal, and the word of people, hold until the venue says anything else.
    if (end === 'Rejected' || this.#byPeople) this.#doubted(evidence, now);
    else if (said === 'Filled') this.#corrected(evidence, now);
    else if (said === 'Rejected' || (said === 'Expired' && end !== 'Expired')) this.refusals += 1;
  }

  #filledAfter(end: End, whole: boolean, evidence: readonly Evidence[], now: Now): void {
    if (end === 'Filled') return;
    if (end === 'Rejected' || this.#byPeople) this.#doubted(evidence, now);
    else if (whole) this.#corrected(evidence, now);
  }

  /** It was cancelled, or expired, and was filled all the same. */
  #corrected(evidence: readonly Evidence[], now: Now): void {
    if (evidence.some(saysNothing)) this.refusals += 1;
    else this.#ends('Filled', evidence, now);
  }

  /** Its terms as they are in force were seen, or it ended: what became of the amendment. */
  #termsSeen(askedAt: number | null, now: Now): void {
    const { asked } = this.#terms;
    if (asked === null) return;
    if (asked.applied) {
      if (!this.#doubt && this.#asked === 'amend') this.#termsKnown(now);
      if (asked.answered || now.mono - asked.sentAt > REQUEST_LIVES) this.#terms.asked = null;
    } else if (askedAt !== null && askedAt - asked.sentAt > REQUEST_LIVES) {
      this.#terms.asked = null;
      this.#termsKnown(now);
    }
  }

  #termsKnown(now: Now): void {
    if (this.state === 'PendingReplace') this.#change([], now, () => this.#ask(null));
  }

  /** Of what is to be cancelled the cancel decides. */
  #termsDoubted(now: Now): void {
    if (this.#asked !== 'cancel') this.#doubtedIfTaken(now);
  }

  #doubtedIfTaken(now: Now): void {
    const { state } = this;
    if (this.#end === null && state !== 'Unknown' && state !== 'Submitted') this.#doubted([], now);
    else if (state === 'Submitted') this.refusals += 1;
  }

  /** The venue says that it works: only what nobody could say the state of forgets by that what was asked of it. */
  #works(evidence: readonly Evidence[], now: Now): void {
    this.#change(evidence, now, () => {
      if (this.#doubt) this.#ask(null);
      this.#doubt = false;
      this.#taken = true;
    });
  }

  #doubted(evidence: readonly Evidence[], now: Now): void {
    this.#change(evidence, now, () => {
      this.#end = null;
      this.#byPeople = false;
      this.#doubt = true;
      this.#ask(null);
    });
  }

  /** An end needs a word that names what it is about: without one nobody can say. */
  #ends(end: End, evidence: readonly Evidence[], now: Now, byPeople = false): void {
    if (evidence.some(saysNothing)) {
      this.#doubted(evidence, now);
      return;
    }
    this.#change(evidence, now, () => {
      this.#end = end;
      this.#byPeople = byPeople;
      this.#ask(null);
      this.#doubt = false;
      this.#terms.asked = null;
    });
  }

  #ask(what: 'cancel' | 'amend' | null): void {
    this.#asked = what;
  }

  #change(evidence: readonly Evidence[], now: Now, what: () => void): void {
    const from = this.#was;
    what();
    const to = this.state;
    if (from === to) return;
    this.#was = to;
    this.#changedAt = now.mono;
    if (to === 'Unknown') this.#unknownAt = now.epoch;
    else this.#absences = 0;
    const cumulative = Math.max(this.filled, this.#reported);
    this.due.push({ from, to, evidence, cumulative, size: this.#terms.size });
  }
}
