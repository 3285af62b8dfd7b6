import type { Instrument } from '../market/instrument.ts';
import type { AdjustmentReport, FillReport } from '../orders/order.ts';
import type { DailyProfit } from '../positions/daily-profit.ts';
import { FEE_PRICE_AGE, type FeePrice, isOfTime } from '../positions/fee-price.ts';
import { convertFee, type FillTerms, termsOfFill } from '../positions/fill-terms.ts';
import type { MonoNanos } from '../time/clock.ts';
import type { LaneOutbox } from './lane-outbox.ts';
import type { Now } from './now.ts';

/** A price is asked for anew when it is older than this, so that the next fill finds one, ns. */
const REFRESH = 20e9;
const ASK_AGAIN = 2e9;
/** A currency in which no fee was paid for so long is not asked about any more, ns. */
const WANTED_FOR = 3_600e9;
const PENDING_KEPT = 1_000;
const ADJUSTMENTS_KEPT = 10_000;

interface Unpriced {
  readonly fill: FillReport;
  readonly at: MonoNanos;
  readonly bound: number;
}

interface Currency {
  price: FeePrice | null;
  paidAt: MonoNanos;
  askedAt: number;
}

/**
 * What trading costs beside the prices of executions: fees, in whatever currency, and funding. A fee of a third currency (BNB) is converted at a price of its time. While there is none, the day's
 * profit carries more than it can be; a price that comes soon after puts that right. The desk waits for none.
 */
export class LaneCosts {
  readonly #lane: string;
  readonly #instrument: Instrument;
  readonly #profit: DailyProfit;
  readonly #outbox: LaneOutbox;
  readonly #currencies = new Map<string, Currency>();
  readonly #pending = new Map<string, Unpriced>();
  readonly #adjustments = new Set<string>();
  readonly #told = new Set<string>();
  /** Fees that were never converted, bounded in the profit instead. */
  unpriced = 0;

  constructor(lane: string, instrument: Instrument, profit: DailyProfit, outbox: LaneOutbox) {
    this.#lane = lane;
    this.#instrument = instrument;
    this.#profit = profit;
    this.#outbox = outbox;
  }

  /** What the execution means; its fee is not counted yet. */
  termsOf(fill: FillReport, now: Now): FillTerms {
    const price = this.#currencies.get(fill.feeCurrency)?.price ?? null;
    return termsOfFill(this.#instrument, fill, price !== null && isOfTime(price, now.mono) ? price : null);
  }

  /** Counts the fee of an execution, once. */
  paid(fill: FillReport, terms: FillTerms, now: Now): void {
    if (terms.settlementFee !== undefined) this.#profit.fee(Number(terms.settlementFee));
    if (terms.settlementFee !== undefined && terms.feePrice === undefined) return;
    const currency = this.#currencies.get(fill.feeCurrency) ?? { price: null, paidAt: now.mono, askedAt: -Infinity };
    currency.paidAt = now.mono;
    this.#currencies.set(fill.feeCurrency, currency);
    if (terms.feeBound === undefined) return;
    const bound = Number(terms.feeBound);
    this.#profit.fee(bound);
    this.unpriced += 1;
    this.#pending.set(fill.fillId, { fill, at: now.mono, bound });
    const [oldest] = this.#pending.keys();
    if (oldest !== undefined && this.#pending.size > PENDING_KEPT) this.#pending.delete(oldest);
    this.#ask(fill.feeCurrency, currency, now);
  }

  /** A price came: it converts what waits for one of its time. */
  priced(price: FeePrice, now: Now): void {
    if (price.against !== this.#instrument.settlementCurrency) return;
    const currency = this.#currencies.get(price.currency);
    if (currency === undefined || (currency.price !== null && currency.price.mono > price.mono)) return;
    currency.price = price;
    for (const [fillId, { fill, at, bound }] of this.#pending) {
      if (fill.feeCurrency !== price.currency) continue;
      if (!isOfTime(price, at)) {
        if (now.mono - at > FEE_PRICE_AGE) this.#giveUp(fillId, fill);
        continue;
      }
      const settlementFee = convertFee(fill.fee, price.price);
      this.#pending.delete(fillId);
      this.unpriced -= 1;
      this.#profit.fee(Number(settlementFee) - bound);
      this.#outbox.event('fee.priced', {
        fillId,
        symbol: fill.symbol,
        fee: fill.fee,
        feeCurrency: fill.feeCurrency,
        settlementFee,
        price: price.price,
        source: price.source,
        time: price.epoch,
      });
    }
  }

  /** Money that moved without an execution, once by the venue's id: funding and settlement are the day's, transfers are nobody's profit. */
  adjusted(report: AdjustmentReport, now: Now): void {
    if (report.reason === 'transfer' || this.#adjustments.has(report.id)) return;
    this.#adjustments.add(report.id);
    const [oldest] = this.#adjustments;
    if (oldest !== undefined && this.#adjustments.size > ADJUSTMENTS_KEPT) this.#adjustments.delete(oldest);
    const amount = Number(report.profit ?? report.amount);
    if (amount === 0) return;
    if (report.currency === this.#instrument.settlementCurrency) {
      this.#profit.cash(amount, report.venueTime);
      return;
    }
    const price = this.#currencies.get(report.currency)?.price ?? null;
    if (price !== null && isOfTime(price, now.mono)) this.#profit.cash(amount * Number(price.price), report.venueTime);
    else {
      const text = `${report.reason} in ${report.currency}, of which no price is known: it is not in the profit of the day, and its limit does not count it`;
      this.#tell(`${report.reason}/${report.currency}`, text);
    }
  }

  /** Those that a successor's ledger holds already. */
  counted(adjustmentIds: readonly string[]): void {
    for (const id of adjustmentIds) this.#adjustments.add(id);
  }

  /** Asks for prices that are getting old. */
  timer(now: Now): void {
    if (this.#currencies.size === 0) return;
    for (const [name, currency] of this.#currencies) {
      const { price, paidAt } = currency;
      if (now.mono - paidAt > WANTED_FOR) continue;
      if (price === null || now.mono - price.mono > REFRESH) this.#ask(name, currency, now);
    }
    for (const [fillId, { fill, at }] of this.#pending) if (now.mono - at > FEE_PRICE_AGE) this.#giveUp(fillId, fill);
  }

  #ask(name: string, currency: Currency, now: Now): void {
    if (now.mono - currency.askedAt < ASK_AGAIN) return;
    currency.askedAt = now.mono;
    this.#outbox.push({ kind: 'askPrice', currency: name, against: this.#instrument.settlementCurrency });
  }

  /** No price of its time will come any more: it stays bounded. */
  #giveUp(fillId: string, { feeCurrency }: FillReport): void {
    this.#pending.delete(fillId);
    const text = `fees in ${feeCurrency}, of which no price is known: the profit of the day, and its limit, carry more instead than fees can be`;
    this.#tell(feeCurrency, text);
  }

  /** Once for each kind and currency. */
  #tell(kind: string, what: string): void {
    if (this.#told.has(kind)) return;
    this.#told.add(kind);
    this.#outbox.alert('warning', 'FEE_UNPRICED', `lane ${this.#lane} pays ${what}`, `fee/${this.#lane}/${kind}`);
  }
}
