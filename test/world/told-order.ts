import type { OrderState } from '#core/events/trading-event.ts';
import type { FillReport, OrderReport } from '#core/orders/order.ts';
import { isTerminal } from '#core/orders/order-state.ts';
import type { OrderAnswer } from '#core/orders/venue-ports.ts';

/**
 * What one engine has been told of one order, and which state that makes: a second statement of M1 beside the product's table, made from what was said and not from the state before. Sizes are numbers at
 * the instrument's scale.
 */
export class ToldOrder {
  /** States that what was told allows; null: it allows any. */
  allowed: readonly OrderState[] | null = ['Submitted'];
  /** States that the step may have led to besides: what the lane made of it is then what is known. */
  #maybe: readonly OrderState[] = [];
  #size: number;
  #decided = false;
  /** The size is no longer certain: it was asked to be another one. */
  #resized = false;
  #filled = 0;
  #reported = 0;
  /** The venue has spoken of it: that its request was refused proves nothing any more. */
  #lived = false;
  readonly #fillIds = new Set<string>();

  constructor(size: number) {
    this.#size = size;
  }

  /** After a step: why `state` is not what the engine was told, or null. */
  contradicts(state: OrderState): string | null {
    const maybe = this.#maybe;
    this.#maybe = [];
    if (maybe.includes(state)) this.allowed = [state];
    if (this.#decided || this.allowed === null) return null;
    if (this.allowed.includes(state)) {
      // Where several were allowed, what follows is judged from the one that it is.
      this.allowed = [state];
      return null;
    }
    return `${state}, told: ${this.allowed.join(' or ')}`;
  }

  /** People say what it is: from here on it is the audit's (`evidence-rule.ts`). */
  decided(): void {
    this.#decided = true;
  }

  /** Something was said that this does not follow. */
  forget(): void {
    this.allowed = null;
  }

  cancelAsked(): void {
    if (!this.#is('Submitted', 'Accepted', 'PartiallyFilled', 'PendingReplace', 'Unknown', 'PendingCancel')) return;
    // What is Unknown stays so until the venue has spoken.
    this.allowed = this.allowed?.map((each) => (each === 'Unknown' ? each : 'PendingCancel')) ?? null;
  }

  amendAsked(): void {
    this.#resized = true;
    if (this.allowed === null || this.#is('Accepted', 'PartiallyFilled')) this.allowed = ['PendingReplace'];
  }

  placeAnswered(answer: OrderAnswer): void {
    const unclear =
      answer.kind === 'unknown' ||
      (answer.kind === 'rejected' && (answer.errorClass === 'alreadySo' || answer.errorClass === 'unknown'));
    if (answer.kind === 'accepted') {
      if (this.#is('Submitted', 'Unknown')) this.#working();
    } else if (unclear) {
      if (this.#is('Submitted', 'PendingCancel')) this.allowed = ['Unknown'];
    } else if (answer.kind === 'notSent') {
      if (this.#is('Submitted', 'PendingCancel')) this.allowed = ['Rejected'];
    } else if (this.#lived && this.#is('Unknown', 'PendingCancel')) this.allowed = ['Unknown'];
    else if (this.#is('Submitted', 'Unknown', 'PendingCancel')) this.allowed = ['Rejected'];
    else if (this.#is('Accepted', 'PartiallyFilled', 'PendingReplace')) this.allowed = ['Unknown'];
  }

  cancelAnswered(answer: OrderAnswer): void {
    if (answer.kind === 'accepted') return;
    // Under a lease that has ended it is wished, and never leaves.
    if (answer.kind === 'notSent') this.cancelAsked();
    if (this.#is('PendingCancel')) this.allowed = ['Unknown'];
    else if (answer.kind !== 'rejected' && this.#is('Accepted', 'PartiallyFilled')) this.allowed = ['Unknown'];
  }

  /** An amendment's own outcome never ends an order; that it was taken in says nothing yet. */
  amendAnswered(answer: OrderAnswer): void {
    if (!this.#mayBeAmending() || answer.kind === 'accepted') return;
    // A report may have said before that it was carried out: then an unclear answer is no news.
    if (answer.kind === 'unknown')
      this.allowed = this.#is('PendingReplace') ? ['Unknown'] : ['Unknown', ...this.#workingStates()];
    else this.forget();
  }

  reported(report: OrderReport, cumulative: number, size: number): void {
    this.#lived = true;
    this.#reported = Math.max(this.#reported, cumulative);
    if (size > 0) this.#size = size;
    const { status } = report;
    if (status === 'accepted' || status === 'partiallyFilled') {
      // What could be anything stays so: the report may be of before.
      if (this.allowed === null) return;
      if (this.#is('Rejected')) this.allowed = ['Unknown'];
      else if (this.#mayBeAmending()) this.allowed = ['PendingReplace', ...this.#workingStates()];
      else if (this.allowed !== null && !this.#hasEnded() && !this.#is('PendingCancel')) this.#working();
    } else if (status === 'rejected') {
      if (!this.#hasEnded()) this.allowed = ['Rejected'];
    } else if (this.#is('Rejected')) this.allowed = ['Unknown'];
    else if (status === 'filled') this.allowed = ['Filled'];
    else if (!this.#hasEnded()) this.allowed = [status === 'canceled' ? 'Canceled' : 'Expired'];
  }

  filled({ fillId }: FillReport, size: number): void {
    if (this.#fillIds.has(fillId)) return;
    this.#fillIds.add(fillId);
    this.#lived = true;
    this.#filled += size;
    this.#reported = Math.max(this.#reported, this.#filled);
    if (this.#is('Rejected')) this.allowed = ['Unknown'];
    else if (this.#filled >= this.#size && this.#resized) this.forget();
    else if (this.#filled >= this.#size) this.allowed = ['Filled'];
    else if (this.#mayBeAmending()) this.allowed = ['PendingReplace', 'PartiallyFilled'];
    else if (this.allowed !== null && !this.#hasEnded() && !this.#is('PendingCancel'))
      this.allowed = ['PartiallyFilled'];
  }

  /** No endpoint knows it: whether that proves anything, or leaves it unknown, depends on what else is known. */
  notFound(): void {
    if (!this.#hasEnded()) this.#maybe = ['Rejected', 'Unknown'];
  }

  /** A list names it as open. */
  listed(): void {
    if (this.#is('Rejected')) this.#maybe = ['Unknown', ...this.#workingStates()];
  }

  #working(): void {
    this.allowed = this.#workingStates();
  }

  #workingStates(): readonly OrderState[] {
    return [this.#filled > 0 || this.#reported > 0 ? 'PartiallyFilled' : 'Accepted'];
  }

  /** Whether nothing but these is allowed now. */
  #is(...states: readonly OrderState[]): boolean {
    return this.allowed?.every((each) => states.includes(each)) === true;
  }

  /** Whether an amendment may be under way: reports that say nothing of it leave that open. */
  #mayBeAmending(): boolean {
    return this.allowed?.includes('PendingReplace') === true;
  }

  #hasEnded(): boolean {
    return this.allowed?.every(isTerminal) === true;
  }
}
