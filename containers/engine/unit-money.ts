import { type UnitId, type UnitRef, unitId } from '#core/control/unit.ts';
import { messageOf } from '#core/errors.ts';
import type { Lane } from '#core/lanes/lane.ts';
import type { EventNote } from '#core/lanes/lane-effects.ts';
import type { Now } from '#core/lanes/now.ts';
import type { Instrument } from '#core/market/instrument.ts';
import type { OrderBook } from '#core/market/order-book.ts';
import type { AdjustmentReport, BalanceReport } from '#core/orders/order.ts';
import { VenueError } from '#core/orders/venue-error.ts';
import type { VenueErrorClass, VenueQueries } from '#core/orders/venue-ports.ts';
import type { EpochMs, Timers } from '#core/time/clock.ts';
import type { VenueLog } from '#venues/venue.ts';
import { askFeePrice } from './fee-price-question.ts';
import type { LaneInputs } from './lane-inputs.ts';
import type { UnitRisk } from './unit-risk.ts';

export interface UnitMoneyOptions {
  readonly unit: UnitRef;
  readonly queries: VenueQueries;
  readonly instruments: ReadonlyMap<string, Instrument>;
  readonly book: (symbol: string) => OrderBook | null;
  readonly laneOf: (symbol: string) => Lane | null;
  readonly inputs: LaneInputs;
  readonly risk: UnitRisk;
  readonly tell: (note: EventNote) => void;
  readonly timers: Timers;
  readonly runtime: { readonly log: VenueLog };
  readonly now: () => Now;
  readonly stopped: () => boolean;
}

/** A successor asks for what was paid and received so far back: a day of the venue's, and what its books took to be written. */
const LOOK_BACK_MS = 25 * 3_600_000;
/** Rows of the venue's books may come so late. */
const OVERLAP_MS = 15 * 60_000;
const ASK_EVERY_MS = 300_000;
/** After the stream told of money without an id of the venue's: its books may not have it at once. */
const ASK_AFTER_MS = [0, 2_000, 10_000, 60_000];
/** Where the stream does not say what is free of a balance, and limits need it. */
const MARGIN_EVERY_MS = 10_000;
/** Asking again would not help. */
const REFUSED: ReadonlySet<VenueErrorClass> = new Set(['keys', 'reject']);
const RETRY_MS = 1_000;
const IDS_KEPT = 10_000;

/** A unit's money beside its fills: balances, and what the venue paid in or took (funding, settlement, transfers), each booked once by the venue's id, whoever tells of it and however late. */
export class UnitMoney {
  readonly #options: UnitMoneyOptions;
  readonly #id: UnitId;
  readonly #told = new Set<string>();
  /** As last told by query, by currency. */
  readonly #balances = new Map<string, string>();
  readonly #cancels = new Set<() => void>();
  /** Until when the venue's books have been read, ms; null: never. */
  #readTo: EpochMs | null = null;
  /** When it was asked for the first time. */
  #first: Now | null = null;
  #marginUnknown = false;
  #booksRefused = false;

  constructor(options: UnitMoneyOptions) {
    this.#options = options;
    this.#id = unitId(options.unit);
  }

  /** The account stream told a balance. */
  balance(report: BalanceReport, now: Now): void {
    const { currency, walletBalance, availableBalance, venueTime } = report;
    this.#options.tell({ type: 'balance', body: { currency, walletBalance, availableBalance, venueTime } });
    this.#options.risk.balance(report, now);
    // What a query says from now on is news, even if it is what the one before said.
    this.#balances.delete(currency);
    if (availableBalance === null) this.#marginUnknown = true;
  }

  /** The account stream told of money. What has no id of the venue's is booked from its books, where they can be asked. */
  adjustment(report: AdjustmentReport, now: Now): void {
    if (report.unnamed === true && this.#options.queries.adjustmentsSince !== undefined && !this.#booksRefused) {
      for (const afterMs of ASK_AFTER_MS) this.#after(afterMs, () => void this.#askAgain());
    } else this.#book(report, now);
  }

  /**
   * Asks for balances and for the money that moved since the last time. What is returned books the answers; nothing has changed before. Rejects when the venue cannot be asked: trading does not open
   * before it could.
   */
  async ask(): Promise<() => void> {
    const { queries } = this.#options;
    const askedAt = this.#askedAt();
    const from = (this.#readTo === null ? askedAt - LOOK_BACK_MS : this.#readTo - OVERLAP_MS) as EpochMs;
    // A key with which not even balances can be read is wrong altogether (G9): what it may not read is known of one that is right.
    const balances = await queries.balances();
    const adjustments = await this.#adjustmentsSince(from);
    return () => {
      const at = this.#options.now();
      this.#readTo = askedAt;
      for (const report of adjustments) this.#book(report, at);
      for (const report of balances) this.#queried(report, at);
    };
  }

  /** Until when what has moved is in the answer: by the wall clock, or by the time that has passed since the first question, whichever is earlier. A clock that was stepped ahead would leave out what has moved since (G12). */
  #askedAt(): EpochMs {
    const { mono, epoch } = this.#options.now();
    this.#first ??= { mono, epoch };
    return Math.min(epoch, this.#first.epoch + (mono - this.#first.mono) / 1e6) as EpochMs;
  }

  /** A key that may trade and not read the books does not keep a unit from trading: people are told, and what the stream tells is booked as it says. */
  async #adjustmentsSince(from: EpochMs): Promise<readonly AdjustmentReport[]> {
    const { queries, tell } = this.#options;
    if (queries.adjustmentsSince === undefined || this.#booksRefused) return [];
    try {
      return await queries.adjustmentsSince(from);
    } catch (error) {
      if (!(error instanceof VenueError) || !REFUSED.has(error.venueClass)) throw error;
      this.#booksRefused = true;
      const text = `${this.#id}: the venue does not let the key read what was paid and received: ${error.message}`;
      tell({
        type: 'alert',
        body: { severity: 'warning', code: 'PAYMENTS_NOT_READ', text, dedupeKey: `payments/${this.#id}` },
      });
      return [];
    }
  }

  /** Begins to ask now and then; after the first `ask` was booked. */
  begin(): void {
    const { risk } = this.#options;
    this.#every(ASK_EVERY_MS, () => true);
    this.#every(MARGIN_EVERY_MS, () => this.#marginUnknown && risk.book.policy.marginRate !== undefined);
    // What moved between the question and now was told to nobody.
    this.#after(RETRY_MS, () => void this.#askAgain());
  }

  /** Answers a lane that wishes to know what a currency costs: from a book of the unit's feed, else from the venue. Never rejects. */
  async askPrice(lane: Lane, currency: string, against: string): Promise<void> {
    const { queries, instruments, book, inputs, now, runtime, stopped } = this.#options;
    try {
      const price = await askFeePrice({ queries, instruments, book, now }, currency, against);
      if (price === null || stopped()) return;
      inputs.give(lane, { kind: 'feePrice', body: price }, now());
    } catch (error) {
      runtime.log('warn', 'the price of a fee not known', { unit: this.#id, currency, reason: messageOf(error) });
    }
  }

  stop(): void {
    for (const cancel of this.#cancels) cancel();
    this.#cancels.clear();
  }

  /** By query: told if nobody told it at that time. */
  #queried(report: BalanceReport, now: Now): void {
    const { currency, walletBalance, availableBalance, venueTime } = report;
    const text = `${walletBalance} ${availableBalance}`;
    this.#options.risk.balance(report, now);
    if (this.#balances.get(currency) === text) return;
    this.#balances.set(currency, text);
    this.#options.tell({ type: 'balance', body: { currency, walletBalance, availableBalance, venueTime } });
  }

  #book(report: AdjustmentReport, now: Now): void {
    const { id, reason, symbol, currency, amount, profit, venueTime } = report;
    const key = `${currency} ${id}`;
    if (this.#told.has(key)) return;
    this.#told.add(key);
    const [oldest] = this.#told;
    if (oldest !== undefined && this.#told.size > IDS_KEPT) this.#told.delete(oldest);
    const told = { adjustmentId: id, reason, symbol, currency, amount, venueTime };
    this.#options.tell({ type: 'cash.adjusted', body: profit === undefined ? told : { ...told, profit } });
    const lane = symbol === null ? null : this.#options.laneOf(symbol);
    if (lane !== null) this.#options.inputs.report(lane, report, now);
  }

  async #askAgain(): Promise<void> {
    try {
      const book = await this.ask();
      if (!this.#options.stopped()) book();
    } catch (error) {
      this.#options.runtime.log('warn', 'balances and payments not read, they are asked for again', {
        unit: this.#id,
        reason: messageOf(error),
      });
    }
  }

  #every(ms: number, wanted: () => boolean): void {
    this.#after(ms, () => {
      if (wanted()) void this.#askAgain();
      this.#every(ms, wanted);
    });
  }

  #after(ms: number, run: () => void): void {
    if (this.#options.stopped()) return;
    const cancel = this.#options.timers.after(ms, () => {
      this.#cancels.delete(cancel);
      run();
    });
    this.#cancels.add(cancel);
  }
}
