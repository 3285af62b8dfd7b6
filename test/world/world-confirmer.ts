import { confirmationStepOf } from '#core/confirmation/confirmation-of-event.ts';
import type {
  ConfirmationEnd,
  ConfirmationOutcome,
  ConfirmationRecord,
  ConfirmationSettings,
  ConfirmedOrder,
} from '#core/confirmation/confirmation-record.ts';
import { afterDecision, decideConfirmation, noteCancel, noteQuery } from '#core/confirmation/decide-confirmation.ts';
import type { TradingEvent } from '#core/events/trading-event.ts';
import type { VenueQueries } from '#core/orders/venue-ports.ts';
import { askVenue, cancelAtVenue } from '#functions/confirm-step/ask-venue.ts';
import type { WorldProcess } from '#simulation/world/world-process.ts';
import type { WorldLedger } from './world-ledger.ts';

const SETTINGS: ConfirmationSettings = {
  waitSeconds: [1, 2, 4],
  deadlineSeconds: 20,
  verifySeconds: 20,
  graceSeconds: 10,
};

/** Step Functions in the world: one execution per order, the decisions and the questions those of the product. */
export class WorldConfirmer {
  readonly outcomes = new Map<string, ConfirmationOutcome>();
  readonly #ends = new Map<string, { readonly end: ConfirmationEnd; readonly precedence: string }>();
  readonly #begun = new Set<string>();
  readonly #wake = new Map<string, () => void>();
  readonly #process: WorldProcess;
  readonly #queries: VenueQueries;
  readonly #ledger: WorldLedger;

  constructor(process: WorldProcess, queries: VenueQueries, ledger: WorldLedger) {
    this.#process = process;
    this.#queries = queries;
    this.#ledger = ledger;
  }

  /** Executions that have not come to an end. */
  get running(): number {
    return this.#begun.size - this.outcomes.size;
  }

  take(event: TradingEvent): void {
    const step = confirmationStepOf(event);
    if (step === null) return;
    if (step.kind === 'begin') {
      this.#begin(step.order);
      return;
    }
    const { clientOrderId, end, precedence, begins } = step;
    if (begins !== undefined) this.#begin(begins);
    const known = this.#ends.get(clientOrderId);
    if (known === undefined || known.precedence < precedence) this.#ends.set(clientOrderId, { end, precedence });
    this.#wake.get(clientOrderId)?.();
  }

  #begin(order: ConfirmedOrder): void {
    if (this.#begun.has(order.clientOrderId)) return;
    this.#begun.add(order.clientOrderId);
    void this.#execute(order);
  }

  async #execute(order: ConfirmedOrder): Promise<void> {
    const { clientOrderId } = order;
    let record: ConfirmationRecord = {
      order,
      rounds: 0,
      callback: null,
      query: null,
      everFound: false,
      absentRounds: 0,
      apartSince: null,
      cancel: null,
    };
    const venue = async () => this.#queries;
    for (let wait = 0; ; ) {
      const end = await this.#callback(clientOrderId, (SETTINGS.waitSeconds[wait] ?? 1) * 1_000);
      const now = this.#process.clock.epochMs();
      if (end !== null) record = { ...record, callback: end };
      else record = noteQuery(record, await askVenue(venue, this.#ledger, record, now));
      const decision = decideConfirmation(record, SETTINGS, this.#process.clock.epochMs());
      record = afterDecision(record);
      if (decision.kind === 'again') wait = decision.wait;
      else if (decision.kind === 'cancel') {
        const { answer, text } = await cancelAtVenue(venue, record);
        record = noteCancel(record, this.#process.clock.epochMs(), answer, text);
        wait = 0;
      } else {
        this.outcomes.set(clientOrderId, decision.outcome);
        return;
      }
    }
  }

  /** The engine's own word, or null when it does not come in time. */
  #callback(clientOrderId: string, withinMs: number): Promise<ConfirmationEnd | null> {
    const known = this.#ends.get(clientOrderId);
    if (known !== undefined) return Promise.resolve(known.end);
    return new Promise((resolve) => {
      const cancel = this.#process.timers.after(withinMs, () => {
        this.#wake.delete(clientOrderId);
        resolve(null);
      });
      this.#wake.set(clientOrderId, () => {
        cancel();
        this.#wake.delete(clientOrderId);
        resolve(this.#ends.get(clientOrderId)?.end ?? null);
      });
    });
  }
}
