import type { Policy } from '#core/config/policy.ts';
import type { TradingEventBody } from '#core/events/trading-event.ts';
import type { EventNote } from '#core/lanes/lane-effects.ts';
import { type Price, parseScaled, type Size } from '#core/market/scaled-decimal.ts';
import type { OrderAnswer } from '#core/orders/venue-ports.ts';
import type { UnitAllotment } from '#core/risk/allotment.ts';
import { EXPECTED_DENIALS, type JudgedLane, marginOf, type RiskFacts, type SeenBook } from './expected-denials.ts';
import { SeenAge } from './seen-age.ts';
import { type KeptBreakers, ToldBreakers } from './told-breakers.ts';
import { ToldMoney } from './told-money.ts';

type Intended = TradingEventBody<'order.intended'>;
type Answered = { readonly clientOrderId: string; readonly action: string; readonly answer: OrderAnswer };

/** What a decision of risk must be: the checks that had to refuse, and those that had reason to, in the order in which they are asked. */
interface Expectation {
  readonly lane: JudgedLane;
  readonly reduceOnly: boolean;
  readonly must: readonly string[];
  readonly may: readonly string[];
  /** The price at which the unit counts it, and what it binds of the settlement currency. */
  readonly price: number;
  readonly margin: number;
}

export interface WitnessedUnit {
  readonly runner: {
    readonly lanes: readonly JudgedLane[];
    readonly status: () => { readonly closed: string | null; readonly fence: string | null };
  };
  /** Own time, ns, and wall clock, ms. */
  readonly now: () => { readonly mono: number; readonly epoch: number };
  readonly policy: Policy;
  readonly allotment: UnitAllotment | null;
}

const CODES = Object.keys(EXPECTED_DENIALS);

/** Holds every decision of risk against facts that are gathered without it: nothing is denied for no reason or for a later one than the first, and nothing passes that a check should have refused (invariant 3, H12). */
export class RiskWitness {
  readonly #unit: WitnessedUnit;
  readonly #expected = new Map<string, Expectation>();
  readonly #sent = new Map<string, number[]>();
  readonly #unitSent: number[] = [];
  readonly #money: ToldMoney;
  readonly #breakers: ToldBreakers;
  readonly #ages = new Map<string, SeenAge>();
  /** Free of each currency, less what entries have bound since the venue said so. */
  readonly #available = new Map<string, number>();
  #frozen: readonly string[] = [];
  #stopped = false;
  readonly #drained = new Set<string>();
  /** As the lanes last saw them. */
  readonly #books = new Map<string, SeenBook>();
  #fault: string | null = null;

  constructor(unit: WitnessedUnit) {
    const { policy, runner, now } = unit;
    this.#unit = unit;
    this.#breakers = new ToldBreakers(unit.allotment === null ? {} : policy.breakers, policy.slowAckMs);
    this.#money = new ToldMoney({
      lanes: () => runner.lanes,
      worth: (currency) => policy.worth[currency],
      now,
      onStand: (lane, at) => {
        if (!this.#money.oneDay) this.#breakers.daysChanged(lane);
        this.#breakers.stands(lane, at);
      },
    });
  }

  /** What the lanes are told, before they take it. */
  input(kind: string, laneName: string | null, body: unknown): void {
    this.#money.heard(kind, laneName, body);
    if (kind === 'drain' && laneName !== null) this.#drained.add(laneName);
    if (typeof body !== 'object' || body === null) return;
    if (kind === 'answer' && laneName !== null) this.#answered(laneName, body as Answered);
    else if (kind === 'accountReport' && laneName === null) this.#balance(body);
    else if (kind === 'breakers') this.#breakers.takenOver(body as KeptBreakers, this.#unit.now());
    else if (kind === 'desired') {
      this.#stopped = Reflect.get(body, 'wish') !== 'run';
      const frozen: unknown = Reflect.get(body, 'frozenSymbols');
      if (Array.isArray(frozen)) this.#frozen = frozen.filter((each) => typeof each === 'string');
    }
  }

  /** A book is about to be shown to its lane; of an invalid one the prices of before stay. */
  seen(symbol: string, { valid, bidPrice, askPrice }: SeenBook, receivedAt: number, exchangeTime: number): void {
    const before = this.#books.get(symbol);
    const prices = valid || before === undefined ? { bidPrice, askPrice } : before;
    this.#books.set(symbol, { bidPrice: prices.bidPrice, askPrice: prices.askPrice, valid });
    this.#money.shown(symbol, { valid, bidPrice, askPrice });
    const age = this.#ages.get(symbol) ?? new SeenAge();
    this.#ages.set(symbol, age);
    age.saw(receivedAt, exchangeTime);
  }

  told(event: EventNote): void {
    switch (event.type) {
      case 'order.intended':
        this.#intended(event.body);
        return;
      case 'order.denied':
        this.#denied(event.body.clientOrderId, event.body.code);
        return;
      case 'order.state':
        if (event.body.to === 'PendingReplace') this.#amended(event.body.clientOrderId, event.body.lane);
        else if (event.body.from === 'Initialized') this.#passed(event.body.clientOrderId);
        return;
      case 'position.checked': {
        const lane = this.#unit.runner.lanes.find((each) => each.symbol === event.body.symbol);
        this.#breakers.told(event, lane, this.#unit.now().mono);
        return;
      }
      default:
    }
  }

  /** After each step: the first decision that was not as it should have been, or null. */
  check(): string | null {
    return this.#fault;
  }

  #answered(laneName: string, { clientOrderId, action, answer }: Answered): void {
    const lane = this.#lane(laneName);
    if (lane !== undefined && action === 'place')
      this.#breakers.answered(lane, clientOrderId, answer, this.#unit.now().mono);
  }

  #balance(body: object): void {
    const currency: unknown = Reflect.get(body, 'currency');
    if (Reflect.get(body, 'kind') !== 'balance' || typeof currency !== 'string') return;
    const free: unknown = Reflect.get(body, 'availableBalance');
    if (typeof free === 'string' && Number.isFinite(Number(free))) this.#available.set(currency, Number(free));
    else this.#available.delete(currency);
  }

  #intended(body: Intended): void {
    const lane = this.#lane(body.lane);
    if (lane === undefined) return;
    const { priceScale, sizeScale, venue } = lane.instrument;
    const priceOf = (text: string) => parseScaled(text, priceScale) as Price;
    this.#expected.set(
      body.clientOrderId,
      this.#expect(lane, body.clientOrderId, {
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
      }),
    );
  }

  #denied(clientOrderId: string, code: string): void {
    const expected = this.#expected.get(clientOrderId);
    if (expected === undefined) return;
    this.#expected.delete(clientOrderId);
    if (!expected.may.includes(code)) this.#fault ??= `${clientOrderId} is denied by ${code} for no reason`;
    const sooner = expected.must.find((each) => CODES.indexOf(each) < CODES.indexOf(code));
    if (sooner !== undefined) this.#fault ??= `${clientOrderId} is denied by ${code}, where ${sooner} had to`;
  }

  /** Risk has let an order pass: it is about to leave. */
  #passed(clientOrderId: string): void {
    const expected = this.#expected.get(clientOrderId);
    if (expected === undefined) return;
    this.#expected.delete(clientOrderId);
    const { lane, must, price, margin, reduceOnly } = expected;
    if (must.length > 0) this.#fault ??= `${clientOrderId} leaves despite ${must.join(', ')}`;
    const { mono } = this.#unit.now();
    this.#count(lane.symbol, mono);
    const { settlementCurrency } = lane.instrument;
    const free = this.#available.get(settlementCurrency);
    if (free !== undefined) this.#available.set(settlementCurrency, free - margin);
    this.#breakers.sent(clientOrderId, mono);
    if (!reduceOnly) this.#breakers.admitted(lane, mono);
    this.#money.left(lane, price);
  }

  /** Risk has let new terms of a resting order pass; of terms that it refused nothing is told. */
  #amended(clientOrderId: string, laneName: string): void {
    const lane = this.#lane(laneName);
    const order = lane?.orders.get(clientOrderId) ?? null;
    if (lane === undefined || order === null || order.amendment === null) return;
    const { must } = this.#expect(lane, clientOrderId, {
      ...order.intent,
      price: order.amendment.price,
      size: order.openSize,
    });
    if (must.length > 0) this.#fault ??= `${clientOrderId} is amended despite ${must.join(', ')}`;
    this.#count(lane.symbol, this.#unit.now().mono);
    this.#money.left(lane, this.#books.get(lane.symbol)?.askPrice ?? 0);
  }

  /** It counts for both rates. */
  #count(symbol: string, mono: number): void {
    this.#unitSent.push(mono);
    const sent = this.#sent.get(symbol) ?? [];
    this.#sent.set(symbol, sent);
    sent.push(mono);
  }

  #expect(lane: JudgedLane, asked: string, intent: RiskFacts['intent']): Expectation {
    this.#money.current();
    const facts = this.#factsOf(lane, asked, intent);
    const [must, may]: [string[], string[]] = [[], []];
    for (const [code, rule] of Object.entries(EXPECTED_DENIALS)) {
      if (intent.reduceOnly && !rule.exits) continue;
      const expected = rule.judge(facts);
      if (expected === 'denies') must.push(code);
      if (expected !== 'passes') may.push(code);
    }
    const price = Math.max(facts.book?.askPrice ?? 0, intent.price ?? 0);
    return { lane, reduceOnly: intent.reduceOnly, must, may, price, margin: marginOf(facts) ?? 0 };
  }

  #factsOf(lane: JudgedLane, asked: string, intent: RiskFacts['intent']): RiskFacts {
    const { runner, now, policy, allotment } = this.#unit;
    const { closed, fence } = runner.status();
    const { mono, epoch } = now();
    return {
      intent,
      asked,
      lane,
      others: runner.lanes.filter((each) => each !== lane),
      book: this.#books.get(lane.symbol) ?? null,
      dataAgeMs: this.#ages.get(lane.symbol)?.at(mono) ?? [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY],
      closed,
      fence,
      mayNotEnter: this.#stopped || this.#drained.has(lane.name),
      frozen: this.#frozen.includes(lane.symbol),
      breakers: this.#breakers.judge(lane, mono),
      sentAt: this.#sent.get(lane.symbol) ?? [],
      unitSentAt: this.#unitSent,
      now: mono,
      epoch,
      drawdown: this.#money.drawdownOf(lane),
      policy,
      allotment,
      unitProfit: this.#money.profit,
      unitDrawdown: this.#money.drawdown,
      exposureBeside: this.#money.exposureBeside(lane),
      valued: this.#money.valued,
      available: this.#available.get(lane.instrument.settlementCurrency) ?? null,
    };
  }

  #lane(name: string): JudgedLane | undefined {
    return this.#unit.runner.lanes.find((each) => each.name === name);
  }
}
