import fc from 'fast-check';
import type { LaneConfiguration } from '#core/config/runtime-configuration.ts';
import type { FillReport, OrderIntent, OrderReport } from '#core/orders/order.ts';
import type { RiskBook } from '#core/risk/risk-book.ts';
import type { EpochMs } from '#core/time/clock.ts';
import { BTC, LaneWorld } from './lane-world.ts';

/** What the venue knows of one order; `lives`: it can fill. */
export interface VenueOrder {
  readonly intent: OrderIntent;
  /** Terms in force; an amendment changes them. */
  size: number;
  price: number | null;
  filled: number;
  lives: boolean;
  end: 'filled' | 'canceled' | 'expired';
}

export type CarelessStep =
  | { kind: 'tick'; ticks: number }
  | { kind: 'pass'; ms: number }
  | { kind: 'answer'; pick: number; say: 'accepted' | 'timeout' | 'rejected' | 'lost' }
  | { kind: 'fill'; pick: number; share: number; tell: 'fill' | 'report' | 'nothing'; listed: boolean }
  | { kind: 'amend'; pick: number; say: 'accepted' | 'timeout' | 'rejected' | 'lost'; does: boolean; tells: boolean }
  | { kind: 'endUntold'; pick: number }
  | { kind: 'byHand'; size: number; listed: boolean }
  | { kind: 'drain' };

const pick = fc.nat(4);
export const carelessStep: fc.Arbitrary<CarelessStep> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('tick' as const), ticks: fc.integer({ min: -12, max: 12 }) }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('pass' as const), ms: fc.constantFrom(50, 600, 2_000) }) },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('answer' as const),
      pick,
      say: fc.constantFrom('accepted' as const, 'timeout' as const, 'rejected' as const, 'lost' as const),
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant('fill' as const),
      pick,
      share: fc.constantFrom(0.4, 1),
      tell: fc.constantFrom('fill' as const, 'report' as const, 'nothing' as const),
      listed: fc.boolean(),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('amend' as const),
      pick,
      say: fc.constantFrom('accepted' as const, 'timeout' as const, 'rejected' as const, 'lost' as const),
      does: fc.boolean(),
      tells: fc.boolean(),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('endUntold' as const), pick }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('byHand' as const),
      size: fc.integer({ min: -12, max: 12 }),
      listed: fc.boolean(),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('drain' as const) }) },
);

/** An entry that rests, is left behind by its touch, and is filled in part: what the drawn steps then go on with. */
export const BEGINNING: readonly CarelessStep[] = [
  ...Array.from({ length: 5 }, () => ({ kind: 'tick', ticks: 2 }) as const),
  { kind: 'answer', pick: 0, say: 'accepted' },
  { kind: 'pass', ms: 600 },
  { kind: 'tick', ticks: 3 },
  { kind: 'fill', pick: 0, share: 0.4, tell: 'fill', listed: true },
  { kind: 'answer', pick: 1, say: 'accepted' },
  { kind: 'answer', pick: 2, say: 'accepted' },
];

/** A venue that loses reports and answers, refuses what lives, forgets to list fills, and is traded on by hand; asked later, it tells what it knows. */
export class CarelessVenue {
  readonly world: LaneWorld;
  readonly orders: VenueOrder[] = [];
  readonly #listed: FillReport[] = [];
  #byHand = 0;
  #answered = 0;
  #verified = 0;
  #canceled = 0;
  /** Amendments that the venue has carried out or refused. */
  readonly #amended = new Set<number>();

  /** `risk`: what its lane shares with others. */
  constructor(configuration: LaneConfiguration, risk: RiskBook | null = null) {
    this.world = new LaneWorld(configuration, {}, { ...BTC, symbol: configuration.symbol }, risk);
  }

  get position(): number {
    return this.orders.reduce((sum, { intent, filled }) => sum + signed(intent.side, filled), this.#byHand);
  }

  take(each: CarelessStep): void {
    this.#collect();
    const { world } = this;
    const living = this.orders.filter((order) => order.lives);
    const chosen = 'pick' in each ? living[each.pick % Math.max(1, living.length)] : undefined;
    if (each.kind === 'tick') world.tick(each.ticks);
    else if (each.kind === 'pass') world.pass(each.ms);
    else if (each.kind === 'drain') world.lane.drain('asked to', world.now());
    else if (each.kind === 'amend') this.#amend(each);
    else if (each.kind === 'byHand') this.#tradeByHand(each.size, each.listed);
    else if (chosen !== undefined && each.kind === 'answer') this.#answer(chosen, each.say);
    else if (chosen !== undefined && each.kind === 'fill') this.#fill(chosen, each.share, each.tell, each.listed);
    else if (chosen !== undefined && each.kind === 'endUntold') this.#end(chosen, 'canceled');
    world.collect();
    this.#collect();
  }

  /** A minute and more in which prices rest and the venue answers all that it is asked. */
  leaveAlone(): void {
    for (let round = 0; round < 1_600; round += 1) {
      this.world.pass(50);
      this.#collect();
      this.#carryOut();
      this.#answerQuestions();
    }
  }

  #collect(): void {
    for (const intent of this.world.placed.slice(this.orders.length)) {
      const { size, price } = intent;
      this.orders.push({ intent, size, price, filled: 0, lives: true, end: 'canceled' });
    }
  }

  /** Cancels, and market orders, take effect; nothing is told of it. */
  #carryOut(): void {
    for (const id of this.world.canceled.slice(this.#canceled)) {
      const order = this.orders.find(({ intent }) => intent.clientOrderId === id);
      if (order?.lives === true) this.#end(order, 'canceled');
    }
    this.#canceled = this.world.canceled.length;
    for (const [index] of this.world.amended.entries()) this.#carryOutAmendment(index);
    for (const order of this.orders) {
      if (!order.lives || order.intent.timeInForce !== 'ioc') continue;
      if (order.intent.type === 'market') this.#fill(order, 1, 'nothing', true);
      if (order.lives) this.#end(order, 'expired');
    }
  }

  #answerQuestions(): void {
    const { world } = this;
    for (; this.#answered < world.resolves.length; this.#answered += 1) {
      const order = this.orders.find(({ intent }) => intent.clientOrderId === world.resolves[this.#answered]);
      if (order === undefined) continue;
      const resolution = { kind: 'found', report: reportOf(order), fills: this.#listed } as const;
      world.lane.onResolution(order.intent.clientOrderId, resolution, world.now());
      world.collect();
    }
    if (this.#verified === world.verifies) return;
    this.#verified = world.verifies;
    const open = this.orders.filter((order) => order.lives).map(reportOf);
    world.verify(this.position, open, this.#listed);
  }

  #answer(order: VenueOrder, say: 'accepted' | 'timeout' | 'rejected' | 'lost'): void {
    const { world } = this;
    if (say === 'accepted') world.accept(order.intent);
    else if (say !== 'lost') {
      const answer =
        say === 'timeout'
          ? ({ kind: 'unknown', cause: 'timeout', code: '', text: '' } as const)
          : ({ kind: 'rejected', code: 'X', text: 'not so', errorClass: 'reject' } as const);
      world.lane.onAnswer(order.intent.clientOrderId, 'place', answer, world.now());
    }
  }

  #fill(order: VenueOrder, share: number, tell: 'fill' | 'report' | 'nothing', listed: boolean): void {
    const { intent } = order;
    const left = order.size - order.filled;
    const reducible = Math.max(0, intent.side === 'sell' ? this.position : -this.position);
    const size = Math.min(left, intent.reduceOnly ? reducible : left, Math.max(1, Math.floor(left * share)));
    if (size <= 0) return;
    order.filled += size;
    if (order.filled === order.size) this.#end(order, 'filled');
    const fill = this.world.fillReport(intent, size);
    if (listed) this.#listed.push(fill);
    if (tell === 'fill') this.world.lane.onFill(fill, this.world.now());
    else if (tell === 'report') this.world.lane.onOrderReport(reportOf(order), this.world.now());
  }

  #amend({ pick, say, does, tells }: Extract<CarelessStep, { kind: 'amend' }>): void {
    const { world } = this;
    const open = world.amended.flatMap((_, index) => (this.#amended.has(index) ? [] : [index]));
    const index = open[pick % Math.max(1, open.length)];
    const target = index === undefined ? undefined : world.amended[index]?.target;
    if (index === undefined || target === undefined) return;
    // What the venue says of a request that it refused is true; what it says of one that it carried out may be anything but that.
    if (does && say !== 'rejected') this.#carryOutAmendment(index);
    else this.#amended.add(index);
    const order = this.orders.find(({ intent }) => intent.clientOrderId === target.clientOrderId);
    if (tells && order !== undefined) world.lane.onOrderReport(reportOf(order), world.now());
    if (say === 'lost') return;
    const answer =
      say === 'accepted'
        ? ({ kind: 'accepted', venueOrderId: `v-${target.clientOrderId}`, venueTime: null } as const)
        : say === 'timeout'
          ? ({ kind: 'unknown', cause: 'timeout', code: '', text: '' } as const)
          : ({ kind: 'rejected', code: 'X', text: 'not so', errorClass: 'reject' } as const);
    world.lane.onAnswer(target.clientOrderId, 'amend', answer, world.now());
  }

  #carryOutAmendment(index: number): void {
    if (this.#amended.has(index)) return;
    this.#amended.add(index);
    const { target, change } = this.world.amended[index] ?? {};
    const order = this.orders.find(({ intent }) => intent.clientOrderId === target?.clientOrderId);
    if (order?.lives !== true || change === undefined || change.size <= order.filled) return;
    order.size = change.size;
    order.price = change.price;
  }

  #end(order: VenueOrder, end: VenueOrder['end']): void {
    order.lives = false;
    order.end = end;
  }

  #tradeByHand(size: number, listed: boolean): void {
    const [any] = this.orders;
    if (size === 0 || any === undefined) return;
    this.#byHand += size;
    if (!listed) return;
    const fill = this.world.fillReport(any.intent, Math.abs(size));
    this.#listed.push({ ...fill, side: size > 0 ? 'buy' : 'sell', clientOrderId: null, venueOrderId: 'by-hand' });
  }
}

function signed(side: 'buy' | 'sell', size: number): number {
  return side === 'buy' ? size : -size;
}

function reportOf(order: VenueOrder): OrderReport {
  const { intent, filled, size, price } = order;
  return {
    kind: 'orderReport',
    source: 'query',
    symbol: intent.symbol,
    clientOrderId: intent.clientOrderId,
    venueOrderId: `v-${intent.clientOrderId}`,
    status: order.lives ? (filled > 0 ? 'partiallyFilled' : 'accepted') : order.end,
    side: intent.side,
    price: price === null ? null : String(price / 10),
    size: String(size / 1_000),
    cumulativeSize: String(filled / 1_000),
    reduceOnly: intent.reduceOnly,
    reason: '',
    venueTime: 1 as EpochMs,
  };
}
