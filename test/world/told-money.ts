import type { LaneOpening } from '#core/lanes/lane-opening.ts';
import { type Instrument, notional } from '#core/market/instrument.ts';
import type { Price, Size } from '#core/market/scaled-decimal.ts';
import type { JudgedLane, SeenBook } from './expected-denials.ts';

/** Amounts are counted in ten-thousandths of the reporting currency. */
const AMOUNT = 1e4;
const DAY_MS = 86_400_000;
/** A price is believed for a minute; what is nearly as old is not judged. */
const FRESH_NANOS = 50e9;

/** After these a lane tells its unit where it stands. */
const TELLING: ReadonlySet<string> = new Set([
  'open',
  'adopt',
  'unfound',
  'timer',
  'answer',
  'resolution',
  'accountReport',
  'feePrice',
]);

/** What one lane has told: profits in its settlement currency and in amounts, exposure in amounts. */
interface Told {
  /** Mid price of its last telling, price units; 0: there was none. */
  price: number;
  profit: number;
  peak: number;
  amount: number;
  exposure: number;
  /** Whether the last telling could be valued. */
  valued: boolean;
}

export interface MoneyTerms {
  readonly lanes: () => readonly JudgedLane[];
  /** What one unit of a currency counts for; undefined: nobody says. */
  readonly worth: (currency: string) => number | undefined;
  readonly now: () => { readonly mono: number; readonly epoch: number };
  /** A lane has looked where it stands, at this own time. */
  readonly onStand: (lane: JudgedLane, at: number) => void;
}

/**
 * What the lanes of a unit have told one another of profit and exposure, made from their inputs: each tells when something has happened to it, at the price of that moment, and a book alone is no such
 * thing. A second statement of what the product's book of risk holds.
 */
export class ToldMoney {
  readonly #terms: MoneyTerms;
  readonly #told = new Map<string, Told>();
  readonly #middles = new Map<string, { readonly price: number; readonly at: number }>();
  readonly #days = new Set<number>();
  /** The input that is being taken, and at which price the lane let an order leave in it. */
  #taking: { readonly lane: JudgedLane; readonly tells: boolean; readonly last: boolean; readonly at: number } | null =
    null;
  #leftAt: number | null = null;
  #peak = 0;

  constructor(terms: MoneyTerms) {
    this.#terms = terms;
  }

  /** A lane is about to take an input: what it made of the one before is complete. */
  heard(kind: string, laneName: string | null, body: unknown): void {
    if (kind === 'effects') return;
    this.#complete();
    const lane = this.#terms.lanes().find((each) => each.name === laneName);
    if (lane === undefined) return;
    const decides = kind === 'desired' && isObject(body) && body.decisions !== undefined;
    const compares = kind === 'verification' && isObject(body) && body.kind === 'complete';
    const { mono } = this.#terms.now();
    this.#taking = { lane, tells: TELLING.has(kind) || decides || compares, last: kind === 'timer', at: mono };
    if (kind === 'open') this.#resume(lane, body as LaneOpening);
  }

  /** A lane is about to be shown a book. */
  shown(symbol: string, { valid, bidPrice, askPrice }: SeenBook): void {
    this.#complete();
    if (!valid || bidPrice === 0 || askPrice === 0) return;
    this.#middles.set(symbol, { price: (bidPrice + askPrice) / 2, at: this.#terms.now().mono });
  }

  /** An order of the lane, or new terms of one, left at this price: the unit is told at once. */
  left(lane: JudgedLane, price: number): void {
    if (this.#taking?.lane === lane) this.#leftAt = price;
    else this.#tellUnit(lane, price);
  }

  /** Before a decision is judged. */
  current(): void {
    if (this.#taking !== null && !this.#taking.last) this.#complete();
  }

  /** Whether all that was told is of one day. */
  get oneDay(): boolean {
    return this.#days.size <= 1;
  }

  /** How far the lane's profit lies below its highest, as it last told; null: days have changed. */
  drawdownOf(lane: JudgedLane): number | null {
    if (!this.oneDay) return null;
    const told = this.#told.get(lane.name);
    return told === undefined ? 0 : Math.max(0, told.peak - told.profit);
  }

  /** Of all lanes, reporting currency; null: it cannot be said. */
  get profit(): number | null {
    return !this.oneDay ? null : this.#sum((told) => told.amount) / AMOUNT;
  }

  get drawdown(): number | null {
    return !this.oneDay ? null : (this.#peak - this.#sum((told) => told.amount)) / AMOUNT;
  }

  /** Of all lanes but this one, reporting currency. */
  exposureBeside(lane: JudgedLane): number {
    return (this.#sum((told) => told.exposure) - (this.#told.get(lane.name)?.exposure ?? 0)) / AMOUNT;
  }

  /** Whether every lane could say what it stands at; null: a price is so old that it may count or not, or a lane has not begun. */
  get valued(): boolean | null {
    const { mono } = this.#terms.now();
    let valued: boolean | null = true;
    for (const lane of this.#terms.lanes()) {
      const told = this.#told.get(lane.name);
      if (told?.valued === false) return false;
      const seen = this.#middles.get(lane.symbol);
      const old = lane.position.size !== 0 && seen !== undefined && mono - seen.at >= FRESH_NANOS;
      if (told === undefined || old) valued = null;
    }
    return valued;
  }

  #sum(part: (told: Told) => number): number {
    let sum = 0;
    for (const told of this.#told.values()) sum += part(told);
    return sum;
  }

  #resume(lane: JudgedLane, { peak }: LaneOpening): void {
    if (peak === undefined) return;
    this.#days.add(peak.day);
    this.#of(lane).peak = peak.lane;
    if (peak.unit !== null) this.#peak = Math.max(this.#peak, Math.floor(peak.unit * AMOUNT));
  }

  #complete(): void {
    const taken = this.#taking;
    const leftAt = this.#leftAt;
    this.#taking = null;
    this.#leftAt = null;
    if (taken === null) return;
    this.#days.add(Math.floor(this.#terms.now().epoch / DAY_MS));
    const { lane, tells, last, at } = taken;
    if (tells) {
      const told = this.#of(lane);
      told.price = this.#middles.get(lane.symbol)?.price ?? told.price;
      told.profit = lane.dailyProfit();
      told.peak = Math.max(told.peak, told.profit);
      this.#terms.onStand(lane, at);
    }
    if (tells || leftAt !== null) {
      const middle = this.#of(lane).price;
      const marked = middle > 0 ? middle : lane.position.entryPrice;
      this.#tellUnit(lane, leftAt === null || (last && tells) ? marked : leftAt);
    }
  }

  #of(lane: JudgedLane): Told {
    const known = this.#told.get(lane.name);
    if (known !== undefined) return known;
    const told: Told = { price: 0, profit: 0, peak: 0, amount: 0, exposure: 0, valued: true };
    this.#told.set(lane.name, told);
    return told;
  }

  #tellUnit(lane: JudgedLane, price: number): void {
    const told = this.#of(lane);
    const { epoch } = this.#terms.now();
    this.#days.add(Math.floor(epoch / DAY_MS));
    const { instrument } = lane;
    const exposure = Math.ceil(worthOfSize(instrument, largestSize(lane), price, this.#terms.worth) * AMOUNT);
    const amount = Math.floor(inReporting(instrument, lane.dailyProfit(), told.price, this.#terms.worth) * AMOUNT);
    // What nobody can value stays at what it was.
    told.valued = Number.isSafeInteger(exposure) && Number.isSafeInteger(amount);
    if (!told.valued) return;
    told.exposure = exposure;
    told.amount = amount;
    this.#peak = Math.max(
      this.#peak,
      this.#sum((each) => each.amount),
    );
  }
}

/** Largest size that a lane's position could come to, whichever of its orders fill; `more` on the buy and on the sell side besides, and one order left out. */
export function largestSize(
  lane: JudgedLane,
  more: readonly [number, number] = [0, 0],
  without: string | null = null,
): number {
  let [buys, sells] = more;
  for (const { intent, sizeAtRisk } of lane.orders.followed()) {
    if (intent.reduceOnly || intent.clientOrderId === without) continue;
    if (intent.side === 'buy') buys += sizeAtRisk;
    else sells += sizeAtRisk;
  }
  const held = lane.position.size;
  return Math.max(Math.abs(held), held + buys, sells - held);
}

/** Reporting currency; NaN: it cannot be valued. */
export function worthOfSize(instrument: Instrument, size: number, price: number, worth: MoneyTerms['worth']): number {
  if (size === 0) return 0;
  if (instrument.kind !== 'inverse' && !(price > 0)) return Number.NaN;
  return notional(instrument, price as Price, size as Size) * (worth(instrument.quoteCurrency) ?? Number.NaN);
}

function inReporting(instrument: Instrument, amount: number, price: number, worth: MoneyTerms['worth']): number {
  if (amount === 0) return 0;
  const { settlementCurrency, baseCurrency, quoteCurrency, priceScale } = instrument;
  const stated = worth(settlementCurrency);
  if (stated !== undefined) return amount * stated;
  const quoted = settlementCurrency === baseCurrency ? worth(quoteCurrency) : undefined;
  return quoted === undefined || price <= 0 ? Number.NaN : amount * (price / 10 ** priceScale) * quoted;
}

function isObject(body: unknown): body is Readonly<Record<string, unknown>> {
  return typeof body === 'object' && body !== null;
}
