import type { TradingEvent, TradingEventBody } from '#core/events/trading-event.ts';
import type { Lane } from '#core/lanes/lane.ts';
import { type Price, parseScaled, type Size } from '#core/market/scaled-decimal.ts';
import type { UnitAllotment } from '#core/risk/allotment.ts';
import type { UnitRunner } from '#engine/unit-runner.ts';
import { EXPECTED_DENIALS, type RiskFacts, type SeenBook } from './expected-denials.ts';

/** Breakers that each lane has for itself. */
const OF_LANE: ReadonlySet<string> = new Set(['consecutiveLosses', 'reconciliation']);
const PROFITS_KEPT = 9;

type Intended = TradingEventBody<'order.intended'>;

export interface WitnessedUnit {
  readonly runner: UnitRunner;
  /** Own time, ns. */
  readonly mono: () => number;
  readonly allotment: UnitAllotment | null;
  readonly maxConcentration: number;
  /** Of the settlement currency; NaN: it follows a price. */
  readonly worth: number;
  /** How long each breaker stays open at least, ms. */
  readonly openMs: ReadonlyMap<string, number>;
}

/** Holds every decision of risk against facts that are gathered without it: nothing is denied for no reason, and nothing leaves that a check should have refused (invariant 3, H12). */
export class RiskWitness {
  readonly #unit: WitnessedUnit;
  readonly #expected = new Map<string, { readonly must: readonly string[]; readonly may: readonly string[] }>();
  readonly #sent = new Map<string, number[]>();
  readonly #unitSent: number[] = [];
  readonly #breakers = new Map<string, { readonly openUntil: number }>();
  readonly #peaks = new Map<string, number>();
  /** Of the unit, after the last steps: the lanes tell theirs at times of their own. */
  #profits: readonly number[] = [];
  #unitPeak = 0;
  #amendedAt = Number.NEGATIVE_INFINITY;
  #frozen: readonly string[] = [];
  #stopped = false;
  readonly #drained = new Set<string>();
  /** As the lanes last saw them. */
  readonly #books = new Map<string, SeenBook>();
  #fault: string | null = null;

  constructor(unit: WitnessedUnit) {
    this.#unit = unit;
  }

  /** What the lanes were told of what people wish. */
  input(kind: string, lane: string | null, body: unknown): void {
    if (kind === 'drain' && lane !== null) this.#drained.add(lane);
    if (kind !== 'desired' || typeof body !== 'object' || body === null) return;
    this.#stopped = Reflect.get(body, 'wish') !== 'run';
    const frozen: unknown = Reflect.get(body, 'frozenSymbols');
    if (Array.isArray(frozen)) this.#frozen = frozen.filter((each) => typeof each === 'string');
  }

  /** A book is about to be shown to its lane; of an invalid one the prices of before stay. */
  seen(symbol: string, { valid, bidPrice, askPrice }: SeenBook): void {
    const before = this.#books.get(symbol);
    const prices = valid || before === undefined ? { bidPrice, askPrice } : before;
    this.#books.set(symbol, { bidPrice: prices.bidPrice, askPrice: prices.askPrice, valid });
  }

  told(event: TradingEvent): void {
    if (event.type === 'order.intended') this.#expect(event.body);
    else if (event.type === 'order.denied') this.#denied(event.body.clientOrderId, event.body.code);
    else if (event.type === 'alert') this.#followBreaker(event.body.code, event.body.dedupeKey);
  }

  /** An order leaves the engine. */
  placing(clientOrderId: string, symbol: string): void {
    const expected = this.#expected.get(clientOrderId);
    const missed = expected?.must ?? [];
    if (missed.length > 0) this.#fault ??= `${clientOrderId} leaves despite ${missed.join(', ')}`;
    this.sent(symbol);
  }

  /** An order or an amendment leaves: both count for the rate. */
  sent(symbol: string): void {
    const now = this.#unit.mono();
    this.#unitSent.push(now);
    const sent = this.#sent.get(symbol) ?? [];
    this.#sent.set(symbol, sent);
    sent.push(now);
  }

  /** Whether it counts for a rate is not followed here. */
  amending(): void {
    this.#amendedAt = this.#unit.mono();
  }

  /** After each step. */
  check(): string | null {
    let total = 0;
    for (const lane of this.#unit.runner.lanes) {
      const profit = lane.dailyProfit();
      total += profit;
      this.#peaks.set(lane.name, Math.max(this.#peaks.get(lane.name) ?? 0, profit));
    }
    this.#profits = [...this.#profits.slice(-PROFITS_KEPT), total];
    this.#unitPeak = Math.max(this.#unitPeak, total);
    return this.#fault;
  }

  #denied(clientOrderId: string, code: string): void {
    const expected = this.#expected.get(clientOrderId);
    if (expected === undefined) return;
    this.#expected.delete(clientOrderId);
    if (code in EXPECTED_DENIALS && !expected.may.includes(code))
      this.#fault ??= `${clientOrderId} is denied by ${code} for no reason`;
  }

  #followBreaker(code: string, key: string): void {
    if (code !== 'BREAKER_OPENED' && code !== 'BREAKER_CLOSED') return;
    const [, lane = '', breaker = ''] = key.split('/');
    const owner = OF_LANE.has(breaker) ? `${lane}/${breaker}` : breaker;
    if (code === 'BREAKER_CLOSED') this.#breakers.delete(owner);
    else this.#breakers.set(owner, { openUntil: this.#unit.mono() + (this.#unit.openMs.get(breaker) ?? 0) * 1e6 });
  }

  #expect(body: Intended): void {
    const lane = this.#unit.runner.lanes.find((each) => each.name === body.lane);
    if (lane === undefined) return;
    const facts = this.#factsOf(lane, body);
    const [must, may]: [string[], string[]] = [[], []];
    for (const [code, rule] of Object.entries(EXPECTED_DENIALS)) {
      if (body.reduceOnly && !rule.exits) continue;
      const expected = rule.judge(facts);
      if (expected === 'denies') must.push(code);
      if (expected !== 'passes') may.push(code);
    }
    this.#expected.set(body.clientOrderId, { must, may });
  }

  #factsOf(lane: Lane, body: Intended): RiskFacts {
    const { runner, mono, allotment, maxConcentration, worth } = this.#unit;
    const { closed, fence } = runner.status();
    const { priceScale, sizeScale, venue } = lane.instrument;
    const priceOf = (text: string) => parseScaled(text, priceScale) as Price;
    const profit = lane.dailyProfit();
    const ofUnit = [...this.#profits, runner.lanes.reduce((sum, each) => sum + each.dailyProfit(), 0)];
    const [least, most] = [Math.min(...ofUnit) * worth, Math.max(...ofUnit) * worth];
    const peak = this.#unitPeak * worth;
    const now = mono();
    return {
      intent: {
        venue,
        symbol: body.symbol,
        side: body.side,
        type: body.orderType,
        timeInForce: body.timeInForce,
        price: body.price === null ? null : priceOf(body.price),
        ...(body.triggerPrice === undefined ? {} : { triggerPrice: priceOf(body.triggerPrice) }),
        size: parseScaled(body.size, sizeScale) as Size,
        reduceOnly: body.reduceOnly,
        purpose: body.purpose,
      },
      asked: body.clientOrderId,
      lane,
      others: runner.lanes.filter((each) => each !== lane),
      book: this.#books.get(lane.symbol) ?? null,
      bookOf: (symbol) => this.#books.get(symbol) ?? null,
      dataAgeMs: body.signalAgeMs,
      closed,
      fence,
      mayNotEnter: this.#stopped || this.#drained.has(lane.name),
      frozen: this.#frozen.includes(lane.symbol),
      breakers: new Map(
        [...this.#breakers].flatMap(([owner, { openUntil }]) => {
          const [of = owner, name = of] = owner.split('/');
          const state = now < openUntil ? ('open' as const) : ('trial' as const);
          return name === of || of === lane.name ? [[name, state] as const] : [];
        }),
      ),
      sentAt: this.#sent.get(lane.symbol) ?? [],
      unitSentAt: this.#unitSent,
      amendedAt: this.#amendedAt,
      now,
      drawdown: Math.max(this.#peaks.get(lane.name) ?? 0, profit) - profit,
      allotment,
      maxConcentration,
      unitLoss: [-most, -least],
      unitDrawdown: [Math.max(0, peak - most), Math.max(0, peak - least)],
    };
  }
}
